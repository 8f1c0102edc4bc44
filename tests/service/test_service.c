/* Services lowered to processes: argv, configuration, files, readiness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "plan/plan.h"
#include "service/service.h"

struct bench {
    struct topology *topology;
    struct node *node;
    struct plan *plan;
};

static struct bench bench_new(void)
{
    struct arena *arena = arena_new();
    struct bench bench = {.topology = ARENA_NEW(arena, struct topology), .node = ARENA_NEW(arena, struct node)};
    bench.topology->arena = arena;
    bench.node->name = "web";
    *ARENA_PUSH(arena, bench.topology->nodes, bench.topology->node_count) = bench.node;
    bench.plan = plan_new("test");
    struct plan_namespace *ns = ARENA_PUSH(bench.plan->arena, bench.plan->namespaces, bench.plan->namespace_count);
    ns->name = "web";
    ns->kind = NAMESPACE_NODE;
    return bench;
}

static void bench_free(struct bench *bench)
{
    plan_free(bench->plan);
    arena_free(bench->topology->arena);
}

static struct service *add(struct bench *bench, const char *name, enum service_kind kind, uint16_t port)
{
    struct arena *arena = bench->topology->arena;
    struct service *service = ARENA_NEW(arena, struct service);
    *service = (struct service){.name = name,
                                .node = bench->node,
                                .kind = kind,
                                .port = port,
                                .status = 200,
                                .ttl = 60,
                                .negative_ttl = 60,
                                .recursion = true};
    *ARENA_PUSH(arena, bench->node->services, bench->node->service_count) = service;
    return service;
}

static const struct plan_process *lower(struct bench *bench)
{
    struct error err = ERROR_INIT;
    if (service_lower(bench->topology, bench->plan, &err) != 0)
        fail_msg("%s", err.text);
    return bench->plan->processes;
}

static void assert_argv(const struct plan_process *process, const char *wanted)
{
    STR_AUTO got = STR_INIT;
    for (size_t i = 0; i < process->argc; i++)
        str_printf(&got, "%s%s", i ? " " : "", process->argv[i]);
    assert_string_equal(str_text(&got), wanted);
}

static void the_table_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERVICE_KIND_COUNT; i++) {
        const struct service_type *type = &service_kinds[i];
        assert_true(type->name && *type->name && type->summary && *type->summary && type->keys && type->lower);
        assert_string_equal(type->name, service_kind_name((enum service_kind)i));
    }
    for (size_t i = 0; i < service_embedded_count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(service_embedded[i], service_embedded[j]);
}

static void http_says_what_it_serves(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct service *http = add(&bench, "http", SERVICE_HTTP, 8080);
    struct http_route route = {.path = "/gone", .status = 410};
    http->body = "a \"b\"\\\n";
    http->delay = 250000000;
    http->bind = addr_from_ipv4(0x0a000001);
    http->routes = &route;
    http->route_count = 1;
    add(&bench, "plain", SERVICE_HTTP, 80);
    const struct plan_process *process = lower(&bench);
    assert_int_equal(bench.plan->process_count, 2);
    assert_argv(&process[0], "httpd -f @configuration@");
    assert_true(process[0].embedded && process[0].restart);
    assert_string_equal(process[0].name, "web/http");
    assert_string_equal(process[0].origin, "node/web/service/http");
    assert_int_equal(process[0].ns, 1);
    assert_string_equal(process[0].configuration, "bind 10.0.0.1\nport 8080\nstatus 200\ndelay 250\n"
                                                  "body \"a \\\"b\\\"\\\\\\n\"\nroute \"/gone\" 410 \"\"\n");
    assert_int_equal(process[0].ready, READY_TCP);
    assert_int_equal(process[0].ready_port, 8080);
    assert_true(addr_equal(&process[0].ready_addr, &http->bind));
    assert_string_equal(process[1].configuration, "port 80\nstatus 200\nbody \"web\\n\"\n");
    assert_int_equal(process[1].ready_addr.family, 0);
    bench_free(&bench);
}

static bool has(const struct plan_process *process, const char *line)
{
    return strstr(process->configuration, line) != NULL;
}

static void http_with_tls_is_nginx(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct service *https = add(&bench, "https", SERVICE_HTTP, 443), *second = add(&bench, "second", SERVICE_HTTP, 444);
    struct http_route route = {.path = "/a", .status = 302, .location = "/b"};
    https->tls = (struct service_tls){.on = true, .min_version = TLS_1_3};
    https->body = "$\"\\\n";
    https->routes = &route;
    https->route_count = 1;
    second->tls = (struct service_tls){.on = true, .min_version = TLS_1_0, .clients = CLIENTS_CERTIFIED};
    second->tls.certificate.state = CERTIFICATE_WRONG_NAME;
    const struct plan_process *process = lower(&bench);
    assert_argv(&process[0], "nginx -c /etc/nginx/nginx.conf -g daemon off;");
    assert_argv(&process[1], "nginx -c /etc/nginx/nginx-second.conf -g daemon off;");
    assert_true(has(&process[0], "listen 443 ssl http2;") && !has(&process[0], "[::]"));
    assert_true(has(&process[0], "ssl_protocols TLSv1.3;") && !has(&process[0], "ssl_verify_client"));
    assert_true(has(&process[0], "return 200 \"${dollar}\\\"\\\\\\n\";"));
    assert_true(has(&process[0], "location = \"/a\" {\n            return 302 \"/b\";"));
    assert_true(has(&process[1], "ssl_verify_client on;") && has(&process[1], "TLSv1 "));
    assert_string_equal(bench.plan->files[0].path, "/etc/nginx/nginx.conf");
    assert_int_equal(bench.plan->certificate_count, 2);
    const struct plan_certificate *certificates = bench.plan->certificates;
    assert_string_equal(certificates[0].chain_path, "/etc/ssl/certs/https.pem");
    assert_string_equal(certificates[0].key_path, "/etc/ssl/private/https.key");
    assert_string_equal(certificates[0].names[0], "web");
    assert_string_equal(certificates[1].names[0], "old-web");
    bench_free(&bench);
}

static void a_proxy_is_haproxy(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct service *edge = add(&bench, "edge", SERVICE_PROXY, 443), *l4 = add(&bench, "l4", SERVICE_PROXY, 9000);
    struct upstream a = {.addr = addr_from_ipv4(0x0a00000b), .port = 8000, .weight = 80},
                    b = {.addr = addr_from_ipv4(0x0a00000c), .weight = 20, .backup = true};
    struct upstream *both[] = {&a, &b};
    struct proxy_route routes[] = {
        {.path = "/a", .pool = {.upstreams = both, .upstream_count = 1, .sticky = STICKY_COOKIE}},
        {.path = "/a/long/", .redirect = "https"},
        {.host = "api.test", .pool = {.upstreams = both, .upstream_count = 1, .limit = {5, 10 * INT64_C(1000000000)}}},
    };
    struct proxy http = {.routes = routes, .route_count = 3},
                 tcp = {.mode = PROXY_TCP,
                        .pool = {.upstreams = both,
                                 .upstream_count = 2,
                                 .balance = BALANCE_LEAST,
                                 .health = {.on = true, .interval = 500000000, .fall = 3, .rise = 2}}};
    edge->proxy = &http;
    edge->tls = (struct service_tls){.on = true, .min_version = TLS_1_2};
    l4->proxy = &tcp;
    const struct plan_process *process = lower(&bench);
    assert_argv(&process[0], "haproxy -db -f /etc/haproxy/haproxy.cfg");
    assert_argv(&process[1], "haproxy -db -f /etc/haproxy/haproxy-l4.cfg");
    assert_true(has(&process[0], "bind :443 ssl crt /etc/haproxy/certs/edge.pem alpn h2,http/1.1 ssl-min-ver TLSv1.2"));
    /* The most exact first: the host, then the longer path. */
    assert_true(has(&process[0], "use_backend edge-1 if host-1\n    use_backend edge-3 if path-3"));
    assert_true(has(&process[0], "http-request redirect scheme https code 301 if path-2"));
    assert_true(has(&process[0], "acl path-3 path /a\n    acl path-3 path_beg /a/\n"));
    assert_true(has(&process[0], "status 429") && has(&process[0], "Retry-After 10 if { sc_http_req_rate(1) gt 5 }"));
    assert_true(has(&process[0], "server server-1 10.0.0.11:8000 weight 80 cookie server-1\n"));
    assert_true(has(&process[0], "backend edge-rest\n    http-request return status 404"));
    assert_true(has(&process[1], "mode tcp") && has(&process[1], "balance leastconn"));
    assert_true(has(&process[1], "server server-2 10.0.0.12:9000 weight 20 check inter 500ms fall 3 rise 2 backup\n"));
    assert_string_equal(bench.plan->certificates[0].chain_path, bench.plan->certificates[0].key_path);
    bench_free(&bench);
}

