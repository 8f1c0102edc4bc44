/* dns: one name asked of a server, in the prober's own packets.
 *
 * Without `server` the node's resolv.conf is followed as its resolver library would: names of the search list in turn,
 * and for each the servers in turn; the next server is asked after an error answer or an ICMP error at once, after
 * silence when the library's time-out (5 s, or `options timeout:`) is over.  The messages are ldns', the sockets ours.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/libldns.h"
#include "probe/net.h"
#include "probe/resolv.h"

#define DNS_PORT 53

struct dns {
    struct attempt *attempt;
    struct watch watch;
    struct timer next_server; /* the library's patience with one server */
    int netns;
    struct resolv resolv; /* one server and no search list where the check names the server */
    const char *names[RESOLV_SEARCH_MAX + 1];
    size_t name_count, name, server;
    ldns_rr_type type;
    bool tcp;
    uint16_t id;
    uint8_t *query;
    size_t query_size;
    uint8_t *answer; /* over TCP: what has come in */
    size_t answer_size;
    size_t written;
    unsigned queries;
};

static void ask(struct dns *dns);

static const struct addr *server(const struct dns *dns)
{
    return &dns->resolv.servers[dns->server];
}

static void hang_up(struct dns *dns)
{
    int fd = dns->watch.fd;
    engine_unset(dns->attempt->engine, &dns->next_server);
    engine_unwatch(dns->attempt->engine, &dns->watch);
    if (fd >= 0)
        close(fd);
}

/* This server did not help: the next one, or the end with what the last one did. */
static void server_failed(struct dns *dns, enum fact_outcome outcome, const char *what)
{
    hang_up(dns);
    if (++dns->server < dns->resolv.server_count) {
        dns->tcp = dns->attempt->check->dns.tcp;
        ask(dns);
        return;
    }
    attempt_end(dns->attempt, outcome, "%s", what);
}

static void next_server(void *context)
{
    struct dns *dns = context;
    char what[200], text[NET_TEXT_MAX];
    snprintf(what, sizeof what, "no answer from %s", net_format(server(dns), DNS_PORT, text));
    server_failed(dns, OUTCOME_SILENT, what);
}

/* One character-string as its bytes: without the quotes and escapes of the presentation form (RFC 1035 5.1). */
static void put_plain(struct str *out, const char *quoted)
{
    size_t length = strlen(quoted);
    bool quotes = length >= 2 && quoted[0] == '"';
    for (size_t i = quotes; i < length - quotes; i++) {
        unsigned code;
        if (quoted[i] != '\\' || i + 1 >= length - quotes) {
            str_append_char(out, quoted[i]);
        } else if (sscanf(quoted + i + 1, "%3u", &code) == 1 && i + 3 < length - quotes && code && code < 256) {
            str_append_char(out, (char)code);
            i += 3;
        } else {
            str_append_char(out, quoted[++i]);
        }
    }
}

/* The data of a record for a person: names without the final dot, texts as they are and in one piece. */
static char *plain(struct arena *arena, const ldns_rr *rr)
{
    STR_AUTO text = STR_INIT;
    bool after_text = false;
    for (size_t i = 0; i < libldns.rr_rd_count(rr); i++) {
        ldns_rdf_type type = libldns.rdf_get_type(libldns.rr_rdf(rr, i));
        char *rdata = libldns.rdf2str(libldns.rr_rdf(rr, i));
        if (!rdata)
            continue;
        size_t length = strlen(rdata);
        if (type == LDNS_RDF_TYPE_DNAME && length > 1 && rdata[length - 1] == '.')
            rdata[length - 1] = '\0';
        if (i && !(after_text && type == LDNS_RDF_TYPE_STR))
            str_append_char(&text, ' ');
        after_text = type == LDNS_RDF_TYPE_STR;
        if (after_text)
            put_plain(&text, rdata);
        else
            str_append(&text, rdata);
        free(rdata);
    }
    return arena_strdup(arena, str_text(&text));
}

