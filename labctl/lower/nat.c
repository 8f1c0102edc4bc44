/* A node's address translation, in a table as an administrator would write it: what leaves by a masqueraded interface
 * gets its address; forwarded ports lead inside, also for those who come from inside by the outer address (hairpin). */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

static void write_names(struct str *out, const struct strings *names)
{
    str_append(out, "{ ");
    for (size_t i = 0; i < names->count; i++)
        str_printf(out, "%s\"%s\"", i ? ", " : "", names->items[i]);
    str_append(out, " }");
}

/* Writes the addresses of the interfaces by which a forward is reached; false where there are none. */
static bool write_addresses(struct str *out, const struct node *node, const struct strings *names, unsigned family)
{
    char text[ADDR_TEXT_MAX];
    size_t count = 0;
    for (size_t n = 0; n < names->count; n++) {
        const struct interface *interface = node_interface(node, names->items[n]);
        for (size_t i = 0; interface && i < interface->address_count; i++)
            if (interface->addresses[i].addr.family == family)
                str_printf(out, "%s%s", count++ ? ", " : "{ ", addr_format(&interface->addresses[i].addr, text));
    }
    if (count > 0)
        str_append(out, " }");
    return count > 0;
}

static void forward_in(struct str *out, const struct node *node, const struct port_forward *forward)
{
    char text[ADDR_TEXT_MAX];
    unsigned family = forward->to.family;
    const char *protocol = protocol_name(forward->protocol), *ip = family == 6 ? "ip6" : "ip";
    struct strings one = {&(const char *){forward->interface}, 1};
    const struct strings *outside = forward->interface ? &one : &node->nat.masquerade;
    const char *target = addr_format(&forward->to, text);
    STR_AUTO to = STR_INIT;
    str_printf(&to, family == 6 ? "%s dport %u dnat to [%s]:%u\n" : "%s dport %u dnat to %s:%u\n", protocol,
               forward->port, target, forward->to_port);
    if (outside->count == 0) {
        str_printf(out, "\t\tfib daddr type local %s", str_text(&to));
        return;
    }
    str_append(out, "\t\tiifname ");
    write_names(out, outside);
    str_printf(out, " %s", str_text(&to));
    STR_AUTO addresses = STR_INIT;
    if (write_addresses(&addresses, node, outside, family))
        str_printf(out, "\t\t%s daddr %s %s", ip, str_text(&addresses), str_text(&to));
}

/* From the same network as the target: its answer must come back this way, so the router speaks for the client. */
static void forward_out(struct str *out, const struct node *node, const struct port_forward *forward)
{
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    const char *ip = forward->to.family == 6 ? "ip6" : "ip";
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++) {
            struct prefix network = prefix_network(node->interfaces[i]->addresses[a]);
            if (!prefix_contains(&network, &forward->to))
                continue;
            str_printf(out, "\t\t%s saddr %s %s daddr %s %s dport %u ct status dnat masquerade\n", ip,
                       prefix_format(&network, from), ip, addr_format(&forward->to, to),
                       protocol_name(forward->protocol), forward->to_port);
        }
}

static void lower_family(struct lowering *l, const struct node *node, uint32_t ns, unsigned family)
{
    const struct node_nat *nat = &node->nat;
    STR_AUTO in = STR_INIT, out = STR_INIT, body = STR_INIT;
    for (size_t i = 0; i < nat->forward_count; i++)
        if (nat->forwards[i].to.family == family) {
            forward_in(&in, node, &nat->forwards[i]);
            forward_out(&out, node, &nat->forwards[i]);
        }
    if (family == 4 && nat->masquerade.count > 0) {
        str_append(&out, "\t\toifname ");
        write_names(&out, &nat->masquerade);
        str_append(&out, " masquerade\n");
    }
    if (in.length > 0)
        str_printf(&body, "\tchain prerouting {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n%s\t}\n",
                   str_text(&in));
    if (out.length > 0)
        str_printf(&body,
                   "\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n%s\t}\n",
                   str_text(&out));
    if (body.length > 0)
        add_nft(l, ns, family == 6 ? "ip6" : "ip", "nat", &body, l->plan->namespaces[ns].origin);
}

void lower_nat(struct lowering *l, const struct node *node, uint32_t ns)
{
    lower_family(l, node, ns, 4);
    lower_family(l, node, ns, 6);
}
