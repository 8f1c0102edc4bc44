/* Internet and Ethernet addresses as plain values. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr {
    uint8_t family;    /* 0 = none, 4 or 6 */
    uint8_t bytes[16]; /* network byte order; IPv4 uses the first four */
};

/* An address with a length.  As a network the host bits are zero; as an interface's address they are kept. */
struct prefix {
    struct addr addr;
    uint8_t length; /* bits: 0..32 or 0..128 */
};

struct mac {
    uint8_t bytes[6];
};

#define ADDR_TEXT_MAX 64 /* room for any formatted address, prefix or MAC */

bool addr_parse(const char *text, struct addr *out);     /* strict: dotted quad without leading zeros, or IPv6 */
bool prefix_parse(const char *text, struct prefix *out); /* "10.0.0.0/8"; the length is required; host bits kept */
bool mac_parse(const char *text, struct mac *out);       /* "02:00:00:00:00:01" */
const char *addr_format(const struct addr *addr, char out[static ADDR_TEXT_MAX]);
const char *prefix_format(const struct prefix *prefix, char out[static ADDR_TEXT_MAX]);
const char *mac_format(const struct mac *mac, char out[static ADDR_TEXT_MAX]);

bool addr_is_set(const struct addr *addr);
int addr_compare(const struct addr *a, const struct addr *b); /* family, then bytes */
bool addr_equal(const struct addr *a, const struct addr *b);
unsigned addr_bits(const struct addr *addr); /* 32 or 128 */
struct addr addr_from_ipv4(uint32_t host_order);
uint32_t addr_ipv4(const struct addr *addr);             /* host order; only for family 4 */
struct addr addr_add(struct addr addr, uint64_t offset); /* address arithmetic, wraps */

int prefix_compare(const struct prefix *a, const struct prefix *b); /* address, then length */
bool prefix_equal(const struct prefix *a, const struct prefix *b);
bool prefix_has_host_bits(const struct prefix *prefix);
struct prefix prefix_network(struct prefix prefix); /* host bits cleared */
bool prefix_contains(const struct prefix *network, const struct addr *addr);
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
struct addr prefix_host(const struct prefix *prefix, uint64_t n); /* network address + n */
struct addr prefix_last(const struct prefix *prefix);             /* the broadcast address, for IPv4 */
uint64_t prefix_size(const struct prefix *prefix);                /* addresses in it; UINT64_MAX where more */
struct prefix prefix_any(unsigned family);                        /* 0.0.0.0/0 or ::/0 */
struct prefix prefix_of_addr(struct addr addr);                   /* /32 or /128 */
