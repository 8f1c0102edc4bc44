/* The text exposition format of Prometheus (version 0.0.4), and the counters of nodes under names of that world. */
#include "report/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"

static const char *const type_names[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge"};
_Static_assert(ARRAY_SIZE(type_names) == METRIC_TYPE_COUNT, "every type has a name");

const char *metric_type_name(enum metric_type type)
{
    return type_names[type];
}

void metrics_add(json_t *metrics, const struct metric *metric, json_t *labels, json_t *value)
{
    json_t *family = json_object_get(metrics, metric->name);
    if (!family) {
        family = json_pack("{s:s, s:s, s:[]}", "type", metric_type_name(metric->type), "help", metric->help, "samples");
        json_object_set_new(metrics, metric->name, family);
    }
    json_array_append_new(json_object_get(family, "samples"),
                          json_pack("{s:o, s:o}", "labels", labels ? labels : json_object(), "value", value));
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

/* A backslash and a line feed are written as two characters; so is the quote, in a label's value. */
static void write_escaped(const char *text, bool quoted, struct str *out)
{
    for (; *text; text++) {
        if (*text == '\n')
            str_append(out, "\\n");
        else if (*text == '\\' || (quoted && *text == '"'))
            str_printf(out, "\\%c", *text);
        else
            str_append_char(out, *text);
    }
}

static void write_labels(const json_t *labels, struct str *out)
{
    const char *key, *separator = "{";
    json_t *value;
    json_object_foreach((json_t *)labels, key, value)
    {
        str_printf(out, "%s%s=\"", separator, key);
        write_escaped(json_string_value(value), true, out);
        str_append_char(out, '"');
        separator = ",";
    }
    if (json_object_size(labels))
        str_append_char(out, '}');
}

static void write_value(const json_t *value, struct str *out)
{
    if (json_is_integer(value))
        str_printf(out, " %" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
    else
        str_printf(out, " %.9g\n", json_real_value(value));
}

void metrics_write(const json_t *metrics, struct str *out)
{
    const char *name;
    json_t *family, *sample;
    size_t i;
    json_object_foreach((json_t *)metrics, name, family)
    {
        str_printf(out, "# HELP %s ", name);
        write_escaped(json_string_value(json_object_get(family, "help")), false, out);
        str_printf(out, "\n# TYPE %s %s\n", name, json_string_value(json_object_get(family, "type")));
        json_array_foreach(json_object_get(family, "samples"), i, sample)
        {
            str_append(out, name);
            write_labels(json_object_get(sample, "labels"), out);
            write_value(json_object_get(sample, "value"), out);
        }
    }
}

/* ---- nodes ------------------------------------------------------------------------------------------------------ */

#define COUNTER(kernel_group, kernel_name, metric_name, text)                                                          \
    {                                                                                                                  \
        kernel_group, kernel_name,                                                                                     \
        {                                                                                                              \
            "labctl_node_" metric_name "_total", METRIC_COUNTER, text                                                  \
        }                                                                                                              \
    }
#define GAUGE(kernel_group, kernel_name, metric_name, text)                                                            \
    {                                                                                                                  \
        kernel_group, kernel_name,                                                                                     \
        {                                                                                                              \
            "labctl_node_" metric_name, METRIC_GAUGE, text                                                             \
        }                                                                                                              \
    }

const struct node_metric node_metrics[] = {
    GAUGE("link", "up", "network_up", "Whether the interface is up and has a carrier."),
    GAUGE("link", "mtu", "network_mtu_bytes", "The largest packet of the interface."),
    COUNTER("receive", "bytes", "network_receive_bytes", "Bytes that came in by the interface."),
    COUNTER("receive", "packets", "network_receive_packets", "Packets that came in by the interface."),
    COUNTER("receive", "errs", "network_receive_errors", "Packets that came in broken."),
    COUNTER("receive", "drop", "network_receive_dropped", "Packets that came in and were dropped by the interface."),
    COUNTER("receive", "multicast", "network_receive_multicast", "Packets to a group that came in."),
    COUNTER("transmit", "bytes", "network_transmit_bytes", "Bytes that went out by the interface."),
    COUNTER("transmit", "packets", "network_transmit_packets", "Packets that went out by the interface."),
    COUNTER("transmit", "errs", "network_transmit_errors", "Packets that could not be sent."),
    COUNTER("transmit", "drop", "network_transmit_dropped", "Packets that the interface dropped instead of sending."),
    COUNTER("transmit", "carrier", "network_transmit_carrier_errors", "Losses of the carrier while sending."),
    COUNTER("Ip", "InReceives", "ip_in_receives", "IPv4 packets that came in."),
    COUNTER("Ip", "InHdrErrors", "ip_in_header_errors", "IPv4 packets with a bad header, or whose TTL ran out."),
    COUNTER("Ip", "InAddrErrors", "ip_in_address_errors", "IPv4 packets to an address that is not served."),
    COUNTER("Ip", "ForwDatagrams", "ip_forwarded", "IPv4 packets that were passed on."),
    COUNTER("Ip", "InDiscards", "ip_in_discards", "IPv4 packets dropped on the way in, for want of room."),
    COUNTER("Ip", "OutRequests", "ip_out_requests", "IPv4 packets that the node itself sent."),
    COUNTER("Ip", "OutDiscards", "ip_out_discards", "IPv4 packets dropped on the way out."),
    COUNTER("Ip", "OutNoRoutes", "ip_out_no_routes", "IPv4 packets for which there was no route."),
    COUNTER("Ip", "ReasmFails", "ip_reassembly_failures", "IPv4 packets that could not be put together again."),
    COUNTER("Ip", "FragFails", "ip_fragmentation_failures", "IPv4 packets too large that may not be split."),
    COUNTER("TcpExt", "IPReversePathFilter", "ip_reverse_path_filtered",
            "IPv4 packets refused because the way back is another one (rp_filter)."),
    COUNTER("Icmp", "InErrors", "icmp_in_errors", "ICMP messages that came in broken."),
    COUNTER("Icmp", "InDestUnreachs", "icmp_in_destination_unreachable", "Destination unreachable that came in."),
    COUNTER("Icmp", "InTimeExcds", "icmp_in_time_exceeded", "Time exceeded that came in."),
    COUNTER("Icmp", "OutDestUnreachs", "icmp_out_destination_unreachable", "Destination unreachable that went out."),
    COUNTER("Icmp", "OutTimeExcds", "icmp_out_time_exceeded", "Time exceeded that went out."),
    COUNTER("Tcp", "ActiveOpens", "tcp_active_opens", "Connections that the node began."),
    COUNTER("Tcp", "PassiveOpens", "tcp_passive_opens", "Connections that were accepted."),
    COUNTER("Tcp", "AttemptFails", "tcp_attempt_failures", "Connections that were not established."),
    COUNTER("Tcp", "EstabResets", "tcp_established_resets", "Established connections that were reset."),
    GAUGE("Tcp", "CurrEstab", "tcp_established", "Connections in the states ESTABLISHED and CLOSE-WAIT."),
    COUNTER("Tcp", "InSegs", "tcp_in_segments", "Segments that came in."),
    COUNTER("Tcp", "OutSegs", "tcp_out_segments", "Segments that went out, without those sent again."),
    COUNTER("Tcp", "RetransSegs", "tcp_retransmitted_segments", "Segments that were sent again."),
    COUNTER("Tcp", "InErrs", "tcp_in_errors", "Segments that came in broken."),
    COUNTER("Tcp", "OutRsts", "tcp_out_resets", "Segments with RST that went out."),
    COUNTER("TcpExt", "ListenOverflows", "tcp_listen_overflows", "Connections refused for want of room in a backlog."),
    COUNTER("TcpExt", "ListenDrops", "tcp_listen_drops", "SYNs to a listener that were dropped."),
    COUNTER("TcpExt", "TCPTimeouts", "tcp_timeouts", "Times that the retransmission timer ran out."),
    COUNTER("TcpExt", "TCPSynRetrans", "tcp_syn_retransmissions", "SYNs and SYN-ACKs that were sent again."),
    COUNTER("TcpExt", "TCPAbortOnTimeout", "tcp_aborts_on_timeout", "Connections given up after too many tries."),
    COUNTER("TcpExt", "TCPAbortOnMemory", "tcp_aborts_on_memory", "Connections given up for want of memory."),
    COUNTER("TcpExt", "SyncookiesSent", "tcp_syncookies_sent", "SYN cookies that were sent."),
    COUNTER("TcpExt", "SyncookiesRecv", "tcp_syncookies_received", "SYN cookies that came back."),
    COUNTER("TcpExt", "SyncookiesFailed", "tcp_syncookies_failed", "SYN cookies that came back and were none."),
    COUNTER("TcpExt", "TW", "tcp_time_wait_ended", "Connections whose TIME-WAIT ended."),
    COUNTER("Udp", "InDatagrams", "udp_in_datagrams", "UDP datagrams by IPv4 that came in."),
    COUNTER("Udp", "OutDatagrams", "udp_out_datagrams", "UDP datagrams by IPv4 that went out."),
    COUNTER("Udp", "NoPorts", "udp_no_ports", "UDP datagrams by IPv4 to a port where nobody listens."),
    COUNTER("Udp", "InErrors", "udp_in_errors", "UDP datagrams by IPv4 that could not be handed over."),
    COUNTER("Udp", "RcvbufErrors", "udp_receive_buffer_errors", "Of these, for want of room in the socket's buffer."),
    COUNTER("Udp", "SndbufErrors", "udp_send_buffer_errors", "UDP datagrams not sent, for want of room."),
    COUNTER("Ip6", "InReceives", "ip6_in_receives", "IPv6 packets that came in."),
    COUNTER("Ip6", "InHdrErrors", "ip6_in_header_errors", "IPv6 packets with a bad header, or whose limit ran out."),
    COUNTER("Ip6", "InAddrErrors", "ip6_in_address_errors", "IPv6 packets to an address that is not served."),
    COUNTER("Ip6", "InDiscards", "ip6_in_discards", "IPv6 packets dropped on the way in, for want of room."),
    COUNTER("Ip6", "OutForwDatagrams", "ip6_forwarded", "IPv6 packets that were passed on."),
    COUNTER("Ip6", "OutRequests", "ip6_out_requests", "IPv6 packets that the node itself sent."),
    COUNTER("Ip6", "OutNoRoutes", "ip6_out_no_routes", "IPv6 packets for which there was no route."),
    GAUGE("nf_conntrack", "entries", "conntrack_entries", "Flows that are tracked."),
    COUNTER("nf_conntrack", "invalid", "conntrack_invalid", "Packets that belong to no flow that could be tracked."),
    COUNTER("nf_conntrack", "insert_failed", "conntrack_insert_failures",
            "Flows that could not be entered: two at once, or no port left for translation."),
    COUNTER("nf_conntrack", "drop", "conntrack_drops", "Packets dropped because a flow could not be entered."),
    COUNTER("nf_conntrack", "early_drop", "conntrack_early_drops", "Flows forgotten to make room for others."),
};
const size_t node_metric_count = ARRAY_SIZE(node_metrics);

const struct node_metric *node_metric_find(const char *group, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(node_metrics); i++)
        if (str_equal(node_metrics[i].name, name) && str_equal(node_metrics[i].group, group))
            return &node_metrics[i];
    return NULL;
}
