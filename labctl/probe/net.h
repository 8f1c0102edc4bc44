/* Addresses for sockets, and what ICMP told a socket.  Inside the room only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/addr.h"

/* Fills *out and returns its length. */
socklen_t net_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr_storage *out);
int net_domain(const struct addr *addr); /* AF_INET, AF_INET6 */
/* "10.0.0.1:80", "[2001:db8::1]:80" */
#define NET_TEXT_MAX 80
const char *net_format(const struct addr *addr, uint16_t port, char out[static NET_TEXT_MAX]);

/* Asks for ICMP errors on the socket's error queue. */
void net_want_errors(int fd, int domain);

struct net_error {
    bool icmp;      /* came from the network; else this machine's own refusal */
    uint8_t family; /* 4 or 6: of the ICMP */
    uint8_t type, code;
    uint32_t information; /* path MTU of "fragmentation needed" */
    int number;           /* errno */
    struct addr offender; /* who sent it, or family 0 */
};
/* Takes the next entry of the error queue; false where it is empty. */
bool net_take_error(int fd, struct net_error *out);
/* "ICMP host unreachable from 10.0.0.1", "no route to host". */
#define NET_ERROR_MAX 160
const char *net_error_format(const struct net_error *error, char out[static NET_ERROR_MAX]);

/* True where the kernel refuses packets to addr with ENOBUFS: the machine-wide neighbour table is full. */
bool net_neighbours_full(int netns, const struct addr *addr);
/* What is said then. */
#define NET_NEIGHBOURS_FULL                                                                                            \
    "the machine's neighbour table is full (No buffer space available; one table serves all network namespaces, "      \
    "net.ipv4.neigh.default.gc_thresh3): end other labs, or make segments smaller"
