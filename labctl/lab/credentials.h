/* Who is at the other end of a control socket.
 *
 * Client: the listener's credentials are the keeper's (it calls listen itself), so SO_PEERCRED tells its pid and user.
 * Server: without root, the client's uid maps to 0 of the lab's user namespace.  In root mode every user of the host,
 * root included, shows as the overflow uid there; so the client proves itself by a nonce which only the owner of the
 * lab can read, through the server's /proc entry. On the wire, before any message: the server sends one byte
 * (CREDENTIALS_KNOWN or CREDENTIALS_PROVE) with its own SCM_CREDENTIALS; asked to prove, the client sends the
 * KEEPER_NONCE_SIZE bytes of the nonce. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

#define CREDENTIALS_KNOWN 'k'
#define CREDENTIALS_PROVE 'p'

/* Client, right after connect (blocking, at most `timeout` ms): checks that the keeper is this user's and proves
 * itself.  keeper and director receive their pids as this process sees them (either may be NULL). */
int credentials_prove(int socket, int timeout, pid_t *keeper, pid_t *director, struct error *err);
/* Client: only the first half, which needs no director: the keeper's pid, checked to be this user's. */
int credentials_keeper(int socket, pid_t *keeper, struct error *err);

/* Server, right after accept: greets the client.  *prove: a call of credentials_verify must come before anything else.
 */
int credentials_greet(int client, bool *prove, struct error *err);
/* Server, when the client is readable: takes the nonce and compares.  0: it is the owner. */
int credentials_verify(int client, struct error *err);
