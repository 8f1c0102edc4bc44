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

/* "0-2 : 10.0.0.1 . 80": the numbers of one target; the next one's begin behind them. */
static void write_target(struct str *out, uint32_t *next, const struct addr *to, uint16_t port, uint32_t weight)
{
    char text[ADDR_TEXT_MAX];
    str_printf(out, "%s%u", *next ? ", " : "", *next);
    if (weight > 1)
        str_printf(out, "-%u", *next + weight - 1);
    str_printf(out, " : %s . %u", addr_format(to, text), port);
    *next += weight;
}

/* Where a flow goes: to one place, or to one of several by a number, in turn or from the client's address. */
static void write_translation(struct str *out, const struct port_forward *forward)
{
    char text[ADDR_TEXT_MAX];
    const char *ip = forward->to.family == 6 ? "ip6" : "ip";
    str_printf(out, "%s dport %u dnat to ", protocol_name(forward->protocol), forward->port);
    if (forward->more_count == 0) {
        str_printf(out, forward->to.family == 6 ? "[%s]:%u\n" : "%s:%u\n", addr_format(&forward->to, text),
                   forward->to_port);
        return;
    }
    uint32_t total = forward->weight ? forward->weight : 1, next = 0;
    for (size_t i = 0; i < forward->more_count; i++)
        total += forward->more[i].weight;
    if (forward->balance == BALANCE_SOURCE)
        str_printf(out, "jhash %s saddr mod %u seed 0x1 map { ", ip, total);
    else
        str_printf(out, "numgen inc mod %u map { ", total);
    write_target(out, &next, &forward->to, forward->to_port, forward->weight ? forward->weight : 1);
    for (size_t i = 0; i < forward->more_count; i++)
        write_target(out, &next, &forward->more[i].to, forward->more[i].to_port, forward->more[i].weight);
    str_append(out, " }\n");
}

static void forward_in(struct str *out, const struct node *node, const struct port_forward *forward)
{
    unsigned family = forward->to.family;
    struct strings one = {&(const char *){forward->interface}, 1};
    const struct strings *outside = forward->interface ? &one : &node->nat.masquerade;
    STR_AUTO to = STR_INIT;
    write_translation(&to, forward);
    if (outside->count == 0) {
        str_printf(out, "\t\tfib daddr type local %s", str_text(&to));
        return;
    }
    str_append(out, "\t\tiifname ");
    write_names(out, outside);
    str_printf(out, " %s", str_text(&to));
    STR_AUTO addresses = STR_INIT;
    if (write_addresses(&addresses, node, outside, family))
        str_printf(out, "\t\t%s daddr %s %s", family == 6 ? "ip6" : "ip", str_text(&addresses), str_text(&to));
}

/* From the same network as the target: its answer must come back this way, so the router speaks for the client. */
static void target_out(struct str *out, const struct node *node, enum protocol protocol, const struct addr *target,
                       uint16_t port)
{
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    const char *ip = target->family == 6 ? "ip6" : "ip";
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++) {
            struct prefix network = prefix_network(node->interfaces[i]->addresses[a]);
            if (!prefix_contains(&network, target))
                continue;
            str_printf(out, "\t\t%s saddr %s %s daddr %s %s dport %u ct status dnat masquerade\n", ip,
                       prefix_format(&network, from), ip, addr_format(target, to), protocol_name(protocol), port);
        }
}

static void forward_out(struct str *out, const struct node *node, const struct port_forward *forward)
{
    target_out(out, node, forward->protocol, &forward->to, forward->to_port);
    for (size_t i = 0; i < forward->more_count; i++)
        target_out(out, node, forward->protocol, &forward->more[i].to, forward->more[i].to_port);
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
