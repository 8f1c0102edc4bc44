/* The table of fault kinds, and what works alike for all of them. */
#include "fault/fault.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

const struct fault_kind *const fault_kinds[] = {
    &fault_address_duplicate,
    &fault_address_missing,
    &fault_address_wrong,
    &fault_arp_blocked,
    &fault_asymmetric_routing,
    &fault_bgp_as_mismatch,
    &fault_bgp_port_blocked,
    &fault_bgp_prefix_filtered,
    &fault_bridge_loop,
    &fault_bridge_wrong,
    &fault_burst_loss,
    &fault_cable_unplugged,
    &fault_connection_forgotten,
    &fault_connection_half_open,
    &fault_connection_limit,
    &fault_corruption,
    &fault_default_deny,
    &fault_delay,
    &fault_descriptor_limit,
    &fault_dhcp_dns_wrong,
    &fault_dhcp_gateway_wrong,
    &fault_dhcp_pool_exhausted,
    &fault_dhcp_server_down,
    &fault_dns_cname_loop,
    &fault_dns_delegation_lame,
    &fault_dns_forwarder_wrong,
    &fault_dns_negative_cache,
    &fault_dns_record_missing,
    &fault_dns_record_stale,
    &fault_dns_refused,
    &fault_dns_server_down,
    &fault_dns_servfail,
    &fault_dns_slow,
    &fault_dns_tcp_blocked,
    &fault_dns_view_wrong,
    &fault_dns_wrong_record,
    &fault_dns_zone_missing,
    &fault_double_nat,
    &fault_duplicate,
    &fault_ecmp_member_dead,
    &fault_egress_only_gateway_detached,
    &fault_endpoint_private_dns_off,
    &fault_ephemeral_ports_exhausted,
    &fault_flows_dropped,
    &fault_forwarding_off,
    &fault_fragments_dropped,
    &fault_gateway_missing,
    &fault_gateway_wrong,
    &fault_hairpin_nat_missing,
    &fault_hosts_override,
    &fault_http_error,
    &fault_http_rate_limited,
    &fault_http_redirect_loop,
    &fault_http_slow,
    &fault_http_truncated,
    &fault_http_wrong_content,
    &fault_icmp_blocked,
    &fault_internet_gateway_detached,
    &fault_ipv6_broken,
    &fault_jitter,
    &fault_link_down,
    &fault_link_flapping,
    &fault_listen_backlog_full,
    &fault_loss,
    &fault_mac_duplicate,
    &fault_masquerade_missing,
    &fault_masquerade_too_broad,
    &fault_more_specific_route,
    &fault_mtu_wrong,
    &fault_nat_gateway_idle_timeout,
    &fault_nat_gateway_misplaced,
    &fault_nat_gateway_ports_exhausted,
    &fault_native_vlan_mismatch,
    &fault_neighbour_wrong,
    &fault_netmask_wrong,
    &fault_network_acl_ephemeral_missing,
    &fault_network_acl_order,
    &fault_network_acl_rule_missing,
    &fault_network_acl_wrong,
    &fault_networks_overlapping,
    &fault_nsswitch_without_dns,
    &fault_one_way_link,
    &fault_ospf_area_mismatch,
    &fault_packet_filter,
    &fault_peering_missing,
    &fault_pmtu_black_hole,
    &fault_policy_rule_wrong,
    &fault_port_forward_missing,
    &fault_port_forward_wrong,
    &fault_port_isolated,
    &fault_port_redirected,
    &fault_port_taken,
    &fault_process_stopped,
    &fault_proxy_backend_dead,
    &fault_proxy_health_check_wrong,
    &fault_proxy_host_wrong,
    &fault_proxy_sticky_skew,
    &fault_proxy_upstream_wrong,
    &fault_public_ip_missing,
    &fault_rate_limit,
    &fault_receive_window_small,
    &fault_reordering,
    &fault_resolver_first_dead,
    &fault_resolver_wrong,
    &fault_return_route_missing,
    &fault_route_blackhole,
    &fault_route_missing,
    &fault_route_table_wrong,
    &fault_route_wrong,
    &fault_router_advertisement_rogue,
    &fault_routing_loop,
    &fault_rp_filter_strict,
    &fault_rule_shadowed,
    &fault_search_domain_wrong,
    &fault_search_list_long,
    &fault_security_group_peer_wrong,
    &fault_security_group_port_wrong,
    &fault_security_group_protocol_wrong,
    &fault_security_group_rule_missing,
    &fault_security_group_wrong,
    &fault_service_command_wrong,
    &fault_service_crash_loop,
    &fault_service_down,
    &fault_service_loopback_only,
    &fault_service_wrong_port,
    &fault_source_dest_check_on,
    &fault_syn_flood,
    &fault_tcp_options_stripped,
    &fault_tcp_reset,
    &fault_time_wait_pile_up,
    &fault_tls_cipher_mismatch,
    &fault_tls_client_certificate_missing,
    &fault_tls_default_certificate,
    &fault_tls_expired,
    &fault_tls_missing_intermediate,
    &fault_tls_not_yet_valid,
    &fault_tls_plain_http,
    &fault_tls_unknown_authority,
    &fault_tls_version_mismatch,
    &fault_tls_wrong_name,
    &fault_transit_association_missing,
    &fault_transit_attachment_missing,
    &fault_transit_propagation_missing,
    &fault_transit_route_missing,
    &fault_ttl_too_low,
    &fault_vlan_missing,
    &fault_vlan_wrong,
    &fault_vpc_route_wrong,
};
const size_t fault_kind_count = ARRAY_SIZE(fault_kinds);

