/* Internet and Ethernet addresses: strict parsing, canonical text (RFC 5952), and arithmetic on bits. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/table.h"

/* Reads a decimal number without sign or leading zeros, at most `max`; moves *at behind it. */
static bool read_decimal(const char **at, unsigned max, unsigned *out)
{
    const char *text = *at;
    unsigned value = 0;
    if (*text < '0' || *text > '9' || (text[0] == '0' && text[1] >= '0' && text[1] <= '9'))
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (unsigned)(*text - '0');
        if (value > max)
            return false;
    }
    *at = text;
    *out = value;
    return true;
}

/* Reads a dotted quad.  Leading zeros are refused, as some programs take them for octal. */
static bool ipv4_parse(const char *text, struct addr *out)
{
    struct addr addr = {.family = 4};
    for (unsigned i = 0, value; i < 4; i++) {
        if (i > 0 && *text++ != '.')
            return false;
        if (!read_decimal(&text, 255, &value))
            return false;
        addr.bytes[i] = (uint8_t)value;
    }
    if (*text != '\0')
        return false;
    *out = addr;
    return true;
}

bool addr_parse(const char *text, struct addr *out)
{
    struct addr addr = {.family = 6};
    if (strchr(text, ':') == NULL)
        return ipv4_parse(text, out);
    if (inet_pton(AF_INET6, text, addr.bytes) != 1)
        return false;
    *out = addr;
    return true;
}

bool prefix_parse(const char *text, struct prefix *out)
{
    char buffer[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof buffer)
        return false;
    memcpy(buffer, text, (size_t)(slash - text));
    buffer[slash - text] = '\0';
    struct addr addr;
    unsigned length;
    const char *end = slash + 1;
    if (!addr_parse(buffer, &addr) || !read_decimal(&end, addr_bits(&addr), &length) || *end != '\0')
        return false;
    *out = (struct prefix){.addr = addr, .length = (uint8_t)length};
    return true;
}

/* The value of a hexadecimal digit, or -1. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool mac_parse(const char *text, struct mac *out)
{
    struct mac mac;
    for (size_t i = 0; i < sizeof mac.bytes; i++) {
        if (i > 0 && *text++ != ':')
            return false;
        int high = hex_value(text[0]), low = high < 0 ? -1 : hex_value(text[1]);
        if (low < 0)
            return false;
        mac.bytes[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text != '\0')
        return false;
    *out = mac;
    return true;
}

const char *addr_format(const struct addr *addr, char out[static ADDR_TEXT_MAX])
{
    if (!addr_is_set(addr))
        snprintf(out, ADDR_TEXT_MAX, "none");
    else
        inet_ntop(addr->family == 4 ? AF_INET : AF_INET6, addr->bytes, out, ADDR_TEXT_MAX);
    return out;
}

const char *prefix_format(const struct prefix *prefix, char out[static ADDR_TEXT_MAX])
{
    addr_format(&prefix->addr, out);
    if (!addr_is_set(&prefix->addr))
        return out;
    size_t length = strlen(out);
    snprintf(out + length, ADDR_TEXT_MAX - length, "/%u", prefix->length);
    return out;
}

const char *mac_format(const struct mac *mac, char out[static ADDR_TEXT_MAX])
{
    const uint8_t *b = mac->bytes;
    snprintf(out, ADDR_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
    return out;
}

bool addr_is_set(const struct addr *addr)
{
    return addr->family == 4 || addr->family == 6;
}

unsigned addr_bits(const struct addr *addr)
{
    return addr->family == 4 ? 32 : addr->family == 6 ? 128 : 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    int by = memcmp(a->bytes, b->bytes, addr_bits(a) / 8);
    return (by > 0) - (by < 0);
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return addr_compare(a, b) == 0;
}

struct addr addr_from_ipv4(uint32_t host_order)
{
    struct addr addr = {.family = 4};
    for (unsigned i = 0; i < 4; i++)
        addr.bytes[i] = (uint8_t)(host_order >> (24 - 8 * i));
    return addr;
}

uint32_t addr_ipv4(const struct addr *addr)
{
    const uint8_t *b = addr->bytes;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

struct addr addr_add(struct addr addr, uint64_t offset)
{
    unsigned carry = 0;
    for (unsigned i = addr_bits(&addr) / 8; i-- > 0; offset >>= 8) {
        unsigned sum = addr.bytes[i] + (unsigned)(offset & 0xff) + carry;
        addr.bytes[i] = (uint8_t)sum;
        carry = sum >> 8;
    }
    return addr;
}

/* The network's part of byte `i` under a prefix of `length` bits, as a mask. */
static uint8_t mask_byte(unsigned length, unsigned i)
{
    if (length >= 8 * (i + 1))
        return 0xff;
    return length <= 8 * i ? 0 : (uint8_t)(0xff << (8 * (i + 1) - length));
}

/* Whether a and b, of one family, agree in their first `length` bits. */
static bool bits_agree(const struct addr *a, const struct addr *b, unsigned length)
{
    if (a->family != b->family || !addr_is_set(a))
        return false;
    for (unsigned i = 0; i < addr_bits(a) / 8; i++)
        if (((a->bytes[i] ^ b->bytes[i]) & mask_byte(length, i)) != 0)
            return false;
    return true;
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
    int by = addr_compare(&a->addr, &b->addr);
    return by != 0 ? by : (a->length > b->length) - (a->length < b->length);
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
    return prefix_compare(a, b) == 0;
}

bool prefix_has_host_bits(const struct prefix *prefix)
{
    struct prefix network = prefix_network(*prefix);
    return !addr_equal(&network.addr, &prefix->addr);
}

struct prefix prefix_network(struct prefix prefix)
{
    for (unsigned i = 0; i < addr_bits(&prefix.addr) / 8; i++)
        prefix.addr.bytes[i] &= mask_byte(prefix.length, i);
    return prefix;
}

bool prefix_contains(const struct prefix *network, const struct addr *addr)
{
    return bits_agree(&network->addr, addr, network->length);
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
    return outer->length <= inner->length && prefix_contains(outer, &inner->addr);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
    return prefix_covers(a, b) || prefix_covers(b, a);
}

struct addr prefix_host(const struct prefix *prefix, uint64_t n)
{
    return addr_add(prefix_network(*prefix).addr, n);
}

struct addr prefix_last(const struct prefix *prefix)
{
    struct addr addr = prefix->addr;
    for (unsigned i = 0; i < addr_bits(&addr) / 8; i++)
        addr.bytes[i] |= (uint8_t)~mask_byte(prefix->length, i);
    return addr;
}

uint64_t prefix_size(const struct prefix *prefix)
{
    unsigned host_bits = addr_bits(&prefix->addr) - prefix->length;
    return host_bits >= 64 ? UINT64_MAX : UINT64_C(1) << host_bits;
}

struct prefix prefix_any(unsigned family)
{
    return (struct prefix){.addr.family = (uint8_t)family};
}

struct prefix prefix_of_addr(struct addr addr)
{
    return (struct prefix){.addr = addr, .length = (uint8_t)addr_bits(&addr)};
}
