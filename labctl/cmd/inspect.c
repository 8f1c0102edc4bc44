/* labctl inspect */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/common/habit.h"
#include "cmd/common/reading.h"
#include "cmd/cmd.h"

static void join(const json_t *array, struct str *out)
{
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item) str_printf(out, "%s%s", i == 0 ? "" : ", ", json_string_value(item));
}

/* "10.0.0.1/24, 10.0.0.9/24 (leased) (public 203.0.113.4)" */
static void addresses_of(const json_t *interface, struct str *out)
{
    const char *public_ip = client_text(interface, "public_ip");
    size_t i;
    json_t *leased;
    join(json_object_get(interface, "addresses"), out);
    json_array_foreach(json_object_get(interface, "leased"), i, leased)
        str_printf(out, "%s%s (leased)", out->length ? ", " : "", json_string_value(leased));
    if (*public_ip)
        str_printf(out, " (public %s)", public_ip);
}

/* Columns are as wide as what stands in them, and at least as wide as in most labs. */
struct widths {
    int node, interface, addresses;
};

static void widen(int *width, size_t length)
{
    if ((int)length > *width)
        *width = (int)length;
}

static struct widths widths_of(const json_t *nodes)
{
    struct widths widths = {16, 10, 20};
    size_t i, k;
    json_t *node, *interface;
    json_array_foreach(nodes, i, node)
    {
        widen(&widths.node, strlen(client_text(node, "name")));
        json_array_foreach(json_object_get(node, "interfaces"), k, interface)
        {
            STR_AUTO addresses = STR_INIT;
            addresses_of(interface, &addresses);
            widen(&widths.interface, strlen(client_text(interface, "name")));
            widen(&widths.addresses, addresses.length);
        }
    }
    return widths;
}

static void print_interface(const struct widths *widths, const char *node, const json_t *interface)
{
    STR_AUTO addresses = STR_INIT;
    addresses_of(interface, &addresses);
    printf("%-*s %-*s %-*s %5" JSON_INTEGER_FORMAT "  %s%s\n", widths->node, node, widths->interface,
           client_text(interface, "name"), widths->addresses, str_text(&addresses), client_integer(interface, "mtu"),
           client_text(interface, "attachment"), client_truth(interface, "up") ? "" : ", down");
}

static void print_nodes(const json_t *nodes)
{
    const struct widths widths = widths_of(nodes);
    size_t i, k;
    json_t *node, *part;
    printf("\n%-*s %-*s %-*s %5s  %s\n", widths.node, "NODE", widths.interface, "INTERFACE", widths.addresses,
           "ADDRESSES", "MTU", "ATTACHED TO");
    json_array_foreach(nodes, i, node)
    {
        const json_t *interfaces = json_object_get(node, "interfaces");
        if (json_array_size(interfaces) == 0)
            printf("%-*s -\n", widths.node, client_text(node, "name"));
        json_array_foreach(interfaces, k, part) print_interface(&widths, k == 0 ? client_text(node, "name") : "", part);
    }
}

/* ", delay 5ms", or what each direction has where they differ. */
static void print_impairments(const json_t *impairments)
{
    STR_AUTO first = STR_INIT;
    size_t i;
    json_t *one, *value;
    const char *key;
    bool same = json_equal(json_array_get(impairments, 0), json_array_get(impairments, 1));
    json_array_foreach(impairments, i, one)
    {
        if (same && i)
            break;
        str_append(&first, same ? "" : i ? ", back" : ", there");
        if (!same && !json_object_size(one))
            str_append(&first, " unimpaired");
        bool begun = false;
        json_object_foreach(one, key, value)
        {
            str_printf(&first, "%s%s %s", begun || same ? ", " : " ", key, json_string_value(value));
            begun = true;
        }
    }
    printf("%s\n", str_text(&first));
}