const struct fault_kind *fault_kind_find(const char *name)
{
    for (size_t i = 0; i < fault_kind_count; i++)
        if (str_equal(fault_kinds[i]->name, name))
            return fault_kinds[i];
    return NULL;
}

static const char *const type_names[] = {
    [PARAMETER_SHARE] = "share",
    [PARAMETER_RATE] = "rate",
    [PARAMETER_WORD] = "one of",
    [PARAMETER_NODE] = "node",
    [PARAMETER_DESTINATION] = "prefix, address or default",
    [PARAMETER_TABLE] = "routing table",
    [PARAMETER_PORTS] = "ports",
    [PARAMETER_PEER] = "prefix, any4, any6, any or security group",
    [PARAMETER_NAME] = "domain name",
    [PARAMETER_ADDRESS] = "address",
    [PARAMETER_ADDRESSES] = "addresses",
    [PARAMETER_INTERFACE_ADDRESS] = "address with its length",
    [PARAMETER_MAC] = "MAC address",
    [PARAMETER_NUMBER] = "number",
    [PARAMETER_AREA] = "number",
    [PARAMETER_DURATION] = "duration",
    [PARAMETER_TEXT] = "text",
};
_Static_assert(ARRAY_SIZE(type_names) == PARAMETER_COUNT, "every type has a name");

const char *parameter_type_name(enum parameter_type type)
{
    return (size_t)type < PARAMETER_COUNT ? type_names[type] : "?";
}

static const char *const family_names[] = {
    [FAMILY_NONE] = "none",
    [FAMILY_LINK] = "link",
    [FAMILY_IMPAIRMENT] = "impairment",
    [FAMILY_ADDRESSING] = "addressing",
    [FAMILY_NEIGHBOUR] = "neighbour",
    [FAMILY_ROUTING] = "routing",
    [FAMILY_MTU] = "mtu",
    [FAMILY_FILTERING] = "filtering",
    [FAMILY_NAT] = "nat",
    [FAMILY_TRANSPORT] = "transport",
    [FAMILY_DNS] = "dns",
    [FAMILY_TLS] = "tls",
    [FAMILY_SERVICE] = "service",
};
_Static_assert(ARRAY_SIZE(family_names) == FAMILY_COUNT, "every family has a name");

const char *fault_family_name(enum fault_family family)
{
    return (size_t)family < FAMILY_COUNT ? family_names[family] : "?";
}

static const char *const force_names[] = {[FORCE_NO] = "no", [FORCE_YES] = "yes", [FORCE_UNKNOWN] = "unknown"};
_Static_assert(ARRAY_SIZE(force_names) == FORCE_COUNT, "every answer has a name");

const char *fault_force_name(enum fault_force force)
{
    return (size_t)force < FORCE_COUNT ? force_names[force] : "?";
}

const struct fault_parameter *fault_parameter(const struct fault *fault, const char *key)
{
    for (size_t i = 0; i < fault->parameter_count; i++)
        if (str_equal(fault->parameters[i].key, key))
            return &fault->parameters[i];
    return NULL;
}

const char *fault_text(const struct fault *fault, const char *key)
{
    const struct fault_parameter *given = fault_parameter(fault, key);
    if (given)
        return given->value;
    const struct fault_kind *kind = fault_kind_find(fault->kind);
    for (size_t i = 0; kind && i < kind->parameter_count; i++)
        if (str_equal(kind->parameters[i].key, key))
            return kind->parameters[i].fallback;
    return NULL;
}

struct mark fault_target_mark(const struct fault *fault)
{
    return fault->at_marks ? fault->at_marks[0] : fault->mark;
}

struct mark fault_mark(const struct fault *fault, const char *key)
{
    const struct fault_parameter *given = fault_parameter(fault, key);
    return given ? given->mark : fault->mark;
}

