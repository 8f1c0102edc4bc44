/* Canonical YAML of checks of the network's ways. */
#include "base/units.h"
#include "load/dump.h"

static void dump_places(struct yaml *yaml, const char *key, const struct check_target *places, size_t count)
{
    if (count == 0)
        return;
    yaml_key(yaml, key);
    yaml_flow_list(yaml);
    for (size_t i = 0; i < count; i++)
        yaml_text(yaml, places[i].text);
    yaml_list_end(yaml);
}

void dump_path_check(struct yaml *yaml, const struct check_path *path)
{
    yaml_text_member(yaml, "to", path->to.text);
    if (path->protocol != PATH_ICMP)
        yaml_text_member(yaml, "protocol", path_protocol_name(path->protocol));
    dump_number(yaml, "port", path->port);
    dump_number(yaml, "hops", path->hops);
    dump_places(yaml, "via", path->via, path->via_count);
    dump_places(yaml, "not_via", path->not_via, path->not_via_count);
    if (path->has_symmetric)
        yaml_boolean_member(yaml, "symmetric", path->symmetric);
}

void dump_mtu_check(struct yaml *yaml, const struct check_mtu *mtu)
{
    yaml_text_member(yaml, "to", mtu->to.text);
    dump_number(yaml, "at_least", mtu->at_least);
    if (mtu->discovery)
        yaml_text_member(yaml, "discovery", "works");
}

static void dump_rate(struct yaml *yaml, const char *key, uint64_t rate)
{
    char text[UNITS_TEXT_MAX];
    if (rate != 0)
        yaml_plain_member(yaml, key, "%s", rate_format(rate, text));
}

void dump_throughput_check(struct yaml *yaml, const struct check_throughput *throughput)
{
    yaml_text_member(yaml, "to", throughput->to.text);
    if (throughput->udp)
        yaml_text_member(yaml, "protocol", "udp");
    if (throughput->port != 5201)
        dump_number(yaml, "port", throughput->port);
    if (throughput->duration != 2)
        yaml_plain_member(yaml, "duration", "%us", throughput->duration);
    if (throughput->streams != 1)
        dump_number(yaml, "streams", throughput->streams);
    dump_rate(yaml, "rate", throughput->rate);
    dump_rate(yaml, "above", throughput->above);
    dump_rate(yaml, "below", throughput->below);
    if (throughput->has_retransmits_below)
        dump_number(yaml, "retransmits_below", throughput->retransmits_below);
}

/* Those of one key: the policy's own are made again from it. */
static void dump_packets(struct yaml *yaml, const char *key, const struct check_firewall *firewall, bool accepted)
{
    size_t given = firewall->packet_count - (firewall->policy != POLICY_NONE ? 2 : 0);
    bool any = false;
    for (size_t i = 0; i < given; i++) {
        const struct firewall_packet *packet = &firewall->packets[i];
        if (packet->accepted != accepted)
            continue;
        if (!any) {
            yaml_key(yaml, key);
            yaml_list(yaml);
        }
        any = true;
        yaml_map(yaml);
        if (packet->from != NULL)
            yaml_text_member(yaml, "from", packet->from->name);
        if (packet->has_to)
            yaml_text_member(yaml, "to", packet->to.text);
        yaml_text_member(yaml, "protocol", path_protocol_name(packet->protocol));
        dump_number(yaml, "port", packet->port);
        yaml_map_end(yaml);
    }
    if (any)
        yaml_list_end(yaml);
}

void dump_firewall_check(struct yaml *yaml, const struct check_firewall *firewall)
{
    if (firewall->policy != POLICY_NONE)
        yaml_text_member(yaml, "policy", firewall->policy == POLICY_DROP ? "drop" : "accept");
    if (firewall->from != NULL)
        yaml_text_member(yaml, "from", firewall->from->name);
    if (firewall->has_to)
        yaml_text_member(yaml, "to", firewall->to.text);
    dump_packets(yaml, "accepts", firewall, true);
    dump_packets(yaml, "drops", firewall, false);
}