/* The table of ids is that of every node's /etc/passwd. */
static void exec_runs_as_users_that_nodes_have(void **state)
{
    (void)state;
    STR_AUTO source = STR_INIT;
    assert_int_equal(file_read(AT_FDCWD, LABCTL_SOURCE "/labctl/keeper/base.c", &source, 1 << 20), 0);
    unsigned id;
    size_t count = 0;
    for (const char *name; (name = service_user(count, &id)); count++) {
        STR_AUTO line = STR_INIT;
        str_printf(&line, "{\"%s\", %u, ", name, id);
        if (!strstr(str_text(&source), str_text(&line)))
            fail_msg("nodes have no user %s", str_text(&line));
    }
    assert_true(count > 10);
    struct bench bench = bench_new();
    const char *words[] = {"/bin/sh", "-c", "postgres"};
    struct service *database = add(&bench, "db", SERVICE_EXEC, 0);
    database->command = (struct strings){words, 3};
    database->user = "postgres";
    database->ready_within = 60;
    assert_argv(lower(&bench), "unshare --user --map-user=113 --map-group=113 -- /bin/sh -c postgres");
    assert_int_equal(bench.plan->processes[0].ready_within, 60);
    bench_free(&bench);
}

static void certificates_are_what_their_words_say(void **state)
{
    (void)state;
    const int64_t now = 1800000000; /* 2027 */
    for (int i = 0; i < CERTIFICATE_STATE_COUNT; i++) {
        struct bench bench = bench_new();
        const char *names[] = {"*.shop.test", "10.0.0.1"};
        struct certificate certificate = {.name = "own", .state = (enum certificate_state)i, .names = {names, 2}};
        bench.node->certificates = &certificate;
        bench.node->certificate_count = 1;
        lower(&bench);
        const struct plan_certificate *got = bench.plan->certificates;
        assert_int_equal(bench.plan->certificate_count, 1);
        assert_string_equal(got->origin, "node/web/certificate/own");
        assert_int_equal(got->not_after < now, i == CERTIFICATE_EXPIRED);
        assert_int_equal(got->not_before > now, i == CERTIFICATE_NOT_YET_VALID);
        assert_int_equal(got->self_signed, i == CERTIFICATE_SELF_SIGNED);
        assert_int_equal(got->alone, i == CERTIFICATE_MISSING_INTERMEDIATE);
        assert_int_equal(strcmp(got->names[0], names[0]) != 0, i == CERTIFICATE_WRONG_NAME);
        assert_int_equal(strcmp(got->names[1], names[1]) != 0, i == CERTIFICATE_WRONG_NAME);
        bench_free(&bench);
    }
}

