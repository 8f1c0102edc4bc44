/* Canonical YAML of checks. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "load/check_state.h"
#include "load/dump.h"

static void dump_ping(struct yaml *yaml, const struct check_ping *ping)
{
    char text[UNITS_TEXT_MAX];
    yaml_text_member(yaml, "to", ping->to.text);
    if (ping->count != 1)
        dump_number(yaml, "count", ping->count);
    if (ping->size != 56)
        yaml_plain_member(yaml, "size", "%u", ping->size);
    if (ping->dont_fragment)
        yaml_boolean_member(yaml, "df", true);
    dump_addr(yaml, "source", &ping->source);
    if (ping->expect == PING_UNREACHABLE)
        yaml_text_member(yaml, "expect", "unreachable");
    if (ping->has_loss_below)
        yaml_plain_member(yaml, "loss_below", "%s", share_format(ping->loss_below, text));
    dump_duration(yaml, "rtt_below", ping->rtt_below);
    dump_duration(yaml, "jitter_below", ping->jitter_below);
}

static void dump_tcp(struct yaml *yaml, const struct check_tcp *tcp)
{
    yaml_text_member(yaml, "to", tcp->to.text);
    dump_number(yaml, "port", tcp->port);
    if (tcp->expect != TCP_OPEN)
        yaml_text_member(yaml, "expect", tcp_expect_name(tcp->expect));
}

static void dump_udp(struct yaml *yaml, const struct check_udp *udp)
{
    yaml_text_member(yaml, "to", udp->to.text);
    dump_number(yaml, "port", udp->port);
    dump_text(yaml, "payload", udp->payload);
    if (udp->expect != UDP_ANSWERED)
        yaml_text_member(yaml, "expect", udp_expect_name(udp->expect));
}

/* One text, or a list of them, that may look like numbers. */
static void dump_texts(struct yaml *yaml, const char *key, const char **texts, size_t count)
{
    if (count == 0)
        return;
    yaml_key(yaml, key);
    if (count > 1)
        yaml_list(yaml);
    for (size_t i = 0; i < count; i++)
        yaml_text(yaml, texts[i]);
    if (count > 1)
        yaml_list_end(yaml);
}

static void dump_dns(struct yaml *yaml, const struct check_dns *dns)
{
    yaml_text_member(yaml, "name", dns->name);
    if (strcmp(dns->type, "A") != 0)
        yaml_text_member(yaml, "type", dns->type);
    if (dns->has_server)
        yaml_text_member(yaml, "server", dns->server.text);
    if (dns->tcp)
        yaml_text_member(yaml, "transport", "tcp");
    dump_number(yaml, "edns", dns->edns_size);
    dump_texts(yaml, "answer", dns->answers, dns->answer_count);
    dump_text(yaml, "rcode", dns->rcode);
    if (dns->has_ttl_below)
        dump_number(yaml, "ttl_below", dns->ttl_below);
    if (dns->has_authoritative)
        yaml_boolean_member(yaml, "authoritative", dns->authoritative);
    dump_duration(yaml, "time_below", dns->time_below);
}

static void dump_http(struct yaml *yaml, const struct check_http *http)
{
    yaml_text_member(yaml, "url", http->url);
    if (strcmp(http->method, "GET") != 0)
        yaml_text_member(yaml, "method", http->method);
    if (http->header_count > 0) {
        yaml_key(yaml, "headers");
        yaml_list(yaml);
        for (size_t i = 0; i < http->header_count; i++)
            yaml_text(yaml, http->headers[i]);
        yaml_list_end(yaml);
    }
    dump_text(yaml, "body", http->body);
    dump_number(yaml, "status", http->status);
    if (http->status_class)
        yaml_plain_member(yaml, "status", "%uxx", http->status_class);
    dump_text(yaml, "body_contains", http->body_contains);
    if (http->header_name != NULL && http->header_value != NULL) {
        yaml_key(yaml, "header");
        yaml_map(yaml);
        yaml_text_member(yaml, http->header_name, http->header_value);
        yaml_map_end(yaml);
    } else {
        dump_text(yaml, "header", http->header_name);
    }
    dump_duration(yaml, "time_below", http->time_below);
    if (http->version != HTTP_ANY)
        yaml_text_member(yaml, "version", http_version_name(http->version));
    dump_number(yaml, "redirects", http->redirects);
    if (http->requests != 1)
        dump_number(yaml, "requests", http->requests);
    if (http->served_by != NULL)
        yaml_text_member(yaml, "served_by", http->served_by->name);
    if (http->share_count > 0) {
        yaml_key(yaml, "share");
        yaml_map(yaml);
        for (size_t i = 0; i < http->share_count; i++) {
            char text[UNITS_TEXT_MAX];
            yaml_plain_member(yaml, http->shares[i].node->name, "%s", share_format(http->shares[i].share, text));
        }
        yaml_map_end(yaml);
    }
}

