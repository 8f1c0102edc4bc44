/* Every kind of fault: what it does to topology and plan, and what is said where it does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/mark.h"
#include "base/str.h"
#include "base/table.h"
#include "doc/doc.h"
#include "fault/fault.h"
#include "load/load.h"
#include "model/connection.h"
#include "model/topology.h"
#include "lower/lower.h"
#include "plan/difference.h"
#include "plan/impairment.h"
#include "plan/plan.h"
#include "service/service.h"

struct bench {
    struct arena *arena;
    struct topology *topology;
    struct plan *before, *after;
    struct findings findings;
};

static struct bench bench_of(const char *file)
{
    struct bench bench = {.arena = arena_new()};
    struct error err = ERROR_INIT;
    findings_init(&bench.findings, bench.arena);
    const char *path = arena_printf(bench.arena, LABCTL_SOURCE "/topologies/%s", file);
    load_topology(path, sources_new(bench.arena), &bench.findings, &bench.topology);
    for (size_t i = 0; i < bench.findings.count; i++)
        print_message("%s\n", bench.findings.items[i].text);
    assert_int_equal(bench.findings.errors, 0);
    findings_init(&bench.findings, bench.arena);
    assert_int_equal(lower_topology(bench.topology, &bench.before, &err), 0);
    assert_int_equal(service_lower(bench.topology, bench.before, &err), 0);
    assert_int_equal(lower_topology(bench.topology, &bench.after, &err), 0);
    assert_int_equal(service_lower(bench.topology, bench.after, &err), 0);
    return bench;
}

static void bench_free(struct bench *bench)
{
    plan_free(bench->before);
    plan_free(bench->after);
    topology_free(bench->topology);
    arena_free(bench->arena);
}
#define BENCH_AUTO __attribute__((cleanup(bench_free))) struct bench

/* "KIND THING[,THING] KEY=VALUE …" */
static struct fault fault_of(struct bench *bench, const char *text)
{
    struct fault fault = {.id = "f"};
    char *rest = arena_strdup(bench->arena, text);
    fault.kind = strsep(&rest, " ");
    for (char *things = strsep(&rest, " "), *thing; things && (thing = strsep(&things, ",")) != NULL;)
        *ARENA_PUSH(bench->arena, fault.at.items, fault.at.count) = thing;
    for (char *word; rest && (word = strsep(&rest, " ")) != NULL;) {
        char *value = strchr(word, '=');
        *value++ = 0;
        *ARENA_PUSH(bench->arena, fault.parameters, fault.parameter_count) =
            (struct fault_parameter){.key = word, .value = value};
    }
    return fault;
}

/* Puts the fault in and prints what it changes in the plan. */
static const char *effect(struct bench *bench, const char *text)
{
    struct error err = ERROR_INIT;
    struct fault fault = fault_of(bench, text);
    fault_validate(bench->topology, &fault, &bench->findings);
    if (bench->findings.errors)
        fail_msg("%s: %s", text, bench->findings.items[0].text);
    if (fault_stage(bench->topology, &fault) == FAULT_TOPOLOGY) {
        assert_int_equal(fault_rewrite_topology(bench->topology, &fault, &err), 0);
        plan_free(bench->after);
        assert_int_equal(lower_topology(bench->topology, &bench->after, &err), 0);
        assert_int_equal(service_lower(bench->topology, bench->after, &err), 0);
    } else {
        assert_int_equal(fault_rewrite_topology(bench->topology, &fault, &err), 0); /* not its stage: nothing */
        if (fault_rewrite_plan(bench->after, bench->topology, &fault, &err))
            fail_msg("%s: %s", text, err.text);
    }
    size_t count;
    STR_AUTO out = STR_INIT;
    const struct plan_operation *operations = plan_difference(bench->before, bench->after, bench->arena, &count);
    for (size_t i = 0; i < count; i++) {
        plan_operation_describe(bench->before, bench->after, &operations[i], &out);
        if (out.length && out.data[out.length - 1] != '\n')
            str_append_char(&out, '\n');
    }
    return arena_strdup(bench->arena, str_text(&out));
}

/* What is said of a fault that does not fit; the hint behind a bar. */
static const char *complaint(struct bench *bench, const char *text)
{
    findings_init(&bench->findings, bench->arena);
    struct fault fault = fault_of(bench, text);
    if (!fault_validate(bench->topology, &fault, &bench->findings))
        fail_msg("nothing is said of %s", text);
    const struct finding *finding = &bench->findings.items[0];
    return finding->hint ? arena_printf(bench->arena, "%s | %s", finding->text, finding->hint) : finding->text;
}

