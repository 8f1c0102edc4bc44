/* Hiding a routed hop: before routing the TTL goes up by one, and forwarding takes one away, so that neither a packet
 * nor a traceroute tells of the hop.  nft cannot add, so there is a chain for each value, found by one verdict map. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

#define TTL_MAX 255

/* field: "ttl" of IPv4, "hoplimit" of IPv6. */
static void hide(struct lowering *l, uint32_t ns, const char *ip, const char *field, const char *origin)
{
    STR_AUTO body = STR_INIT;
    for (unsigned ttl = 1; ttl < TTL_MAX; ttl++)
        str_printf(&body, "%schain ttl_%u { %s %s set %u; }%s", ttl % 4 == 1 ? "\t" : "; ", ttl, ip, field, ttl + 1,
                   ttl % 4 == 0 || ttl + 1 == TTL_MAX ? "\n" : "");
    str_printf(&body, "\tmap chains {\n\t\ttypeof %s %s : verdict\n\t\telements = {", ip, field);
    for (unsigned ttl = 1; ttl < TTL_MAX; ttl++)
        str_printf(&body, "%s %u : goto ttl_%u", ttl == 1 ? "" : ttl % 8 == 1 ? ",\n\t\t\t    " : ",", ttl, ttl);
    str_printf(&body,
               " }\n\t}\n\tchain prerouting {\n\t\ttype filter hook prerouting priority -300; policy accept;\n"
               "\t\t%s %s vmap @chains\n\t}\n",
               ip, field);
    add_nft(l, ns, ip, "hop", &body, origin);
}

void lower_hidden_hop(struct lowering *l, uint32_t ns, const char *origin)
{
    hide(l, ns, "ip", "ttl", origin);
}

void lower_hidden_hop_ipv6(struct lowering *l, uint32_t ns, const char *origin)
{
    hide(l, ns, "ip6", "hoplimit", origin);
}
