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

/* A connection ends with a RST when it is closed: no TIME-WAIT stays in the node, which another check may count. */
void net_leave_no_trace(int fd);

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
/* Same with the packet that it is about, from behind the IP header (UDP: the payload): up to *length bytes. */
bool net_take_error_of(int fd, struct net_error *out, void *data, size_t *length);
/* "ICMP host unreachable from 10.0.0.1", "no route to host". */
#define NET_ERROR_MAX 160
const char *net_error_format(const struct net_error *error, char out[static NET_ERROR_MAX]);

/* The internet checksum (RFC 1071), on top of the sum of what came before. */
uint16_t net_checksum(uint32_t sum, const void *bytes, size_t size);
/* Different for all attempts of this process, and hardly ever equal to that of a ping which a node itself runs. */
uint16_t net_identifier(void);
/* ICMP echo over a raw socket: fills in the head of a request whose payload is there already; reads what a raw socket
 * got, false where it is no reply to ours; lets nothing but replies in. */
void net_make_echo(bool ipv6, uint16_t id, uint16_t sequence, uint8_t *packet, size_t size);
bool net_read_echo(bool ipv6, uint16_t id, const uint8_t *packet, size_t size, uint16_t *sequence);
void net_want_replies(int fd, bool ipv6);
/* Has the namespace forget the path MTUs that it learned (kept for ten minutes otherwise): what is measured shall be
 * the network of now, and a measurement shall leave no trace. */
void net_forget_mtu(int netns);

/* True where the kernel refuses packets to addr with ENOBUFS: the machine-wide neighbour table is full. */
bool net_neighbours_full(int netns, const struct addr *addr);
/* What is said then. */
#define NET_NEIGHBOURS_FULL                                                                                            \
    "the machine's neighbour table is full (No buffer space available; one table serves all network namespaces, "      \
    "net.ipv4.neigh.default.gc_thresh3): end other labs, or make segments smaller"
