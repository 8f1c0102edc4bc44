/* Sockets of a network namespace, by socket diagnostics (sock_diag(7)); where the kernel lacks them, by /proc/net. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct error;

struct observed_socket {
    int protocol;        /* IPPROTO_TCP, IPPROTO_UDP */
    struct addr address; /* its own */
    uint16_t port;
    bool loopback;  /* its own address is one: only the namespace itself reaches it */
    bool listening; /* TCP: LISTEN; UDP: bound, and not connected to anybody */
    bool time_wait;
};
typedef void observed_socket_handler(void *context, const struct observed_socket *socket);

/* Those that listen, and those in TIME-WAIT, of both families.  0, or -1 with err. */
int sockets_observe(int netns, int protocol, observed_socket_handler *handler, void *context, struct error *err);