static void loss_sits_at_the_far_end(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    const char *changes = effect(&bench, "loss link/uplink loss=5%");
    assert_non_null(strstr(changes, "in fabric"));
    assert_null(strstr(changes, "in isp"));
    uint32_t router = plan_find_namespace(bench.after, "home-router"), isp = plan_find_namespace(bench.after, "isp");
    assert_int_equal(plan_get_impairment(bench.after, router, "wan0", PLAN_RECEIVED).loss, 50000000);
    assert_int_equal(plan_get_impairment(bench.after, isp, "home0", PLAN_RECEIVED).loss, 50000000);
    assert_int_equal(plan_get_impairment(bench.after, isp, "home0", PLAN_SENT).loss, 0);
}

static void loss_has_a_direction_and_adds_up(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    effect(&bench, "loss node/laptop/eth0 loss=50% direction=in");
    uint32_t laptop = plan_find_namespace(bench.after, "laptop");
    assert_int_equal(plan_get_impairment(bench.after, laptop, "eth0", PLAN_SENT).loss, 0);
    assert_int_equal(plan_get_impairment(bench.after, laptop, "eth0", PLAN_RECEIVED).loss, 500000000);
    effect(&bench, "loss node/laptop/eth0 loss=50% direction=both");
    assert_int_equal(plan_get_impairment(bench.after, laptop, "eth0", PLAN_RECEIVED).loss,
                     750000000); /* a quarter survives both */
    assert_int_equal(plan_get_impairment(bench.after, laptop, "eth0", PLAN_SENT).loss, 500000000);
}

static void the_way_back_is_bent_into_a_firewall(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-routers.yaml");
    const char *changes = effect(&bench, "asymmetric-routing node/desk-1,node/web via=r2 blocked_by=firewall");
    assert_non_null(strstr(changes, "10.1.0.0/24 via 10.9.2.1"));
    assert_non_null(strstr(changes, "in border"));
    assert_non_null(strstr(changes, "inet filter in r2"));
    assert_null(strstr(changes, "in r1"));
    assert_null(strstr(changes, "in desk-1"));
}

static void the_way_back_is_bent_into_strict_filtering(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-routers.yaml");
    const char *changes = effect(&bench, "asymmetric-routing node/desk-1,node/web via=r2 blocked_by=rp_filter");
    /* No machine on the way gets the replies on a foreign interface, so r2 is made one. */
    assert_non_null(strstr(changes, "rp_filter"));
    assert_non_null(strstr(changes, "10.2.0.10/32 via 10.1.0.1"));
    assert_null(strstr(changes, "nft"));
}

static void a_detour_on_one_segment_keeps_silent(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-routers.yaml");
    const char *changes = effect(&bench, "asymmetric-routing desk-1,desk-2 via=r2");
    assert_non_null(strstr(changes, "10.1.0.11/32 via 10.1.0.2"));
    assert_non_null(strstr(changes, "send_redirects"));
}

static void a_way_that_is_bent_already_is_only_blocked(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-routers.yaml");
    struct node *border = topology_node(bench.topology, "border");
    assert_true(addr_parse("10.9.2.1", &border->routes[0].via));
    const char *changes = effect(&bench, "asymmetric-routing desk-1,web via=r2");
    assert_string_equal(changes, "+ nft table inet filter in r2\n");
}

static void a_way_that_is_none_is_refused(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-routers.yaml");
    assert_string_equal(complaint(&bench, "asymmetric-routing desk-1,web via=r1"),
                        "the way back cannot be bent through r1: the way there takes r1 as well");
    assert_string_equal(complaint(&bench, "asymmetric-routing desk-1,web via=db"),
                        "the way back cannot be bent through db: db does not forward");
    assert_string_equal(complaint(&bench, "asymmetric-routing web,db via=r1"),
                        "the way back cannot be bent through r1: no machine on the way back shares a bridge or link "
                        "with r1, from where the "
                        "way goes on to the other end");
    assert_string_equal(
        complaint(&bench, "asymmetric-routing desk-1,web blocked_by=firewal via=r2"),
        "blocked_by of fault asymmetric-routing is firewall or rp_filter, not 'firewal' | did you mean 'firewall'?");
    assert_string_equal(complaint(&bench, "asymmetric-routing desk-1 via=r2"),
                        "fault asymmetric-routing is at two things: at: [A, B], not at 1");
}

static void a_route_of_a_machine_is_missing(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-routers.yaml");
    assert_string_equal(effect(&bench, "route-missing node/r1 destination=10.2.0.0/24"),
                        "- route 10.2.0.0/24 via 10.9.1.2 congctl cubic in r1\n");
}

