/* Does anybody listen?  Asked inside the target's network namespace.  Inside the room only. */
#pragma once

#include <stdint.h>

struct addr;
struct probe_world;
struct check_target;

/* Of a TCP or UDP port (IPPROTO_*): LISTENER_YES, LISTENER_NO, LISTENER_NOBODY where no node has the address,
 * LISTENER_DOWN where one listens behind an interface that is switched off, or LISTENER_UNKNOWN where its kernel does
 * not tell.  A socket that listens on loopback alone does not count. */
int listener_find(const struct probe_world *world, const struct check_target *target, const struct addr *addr,
                  int protocol, uint16_t port);