static void keep_answers(struct dns *dns, ldns_pkt *packet)
{
    struct fact *fact = &dns->attempt->fact;
    ldns_rr_list *answers = libldns.pkt_answer(packet);
    fact->answers = NULL;
    fact->answer_count = 0;
    for (size_t i = 0; i < libldns.rr_list_rr_count(answers); i++) {
        const ldns_rr *rr = libldns.rr_list_rr(answers, i);
        if (libldns.rr_get_type(rr) != dns->type && dns->type != LDNS_RR_TYPE_ANY)
            continue;
        if (!fact->answer_count || libldns.rr_ttl(rr) < fact->ttl)
            fact->ttl = libldns.rr_ttl(rr);
        char *text = plain(dns->attempt->arena, rr);
        *ARENA_PUSH(dns->attempt->arena, fact->answers, fact->answer_count) = text;
    }
    char *rcode = libldns.pkt_rcode2str(libldns.pkt_get_rcode(packet));
    snprintf(fact->rcode, sizeof fact->rcode, "%s", rcode ? rcode : "?");
    free(rcode);
    fact->authoritative = libldns.pkt_aa(packet);
}

static void describe_answers(const struct fact *fact, struct str *out)
{
    for (size_t i = 0; i < fact->answer_count; i++)
        str_printf(out, "%s%s", i ? ", " : "", fact->answers[i]);
    if (!fact->answer_count)
        str_append(out, str_equal(fact->rcode, "NOERROR") ? "no such record" : fact->rcode);
}

/* A well-formed answer to our question. */
static void take_answer(struct dns *dns, ldns_pkt *packet)
{
    struct attempt *attempt = dns->attempt;
    struct fact *fact = &attempt->fact;
    char text[NET_TEXT_MAX];
    if (libldns.pkt_tc(packet) && !dns->tcp) {
        hang_up(dns);
        dns->tcp = true;
        ask(dns);
        return;
    }
    keep_answers(dns, packet);
    fact->records[0] = libldns.pkt_ancount(packet);
    fact->records[1] = libldns.pkt_nscount(packet);
    fact->records[2] = libldns.pkt_arcount(packet);
    net_format(server(dns), DNS_PORT, text);
    fact->target = *server(dns);
    ldns_pkt_rcode rcode = libldns.pkt_get_rcode(packet);
    bool broken = rcode == LDNS_RCODE_SERVFAIL || rcode == LDNS_RCODE_REFUSED || rcode == LDNS_RCODE_NOTIMPL;
    if (broken && dns->server + 1 < dns->resolv.server_count) {
        server_failed(dns, OUTCOME_ANSWERED, fact->rcode);
        return;
    }
    /* As resolver libraries do: a refusal ends the search, a failing server does not. */
    if ((!broken || rcode == LDNS_RCODE_SERVFAIL) && !fact->answer_count && dns->name + 1 < dns->name_count) {
        hang_up(dns);
        dns->name++;
        dns->server = 0;
        dns->tcp = attempt->check->dns.tcp;
        ask(dns);
        return;
    }
    STR_AUTO answers = STR_INIT;
    describe_answers(fact, &answers);
    attempt_end(attempt, OUTCOME_ANSWERED, "%s for %s %s from %s%s", str_text(&answers), dns->names[dns->name],
                attempt->check->dns.type, text, fact->authoritative ? " (authoritative)" : "");
}

static bool is_ours(const struct dns *dns, const ldns_pkt *packet)
{
    return libldns.pkt_qr(packet) && libldns.pkt_id(packet) == dns->id &&
           libldns.rr_list_rr_count(libldns.pkt_question(packet)) == 1 &&
           libldns.rr_get_type(libldns.rr_list_rr(libldns.pkt_question(packet), 0)) == dns->type;
}

/* True where the message settled something (the attempt goes on or is over). */
static bool take_message(struct dns *dns, const uint8_t *data, size_t size)
{
    ldns_pkt *packet = NULL;
    char what[200], text[NET_TEXT_MAX];
    if (libldns.wire2pkt(&packet, data, size) != LDNS_STATUS_OK) {
        snprintf(what, sizeof what, "a malformed answer from %s", net_format(server(dns), DNS_PORT, text));
        server_failed(dns, OUTCOME_FAILED, what);
        return true;
    }
    bool ours = is_ours(dns, packet);
    if (ours)
        take_answer(dns, packet);
    libldns.pkt_free(packet);
    return ours;
}

