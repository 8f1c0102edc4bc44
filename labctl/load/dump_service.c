/* Canonical YAML of services. */
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "load/dump.h"

static const char *const record_keys[] = {"a", "aaaa", "cname", "txt", "mx", "srv", "ptr", "ns"};

_Static_assert(ARRAY_SIZE(record_keys) == RECORD_TYPE_COUNT, "a key for each record type");

/* Records of one name stand one behind the other; a single address stands alone, others under their types. */
static void dump_name(struct yaml *yaml, const struct dns_record *records, size_t count)
{
    yaml_key(yaml, records[0].name);
    if (count == 1 && (records[0].type == RECORD_A || records[0].type == RECORD_AAAA)) {
        yaml_text(yaml, records[0].value);
        return;
    }
    yaml_map(yaml);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && records[next].type == records[i].type;)
            next++;
        yaml_key(yaml, record_keys[records[i].type]);
        if (next > i + 1)
            yaml_list(yaml);
        for (size_t k = i; k < next; k++)
            yaml_text(yaml, records[k].value);
        if (next > i + 1)
            yaml_list_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_zone(struct yaml *yaml, const struct dns_zone *zone)
{
    yaml_key(yaml, zone->name);
    yaml_map(yaml);
    for (size_t i = 0, next; i < zone->record_count; i = next) {
        for (next = i + 1; next < zone->record_count && strcmp(zone->records[next].name, zone->records[i].name) == 0;)
            next++;
        dump_name(yaml, &zone->records[i], next - i);
    }
    yaml_map_end(yaml);
}

void dump_zones(struct yaml *yaml, const struct dns_zone *zones, size_t count)
{
    yaml_key(yaml, "zones");
    yaml_map(yaml);
    for (size_t i = 0; i < count; i++)
        dump_zone(yaml, &zones[i]);
    yaml_map_end(yaml);
}