static void the_others_are_as_plain(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    add(&bench, "ssh", SERVICE_TCP, 22)->banner = "SSH-2.0-lab\r\n";
    add(&bench, "te", SERVICE_TCP_ECHO, 7);
    add(&bench, "ue", SERVICE_UDP_ECHO, 7);
    const char *words[] = {"nc", "-l", "9000"}, *line[] = {"exec nc -l 9001"};
    add(&bench, "iperf", SERVICE_IPERF, 5201)->bind = addr_from_ipv4(0x0a000001);
    struct service *many = add(&bench, "many", SERVICE_EXEC, 0), *one = add(&bench, "one", SERVICE_EXEC, 0);
    many->command = (struct strings){words, 3};
    many->ready_port = 9000;
    one->command = (struct strings){line, 1};
    const struct plan_process *process = lower(&bench);
    assert_string_equal(process[0].configuration, "port 22\nbanner \"SSH-2.0-lab\\r\\n\"\n");
    assert_argv(&process[1], "echod -f @configuration@");
    assert_string_equal(process[1].configuration, "port 7\nprotocol tcp\n");
    assert_int_equal(process[2].ready, READY_UDP_BOUND);
    assert_argv(&process[3], "iperfd -f @configuration@");
    assert_string_equal(process[3].configuration, "bind 10.0.0.1\nport 5201\n");
    assert_int_equal(process[3].ready, READY_TCP);
    assert_argv(&process[4], "nc -l 9000");
    assert_int_equal(process[4].ready, READY_TCP);
    assert_false(process[4].embedded);
    assert_argv(&process[5], "/bin/sh -c exec nc -l 9001");
    assert_int_equal(process[5].ready, READY_NONE);
    bench_free(&bench);
}