/* Resolves what stands in `at`; false where something does not exist. */
static bool resolve(const struct topology *topology, const struct fault *fault, struct thing things[static 2])
{
    for (size_t i = 0; i < fault->at.count && i < 2; i++) {
        things[i] = topology_thing(topology, fault->at.items[i], NULL);
        if (things[i].kind == THING_NONE)
            return false;
    }
    return fault->at.count > 0;
}

static enum fault_stage stage_of(const struct fault_kind *kind, const struct thing *thing)
{
    for (size_t i = 0; i < kind->target_count; i++)
        if (kind->targets[i].thing == thing->kind)
            return kind->targets[i].stage;
    return FAULT_PLAN;
}

enum fault_stage fault_stage(const struct topology *topology, const struct fault *fault)
{
    struct thing things[2] = {0};
    const struct fault_kind *kind = fault_kind_find(fault->kind);
    if (!kind || !resolve(topology, fault, things))
        return FAULT_PLAN;
    return stage_of(kind, &things[0]);
}

static int prepare(const struct topology *topology, const struct fault *fault, const struct fault_kind **kind,
                   struct thing things[static 2], struct error *err)
{
    *kind = fault_kind_find(fault->kind);
    if (!*kind)
        return error_set(err, ERR_USAGE, "no kind of fault is called '%s'", fault->kind);
    if (!resolve(topology, fault, things))
        return error_set(err, ERR_ABSENT, "fault '%s': what it breaks does not exist any more: %s", fault->id,
                         fault->at.count ? fault->at.items[0] : "nothing named");
    return 0;
}

int fault_rewrite_topology(struct topology *topology, const struct fault *fault, struct error *err)
{
    struct thing things[2] = {0};
    const struct fault_kind *kind;
    if (prepare(topology, fault, &kind, things, err))
        return -1;
    if (stage_of(kind, &things[0]) != FAULT_TOPOLOGY)
        return 0;
    return kind->rewrite_topology(topology, fault, things, err);
}

int fault_rewrite_plan(struct plan *plan, const struct topology *topology, const struct fault *fault, struct error *err)
{
    struct thing things[2] = {0};
    const struct fault_kind *kind;
    if (prepare(topology, fault, &kind, things, err))
        return -1;
    if (stage_of(kind, &things[0]) != FAULT_PLAN)
        return 0;
    return kind->rewrite_plan(plan, topology, fault, things, err);
}

void fault_relax_plan(struct plan *plan, const struct topology *topology, const struct fault *fault)
{
    struct thing things[2] = {0};
    const struct fault_kind *kind;
    if (prepare(topology, fault, &kind, things, NULL) || !kind->fleeting)
        return;
    struct plan_process *process = fault_process(plan, topology, &things[0]);
    if (process)
        process->ready_hoped = true;
}

bool fault_repaired_by(const struct topology *topology, const struct fault *fault, const char *path)
{
    struct thing things[2] = {0};
    const struct fault_kind *kind;
    if (prepare(topology, fault, &kind, things, NULL) || !kind->set_key)
        return false;
    const char *slash = strrchr(path, '/');
    if (!slash || !str_equal(slash + 1, kind->set_key))
        return false;
    ARENA_AUTO arena = arena_new();
    struct thing named = topology_thing(topology, arena_strndup(arena, path, (size_t)(slash - path)), NULL);
    if (named.kind == THING_NODE && named.node->interfaces_inline && things[0].kind == THING_INTERFACE)
        return things[0].interface == named.node->interfaces[0]; /* its keys stand at the node */
    return named.kind != THING_NONE && str_equal(thing_name(topology, &named), thing_name(topology, &things[0]));
}

bool fault_equal(const struct fault *a, const struct fault *b)
{
    if (!str_equal(a->kind, b->kind) || a->at.count != b->at.count || a->parameter_count != b->parameter_count)
        return false;
    for (size_t i = 0; i < a->at.count; i++)
        if (!str_equal(a->at.items[i], b->at.items[i]))
            return false;
    for (size_t i = 0; i < a->parameter_count; i++) {
        const struct fault_parameter *other = fault_parameter(b, a->parameters[i].key);
        if (!other || !str_equal(other->value, a->parameters[i].value))
            return false;
    }
    return true;
}

const char *fault_describe(const struct fault *fault, struct arena *arena)
{
    STR_AUTO text = STR_INIT;
    str_printf(&text, "%s at ", fault->kind);
    for (size_t i = 0; i < fault->at.count; i++)
        str_printf(&text, "%s%s", i ? " and " : "", fault->at.items[i]);
    for (size_t i = 0; i < fault->parameter_count; i++)
        str_printf(&text, ", %s %s", fault->parameters[i].key, fault->parameters[i].value);
    return arena_strdup(arena, str_text(&text));
}
