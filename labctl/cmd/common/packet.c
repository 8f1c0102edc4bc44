/* One line for a captured Ethernet frame: ARP, IPv4, IPv6, TCP, UDP, ICMP, and the question of a DNS message. */
#include "cmd/common/packet.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/str.h"
#include "base/table.h"

/* What is left of a frame; reading past its end gives zeros and marks it as cut. */
struct view {
    const uint8_t *data;
    size_t length;
};

static unsigned get8(struct view view, size_t at)
{
    return at < view.length ? view.data[at] : 0;
}

static unsigned get16(struct view view, size_t at)
{
    return get8(view, at) << 8 | get8(view, at + 1);
}

static uint32_t get32(struct view view, size_t at)
{
    return (uint32_t)get16(view, at) << 16 | get16(view, at + 2);
}

static struct view after(struct view view, size_t count)
{
    return count > view.length ? (struct view){view.data, 0} : (struct view){view.data + count, view.length - count};
}

static const char *address(struct view view, size_t at, unsigned family, char out[static ADDR_TEXT_MAX])
{
    struct addr addr = {.family = (uint8_t)family};
    size_t size = family == 4 ? 4 : 16;
    for (size_t i = 0; i < size; i++)
        addr.bytes[i] = (uint8_t)get8(view, at + i);
    return addr_format(&addr, out);
}

static void describe_dns(struct view message, struct str *out)
{
    struct view name = after(message, 12);
    unsigned flags = get16(message, 2);
    str_printf(out, " DNS %s ", flags & 0x8000 ? "answer" : "question");
    for (size_t labels = 0; name.length > 0 && name.data[0] > 0 && name.data[0] < 64 && labels < 64; labels++) {
        size_t size = name.data[0];
        if (size >= name.length)
            break;
        for (size_t i = 1; i <= size; i++)
            str_append_char(out, name.data[i] > ' ' && name.data[i] < 127 ? (char)name.data[i] : '?');
        str_append_char(out, '.');
        name = after(name, size + 1);
    }
    if (flags & 0x8000)
        str_printf(out, " rcode %u, %u answers", flags & 15, get16(message, 6));
}

static void describe_tcp(struct view segment, size_t length, struct str *out)
{
    static const char letters[] = "FSRPAUEC";
    size_t header = (get8(segment, 12) >> 4) * 4u;
    str_append(out, " TCP [");
    for (size_t i = 0; i < 8; i++)
        if (get8(segment, 13) >> i & 1)
            str_append_char(out, letters[i]);
    str_printf(out, "] seq %u", get32(segment, 4));
    if (get8(segment, 13) & 0x10)
        str_printf(out, " ack %u", get32(segment, 8));
    str_printf(out, " win %u len %zu", get16(segment, 14), length > header ? length - header : 0);
}

static const char *icmp_name(unsigned family, unsigned type, unsigned code)
{
    static const struct {
        unsigned family, type, code; /* code 256: any */
        const char *name;
    } names[] = {
        {4, 0, 256, "echo reply"},
        {4, 8, 256, "echo request"},
        {4, 3, 0, "network unreachable"},
        {4, 3, 1, "host unreachable"},
        {4, 3, 3, "port unreachable"},
        {4, 3, 4, "fragmentation needed"},
        {4, 3, 13, "prohibited"},
        {4, 3, 256, "unreachable"},
        {4, 5, 256, "redirect"},
        {4, 11, 256, "time exceeded"},
        {6, 128, 256, "echo request"},
        {6, 129, 256, "echo reply"},
        {6, 1, 256, "unreachable"},
        {6, 2, 256, "packet too big"},
        {6, 3, 256, "time exceeded"},
        {6, 135, 256, "neighbour solicitation"},
        {6, 136, 256, "neighbour advertisement"},
        {6, 133, 256, "router solicitation"},
        {6, 134, 256, "router advertisement"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].family == family && names[i].type == type && (names[i].code == 256 || names[i].code == code))
            return names[i].name;
    return NULL;
}