/* What a shell would only split is run as it is, so that a missing program is noticed; the rest is the shell's. */
static void a_line_needs_a_shell_or_not(void **state)
{
    static const struct {
        const char *line, *argv;
    } rows[] = {
        {"  python3 -m http.server  9000 ", "python3 -m http.server 9000"},
        {"/opt/x --rate=5", "/bin/sh -c /opt/x --rate=5"},
        {"echo hi; sleep 5", "/bin/sh -c echo hi; sleep 5"},
        {"cd /tmp", "/bin/sh -c cd /tmp"},
        {"cdr /tmp", "cdr /tmp"},
        {"exec nc -l 1", "/bin/sh -c exec nc -l 1"},
        {"nc -l $PORT", "/bin/sh -c nc -l $PORT"},
        {"", "/bin/sh -c "},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = bench_new();
        const char *line[] = {rows[i].line};
        add(&bench, "x", SERVICE_EXEC, 0)->command = (struct strings){line, 1};
        assert_argv(lower(&bench), rows[i].argv);
        bench_free(&bench);
    }
}

static void dns_is_configured_as_an_administrator_would(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct service *dns = add(&bench, "dns", SERVICE_DNS, 53);
    struct dns_record records[] = {
        {.name = "web", .type = RECORD_A, .value = "10.0.0.1"},
        {.name = "@", .type = RECORD_A, .value = "10.0.0.2"},
        {.name = "*.apps", .type = RECORD_A, .value = "10.0.0.3"},
        {.name = "six", .type = RECORD_AAAA, .value = "2001:db8::1"},
        {.name = "www", .type = RECORD_CNAME, .value = "web"},
        {.name = "out", .type = RECORD_CNAME, .value = "cdn.example.test."},
        {.name = "note", .type = RECORD_TXT, .value = "say \"hi\", you"},
        {.name = "@", .type = RECORD_MX, .value = "10 mail"},
        {.name = "_sip._udp", .type = RECORD_SRV, .value = "0 5 5060 sip"},
        {.name = "1.0.0.10.in-addr.arpa.", .type = RECORD_PTR, .value = "web"},
        {.name = "sub", .type = RECORD_NS, .value = "ns1"},
    };
    struct dns_zone zone = {.name = "home.test", .records = records, .record_count = ARRAY_SIZE(records)};
    struct addr forward = addr_from_ipv4(0xcb007135);
    dns->zones = &zone;
    dns->zone_count = 1;
    dns->forward = &forward;
    dns->forward_count = 1;
    const struct plan_process *process = lower(&bench);
    assert_argv(process, "dnsmasq --keep-in-foreground --user= --group= --conf-file=/etc/dnsmasq.conf");
    assert_int_equal(process->ready, READY_UDP_BOUND);
    assert_int_equal(bench.plan->file_count, 1);
    assert_string_equal(bench.plan->files[0].path, "/etc/dnsmasq.conf");
    assert_int_equal(bench.plan->files[0].length, strlen(bench.plan->files[0].content));
    assert_string_equal(process->configuration, bench.plan->files[0].content); /* a new text is a new process */
    assert_string_equal(bench.plan->files[0].content,
                        "no-resolv\nno-hosts\nserver=203.0.113.53\nlocal-ttl=60\nlog-facility=-\npid-file=\nuser=\n"
                        "group=\n\n"
                        "# home.test\nlocal=/home.test/\n"
                        "host-record=web.home.test,10.0.0.1\n"
                        "host-record=home.test,10.0.0.2\n"
                        "address=/*.apps.home.test/10.0.0.3\n"
                        "host-record=six.home.test,2001:db8::1\n"
                        "cname=www.home.test,web.home.test\n"
                        "cname=out.home.test,cdn.example.test\n"
                        "txt-record=note.home.test,\"say \\\"hi\\\", you\"\n"
                        "mx-host=home.test,mail.home.test,10\n"
                        "srv-host=_sip._udp.home.test,sip.home.test,5060,0,5\n"
                        "ptr-record=1.0.0.10.in-addr.arpa,web.home.test\n"
                        "dns-rr=sub.home.test,2,036e733104686f6d65047465737400\n");
    bench_free(&bench);
}