static void a_connected_route_takes_along_what_goes_by_its_gateways(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    assert_string_equal(effect(&bench, "route-missing nas destination=192.168.1.0/24"),
                        "- route 192.168.1.0/24 dev eth0 src 192.168.1.30 congctl cubic (connected) in nas\n"
                        "- route default via 192.168.1.1 dev eth0 congctl cubic in nas\n");
    BENCH_AUTO routers = bench_of("two-routers.yaml"); /* what goes another way stays */
    assert_string_equal(effect(&routers, "route-missing border destination=10.9.1.0/30"),
                        "- route 10.9.1.0/30 dev wan1 src 10.9.1.2 congctl cubic (connected) in border\n"
                        "- route 10.1.0.0/24 via 10.9.1.1 congctl cubic in border\n");
}

static void a_default_route_is_missing(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    assert_string_equal(effect(&bench, "route-missing laptop destination=default"),
                        "- route default via 192.168.1.1 dev eth0 congctl cubic in laptop\n");
}

static void a_route_that_is_not_there_cannot_be_missing(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-tier-vpc.yaml");
    assert_string_equal(complaint(&bench, "route-missing vpc/main/route_table/private destination=10.9.0.0/16"),
                        "there is no route to 10.9.0.0/16 in that table | routes there: 0.0.0.0/0");
    assert_string_equal(complaint(&bench, "route-missing vpc/main/route_table/private destination=10.0.0.0/16"),
                        "the local route 10.0.0.0/16 of a VPC cannot be missing | routes there: 0.0.0.0/0");
    assert_string_equal(
        complaint(&bench, "route-missing vpc/main/route_table/privat destination=10.9.0.0/16"),
        "nothing is called 'vpc/main/route_table/privat' in this lab | did you mean 'vpc/main/route_table/private'?");
    assert_string_equal(complaint(&bench, "route-missing vpc/main/subnet/private destination=10.9.0.0/16"),
                        "fault route-missing is at a node or a route_table; 'vpc/main/subnet/private' is a subnet");
    assert_string_equal(complaint(&bench, "route-missing vpc/main/route_table/private"),
                        "fault route-missing needs 'destination': where the missing route leads: a prefix or default; "
                        "routes of an interface's "
                        "own network count");
}

static void a_route_of_a_table_is_missing(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-tier-vpc.yaml");
    assert_true(*effect(&bench, "route-missing vpc/main/route_table/private destination=0.0.0.0/0") != 0);
    STR_AUTO text = STR_INIT;
    dump_topology(bench.topology, &text);
    assert_null(strstr(str_text(&text), "nat_gateway/nat"));
}

/* An instance is a target as a gateway is; only what is not there is a blackhole. */
static void a_route_leads_to_an_instance(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-tier-vpc.yaml");
    assert_non_null(
        strstr(effect(&bench, "vpc-route-wrong vpc/main/route_table/private destination=default target=node/web"), ""));
    const struct vpc_route *route = &vpc_route_table(bench.topology->vpcs[0], "private")->routes[0];
    assert_int_equal(route->target, TARGET_NODE);
    assert_string_equal(route->interface->node->name, "web");
    STR_AUTO text = STR_INIT;
    dump_topology(bench.topology, &text);
    assert_non_null(strstr(str_text(&text), "target: node/web\n"));
}