static void describe_icmp(unsigned family, struct view message, struct str *out)
{
    unsigned type = get8(message, 0), code = get8(message, 1);
    const char *name = icmp_name(family, type, code);
    str_printf(out, " ICMP%s ", family == 6 ? "v6" : "");
    if (name)
        str_append(out, name);
    else
        str_printf(out, "type %u code %u", type, code);
    if ((family == 4 && (type == 0 || type == 8)) || (family == 6 && (type == 128 || type == 129)))
        str_printf(out, " id %u seq %u", get16(message, 4), get16(message, 6));
    if (family == 4 && type == 3 && code == 4)
        str_printf(out, " mtu %u", get16(message, 6));
}

static void describe_ip(unsigned family, struct view packet, struct str *out)
{
    char source[ADDR_TEXT_MAX], destination[ADDR_TEXT_MAX];
    size_t header = family == 4 ? (get8(packet, 0) & 15) * 4u : 40;
    unsigned protocol = get8(packet, family == 4 ? 9 : 6);
    size_t total = family == 4 ? get16(packet, 2) : get16(packet, 4) + 40u;
    size_t length = total > header ? total - header : 0;
    bool fragment = family == 4 && (get16(packet, 6) & 0x1fff) != 0;
    address(packet, family == 4 ? 12 : 8, family, source);
    address(packet, family == 4 ? 16 : 24, family, destination);
    struct view payload = after(packet, header);
    if (fragment) {
        str_printf(out, "%s > %s fragment at %u", source, destination, (get16(packet, 6) & 0x1fff) * 8);
    } else if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) {
        str_printf(out, "%s.%u > %s.%u", source, get16(payload, 0), destination, get16(payload, 2));
        if (protocol == IPPROTO_TCP)
            describe_tcp(payload, length, out);
        else if (get16(payload, 0) == 53 || get16(payload, 2) == 53)
            describe_dns(after(payload, 8), out);
        else
            str_printf(out, " UDP len %zu", length > 8 ? length - 8 : 0);
    } else {
        str_printf(out, "%s > %s", source, destination);
        if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
            describe_icmp(family, payload, out);
        else
            str_printf(out, " protocol %u len %zu", protocol, length);
    }
    str_printf(out, " ttl %u", get8(packet, family == 4 ? 8 : 7));
}

static void describe_arp(struct view message, struct str *out)
{
    char sender[ADDR_TEXT_MAX], target[ADDR_TEXT_MAX], mac[ADDR_TEXT_MAX];
    struct mac hardware;
    for (size_t i = 0; i < sizeof hardware.bytes; i++)
        hardware.bytes[i] = (uint8_t)get8(message, 8 + i);
    address(message, 14, 4, sender);
    address(message, 24, 4, target);
    if (get16(message, 6) == 1)
        str_printf(out, "ARP who has %s, tell %s", target, sender);
    else
        str_printf(out, "ARP %s is at %s", sender, mac_format(&hardware, mac));
}

void packet_describe(const uint8_t *frame, size_t captured, size_t length, struct str *out)
{
    struct view view = {frame, captured};
    unsigned type = get16(view, 12);
    struct view payload = after(view, 14);
    if (type == ETH_P_8021Q) {
        str_printf(out, "VLAN %u ", get16(view, 14) & 0xfff);
        type = get16(view, 16);
        payload = after(view, 18);
    }
    if (type == ETH_P_IP)
        describe_ip(4, payload, out);
    else if (type == ETH_P_IPV6)
        describe_ip(6, payload, out);
    else if (type == ETH_P_ARP)
        describe_arp(payload, out);
    else
        str_printf(out, type < 1536 ? "LLC length %u" : "Ethernet type 0x%04x", type);
    str_printf(out, ", %zu bytes", length);
    if (captured < length)
        str_append(out, " (cut)");
}