static void dump_tls(struct yaml *yaml, const struct check_tls *tls)
{
    yaml_text_member(yaml, "to", tls->to.text);
    if (tls->port != 443)
        dump_number(yaml, "port", tls->port);
    dump_text(yaml, "server_name", tls->server_name);
    if (tls->version != TLS_ANY)
        yaml_text_member(yaml, "version", tls_version_name(tls->version));
    if (tls->has_valid)
        yaml_boolean_member(yaml, "valid", tls->valid);
    if (tls->reason != TLS_NONE)
        yaml_text_member(yaml, "reason", tls_reason_name(tls->reason));
    if (tls->min_version != TLS_ANY)
        yaml_text_member(yaml, "min_version", tls_version_name(tls->min_version));
    dump_text(yaml, "alpn", tls->alpn);
    if (tls->has_days_left_above)
        yaml_plain_member(yaml, "days_left_above", "%u", tls->days_left_above);
}

static void dump_matrix_port(struct yaml *yaml, uint16_t port)
{
    if (port == 0)
        yaml_text(yaml, "icmp");
    else
        yaml_plain(yaml, "%u", port);
}

/* [FROM, TO], or with ports a mapping. */
static void dump_pair(struct yaml *yaml, const struct check_matrix *matrix, const struct matrix_pair *pair)
{
    if (pair->layers == 0) {
        yaml_flow_list(yaml);
        yaml_text(yaml, pair->from->name);
        yaml_text(yaml, pair->to->name);
        yaml_list_end(yaml);
        return;
    }
    yaml_map(yaml);
    yaml_text_member(yaml, "from", pair->from->name);
    yaml_text_member(yaml, "to", pair->to->name);
    yaml_key(yaml, "ports");
    yaml_flow_list(yaml);
    for (size_t i = 0; i < matrix->port_count; i++)
        if (pair->layers & UINT64_C(1) << i)
            dump_matrix_port(yaml, matrix->ports[i]);
    yaml_list_end(yaml);
    yaml_map_end(yaml);
}

static void dump_matrix(struct yaml *yaml, const struct check_matrix *matrix)
{
    if (matrix->node_count > 0) {
        yaml_key(yaml, "nodes");
        yaml_list(yaml);
        for (size_t i = 0; i < matrix->node_count; i++)
            yaml_text(yaml, matrix->nodes[i]->name);
        yaml_list_end(yaml);
    }
    dump_number(yaml, "tcp", matrix->port);
    if (matrix->port_count > 0) {
        yaml_key(yaml, "ports");
        yaml_flow_list(yaml);
        for (size_t i = 0; i < matrix->port_count; i++)
            dump_matrix_port(yaml, matrix->ports[i]);
        yaml_list_end(yaml);
    }
    if (matrix->pair_count == 0) {
        yaml_text_member(yaml, "expect", matrix->all ? "all" : "none");
        return;
    }
    yaml_key(yaml, "pairs");
    yaml_list(yaml);
    for (size_t i = 0; i < matrix->pair_count; i++)
        dump_pair(yaml, matrix, &matrix->pairs[i]);
    yaml_list_end(yaml);
}

static void dump_command(struct yaml *yaml, const struct check_command *command)
{
    yaml_text_member(yaml, "run", command->run);
    if (command->status != 0)
        yaml_plain_member(yaml, "status", "%d", command->status);
    dump_text(yaml, "stdout_contains", command->stdout_contains);
}

/* The word of a row as it is written in the file; NULL where the thing lacks it, or has it anyway. */
static const char *row_value(const struct words *words, const struct word_row *row)
{
    const char *value = words_get(words, row->word);
    if (!value && row->type == WORD_OWN_ADDRESS)
        value = words_get(words, "ip");
    if (!value && str_equal(row->word, "user"))
        value = words_get(words, "uid");
    return str_equal(value, row->fallback) ? NULL : value;
}