/* The table that a transit gateway has where none is declared. */
static void the_lists_of_an_implicit_table_are_its_own(void **state)
{
    static const char text[] =
        "lab: hub\n"
        "vpcs: { a: { cidr: 10.1.0.0/16 }, b: { cidr: 10.2.0.0/16 }, c: { cidr: 10.3.0.0/16 } }\n"
        "transit_gateways: { hub: { attachments: [a, b, c] } }\n";
    static const struct {
        const char *fault, *hub;
    } rows[] = {
        {"transit-propagation-missing transit_gateway/hub/route_table/default vpc=a",
         "    attachments: [a, b, c]\n    route_tables:\n      default:\n        associations: [a, b, c]\n"
         "        propagations: [b, c]\n"},
        {"transit-association-missing transit_gateway/hub/route_table/default vpc=b",
         "    attachments: [a, b, c]\n    route_tables:\n      default:\n        associations: [a, c]\n"
         "        propagations: [a, b, c]\n"},
        {"transit-attachment-missing transit_gateway/hub vpc=a", "    attachments: [b, c]\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct error err = ERROR_INIT;
        STR_AUTO dump = STR_INIT;
        BENCH_AUTO bench = {.arena = arena_new()};
        assert_int_equal(load_valid_topology(text, NULL, &bench.topology, &err), 0);
        struct fault fault = fault_of(&bench, rows[i].fault);
        assert_int_equal(fault_rewrite_topology(bench.topology, &fault, &err), 0);
        dump_topology(bench.topology, &dump);
        if (!strstr(str_text(&dump), rows[i].hub))
            fail_msg("%s: %s", rows[i].fault, str_text(&dump));
        const struct transit_table *table = bench.topology->transit_gateways[0]->route_tables[0];
        assert_int_equal(table->association_count, i == 0 ? 3 : 2);
        assert_ptr_equal(table->associations[0].vpc, bench.topology->vpcs[i == 2]);
    }
}

static void a_nat_gateway_is_misplaced(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-tier-vpc.yaml");
    assert_string_equal(complaint(&bench, "nat-gateway-misplaced vpc/main/nat_gateway/nat subnet=privat"),
                        "no subnet of the gateway's VPC is called 'privat' | did you mean 'private'?");
    assert_string_equal(complaint(&bench, "nat-gateway-misplaced vpc/main/nat_gateway/nat subnet=subnet/public"),
                        "the gateway stands in subnet 'subnet/public' already");
    struct fault fault = fault_of(&bench, "nat-gateway-misplaced vpc/main/nat_gateway/nat subnet=private");
    struct error err = ERROR_INIT;
    assert_int_equal(fault_rewrite_topology(bench.topology, &fault, &err), 0);
    STR_AUTO text = STR_INIT;
    dump_topology(bench.topology, &text);
    assert_non_null(strstr(str_text(&text), "      nat:\n        subnet: private\n"));
}

static void a_rule_of_a_group_is_missing(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-tier-vpc.yaml");
    struct security_group *web = vpc_security_group(bench.topology->vpcs[0], "web");
    assert_int_equal(web->ingress_count, 2);
    assert_non_null(
        strstr(effect(&bench, "security-group-rule-missing vpc/main/security_group/web ports=80,443"), "vpc/main"));
    assert_int_equal(web->ingress_count, 1);
    assert_int_equal(web->ingress[0].ports[0].first, 22);
}

static void exactly_one_rule_must_match(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-tier-vpc.yaml");
    assert_string_equal(complaint(&bench, "security-group-rule-missing vpc/main/security_group/web protocol=tcp"),
                        "several rules of 'vpc/main/security_group/web' match: exactly one must | the group has 2 "
                        "ingress rules; name protocol, "
                        "ports, from");
    assert_string_equal(complaint(&bench, "security-group-rule-missing vpc/main/security_group/web ports=8080"),
                        "no rules of 'vpc/main/security_group/web' match: exactly one must | the group has 2 ingress "
                        "rules; name protocol, "
                        "ports, from");
    assert_string_equal(complaint(&bench, "security-group-rule-missing vpc/main/security_group/web ports=22 to=any4"),
                        "'to' is not for rules of direction ingress");
    struct fault fault =
        fault_of(&bench, "security-group-rule-missing vpc/main/security_group/db from=security_group/app");
    assert_int_equal(fault_validate(bench.topology, &fault, &bench.findings),
                     0); /* one of the rule's peers is enough */
}

static void a_record_is_wrong(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    const char *changes =
        effect(&bench, "dns-wrong-record node/home-router/service/dns name=nas.home.test answer=192.168.1.99");
    assert_non_null(strstr(changes, "home-router/dns"));
    STR_AUTO text = STR_INIT;
    dump_topology(bench.topology, &text);
    assert_non_null(strstr(str_text(&text), "192.168.1.99"));
    assert_string_equal(
        complaint(&bench, "dns-wrong-record node/home-router/service/dns name=nsa.home.test answer=1.2.3.4"),
        "'node/home-router/service/dns' has no A record 'nsa.home.test' | did you mean 'nas.home.test'?");
    assert_string_equal(
        complaint(&bench, "dns-wrong-record node/home-router/service/dns name=nas.home.test type=AAAA answer=::1"),
        "'node/home-router/service/dns' has no AAAA record 'nas.home.test' | records of that name are of type A");
    assert_string_equal(
        complaint(&bench, "dns-wrong-record node/home-router/service/dns name=laptop.home.test answer=here"),
        "'here' is no value of a record of type A: it takes an IPv4 address");
    assert_string_equal(
        complaint(&bench, "dns-wrong-record node/nas/service/files name=laptop.home.test answer=1.2.3.4"),
        "fault dns-wrong-record is at a dns service; 'node/nas/service/files' is of kind http");
}

static void a_server_is_down(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    const char *changes = effect(&bench, "dns-server-down node/home-router/service/dns");
    assert_int_equal(changes[0], '-');
    assert_non_null(strstr(changes, "home-router/dns"));
    assert_ptr_equal(strchr(changes, '\n') + 1, strchr(changes, 0)); /* one operation: the configuration stays */
}

static void a_slow_server_is_slow_for_its_port_alone(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    assert_string_equal(effect(&bench, "dns-slow node/home-router/service/dns delay=400ms"),
                        "+ impairment of home-router/lan0, received for port 53: delay 400ms in fabric\n"
                        "+ impairment of home-router/wan0, received for port 53: delay 400ms in fabric\n");
    uint32_t router = plan_find_namespace(bench.after, "home-router");
    assert_int_equal(plan_get_impairment(bench.after, router, "lan0", PLAN_RECEIVED).delay, 0); /* of all packets */
    assert_int_equal(plan_get_impairment(bench.after, router, "lan0", PLAN_SENT).delay, 0);
    effect(&bench, "delay node/home-router/lan0 delay=10ms direction=in");
    assert_int_equal(plan_get_impairment(bench.after, router, "lan0", PLAN_RECEIVED).delay, 10000000);
}

static void what_a_wire_suffers_is_a_process_of_its_own(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    const char *changes = effect(&bench, "link-flapping node/laptop/eth0 period=3s down=500ms");
    assert_non_null(strstr(changes, "wire:flap/"));
    const struct plan_process *process = &bench.after->processes[bench.after->process_count - 1];
    assert_string_equal(bench.after->namespaces[process->ns].name, "fabric"); /* no node has it */
    assert_string_equal(process->argv[process->argc - 2], "500");
    assert_string_equal(process->argv[process->argc - 1], "2500");
    assert_true(process->restart);
    struct fault again = fault_of(&bench, "link-flapping node/laptop/eth0 period=9s");
    struct error err = ERROR_INIT;
    assert_int_equal(fault_rewrite_plan(bench.after, bench.topology, &again, &err), -1);
    assert_non_null(strstr(err.text, "another fault does this to the wire of node/laptop/eth0 already"));
}

static void who_floods_has_addresses_of_nobody(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    const char *changes = effect(&bench, "syn-flood node/nas/service/files rate=50 backlog=16");
    assert_non_null(strstr(changes, "tcp_syncookies"));
    assert_non_null(strstr(changes, "somaxconn"));
    const struct plan_process *process = &bench.after->processes[bench.after->process_count - 1];
    assert_true(str_starts(process->name, "wire:flood/"));
    assert_string_equal(process->argv[process->argc - 1], "50");
    struct addr first;
    assert_true(addr_parse(process->argv[process->argc - 3], &first));
    int count = atoi(process->argv[process->argc - 2]);
    assert_in_range(count, 1, 8);
    for (size_t i = 0; i < bench.after->address_count; i++) {
        const struct addr *taken = &bench.after->addresses[i].address.addr;
        assert_false(taken->family == 4 && !memcmp(taken->bytes, first.bytes, 3) && taken->bytes[3] >= first.bytes[3] &&
                     taken->bytes[3] < first.bytes[3] + count);
    }
}

static void the_internets_zones_break_as_well(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("dns-tree.yaml");
    const char *changes = effect(&bench, "dns-server-down internet/zone/shop.test");
    assert_int_equal(changes[0], '-');
    assert_non_null(strstr(changes, "205.251.192."));
    assert_ptr_equal(strchr(changes, '\n') + 1, strchr(changes, 0)); /* the address of that zone's server, no more */
    changes = effect(&bench, "dns-wrong-record internet/zone/shop.test name=www.shop.test answer=203.0.113.222");
    assert_non_null(strstr(changes, "internet/zones"));
    assert_null(strstr(changes, "internet/root"));
    STR_AUTO text = STR_INIT;
    dump_topology(bench.topology, &text);
    assert_non_null(strstr(str_text(&text), "www: 203.0.113.222"));
    assert_string_equal(complaint(&bench, "dns-server-down internet/zone/corp.test"),
                        "'internet/zone/corp.test' is delegated to a node: its dns service is what can be down");
    assert_string_equal(
        complaint(&bench, "dns-wrong-record internet/zone/shop.test name=wwww.shop.test answer=1.2.3.4"),
        "'internet/zone/shop.test' has no A record 'wwww.shop.test' | did you mean 'www.shop.test'?");
}

static void set_replaces_a_lossy_line(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    struct fault fault = fault_of(&bench, "loss link/uplink loss=5%");
    assert_true(fault_repaired_by(bench.topology, &fault, "link/uplink/loss"));
    assert_false(fault_repaired_by(bench.topology, &fault, "link/uplink/mtu"));
    assert_false(fault_repaired_by(bench.topology, &fault, "node/laptop/loss"));
}

static int observed;
static bool asked_for_a_change;
static int observe(void *context, const struct plan *before, size_t was, const struct plan *plan, int item, size_t is)
{
    (void)context, (void)was, (void)plan, (void)item, (void)is;
    asked_for_a_change = before != NULL;
    return observed;
}

static void force_is_looked_up_in_the_devices(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-routers.yaml");
    assert_int_equal(fault_verify(bench.before, bench.after, observe, NULL), FORCE_NO); /* no difference */
    effect(&bench, "route-missing node/r1 destination=10.2.0.0/24");
    observed = 0; /* the route is not there */
    assert_int_equal(fault_verify(bench.before, bench.after, observe, NULL), FORCE_YES);
    observed = 1;
    assert_int_equal(fault_verify(bench.before, bench.after, observe, NULL), FORCE_NO);
    observed = -1;
    assert_int_equal(fault_verify(bench.before, bench.after, observe, NULL), FORCE_UNKNOWN);
    assert_false(asked_for_a_change);
}

/* What else somebody has done to an interface that is switched off does not matter. */
static void force_of_a_change_is_what_was_changed(void **state)
{
    (void)state;
    BENCH_AUTO bench = bench_of("two-routers.yaml");
    effect(&bench, "mtu-wrong node/r1/wan0 mtu=1300");
    observed = 1;
    assert_int_equal(fault_verify(bench.before, bench.after, observe, NULL), FORCE_YES);
    assert_true(asked_for_a_change);
}

/* A program that may end as soon as it runs is no service that fails to start. */
static void what_may_end_at_once_is_only_hoped_for(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        bool hoped;
    } rows[] = {
        {"service-command-wrong node/shop/service/web command=false", true},
        {"service-crash-loop node/shop/service/web", true},
        {"port-taken node/wiki/service/http", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        BENCH_AUTO bench = bench_of("exit-test.yaml");
        effect(&bench, rows[i].fault);
        struct fault fault = fault_of(&bench, rows[i].fault);
        size_t hoped = 0;
        fault_relax_plan(bench.after, bench.topology, &fault);
        for (size_t p = 0; p < bench.after->process_count; p++)
            if (bench.after->processes[p].ready_hoped) {
                assert_string_equal(bench.after->processes[p].name, "shop/web");
                hoped++;
            }
        assert_int_equal(hoped, rows[i].hoped);
    }
}

/* Exactly these lines and no other: in its order, as the plan's difference says it. */
static const struct {
    const char *topology, *fault, *lines[6];
} effects[] = {
    {"vlans.yaml",
     "native-vlan-mismatch node/router/eth0 vlan=30",
     {"~ link router/eth0 02:31:49:d5:59:ff -- fabric/router.eth0 06:62:5a:0c:f0:76 in br-floor vlan 30 untagged, 10 "
      "tagged, 20 tagged mtu 1500 (was link router/eth0 02:31:49:d5:59:ff -- fabric/router.eth0 06:62:5a:0c:f0:76 in "
      "br-floor vlan 99 untagged, 10 tagged, 20 tagged mtu 1500)"}},
    {"vlans.yaml",
     "vlan-missing node/router/eth0 vlan=20",
     {"~ link router/eth0 02:31:49:d5:59:ff -- fabric/router.eth0 06:62:5a:0c:f0:76 in br-floor vlan 99 untagged, 10 "
      "tagged mtu 1500 (was link router/eth0 02:31:49:d5:59:ff -- fabric/router.eth0 06:62:5a:0c:f0:76 in br-floor "
      "vlan 99 untagged, 10 tagged, 20 tagged mtu 1500)"}},
    {"vlans.yaml",
     "vlan-wrong node/desk-1/eth0 vlan=20",
     {"~ link desk-1/eth0 02:1e:be:c8:c0:2d -- fabric/desk-1.eth0 06:10:bf:e0:ae:3e in br-floor vlan 20 untagged mtu "
      "1500 (was link desk-1/eth0 02:1e:be:c8:c0:2d -- fabric/desk-1.eth0 06:10:bf:e0:ae:3e in br-floor vlan 10 "
      "untagged mtu 1500)"}},
    {"two-routers.yaml",
     "address-wrong node/web/eth0 address=10.2.0.10/28",
     {"- address 10.2.0.10/24 dev eth0 in web", "+ address 10.2.0.10/28 dev eth0 in web"}},
    {"two-routers.yaml",
     "address-wrong node/web/eth0 address=10.7.0.10/24",
     {"- route default via 10.2.0.1 dev eth0 congctl cubic in web", "- address 10.2.0.10/24 dev eth0 in web",
      "+ address 10.7.0.10/24 dev eth0 in web"}},
    {"two-routers.yaml",
     "bridge-wrong node/web/eth0 bridge=office",
     {"~ link web/eth0 02:ad:0b:f3:76:ac -- fabric/web.eth0 06:27:0b:d1:9c:05 in br-office "
      "mtu 1500 (was link web/eth0 02:ad:0b:f3:76:ac -- fabric/web.eth0 06:27:0b:d1:9c:05 "
      "in br-datacentre mtu 1500)"}},
    {"two-routers.yaml",
     "cable-unplugged node/web/eth0",
     {"~ link web/eth0 02:ad:0b:f3:76:ac -- fabric/web.eth0 06:27:0b:d1:9c:05 in "
      "br-datacentre down mtu 1500 (was link web/eth0 02:ad:0b:f3:76:ac -- fabric/web.eth0 "
      "06:27:0b:d1:9c:05 in br-datacentre mtu 1500)"}},
    {"two-routers.yaml",
     "link-down node/web/eth0",
     {"~ link web/eth0 02:ad:0b:f3:76:ac down -- fabric/web.eth0 06:27:0b:d1:9c:05 in "
      "br-datacentre mtu 1500 (was link web/eth0 02:ad:0b:f3:76:ac -- fabric/web.eth0 "
      "06:27:0b:d1:9c:05 in br-datacentre mtu 1500)"}},
    {"two-routers.yaml",
     "forwarding-off border",
     {"~ sysctl net/ipv4/ip_forward = 0 in border (was sysctl net/ipv4/ip_forward = 1)"}},
    {"two-routers.yaml",
     "gateway-wrong web via=10.2.0.20",
     {"~ route default via 10.2.0.20 dev eth0 congctl cubic in web (was route default via "
      "10.2.0.1 dev eth0 congctl cubic)"}},
    {"two-routers.yaml",
     "route-wrong desk-1 destination=10.2.0.0/24 via=10.1.0.2",
     {"+ route 10.2.0.0/24 via 10.1.0.2 dev eth0 congctl cubic in desk-1"}},
    {"two-routers.yaml",
     "route-blackhole border destination=10.1.0.0/24 type=prohibit",
     {"~ route prohibit 10.1.0.0/24 in border (was route 10.1.0.0/24 via 10.9.1.1 congctl "
      "cubic)"}},
    {"two-routers.yaml", "rp-filter-strict node/border/wan1", {"+ sysctl net/ipv4/conf/wan1/rp_filter = 1 in border"}},
    {"two-routers.yaml",
     "neighbour-wrong node/web/eth0 address=10.2.0.1 mac=02:00:00:00:00:99",
     {"~ neighbour 10.2.0.1 dev eth0 lladdr 02:00:00:00:00:99 in web (was neighbour "
      "10.2.0.1 dev eth0 lladdr 02:bf:49:3b:dc:3b)"}},
    {"two-routers.yaml",
     "packet-filter web protocol=tcp ports=80,8080-8090 from=10.1.0.0/24",
     {"+ nft table inet filter in web"}},
    {"two-routers.yaml",
     "packet-filter db chain=output protocol=icmp action=reject",
     {"+ nft table inet filter in db"}},
    {"homelab-bastion.yaml",
     "packet-filter edge chain=forward protocol=udp ports=53 side=source",
     {"+ nft table inet filter in edge"}},
    {"two-routers.yaml",
     "service-down node/web/service/http",
     {"- process web/http: httpd -f @configuration@ (ready on tcp/80) in web"}},
    {"two-routers.yaml",
     "service-loopback-only node/web/service/http",
     {"~ process web/http: httpd -f @configuration@ (ready on tcp/80) in web"}},
    {"two-routers.yaml",
     "service-wrong-port node/web/service/http port=8080",
     {"~ process web/http: httpd -f @configuration@ (ready on tcp/8080) in web (was process "
      "web/http: httpd -f @configuration@ (ready on tcp/80))"}},
    {"two-routers.yaml",
     "http-error node/web/service/http",
     {"~ process web/http: httpd -f @configuration@ (ready on tcp/80) in web"}},
    {"home-lan.yaml",
     "resolver-wrong laptop servers=192.168.1.30,192.168.1.1",
     {"~ file /etc/resolv.conf (64 bytes, mode 0644) in laptop (was file /etc/resolv.conf "
      "(40 bytes, mode 0644))"}},
    {"two-routers.yaml",
     "pmtu-black-hole link/wan-1 mtu=1300",
     {"~ link r1/wan0 02:9a:ba:3f:a6:fd -- fabric/r1.wan0 06:d7:c2:05:63:d1 in ln-wan-1 mtu "
      "1300 (was link r1/wan0 02:9a:ba:3f:a6:fd -- fabric/r1.wan0 06:d7:c2:05:63:d1 in "
      "ln-wan-1 mtu 1500)",
      "~ link border/wan1 02:1e:6f:84:02:a0 -- fabric/border.wan1 06:0d:1d:6b:06:76 in "
      "ln-wan-1 mtu 1300 (was link border/wan1 02:1e:6f:84:02:a0 -- fabric/border.wan1 "
      "06:0d:1d:6b:06:76 in ln-wan-1 mtu 1500)",
      "+ nft table inet filter in r1", "+ nft table inet filter in border"}},
};

static void each_kind_changes_exactly_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(effects); i++) {
        BENCH_AUTO bench = bench_of(effects[i].topology);
        STR_AUTO expected = STR_INIT;
        for (size_t l = 0; l < ARRAY_SIZE(effects[i].lines) && effects[i].lines[l]; l++)
            str_printf(&expected, "%s\n", effects[i].lines[l]);
        const char *changes = effect(&bench, effects[i].fault);
        if (!str_equal(changes, str_text(&expected)))
            fail_msg("%s:\n%snot:\n%s", effects[i].fault, changes, str_text(&expected));
    }
}

