/* The name of a lab's control socket, and who serves it.  For control.c, registry.c and those who end a lab. */
#pragma once

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

struct error;

#define CHANNEL_PREFIX    "labctl/"
#define CHANNEL_NONCE_MAX 80

/* The abstract address "labctl/UID/LAB"; returns its length, 0 where the name is too long. */
socklen_t channel_address(uid_t uid, const char *lab, struct sockaddr_un *out);
/* A connection to this user's lab of that name, without a greeting; *keeper: who made the socket.  ERR_ABSENT where no
 * such lab runs. */
int channel_connect(const char *lab, int *out, struct ucred *keeper, struct error *err);
/* What proves to the lab that the caller is its owner, read from the keeper's /proc entry; "" where it cannot be read. */
void channel_nonce(pid_t keeper, char out[static CHANNEL_NONCE_MAX]);