/* The socket failed. */
static void socket_failed(struct dns *dns, int number)
{
    struct net_error error, found = {.number = number};
    char what[300], text[NET_TEXT_MAX], reason[NET_ERROR_MAX];
    while (dns->watch.fd >= 0 && net_take_error(dns->watch.fd, &error))
        found = error;
    net_format(server(dns), DNS_PORT, text);
    net_error_format(&found, reason);
    if (found.number == ENOBUFS) {
        attempt_end(dns->attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
        return;
    }
    bool refused = found.number == ECONNREFUSED;
    snprintf(what, sizeof what, refused ? "nobody answers at %s (%s)" : "%s cannot be reached: %s", text, reason);
    server_failed(dns, refused ? OUTCOME_REFUSED : OUTCOME_UNREACHABLE, what);
}

static void udp_ready(struct dns *dns)
{
    static uint8_t data[65536];
    for (;;) {
        ssize_t size = recv(dns->watch.fd, data, sizeof data, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (size < 0) {
            socket_failed(dns, errno);
            return;
        }
        if (take_message(dns, data, (size_t)size))
            return;
    }
}

static void tcp_ready(struct dns *dns, uint32_t events)
{
    int number = 0;
    socklen_t length = sizeof number;
    getsockopt(dns->watch.fd, SOL_SOCKET, SO_ERROR, &number, &length);
    if (number) {
        socket_failed(dns, number);
        return;
    }
    if (events & EPOLLOUT && dns->written < dns->query_size + 2) {
        uint8_t frame[2] = {(uint8_t)(dns->query_size >> 8), (uint8_t)dns->query_size};
        struct iovec parts[] = {{frame, 2}, {dns->query, dns->query_size}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t sent = sendmsg(dns->watch.fd, &message, MSG_NOSIGNAL);
        if (sent != (ssize_t)dns->query_size + 2) { /* a fresh socket's buffer holds any query */
            socket_failed(dns, sent < 0 ? errno : EPIPE);
            return;
        }
        dns->written = (size_t)sent;
        engine_rewatch(dns->attempt->engine, &dns->watch, EPOLLIN);
        return;
    }
    ssize_t size = recv(dns->watch.fd, dns->answer + dns->answer_size, 65537 - dns->answer_size, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        char what[200], text[NET_TEXT_MAX];
        snprintf(what, sizeof what, "%s closed the connection before it answered",
                 net_format(server(dns), DNS_PORT, text));
        server_failed(dns, OUTCOME_FAILED, what);
        return;
    }
    dns->answer_size += (size_t)size;
    size_t wanted = dns->answer_size < 2 ? 2 : 2 + (size_t)(dns->answer[0] << 8 | dns->answer[1]);
    if (dns->answer_size >= 2 && dns->answer_size >= wanted && !take_message(dns, dns->answer + 2, wanted - 2))
        server_failed(dns, OUTCOME_FAILED, "an answer to another question");
}

static void dns_ready(void *context, uint32_t events)
{
    struct dns *dns = context;
    if (dns->tcp)
        tcp_ready(dns, events);
    else
        udp_ready(dns);
}

/* The question as a message; false after ending the attempt. */
static bool make_query(struct dns *dns)
{
    struct attempt *attempt = dns->attempt;
    const struct check_dns *check = &attempt->check->dns;
    ldns_pkt *packet = NULL;
    uint16_t flags = LDNS_RD;
    ldns_status status =
        libldns.pkt_query_new_frm_str(&packet, dns->names[dns->name], dns->type, LDNS_RR_CLASS_IN, flags);
    if (status != LDNS_STATUS_OK) {
        attempt_end(attempt, OUTCOME_NO_NAME, "'%s' is no name that could be asked for: %s", dns->names[dns->name],
                    libldns.get_errorstr_by_id(status));
        return false;
    }
    if (getrandom(&dns->id, sizeof dns->id, GRND_NONBLOCK) < 0)
        dns->id = (uint16_t)clock_monotonic();
    libldns.pkt_set_id(packet, dns->id);
    if (check->edns_size)
        libldns.pkt_set_edns_udp_size(packet, (uint16_t)check->edns_size);
    uint8_t *wire = NULL;
    status = libldns.pkt2wire(&wire, packet, &dns->query_size);
    libldns.pkt_free(packet);
    if (status != LDNS_STATUS_OK) {
        attempt_end(attempt, OUTCOME_ERROR, "make a DNS query: %s", libldns.get_errorstr_by_id(status));
        return false;
    }
    dns->query = arena_copy(attempt->arena, wire, dns->query_size);
    free(wire);
    return true;
}

/* Sends the present name's question to the present server. */
static void ask(struct dns *dns)
{
    struct attempt *attempt = dns->attempt;
    if (!make_query(dns))
        return;
    const struct addr *to = server(dns);
    int domain = net_domain(to);
    FD_AUTO fd = attempt_socket(attempt, dns->netns, domain, dns->tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (fd < 0)
        return;
    net_want_errors(fd, domain);
    dns->answer_size = dns->written = 0;
    dns->queries++;
    if (dns->tcp && !dns->answer)
        dns->answer = arena_alloc(attempt->arena, 65537);
    struct sockaddr_storage address;
    socklen_t length = net_sockaddr(to, DNS_PORT, &address);
    bool begun = connect(fd, (struct sockaddr *)&address, length) == 0 || (dns->tcp && errno == EINPROGRESS);
    if (begun && attempt->check->dns.has_server) /* it must be this server that answers */
        attempt_sends(attempt, fd, dns->tcp ? IPPROTO_TCP : IPPROTO_UDP, DNS_PORT);
    if (!begun || (!dns->tcp && send(fd, dns->query, dns->query_size, 0) < 0)) {
        socket_failed(dns, errno);
        return;
    }
    if (engine_watch(attempt->engine, &dns->watch, fd, dns->tcp ? EPOLLOUT : EPOLLIN) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "watch a socket: %s", strerror(errno));
        return;
    }
    fd_steal(&fd);
    if (dns->server + 1 < dns->resolv.server_count)
        engine_set(attempt->engine, &dns->next_server, clock_monotonic() + dns->resolv.timeout);
}

/* The name that is asked for: the reverse name where PTR of an address is wanted. */
static const char *question_name(struct attempt *attempt, ldns_rr_type type)
{
    const char *name = attempt->check->dns.name;
    struct addr addr;
    if (type != LDNS_RR_TYPE_PTR || !addr_parse(name, &addr))
        return name;
    if (addr.family == 4)
        return arena_printf(attempt->arena, "%u.%u.%u.%u.in-addr.arpa.", addr.bytes[3], addr.bytes[2], addr.bytes[1],
                            addr.bytes[0]);
    char *out = arena_alloc(attempt->arena, 80);
    char *end = out;
    for (int i = 15; i >= 0; i--)
        end += snprintf(end, 8, "%x.%x.", addr.bytes[i] & 15, addr.bytes[i] >> 4);
    memcpy(end, "ip6.arpa.", sizeof "ip6.arpa.");
    return out;
}

static void dns_start(struct attempt *attempt)
{
    struct dns *dns = attempt->state;
    const struct check_dns *check = &attempt->check->dns;
    *dns = (struct dns){.attempt = attempt, .watch = {-1, dns_ready, dns}, .tcp = check->tcp};
    dns->next_server = (struct timer){.expired = next_server, .context = dns};
    struct error err = ERROR_INIT;
    if (libldns_load(&err) != 0) {
        attempt_fail(attempt, &err);
        return;
    }
    dns->netns = attempt_netns(attempt);
    if (dns->netns < 0)
        return;
    dns->type = libldns.get_rr_type_by_name(check->type ? check->type : "A");
    if (!dns->type) {
        attempt_end(attempt, OUTCOME_ERROR, "'%s' is no type of DNS record", check->type);
        return;
    }
    const char *name = question_name(attempt, dns->type);
    const char *node = attempt->check->from->name;
    if (check->has_server) {
        if (!attempt_target(attempt, &check->server, &dns->resolv.servers[0]))
            return;
        dns->resolv.server_count = 1;
        dns->names[dns->name_count++] = name;
    } else {
        int root = attempt->world->root ? attempt->world->root(attempt->world->context, node) : -1;
        if (root < 0 || resolv_read(root, attempt->arena, &dns->resolv) < 0) {
            attempt_end(attempt, OUTCOME_ERROR, "read /etc/resolv.conf of %s: %s", node,
                        root < 0 ? "no such node runs" : strerror(errno));
            return;
        }
        dns->name_count = resolv_candidates(&dns->resolv, name, attempt->arena, dns->names);
    }
    attempt->fact.target = *server(dns);
    ask(dns);
}

static void dns_expire(struct attempt *attempt)
{
    struct dns *dns = attempt->state;
    char limit[32], text[NET_TEXT_MAX];
    attempt->fact.target = *server(dns);
    attempt_end(attempt, OUTCOME_SILENT, "no answer in %s from %s (%u quer%s sent)", attempt_limit(attempt, limit),
                net_format(server(dns), DNS_PORT, text), dns->queries, dns->queries == 1 ? "y" : "ies");
}

static void dns_release(struct attempt *attempt)
{
    hang_up(attempt->state);
}

const struct probe_kind probe_dns = {
    .kind = CHECK_DNS,
    .prepare = libldns_load,
    .state_size = sizeof(struct dns),
    .start = dns_start,
    .expire = dns_expire,
    .release = dns_release,
};