static void the_table_is_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < fault_kind_count; i++) {
        const struct fault_kind *kind = fault_kinds[i];
        assert_true(i == 0 || strcmp(fault_kinds[i - 1]->name, kind->name) < 0);
        assert_true(*kind->summary && *kind->symptom && *kind->tools && kind->layer >= 1 && kind->layer <= 7);
        assert_true(kind->family > FAMILY_NONE && kind->family < FAMILY_COUNT);
        assert_true(kind->target_count > 0 && (kind->things == 1 || kind->things == 2));
        for (size_t t = 0; t < kind->target_count; t++)
            assert_non_null(kind->targets[t].stage == FAULT_TOPOLOGY ? (void *)kind->rewrite_topology
                                                                     : (void *)kind->rewrite_plan);
        for (size_t p = 0; p < kind->parameter_count; p++)
            assert_true(*kind->parameters[p].key && *kind->parameters[p].doc);
        assert_ptr_equal(fault_kind_find(kind->name), kind);
    }
    assert_null(fault_kind_find("gremlins"));
    BENCH_AUTO bench = bench_of("home-lan.yaml");
    assert_string_equal(complaint(&bench, "los link/uplink loss=5%"),
                        "no kind of fault is called 'los' | did you mean 'loss'?");
    assert_string_equal(complaint(&bench, "loss link/uplink los=5%"),
                        "fault loss has no parameter 'los' | did you mean 'loss'?");
    assert_string_equal(complaint(&bench, "loss link/uplink loss=0%"), "'loss: 0%' is no fault");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_sits_at_the_far_end),
        cmocka_unit_test(loss_has_a_direction_and_adds_up),
        cmocka_unit_test(the_way_back_is_bent_into_a_firewall),
        cmocka_unit_test(the_way_back_is_bent_into_strict_filtering),
        cmocka_unit_test(a_detour_on_one_segment_keeps_silent),
        cmocka_unit_test(a_way_that_is_bent_already_is_only_blocked),
        cmocka_unit_test(a_way_that_is_none_is_refused),
        cmocka_unit_test(a_route_of_a_machine_is_missing),
        cmocka_unit_test(a_default_route_is_missing),
        cmocka_unit_test(a_connected_route_takes_along_what_goes_by_its_gateways),
        cmocka_unit_test(a_route_that_is_not_there_cannot_be_missing),
        cmocka_unit_test(a_route_of_a_table_is_missing),
        cmocka_unit_test(a_route_leads_to_an_instance),
        cmocka_unit_test(the_lists_of_an_implicit_table_are_its_own),
        cmocka_unit_test(a_nat_gateway_is_misplaced),
        cmocka_unit_test(a_rule_of_a_group_is_missing),
        cmocka_unit_test(exactly_one_rule_must_match),
        cmocka_unit_test(a_record_is_wrong),
        cmocka_unit_test(a_server_is_down),
        cmocka_unit_test(a_slow_server_is_slow_for_its_port_alone),
        cmocka_unit_test(what_a_wire_suffers_is_a_process_of_its_own),
        cmocka_unit_test(who_floods_has_addresses_of_nobody),
        cmocka_unit_test(the_internets_zones_break_as_well),
        cmocka_unit_test(set_replaces_a_lossy_line),
        cmocka_unit_test(force_is_looked_up_in_the_devices),
        cmocka_unit_test(force_of_a_change_is_what_was_changed),
        cmocka_unit_test(what_may_end_at_once_is_only_hoped_for),
        cmocka_unit_test(each_kind_changes_exactly_what_it_says),
        cmocka_unit_test(the_table_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