static void dump_views(struct yaml *yaml, const struct service *service)
{
    char text[ADDR_TEXT_MAX];
    if (service->view_count == 0)
        return;
    yaml_key(yaml, "views");
    yaml_map(yaml);
    for (size_t i = 0; i < service->view_count; i++) {
        const struct dns_view *view = &service->views[i];
        yaml_key(yaml, view->name);
        yaml_map(yaml);
        yaml_key(yaml, "from");
        yaml_flow_list(yaml);
        for (size_t k = 0; k < view->from_count; k++)
            yaml_text(yaml, prefix_format(&view->from[k], text));
        yaml_list_end(yaml);
        dump_zones(yaml, view->zones, view->zone_count);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_dns(struct yaml *yaml, const struct service *service)
{
    if (service->zone_count > 0)
        dump_zones(yaml, service->zones, service->zone_count);
    if (service->forward_count > 0) {
        yaml_key(yaml, "forward");
        yaml_flow_list(yaml);
        for (size_t i = 0; i < service->forward_count; i++)
            dump_addr_value(yaml, &service->forward[i]);
        yaml_list_end(yaml);
    }
    if (!service->recursion)
        yaml_boolean_member(yaml, "recursion", false);
    if (service->ttl != 60)
        yaml_plain_member(yaml, "ttl", "%u", service->ttl);
    if (service->negative_ttl != 60)
        yaml_plain_member(yaml, "negative_ttl", "%u", service->negative_ttl);
    dump_views(yaml, service);
}

static void dump_certificate_members(struct yaml *yaml, const struct certificate *certificate)
{
    if (certificate->state != CERTIFICATE_VALID)
        yaml_text_member(yaml, "cert", certificate_state_name(certificate->state));
    dump_strings(yaml, "names", &certificate->names);
}

void dump_certificates(struct yaml *yaml, const struct node *node)
{
    if (node->certificate_count == 0)
        return;
    yaml_key(yaml, "certificates");
    yaml_map(yaml);
    for (size_t i = 0; i < node->certificate_count; i++) {
        yaml_key(yaml, node->certificates[i].name);
        yaml_map(yaml);
        dump_certificate_members(yaml, &node->certificates[i]);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_tls(struct yaml *yaml, const struct service_tls *tls)
{
    if (!tls->on)
        return;
    yaml_key(yaml, "tls");
    yaml_map(yaml);
    dump_certificate_members(yaml, &tls->certificate);
    if (tls->min_version != TLS_1_2)
        yaml_plain_member(yaml, "min_version", "%s", tls_version_name(tls->min_version));
    if (tls->clients == CLIENTS_CERTIFIED)
        yaml_text_member(yaml, "client_certificate", "required");
    yaml_map_end(yaml);
}

/* Whether the body is the one that every web service has. */
static bool is_default_body(const struct service *service)
{
    size_t length = strlen(service->node->name);
    return strncmp(service->body, service->node->name, length) == 0 && strcmp(service->body + length, "\n") == 0;
}

static void dump_http(struct yaml *yaml, const struct service *service)
{
    if (!is_default_body(service))
        yaml_text_member(yaml, "body", service->body);
    if (service->status != 200)
        dump_number(yaml, "status", service->status);
    dump_duration(yaml, "delay", service->delay);
    dump_number(yaml, "truncate", service->truncate);
    if (service->route_count == 0)
        return;
    yaml_key(yaml, "routes");
    yaml_list(yaml);
    for (size_t i = 0; i < service->route_count; i++) {
        yaml_map(yaml);
        yaml_text_member(yaml, "path", service->routes[i].path);
        if (service->routes[i].body[0] != '\0')
            yaml_text_member(yaml, "body", service->routes[i].body);
        dump_text(yaml, "location", service->routes[i].location);
        if (service->routes[i].status != (service->routes[i].location ? 302 : 200))
            dump_number(yaml, "status", service->routes[i].status);
        yaml_map_end(yaml);
    }
    yaml_list_end(yaml);
}

static void dump_range(struct yaml *yaml, const struct dhcp_range *range)
{
    char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
    STR_AUTO text = STR_INIT;
    str_printf(&text, "%s-%s", addr_format(&range->first, first), addr_format(&range->last, last));
    yaml_text(yaml, str_text(&text));
}

static void dump_dhcp(struct yaml *yaml, const struct dhcp *dhcp)
{
    if (dhcp->range_count > 0)
        yaml_key(yaml, "range");
    if (dhcp->range_count > 1)
        yaml_flow_list(yaml);
    for (size_t i = 0; i < dhcp->range_count; i++)
        dump_range(yaml, &dhcp->ranges[i]);
    if (dhcp->range_count > 1)
        yaml_list_end(yaml);
    if (dhcp->reservation_count > 0) {
        yaml_key(yaml, "reservations");
        yaml_map(yaml);
        for (size_t i = 0; i < dhcp->reservation_count; i++)
            dump_addr(yaml, dhcp->reservations[i].name, &dhcp->reservations[i].addr);
        yaml_map_end(yaml);
    }
    if (dhcp->lease != 3600)
        dump_duration(yaml, "lease", dhcp->lease * INT64_C(1000000000));
    if (dhcp->router_mark.line > 0 && !addr_is_set(&dhcp->router))
        yaml_text_member(yaml, "router", "none");
    dump_addr(yaml, "router", &dhcp->router);
    if (dhcp->dns_count > 0) {
        yaml_key(yaml, "dns");
        yaml_flow_list(yaml);
        for (size_t i = 0; i < dhcp->dns_count; i++)
            dump_addr_value(yaml, &dhcp->dns[i]);
        yaml_list_end(yaml);
    }
    dump_text(yaml, "domain", dhcp->domain);
    if (dhcp->router_advertisements)
        yaml_boolean_member(yaml, "router_advertisements", true);
}

static void dump_exec(struct yaml *yaml, const struct service *service)
{
    if (service->command.count == 1)
        dump_text(yaml, "command", service->command.items[0]);
    else
        dump_strings(yaml, "command", &service->command);
    dump_text(yaml, "user", service->user);
    if (service->ready_port == 0)
        return;
    yaml_key(yaml, "ready");
    yaml_map(yaml);
    dump_number(yaml, service->ready_protocol == PROTOCOL_TCP ? "tcp" : "udp", service->ready_port);
    dump_duration(yaml, "within", service->ready_within);
    yaml_map_end(yaml);
}

static void dump_service(struct yaml *yaml, const struct service *service)
{
    yaml_map(yaml);
    if (strcmp(service->name, service_kind_name(service->kind)) != 0)
        yaml_text_member(yaml, "kind", service_kind_name(service->kind));
    if (service->port != service_default_port(service))
        dump_number(yaml, "port", service->port);
    dump_addr(yaml, "bind", &service->bind);
    dump_text(yaml, "banner", service->banner);
    dump_tls(yaml, &service->tls);
    if (service->proxy)
        dump_proxy(yaml, service->proxy);
    if (service->dhcp)
        dump_dhcp(yaml, service->dhcp);
    dump_routing(yaml, service);
    if (service->kind == SERVICE_HTTP)
        dump_http(yaml, service);
    else if (service->kind == SERVICE_DNS)
        dump_dns(yaml, service);
    else if (service->kind == SERVICE_EXEC)
        dump_exec(yaml, service);
    yaml_map_end(yaml);
}

void dump_services(struct yaml *yaml, const struct node *node)
{
    if (node->service_count == 0)
        return;
    yaml_key(yaml, "services");
    yaml_map(yaml);
    for (size_t i = 0; i < node->service_count; i++) {
        yaml_key(yaml, node->services[i]->name);
        dump_service(yaml, node->services[i]);
    }
    yaml_map_end(yaml);
}