static void dns_without_recursion_asks_nobody(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct service *dns = add(&bench, "dns", SERVICE_DNS, 5353), *second = add(&bench, "other", SERVICE_DNS, 53);
    struct addr forward = addr_from_ipv4(0xcb007135);
    dns->forward = &forward;
    dns->forward_count = 1;
    dns->recursion = false;
    dns->bind = addr_from_ipv4(0x0a000001);
    struct node_file own = {.path = "/etc/dnsmasq-other.conf", .content = "port=0\n", .length = 7};
    bench.node->files = &own;
    bench.node->file_count = 1;
    (void)second;
    lower(&bench);
    assert_argv(&bench.plan->processes[0], "nsd -d -c /etc/nsd/nsd.conf");
    assert_string_equal(bench.plan->files[0].path, "/etc/nsd/nsd.conf");
    assert_non_null(strstr(bench.plan->files[0].content, "    ip-address: 10.0.0.1\n    port: 5353\n"));
    assert_null(strstr(bench.plan->files[0].content, "203.0.113.53"));
    assert_int_equal(bench.plan->file_count, 1); /* the author's own file has the last word */
    assert_argv(&bench.plan->processes[1],
                "dnsmasq --keep-in-foreground --user= --group= --conf-file=/etc/dnsmasq-other.conf");
    bench_free(&bench);
}

static void note_need(void *context, const struct program_need *need)
{
    str_printf(context, "%s for %s, %s (%s);", need->program->name, need->user, need->purpose, need->program->package);
}

static void dns_with_views_tells_each_its_own(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct service *dns = add(&bench, "dns", SERVICE_DNS, 53);
    struct dns_record inner = {.name = "www", .type = RECORD_A, .value = "10.0.0.1"};
    struct dns_record outer = {.name = "www", .type = RECORD_A, .value = "203.0.113.9"};
    struct dns_zone inside = {.name = "a.test", .records = &inner, .record_count = 1};
    struct dns_zone outside[] = {{.name = "a.test", .records = &outer, .record_count = 1}, {.name = "b.test"}};
    struct prefix from = {addr_from_ipv4(0x0a000000), 8};
    struct dns_view view = {.name = "in", .from = &from, .from_count = 1, .zones = &inside, .zone_count = 1};
    dns->zones = outside;
    dns->zone_count = 2;
    dns->views = &view;
    dns->view_count = 1;
    assert_argv(lower(&bench), "named -g -n 1 -c /etc/bind/named.conf");
    const char *text = bench.plan->files[bench.plan->file_count - 1].content;
    assert_non_null(strstr(text, "view \"in\" {\n    match-clients { 10.0.0.0/8; };\n"
                                 "    zone \"a.test\" { type primary; file \"dns.in.a.test.zone\"; };\n"
                                 "    zone \"b.test\" { type primary; file \"dns.in.b.test.zone\"; };\n};\n"
                                 "view \"everybody\" {\n    match-clients { any; };\n"
                                 "    zone \"a.test\" { type primary; file \"dns.everybody.a.test.zone\"; };\n"));
    assert_string_equal(bench.plan->files[0].path, "/etc/bind/dns.in.a.test.zone");
    assert_string_equal(bench.plan->files[0].content, "$TTL 60\na.test.\tSOA web.a.test. hostmaster.a.test. 1 3600 600 "
                                                      "604800 60\nwww.a.test.\tA 10.0.0.1\na.test.\tNS web.a.test.\n");
    bench_free(&bench);
}

