/* What is refused is dropped without a word, and kept for a while by the port and flow, for `labctl flow-logs`: in sets
 * of the table that refuses.  Where the sets are full a packet is refused all the same. */
#include <stdio.h>

#include "base/str.h"
#include "lower/lowering.h"

#define SIZE    4096
#define TIMEOUT "10m" /* director/flows.c tells the time by it */

const struct ip_words ip_words[2] = {
    {.family = 4, .name = "ip", .address = "ipv4_addr", .icmp = "icmp", .icmp_protocol = "icmp"},
    {.family = 6, .name = "ip6", .address = "ipv6_addr", .icmp = "icmpv6", .icmp_protocol = "ipv6-icmp"},
};

void write_kept_set(struct str *out, const char *name, const char *type)
{
    str_printf(out, "\tset %s {\n\t\ttype %s\n\t\tsize %d\n\t\tflags dynamic,timeout\n\t\ttimeout " TIMEOUT "\n\t}\n",
               name, type, SIZE);
}

/* A key has five parts at most: nft cannot list more. */
void write_refused_sets(struct str *out, const struct ip_words *ip)
{
    static const char *const ports[] = {"refused-tcp", "refused-udp"};
    char type[96];
    for (size_t i = 0; i < 2; i++) {
        snprintf(type, sizeof type, "ifname . %s . %s . inet_service . inet_service", ip->address, ip->address);
        write_kept_set(out, ports[i], type);
    }
    snprintf(type, sizeof type, "ifname . %s . %s . inet_proto", ip->address, ip->address);
    write_kept_set(out, "refused", type);
}

void write_refusal(struct str *out, const struct ip_words *ip, const char *chain, const char *by)
{
    static const char *const protocols[] = {"tcp", "udp"};
    str_printf(out, "\tchain refuse-%s {\n", chain);
    for (size_t i = 0; i < 2; i++)
        str_printf(out,
                   "\t\tmeta l4proto %s update @refused-%s { %s . %s saddr . %s daddr . %s sport . %s dport "
                   "counter }\n",
                   protocols[i], protocols[i], by, ip->name, ip->name, protocols[i], protocols[i]);
    str_printf(out,
               "\t\tmeta l4proto != { tcp, udp } update @refused { %s . %s saddr . %s daddr . meta l4proto "
               "counter }\n\t\tdrop\n\t}\n",
               by, ip->name, ip->name);
}