static void print_services(const json_t *nodes)
{
    size_t i, k;
    json_t *node, *service;
    bool first = true;
    json_array_foreach(nodes, i, node)
    {
        json_array_foreach(json_object_get(node, "services"), k, service)
        {
            if (first)
                printf("\n%-16s %-16s %-10s %6s  %s\n", "NODE", "SERVICE", "KIND", "PORT", "STATE");
            first = false;
            char port[32] = "-";
            if (client_integer(service, "port") > 0)
                snprintf(port, sizeof port, "%" JSON_INTEGER_FORMAT, client_integer(service, "port"));
            printf("%-16s %-16s %-10s %6s  %s\n", client_text(node, "name"), client_text(service, "name"),
                   client_text(service, "kind"), port, client_text(service, "state"));
        }
    }
}

static void print_endpoints(const json_t *endpoints)
{
    size_t i, k;
    json_t *endpoint, *part;
    json_array_foreach(endpoints, i, endpoint)
    {
        STR_AUTO tables = STR_INIT;
        printf("  endpoint %-14s to service %s", client_text(endpoint, "name"), client_text(endpoint, "service"));
        join(json_object_get(endpoint, "route_tables"), &tables);
        if (tables.length > 0)
            printf(" by route table %s", str_text(&tables));
        json_array_foreach(json_object_get(endpoint, "interfaces"), k, part)
            printf("%s %s %s", k == 0 ? " at" : ",", client_text(part, "subnet"), client_text(part, "address"));
        printf("\n");
    }
}

static void print_transit_gateway(const json_t *gateway)
{
    size_t t, i;
    json_t *table, *route;
    STR_AUTO attached = STR_INIT;
    join(json_object_get(gateway, "attachments"), &attached);
    printf("\ntransit gateway %s: attached %s\n", client_text(gateway, "name"), str_text(&attached));
    json_array_foreach(json_object_get(gateway, "route_tables"), t, table)
    {
        STR_AUTO associated = STR_INIT;
        join(json_object_get(table, "associations"), &associated);
        printf("  route table %s of %s\n", client_text(table, "name"),
               associated.length > 0 ? str_text(&associated) : "nobody");
        json_array_foreach(json_object_get(table, "routes"), i, route)
            printf("    %-20s %s%s\n", client_text(route, "destination"), client_text(route, "target"),
                   client_truth(route, "propagated") ? ", propagated" : "");
    }
}

static void print_connections(const json_t *reply)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(reply, "peerings"), i, item)
    {
        STR_AUTO ends = STR_INIT;
        join(json_object_get(item, "between"), &ends);
        printf("%speering %s: %s%s\n", i == 0 ? "\n" : "", client_text(item, "name"), str_text(&ends),
               client_truth(item, "dns") ? ", dns" : "");
    }
    json_array_foreach(json_object_get(reply, "transit_gateways"), i, item) print_transit_gateway(item);
    json_array_foreach(json_object_get(reply, "services"), i, item)
    {
        STR_AUTO nodes = STR_INIT;
        join(json_object_get(item, "nodes"), &nodes);
        printf("%sservice %s: port %" JSON_INTEGER_FORMAT " of %s\n", i == 0 ? "\n" : "", client_text(item, "name"),
               client_integer(item, "port"), str_text(&nodes));
    }
}