static void programs_are_asked_for_once(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    STR_AUTO needs = STR_INIT;
    service_programs(bench.topology, note_need, &needs);
    assert_string_equal(str_text(&needs), "");
    add(&bench, "a", SERVICE_DNS, 53);
    add(&bench, "b", SERVICE_DNS, 54);
    add(&bench, "c", SERVICE_HTTP, 80);
    service_programs(bench.topology, note_need, &needs);
    assert_string_equal(str_text(&needs), "dnsmasq for web, dns (dnsmasq-base);");
    bench_free(&bench);
}

static void what_a_node_requires_is_looked_for(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct error err = ERROR_INIT;
    const char *there[] = {"sh"}, *absent[] = {"sh", "no-such-program"};
    bench.node->requires = (struct strings){there, 1};
    assert_int_equal(service_programs_check(bench.topology, &err), 0);
    bench.node->requires = (struct strings){absent, 2};
    assert_int_equal(service_programs_check(bench.topology, &err), -1);
    assert_int_equal(err.kind, ERR_CAPABILITY);
    assert_string_equal(
        err.text, "the program no-such-program is missing (node web requires it): install the package that has it");
    absent[0] = "/bin/sh"; /* a path is one */
    error_clear(&err);
    assert_int_equal(service_programs_check(bench.topology, &err), -1);
    assert_null(strchr(err.text, '\n'));
    bench_free(&bench);
}

static void each_missing_program_is_a_finding_at_its_place(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct findings findings;
    const char *absent[] = {"no-such-program", "sh", "none-such"};
    struct mark marks[] = {{0, 4, 1}, {0, 5, 1}, {0, 6, 1}};
    findings_init(&findings, bench.topology->arena);
    bench.node->requires = (struct strings){absent, 3};
    bench.node->requires_marks = marks;
    service_programs_find(bench.topology, &findings);
    assert_int_equal(findings.count, 2);
    assert_int_equal(findings.items[0].mark.line, 4);
    assert_int_equal(findings.items[1].mark.line, 6);
    assert_string_equal(findings.items[1].text, "the program none-such is missing (node web requires it)");
    assert_string_equal(findings.items[1].hint, "install the package that has it");
    bench_free(&bench);
}

static void a_service_of_an_unknown_node_is_refused(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct error err = ERROR_INIT;
    add(&bench, "http", SERVICE_HTTP, 80);
    bench.node->name = "ghost";
    assert_int_equal(service_lower(bench.topology, bench.plan, &err), -1);
    assert_string_equal(err.text, "services: the plan has no node 'ghost'");
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(http_says_what_it_serves),
        cmocka_unit_test(http_with_tls_is_nginx),
        cmocka_unit_test(certificates_are_what_their_words_say),
        cmocka_unit_test(a_proxy_is_haproxy),
        cmocka_unit_test(exec_runs_as_users_that_nodes_have),
        cmocka_unit_test(a_line_needs_a_shell_or_not),
        cmocka_unit_test(the_others_are_as_plain),
        cmocka_unit_test(dns_is_configured_as_an_administrator_would),
        cmocka_unit_test(dns_without_recursion_asks_nobody),
        cmocka_unit_test(dns_with_views_tells_each_its_own),
        cmocka_unit_test(programs_are_asked_for_once),
        cmocka_unit_test(what_a_node_requires_is_looked_for),
        cmocka_unit_test(each_missing_program_is_a_finding_at_its_place),
        cmocka_unit_test(a_service_of_an_unknown_node_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