/* A row: of each thing where they differ in it, else of the first. */
static void dump_row(struct yaml *yaml, const struct check_state *state, const struct word_row *row)
{
    size_t count = 0, things = row->many ? state->wanted_count : 1;
    for (size_t i = 0; i < things; i++)
        count += row_value(&state->wanted[i], row) != NULL;
    if (!count)
        return;
    yaml_key(yaml, row->key);
    if (count > 1)
        yaml_list(yaml);
    for (size_t i = 0; i < things; i++)
        if (row_value(&state->wanted[i], row))
            yaml_text(yaml, row_value(&state->wanted[i], row));
    if (count > 1)
        yaml_list_end(yaml);
}

static void dump_state(struct yaml *yaml, const struct check *check)
{
    const struct check_state *state = &check->state;
    const struct state_shape *shape = state_shape_of(check->kind);
    for (size_t i = 0; state->wanted_count && i < shape->count; i++)
        dump_row(yaml, state, &shape->rows[i]);
    if (state->has_count)
        yaml_plain_member(yaml, "count", "%u", state->count);
    if (state->has_time_wait_below)
        yaml_plain_member(yaml, "time_wait_below", "%u", state->time_wait_below);
    if (state->expect != STATE_PRESENT)
        yaml_text_member(yaml, "expect", state_expect_name(state->expect));
}

static void dump_file(struct yaml *yaml, const struct check_file *file)
{
    yaml_text_member(yaml, "path", file->path);
    dump_text(yaml, "type", file->type);
    dump_text(yaml, "content", file->content);
    dump_texts(yaml, "contains", file->contains, file->contains_count);
    dump_texts(yaml, "lacks", file->lacks, file->lacks_count);
    if (file->has_mode) {
        char mode[16];
        snprintf(mode, sizeof mode, "%04o", file->mode);
        yaml_text_member(yaml, "mode", mode);
    }
    if (file->expect == STATE_ABSENT)
        yaml_text_member(yaml, "expect", "absent");
}

static void dump_kind(struct yaml *yaml, const struct check *check)
{
    yaml_key(yaml, check_kind_name(check->kind));
    yaml_map(yaml);
    switch (check->kind) {
    case CHECK_PING:
        dump_ping(yaml, &check->ping);
        break;
    case CHECK_TCP:
        dump_tcp(yaml, &check->tcp);
        break;
    case CHECK_UDP:
        dump_udp(yaml, &check->udp);
        break;
    case CHECK_DNS:
        dump_dns(yaml, &check->dns);
        break;
    case CHECK_HTTP:
        dump_http(yaml, &check->http);
        break;
    case CHECK_TLS:
        dump_tls(yaml, &check->tls);
        break;
    case CHECK_PATH:
        dump_path_check(yaml, &check->path);
        break;
    case CHECK_MTU:
        dump_mtu_check(yaml, &check->mtu);
        break;
    case CHECK_THROUGHPUT:
        dump_throughput_check(yaml, &check->throughput);
        break;
    case CHECK_FIREWALL:
        dump_firewall_check(yaml, &check->firewall);
        break;
    case CHECK_MATRIX:
        dump_matrix(yaml, &check->matrix);
        break;
    case CHECK_COMMAND:
        dump_command(yaml, &check->command);
        break;
    case CHECK_SOCKET:
    case CHECK_ROUTE:
    case CHECK_NEIGHBOUR:
    case CHECK_ADDRESS:
    case CHECK_LINK:
    case CHECK_SYSCTL:
    case CHECK_CONNTRACK:
    case CHECK_RESOLVER:
    case CHECK_PROCESS:
        dump_state(yaml, check);
        break;
    case CHECK_FILE:
        dump_file(yaml, &check->file);
        break;
    case CHECK_KIND_COUNT:
        break;
    }
    yaml_map_end(yaml);
}

void dump_one_check(struct yaml *yaml, const struct check *check, const char *made_id)
{
    yaml_map(yaml);
    if (made_id == NULL || strcmp(check->id, made_id) != 0)
        yaml_text_member(yaml, "id", check->id);
    dump_text(yaml, "title", check->title);
    if (check->from != NULL)
        yaml_text_member(yaml, check_is_local(check->kind) ? "at" : "from", check->from->name);
    dump_kind(yaml, check);
    dump_duration(yaml, "within", check->within);
    dump_duration(yaml, "stable_for", check->stable_for);
    if (check->timeout != NANOSECONDS_PER_SECOND) {
        char text[UNITS_TEXT_MAX];
        yaml_plain_member(yaml, "timeout", "%s", duration_format(check->timeout, text));
    }
    if (check->repeat != 1)
        dump_number(yaml, "repeat", check->repeat);
    if (check->has_points)
        yaml_plain_member(yaml, "points", "%u", check->points);
    dump_number(yaml, "penalty", check->penalty);
    yaml_map_end(yaml);
}