/* Docker-like networks with what their hosts publish in them, and whom policies select. */
static void print_containers(const json_t *reply)
{
    size_t i, k;
    json_t *item, *part;
    json_array_foreach(json_object_get(reply, "networks"), i, item)
    {
        const char *host = client_text(item, "host");
        printf("%snetwork %s: %s%s%s%s\n", i == 0 ? "\n" : "", client_text(item, "name"), client_text(item, "cidr"),
               client_truth(item, "internal") ? ", internal" : "", *host ? ", host " : "", host);
        json_array_foreach(json_object_get(item, "publish"), k, part)
        {
            const char *address = client_text(part, "address");
            printf("  port %s%s%" JSON_INTEGER_FORMAT "/%s leads to %s:%" JSON_INTEGER_FORMAT "\n", address,
                   *address ? ":" : "", client_integer(part, "port"), client_text(part, "protocol"),
                   client_text(part, "node"), client_integer(part, "to_port"));
        }
    }
    json_array_foreach(json_object_get(reply, "policies"), i, item)
    {
        STR_AUTO selected = STR_INIT;
        join(json_object_get(item, "nodes"), &selected);
        printf("%spolicy %s: %s%s%s of %s\n", i == 0 ? "\n" : "", client_text(item, "name"),
               client_truth(item, "ingress") ? "ingress" : "",
               client_truth(item, "ingress") && client_truth(item, "egress") ? " and " : "",
               client_truth(item, "egress") ? "egress" : "", selected.length ? str_text(&selected) : "nobody");
    }
}

static void print_networks(const json_t *reply)
{
    size_t i, k;
    json_t *item, *part;
    print_containers(reply);
    json_array_foreach(json_object_get(reply, "vpcs"), i, item)
    {
        STR_AUTO cidrs = STR_INIT;
        join(json_object_get(item, "cidrs"), &cidrs);
        printf("\nvpc %s: %s%s\n", client_text(item, "name"), str_text(&cidrs),
               client_truth(item, "internet_gateway") ? ", internet gateway" : "");
        json_array_foreach(json_object_get(item, "subnets"), k, part)
        {
            const char *table = client_text(part, "route_table"), *acl = client_text(part, "network_acl");
            printf("  subnet %-16s %-20s route table %s%s%s\n", client_text(part, "name"), client_text(part, "cidr"),
                   *table ? table : "(local only)", str_equal(acl, "default") ? "" : ", network ACL ",
                   str_equal(acl, "default") ? "" : acl);
        }
        json_array_foreach(json_object_get(item, "nat_gateways"), k, part)
            printf("  NAT gateway %-11s %-20s public %s\n", client_text(part, "name"), client_text(part, "address"),
                   client_text(part, "public_ip"));
        print_endpoints(json_object_get(item, "endpoints"));
    }
    print_connections(reply);
    json_array_foreach(json_object_get(reply, "links"), i, item)
    {
        STR_AUTO ends = STR_INIT;
        join(json_object_get(item, "ends"), &ends);
        printf("%slink %s: %s, MTU %" JSON_INTEGER_FORMAT, i == 0 ? "\n" : "", client_text(item, "name"),
               str_text(&ends), client_integer(item, "mtu"));
        print_impairments(json_object_get(item, "impairments"));
    }
}

static void print_text(const json_t *reply)
{
    size_t i;
    json_t *warning;
    const json_t *nodes = json_object_get(reply, "nodes");
    const char *title = client_text(reply, "title");
    printf("lab %s%s%s, %s since %s\n", client_text(reply, "lab"), *title ? ": " : "", title,
           client_text(reply, "state"), client_text(reply, "since"));
    json_array_foreach(json_object_get(reply, "warnings"), i, warning)
        printf("warning: %s\n", json_string_value(warning));
    print_nodes(nodes);
    print_services(nodes);
    print_networks(reply);
}

static const struct option_spec options[] = {HABIT_LAB_OPTIONS};

static int run(struct context *context)
{
    READING_AUTO reading = READING_INIT;
    struct error err = ERROR_INIT;
    json_t *reply;
    int status = habit_lab(context, &reading, &context->lab);
    if (status)
        return status;
    if (client_call(context, "inspect", NULL, &reply, &err) != 0)
        return cmd_fail(context, &err);
    if (context->format == FORMAT_JSON)
        client_print_json(reply);
    else
        print_text(reply);
    json_decref(reply);
    return 0;
}

const struct command command_inspect = {
    .name = "inspect",
    .group = "a lab",
    .synopsis = "inspect [NAME]",
    .summary = "The running lab: nodes, addresses, services, networks, warnings",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
