/* The executor against a real keeper: this program starts one, is its director, runs the tests there, and prints what
 * they said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "kernel/dump.h"
#include "kernel/link.h"
#include "kernel/netlink.h"
#include "kernel/nft.h"
#include "kernel/route.h"
#include "kernel/sysctl.h"
#include "lab/files.h"
#include "lab/internal.h"
#include "lab/keeper.h"
#include "lab/lab.h"
#include "lab/start.h"
#include "plan/difference.h"
#include "plan/index.h"
#include "plan/plan.h"
#include "values.h"

#define FINISHED "executor tests finished: "

static struct lab *lab;
static struct plan *present; /* what the lab is */

/* ---- plans ---------------------------------------------------------------------------------------------------- */

static uint32_t add_namespace(struct plan *plan, const char *name, enum namespace_kind kind)
{
    *ARENA_PUSH(plan->arena, plan->namespaces, plan->namespace_count) =
        (struct plan_namespace){.name = arena_strdup(plan->arena, name), .kind = kind, .origin = name};
    return (uint32_t)plan->namespace_count - 1;
}

static struct plan_link *add_link(struct plan *plan, uint32_t ns, const char *name, uint32_t far, const char *port,
                                  const char *bridge, uint8_t n)
{
    struct plan_link *link = ARENA_PUSH(plan->arena, plan->links, plan->link_count);
    *link = (struct plan_link){.end = {{ns, name, NULL, {{2, 0, 0, 0, 0, n}}, false, NULL, 0},
                                       {far, port, bridge, {{2, 0, 0, 0, 1, n}}, false, NULL, 0}},
                               .origin = name};
    return link;
}

static void add_address(struct plan *plan, uint32_t ns, const char *interface, const char *text)
{
    *ARENA_PUSH(plan->arena, plan->addresses, plan->address_count) =
        (struct plan_address){ns, interface, prefix(text), NULL};
}

static struct plan_route *add_route(struct plan *plan, uint32_t ns, const char *destination, const char *via,
                                    const char *interface)
{
    struct plan_route *route = ARENA_PUSH(plan->arena, plan->routes, plan->route_count);
    *route = (struct plan_route){.ns = ns, .destination = prefix(destination), .table = 254};
    struct plan_nexthop *hop = ARENA_PUSH(plan->arena, route->nexthops, route->nexthop_count);
    *hop = (struct plan_nexthop){via ? addr(via) : (struct addr){0}, interface, 0};
    return route;
}

static void add_connected(struct plan *plan, uint32_t ns, const char *network, const char *interface,
                          const char *source)
{
    struct plan_route *route = add_route(plan, ns, network, NULL, interface);
    route->connected = true;
    route->source = addr(source);
}

static void add_sysctl(struct plan *plan, uint32_t ns, const char *key, const char *value)
{
    *ARENA_PUSH(plan->arena, plan->sysctls, plan->sysctl_count) = (struct plan_sysctl){ns, key, value, NULL};
}

static void add_nft(struct plan *plan, uint32_t ns, const char *family, const char *table, const char *body)
{
    *ARENA_PUSH(plan->arena, plan->nfts, plan->nft_count) =
        (struct plan_nft){ns, family, table, body, false, NULL, NULL};
}

static void add_process(struct plan *plan, uint32_t ns, const char *name, const char *const *argv, uint16_t port)
{
    struct plan_process *process = ARENA_PUSH(plan->arena, plan->processes, plan->process_count);
    *process = (struct plan_process){
        .ns = ns, .name = name, .embedded = port != 0, .ready = port ? READY_TCP : READY_NONE, .ready_port = port};
    while (argv[process->argc])
        process->argc++;
    process->argv = arena_copy(plan->arena, argv, process->argc * sizeof *argv);
    if (port)
        process->configuration = arena_printf(plan->arena, "port %u\n", port);
}

static const char *const tcpd[] = {"tcpd", "-f", "@configuration@", NULL};

/* web and db on a bridge; web also at a cloud router, which routes to it and has its own resolver address. */
static struct plan *make_plan(void)
{
    struct plan *plan = plan_new("executor");
    *ARENA_PUSH(plan->arena, plan->bridges, plan->bridge_count) =
        (struct plan_bridge){.name = "lan", .origin = "bridge/lan"};
    ARENA_PUSH(plan->arena, plan->hosts_views, plan->hosts_view_count)->content = "127.0.0.1 localhost\n10.0.0.2 web\n";
    uint32_t router = add_namespace(plan, "vpc/main", NAMESPACE_CLOUD);
    uint32_t web = add_namespace(plan, "web", NAMESPACE_NODE), db = add_namespace(plan, "db", NAMESPACE_NODE);
    add_link(plan, web, "eth0", 0, "web-eth0", "lan", 1);
    add_link(plan, db, "eth0", 0, "db-eth0", "lan", 2);
    add_link(plan, web, "eth1", router, "web-eth1", NULL, 3);
    add_address(plan, web, "eth0", "10.0.0.2/24");
    add_address(plan, web, "eth1", "10.9.0.2/24");
    add_address(plan, db, "eth0", "10.0.0.3/24");
    add_address(plan, router, "lo", "10.9.0.1/32");
    add_connected(plan, web, "10.0.0.0/24", "eth0", "10.0.0.2");
    add_connected(plan, web, "10.9.0.0/24", "eth1", "10.9.0.2");
    add_connected(plan, db, "10.0.0.0/24", "eth0", "10.0.0.3");
    add_route(plan, router, "10.9.0.2/32", NULL, "web-eth1");
    add_route(plan, web, "10.8.0.0/16", "10.9.0.1", NULL);
    add_route(plan, db, "0.0.0.0/0", "10.0.0.2", NULL);
    *ARENA_PUSH(plan->arena, plan->neighbours, plan->neighbour_count) =
        (struct plan_neighbour){.ns = db, .interface = "eth0", .addr = addr("10.0.0.2"), .mac = {{2, 0, 0, 0, 0, 1}}};
    *ARENA_PUSH(plan->arena, plan->rules, plan->rule_count) =
        (struct plan_rule){.ns = web, .family = 4, .priority = 100, .from = prefix("10.0.0.0/30"), .table = 500};
    add_sysctl(plan, web, "net/ipv4/ip_forward", "1");
    add_sysctl(plan, router, "net/ipv4/conf/web-eth1/proxy_arp", "1");
    add_nft(plan, web, "inet", "guard",
            "chain in { type filter hook input priority 0; policy accept; tcp dport 23 drop; }");
    add_nft(plan, 0, "netdev", "wire",
            "chain w { type filter hook ingress device \"web-eth0\" priority 0; policy accept; udp dport 9 drop; }");
    *ARENA_PUSH(plan->arena, plan->files, plan->file_count) =
        (struct plan_file){web, "/etc/motd", "hello\n", 6, 0644, NULL};
    add_process(plan, web, "web/tcp", tcpd, 80);
    *ARENA_PUSH(plan->arena, plan->runs, plan->run_count) = (struct plan_run){web, "echo ran >>/root/ran", NULL};
    return plan;
}

static struct plan_route *route_of(struct plan *plan, const char *destination)
{
    struct prefix wanted = prefix(destination);
    for (size_t i = 0; i < plan->route_count; i++)
        if (prefix_equal(&plan->routes[i].destination, &wanted) && !plan->routes[i].connected)
            return &plan->routes[i];
    fail();
    return NULL;
}

/* ---- acting and looking ----------------------------------------------------------------------------------------- */

/* Every item of the plan is in the device. */
static void assert_stands(const struct plan *plan)
{
    for (int item = 0; item < ITEM_RUN; item++) {
        for (size_t i = 0; i < plan_item_count(plan, item); i++) {
            STR_AUTO text = STR_INIT;
            if (item == ITEM_HOSTS_VIEW || lab_item_state(lab, plan, item, i) == 1)
                continue;
            plan_item_describe(plan, item, i, &text);
            fail_msg("not there (%d): %s", lab_item_state(lab, plan, item, i), str_text(&text));
        }
    }
}

static size_t apply_options(struct plan *after, struct lab_apply_options options, struct str *notes)
{
    struct error err = ERROR_INIT;
    struct lab_outcome outcome = {.notes = notes};
    if (lab_apply(lab, present, after, &options, &outcome, &err) != 0)
        fail_msg("%s", err.text);
    plan_free(present);
    present = after;
    return outcome.executed;
}

static size_t apply(struct plan *after)
{
    size_t executed = apply_options(after, (struct lab_apply_options){0}, NULL);
    assert_stands(after);
    return executed;
}

static struct observation *look(const char *name)
{
    struct error err = ERROR_INIT;
    struct observation *o;
    if (lab_observe(lab, name, &o, &err) != 0)
        fail_msg("%s", err.text);
    return o;
}

static bool has_route(const char *name, const char *destination)
{
    struct observation *o = look(name);
    struct prefix wanted = prefix(destination);
    bool found = false;
    for (size_t i = 0; i < o->route_count; i++)
        found |= o->routes[i].table == 254 && prefix_equal(&o->routes[i].destination, &wanted);
    observation_free(o);
    return found;
}

/* A learner's own hand in a namespace. */
static void by_hand(const char *name, struct batch *batch)
{
    struct error err = ERROR_INIT;
    NETLINK_AUTO netlink = NETLINK_INIT;
    if (netlink_open(lab_netns(lab, name), &netlink, &err) != 0 || netlink_commit(&netlink, batch, &err) != 0)
        fail_msg("%s", err.text);
    if (batch->failure_count)
        fail_msg("by hand: %s %s", strerror(batch->failures[0].number), batch->failures[0].text);
}

static void route_by_hand(const char *name, enum verb verb, const char *destination, const char *via)
{
    BATCH_AUTO batch = BATCH_INIT;
    struct route_nexthop hop = {.via = via ? addr(via) : (struct addr){0}};
    struct route_spec spec = {.destination = prefix(destination),
                              .table = 254,
                              .type = verb == VERB_DELETE ? RTN_UNSPEC : RTN_UNICAST,
                              .nexthops = &hop,
                              .nexthop_count = via ? 1 : 0,
                              .any_protocol = true};
    route_put(&batch, 0, verb, &spec);
    by_hand(name, &batch);
}

static void read_file(const char *node, const char *path, struct str *out)
{
    struct error err = ERROR_INIT;
    str_clear(out);
    if (node_file_read(lab_node_root(lab, node), path, 100000, out, NULL, &err) != 0)
        fail_msg("%s", err.text);
}

/* ---- tests ------------------------------------------------------------------------------------------------------ */

static void built_as_planned(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    assert_stands(present);
    read_file("web", "/root/ran", &text);
    assert_string_equal(str_text(&text), "ran\n");
    read_file("db", "/etc/hosts", &text);
    assert_non_null(strstr(str_text(&text), "10.0.0.2 web"));
    struct observation *o = look("web");
    assert_int_equal(observed_link_by_name(o, "eth0")->index, 2);
    for (size_t i = 0; i < o->address_count; i++) /* IPv6 is off */
        assert_int_equal(o->addresses[i].address.addr.family, 4);
    observation_free(o);
    assert_int_equal(lab_netns(lab, "nowhere"), -1);
}

static void same_plan_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(apply(make_plan()), 0);
}

static void every_kind_of_change(void **state)
{
    (void)state;
    struct plan *after = make_plan();
    uint32_t web = plan_find_namespace(after, "web");
    route_of(after, "10.8.0.0/16")->nexthops[0].via = addr("10.0.0.3");
    after->sysctls[0].value = "0";
    after->nfts[0].body = "chain in { type filter hook input priority 0; policy accept; tcp dport 24 drop; }";
    after->files[0].content = "other\n";
    after->links[1].mtu = 1400;
    after->rules[0].table = 501;
    after->neighbours[0].mac.bytes[5] = 9;
    after->bridges[0].stp = true;
    after->hosts_views[0].content = "127.0.0.1 localhost\n10.0.0.9 web\n";
    add_address(after, web, "eth0", "10.0.7.2/24");
    add_connected(after, web, "10.0.7.0/24", "eth0", "10.0.7.2");
    add_sysctl(after, web, "net/ipv4/conf/eth0/rp_filter", "2");
    assert_int_equal(apply(after), 11);
    STR_AUTO text = STR_INIT;
    read_file("db", "/etc/hosts", &text);
    assert_non_null(strstr(str_text(&text), "10.0.0.9 web"));
    assert_int_equal(apply(make_plan()), 11);
    assert_int_equal(sysctl_read(lab_netns(lab, "web"), "net/ipv4/conf/eth0/rp_filter", &text, NULL), 0);
    assert_false(has_route("web", "10.0.7.0/24"));
}

static struct plan *with_ruleset(const char *body)
{
    struct plan *plan = make_plan();
    *ARENA_PUSH(plan->arena, plan->nfts, plan->nft_count) = (struct plan_nft){
        .ns = plan_find_namespace(plan, "web"), .family = "", .table = "ruleset", .body = body, .verbatim = true};
    return plan;
}

/* A ruleset of the author's makes tables of any name: those of the next need not be there, those of the last go. */
static void rulesets_follow_one_another(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    STR_AUTO tables = STR_INIT;
    struct lab_apply_options forward = {0};
    apply_options(with_ruleset("table inet first {}\n"), forward, NULL);
    apply_options(with_ruleset("table inet second {}\ntable ip third {}\n"), forward, NULL);
    assert_int_equal(nft_list_tables(lab_netns(lab, "web"), &tables, &err), 0);
    assert_null(strstr(str_text(&tables), "inet first"));
    assert_non_null(strstr(str_text(&tables), "inet second"));
    assert_int_equal(nft_load(lab_netns(lab, "web"), "by hand", "delete table ip third\n", &err), 0);
    apply_options(make_plan(), (struct lab_apply_options){.recovering = true}, NULL);
    str_clear(&tables);
    assert_int_equal(nft_list_tables(lab_netns(lab, "web"), &tables, &err), 0);
    assert_null(strstr(str_text(&tables), "inet second"));
    assert_null(strstr(str_text(&tables), "ip third"));
    assert_stands(present);
}

static void namespaces_come_and_go(void **state)
{
    (void)state;
    struct plan *after = make_plan();
    uint32_t more = add_namespace(after, "more", NAMESPACE_NODE),
             cloud = add_namespace(after, "vpc/other", NAMESPACE_CLOUD);
    add_link(after, more, "eth0", 0, "more-eth0", "lan", 7);
    add_link(after, more, "eth1", cloud, "more-eth1", NULL, 8);
    add_address(after, more, "eth0", "10.0.0.7/24");
    add_connected(after, more, "10.0.0.0/24", "eth0", "10.0.0.7");
    add_route(after, more, "0.0.0.0/0", "10.0.0.2", NULL);
    add_sysctl(after, cloud, "net/ipv4/ip_forward", "1");
    add_process(after, more, "more/tcp", tcpd, 81);
    apply(after);
    STR_AUTO text = STR_INIT;
    read_file("more", "/etc/hosts", &text);
    assert_non_null(strstr(str_text(&text), "10.0.0.2 web"));
    apply(make_plan());
    assert_int_equal(lab_netns(lab, "more"), -1);
    assert_int_equal(lab_netns(lab, "vpc/other"), -1);
    after = make_plan(); /* the same names once more, at once */
    more = add_namespace(after, "more", NAMESPACE_NODE);
    add_link(after, more, "eth0", 0, "more-eth0", "lan", 7);
    apply(after);
    apply(make_plan());
}

static void undo_keeps_what_was_changed_since(void **state)
{
    (void)state;
    struct plan *faulty = make_plan();
    STR_AUTO notes = STR_INIT;
    route_of(faulty, "10.8.0.0/16")->nexthops[0].via = addr("10.0.0.3");
    faulty->nfts[0].body = "chain in { type filter hook input priority 0; policy drop; }";
    apply(faulty);
    route_by_hand("web", VERB_REPLACE, "10.8.0.0/16",
                  "10.0.0.77"); /* not what was injected, not what was there before */
    apply_options(make_plan(), (struct lab_apply_options){.keep_changes = true}, &notes);
    assert_string_equal(str_text(&notes), "changed since, left as it is: ~ route 10.8.0.0/16 via 10.9.0.1 in web "
                                          "(was route 10.8.0.0/16 via 10.0.0.3)\n");
    struct observation *o = look("web");
    struct addr kept = addr("10.0.0.77");
    struct prefix wanted = prefix("10.8.0.0/16");
    for (size_t i = 0; i < o->route_count; i++)
        if (prefix_equal(&o->routes[i].destination, &wanted))
            assert_true(addr_equal(&o->routes[i].nexthops[0].via, &kept));
    observation_free(o);
    STR_AUTO table = STR_INIT;
    assert_int_equal(nft_list(lab_netns(lab, "web"), "inet", "guard", true, &table, NULL), 0);
    assert_non_null(strstr(str_text(&table), "policy accept"));
    route_by_hand("web", VERB_REPLACE, "10.8.0.0/16", "10.9.0.1");
    assert_stands(present);
}

static void repaired_by_hand_is_done(void **state)
{
    (void)state;
    struct plan *faulty = make_plan();
    STR_AUTO notes = STR_INIT;
    *route_of(faulty, "10.8.0.0/16") = faulty->routes[--faulty->route_count]; /* the last is db's default route */
    apply(faulty);
    assert_false(has_route("web", "10.8.0.0/16"));
    route_by_hand("web", VERB_ADD, "10.8.0.0/16", "10.9.0.1");
    assert_int_equal(apply_options(make_plan(), (struct lab_apply_options){.keep_changes = true}, &notes), 0);
    assert_string_equal(str_text(&notes), "");
    assert_stands(present);
}

static void connected_route_alone(void **state)
{
    (void)state;
    struct plan *faulty = make_plan();
    assert_true(faulty->routes[0].connected);
    size_t kept = 0;
    for (size_t i = 0; i < faulty->route_count; i++)
        if (i != 0)
            faulty->routes[kept++] = faulty->routes[i];
    faulty->route_count = kept;
    apply(faulty);
    assert_false(has_route("web", "10.0.0.0/24"));
    assert_int_equal(apply(make_plan()), 1);
    assert_true(has_route("web", "10.0.0.0/24"));
}

static void link_down_and_up_loses_nothing(void **state)
{
    (void)state;
    struct plan *faulty = make_plan();
    route_by_hand("web", VERB_ADD, "10.7.0.0/16", "10.9.0.1"); /* the learner's own */
    faulty->links[2].end[0].down = true;
    apply_options(faulty, (struct lab_apply_options){0}, NULL);
    assert_false(has_route("web", "10.7.0.0/16"));
    assert_false(has_route("web", "10.8.0.0/16"));
    apply(make_plan());
    assert_true(has_route("web", "10.7.0.0/16"));
    route_by_hand("web", VERB_DELETE, "10.7.0.0/16", NULL);
}

static void address_takes_others_along(void **state)
{
    (void)state;
    struct plan *faulty = make_plan();
    BATCH_AUTO batch = BATCH_INIT;
    struct prefix second = prefix("10.9.0.50/24");
    struct observation *o = look("web");
    address_put(&batch, 0, VERB_ADD, observed_link_by_name(o, "eth1")->index, &second);
    observation_free(o);
    by_hand("web", &batch);
    faulty->addresses[1].address = prefix("10.9.5.2/24");
    route_of(faulty, "10.8.0.0/16")->nexthops[0].via = addr("10.0.0.3");
    for (size_t i = 0; i < faulty->route_count; i++)
        if (faulty->routes[i].connected && faulty->routes[i].destination.addr.bytes[1] == 9) {
            faulty->routes[i].destination = prefix("10.9.5.0/24");
            faulty->routes[i].source = addr("10.9.5.2");
        }
    apply(faulty);
    o = look("web");
    bool kept = false;
    for (size_t i = 0; i < o->address_count; i++)
        kept |= prefix_equal(&o->addresses[i].address, &second);
    observation_free(o);
    assert_true(kept); /* it was a secondary of the one that went */
    apply(make_plan());
}

/* A director that is killed anywhere in a change: another one with the same plans finishes it. */
static void killed_in_the_middle(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 40; round++) {
        struct plan *after = make_plan();
        if (round % 2 == 0) {
            route_of(after, "10.8.0.0/16")->nexthops[0].via = addr("10.0.0.3");
            after->links[2].mtu = 1300;
            after->links[1].end[0].down = true;
            after->sysctls[0].value = "0";
            after->nfts[0].body = "chain in { }";
            after->rules[0].table = 502;
            add_address(after, plan_find_namespace(after, "web"), "eth0", "10.0.7.2/24");
            add_connected(after, plan_find_namespace(after, "web"), "10.0.7.0/24", "eth0", "10.0.7.2");
        }
        pid_t child = fork();
        if (child == 0) {
            struct error err = ERROR_INIT;
            _exit(lab_apply(lab, present, after, NULL, NULL, &err) == 0 ? 0 : 1);
        }
        /* A pidfd's end is waited for with a short deadline: not a pause, the moment of the kill. */
        struct timespec moment = {0, (long)(round * 100000)};
        sigset_t none;
        sigemptyset(&none);
        ppoll(NULL, 0, &moment, &none);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        bool even = round % 2 == 0;
        apply_options(after, (struct lab_apply_options){.recovering = true}, NULL);
        if (!even)
            assert_stands(present);
    }
    assert_stands(present);
    assert_true(has_route("db", "0.0.0.0/0")); /* lost when its link went down, back since */
}

struct seen_events {
    char rebuilt[64], problem[300];
    unsigned exits;
};

static void note_event(void *context, const struct lab_event *event)
{
    struct seen_events *seen = context;
    if (event->kind == LAB_EVENT_NODE_REBUILT) {
        snprintf(seen->rebuilt, sizeof seen->rebuilt, "%s", event->name);
        snprintf(seen->problem, sizeof seen->problem, "%s", event->problem ? event->problem : "");
    }
    seen->exits += event->kind == LAB_EVENT_PROCESS_EXITED;
}

static void await_events(struct seen_events *seen, bool (*enough)(const struct seen_events *))
{
    struct error err = ERROR_INIT;
    for (int64_t deadline = clock_boot() + 20 * NANOSECONDS_PER_SECOND; !enough(seen);) {
        struct pollfd fd = {.fd = lab_event_fd(lab), .events = POLLIN};
        if (clock_boot() > deadline)
            fail_msg("no such event");
        poll(&fd, 1, 100);
        if (lab_events(lab, note_event, seen, &err) != 0 ||
            (lab_deadline(lab) <= clock_boot() && lab_tick(lab, &err) != 0))
            fail_msg("%s", err.text);
    }
}

static bool rebuilt(const struct seen_events *seen)
{
    return seen->rebuilt[0];
}

static pid_t init_of(const char *node)
{
    return space_find(lab, node)->pid;
}

static void dead_node_is_rebuilt(void **state)
{
    (void)state;
    struct seen_events seen = {0};
    lab_events(lab, note_event, &seen, NULL);
    seen = (struct seen_events){0};
    pid_t before = init_of("web");
    assert_int_equal(kill(before, SIGKILL), 0);
    await_events(&seen, rebuilt);
    assert_string_equal(seen.rebuilt, "web");
    assert_string_equal(seen.problem, "");
    assert_int_not_equal(init_of("web"), before);
    assert_stands(present);
    STR_AUTO text = STR_INIT;
    read_file("web", "/root/ran", &text); /* a new life: once */
    assert_string_equal(str_text(&text), "ran\n");
}

static bool exited(const struct seen_events *seen)
{
    return seen->exits > 0;
}

static void services_that_end_are_restarted(void **state)
{
    (void)state;
    struct plan *after = make_plan();
    after->processes[0].restart = true;
    apply(after);
    struct seen_events seen = {0};
    lab_events(lab, note_event, &seen, NULL);
    seen = (struct seen_events){0};
    pid_t pid;
    assert_int_equal(lab_process_state(lab, "web/tcp", &pid, NULL), LAB_PROCESS_RUNNING);
    kill(pid, SIGKILL);
    await_events(&seen, exited);
    for (int64_t deadline = clock_boot() + 10 * NANOSECONDS_PER_SECOND;
         lab_process_state(lab, "web/tcp", NULL, NULL) != LAB_PROCESS_RUNNING;) {
        struct pollfd fd = {.fd = lab_event_fd(lab), .events = POLLIN};
        assert_true(clock_boot() < deadline);
        poll(&fd, 1, 20);
        lab_events(lab, note_event, &seen, NULL);
        if (lab_deadline(lab) <= clock_boot())
            lab_tick(lab, NULL);
    }
    apply(make_plan());
}

static bool exited_often(const struct seen_events *seen)
{
    return seen->exits > 2;
}

/* A program that is not to last: whether it was seen to run before it ended is a matter of microseconds. */
static void what_ends_at_once_may(void **state)
{
    (void)state;
    static const char *const crash[] = {"/bin/false", NULL};
    struct seen_events seen = {0};
    for (int round = 0; round < 8; round++) {
        struct plan *after = make_plan();
        add_process(after, plan_find_namespace(after, "db"), "db/crash", crash, 0);
        after->processes[1].restart = after->processes[1].ready_hoped = true;
        apply(after);
        if (round == 0)
            await_events(&seen, exited_often); /* and it is started again, over and over */
        apply(make_plan());
    }
}

static void what_fails_says_so(void **state)
{
    (void)state;
    static const char *const silent[] = {"/bin/sh", "-c", "echo I listen to nobody; exec sleep 100", NULL};
    static const char *const absent[] = {"/usr/bin/nosuch", NULL};
    struct error err = ERROR_INIT;
    struct plan *after = make_plan();
    uint32_t web = plan_find_namespace(after, "web");
    add_process(after, web, "web/absent", absent, 0);
    assert_int_equal(lab_apply(lab, present, after, NULL, NULL, &err), -1);
    assert_true(str_starts(
        err.text, "service web/absent could not be started: execute /usr/bin/nosuch: No such file or directory"));
    error_clear(&err);
    struct lab_apply_options back = {.recovering = true};
    assert_int_equal(lab_apply(lab, after, present, &back, NULL, &err), 0);
    plan_free(after);
    after = make_plan();
    add_process(after, web, "web/silent", silent, 0);
    after->processes[1].ready = READY_TCP;
    after->processes[1].ready_port = 99;
    assert_int_equal(lab_apply(lab, present, after, NULL, NULL, &err), -1);
    assert_string_equal(
        err.text, "service web/silent does not answer on tcp/99 after 5 s; the end of its log:\nI listen to nobody");
    error_clear(&err);
    assert_int_equal(lab_apply(lab, after, present, &back, NULL, &err), 0);
    plan_free(after);
    after = make_plan();
    *ARENA_PUSH(after->arena, after->runs, after->run_count) = (struct plan_run){web, "echo no way; exit 3", NULL};
    assert_int_equal(lab_apply(lab, present, after, NULL, NULL, &err), -1);
    assert_string_equal(err.text, "run 'echo no way; exit 3' in web: exit status 3\nno way");
    error_clear(&err);
    assert_int_equal(lab_apply(lab, after, present, &back, NULL, &err), 0);
    plan_free(after);
    after = make_plan();
    add_route(after, web, "10.3.0.0/16", "172.16.0.1", NULL);
    assert_int_equal(lab_apply(lab, present, after, NULL, NULL, &err), -1);
    assert_string_equal(
        err.text, "add route 10.3.0.0/16 via 172.16.0.1 in web: Network is unreachable (Nexthop has invalid gateway)");
    error_clear(&err);
    assert_int_equal(lab_apply(lab, after, present, &back, NULL, &err), 0);
    plan_free(after);
    assert_stands(present);
}

/* Links that a learner plants lead nowhere but into the node. */
static void files_stay_in_the_node(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    STR_AUTO text = STR_INIT;
    int root = lab_node_root(lab, "web");
    assert_int_equal(symlinkat("/../../../../../../etc", root, "root/trap"), 0);
    assert_int_equal(node_file_write(root, "/root/trap/planted", "x", 1, 0600, &err), 0);
    read_file("web", "/etc/planted", &text);
    assert_string_equal(str_text(&text), "x");
    assert_int_equal(access("/etc/planted", F_OK), -1);
    assert_int_equal(node_file_write(root, "/a/b/c/d", "deep", 4, 0644, &err), 0);
    read_file("web", "/a/b/c/d", &text);
    assert_string_equal(str_text(&text), "deep");
    assert_int_equal(node_file_remove(root, "/a/b/c/d", &err), 0);
    assert_int_equal(node_file_remove(root, "/a/b/c/d", &err), 0);
    assert_int_equal(node_file_read(root, "/a/b/c/d", 10, &text, NULL, &err), -1);
    assert_int_equal(err.number, ENOENT);
}

static size_t entries(int root, const char *path)
{
    size_t count = 0;
    int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* Dies in the middle of writing: of a file that is longer than it may write (SIGXFSZ). */
static void write_and_die(int root, const char *path)
{
    static const char content[4096];
    int status;
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){1000, 1000});
        node_file_write(root, path, content, sizeof content, 0644, NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

/* The director may die while it writes; nobody may see by what is left that it did. */
static void half_a_file_is_cleared_away(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    STR_AUTO text = STR_INIT;
    const char *path = present->files[0].path;
    int root = lab_node_root(lab, "web");
    size_t before = entries(root, "etc");
    write_and_die(root, path);
    assert_int_equal(entries(root, "etc"), before + 1);
    assert_int_equal(node_file_write(root, path, "other\n", 6, 0644, &err), 0);
    assert_int_equal(entries(root, "etc"), before);
    write_and_die(root, path);
    struct plan *after = make_plan();
    after->files[0].content = "other\n"; /* is there already */
    apply_options(after, (struct lab_apply_options){.recovering = true}, NULL);
    assert_int_equal(entries(root, "etc"), before);
    apply(make_plan());
    read_file("web", path, &text);
    assert_string_equal(str_text(&text), "hello\n");
}

/* ---- the two roles ------------------------------------------------------------------------------------------------
 */

static int build(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    int states = open(KEEPER_STATE, O_PATH | O_DIRECTORY | O_CLOEXEC),
        logs = open(KEEPER_LOGS, O_PATH | O_DIRECTORY | O_CLOEXEC);
    present = make_plan();
    if (lab_open(KEEPER_SOCKET, states, logs, &lab, &err) == 0 && lab_build(lab, present, NULL, NULL, &err) == 0)
        return 0;
    print_error("%s\n", err.text);
    return -1;
}

static _Noreturn void director(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_as_planned),
        cmocka_unit_test(same_plan_changes_nothing),
        cmocka_unit_test(every_kind_of_change),
        cmocka_unit_test(rulesets_follow_one_another),
        cmocka_unit_test(namespaces_come_and_go),
        cmocka_unit_test(undo_keeps_what_was_changed_since),
        cmocka_unit_test(repaired_by_hand_is_done),
        cmocka_unit_test(connected_route_alone),
        cmocka_unit_test(link_down_and_up_loses_nothing),
        cmocka_unit_test(address_takes_others_along),
        cmocka_unit_test(killed_in_the_middle),
        cmocka_unit_test(dead_node_is_rebuilt),
        cmocka_unit_test(services_that_end_are_restarted),
        cmocka_unit_test(what_ends_at_once_may),
        cmocka_unit_test(what_fails_says_so),
        cmocka_unit_test(files_stay_in_the_node),
        cmocka_unit_test(half_a_file_is_cleared_away),
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stderr, NULL, _IOLBF, 0);
    int failed = cmocka_run_group_tests(tests, build, NULL);
    fflush(stdout);
    fflush(stderr);
    printf("\n" FINISHED "%d\n", failed);
    fflush(stdout);
    for (;;)
        pause();
}

/* The directory of the built programs, two above this one. */
static char *build_directory(void)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length < 0 ? 0 : length] = '\0';
    for (int i = 0; i < 3; i++) {
        char *slash = strrchr(path, '/');
        if (slash)
            *slash = '\0';
    }
    return strdup(path);
}

int main(int argc, char **argv)
{
    static const char *const embedded[] = {"httpd", "tcpd", "echod"};
    (void)argc;
    if (strcmp(argv[0], "director") == 0)
        director();
    char name[64], *libexec = build_directory();
    struct error err = ERROR_INIT;
    struct keeper_start *start;
    STR_AUTO log = STR_INIT;
    int failed = 1;
    snprintf(name, sizeof name, "executor-%d", (int)getpid());
    struct keeper_options options = {.lab = name, .embedded = embedded, .embedded_count = 3, .libexec = libexec};
    if (keeper_start(&options, &start, &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (int64_t deadline = clock_boot() + 200 * NANOSECONDS_PER_SECOND; clock_boot() < deadline;) {
        str_clear(&log);
        keeper_start_log(start, &log, 1 << 20);
        const char *found = strstr(str_text(&log), FINISHED);
        if (found && strchr(found, '\n')) {
            failed = atoi(found + strlen(FINISHED));
            break;
        }
        poll(NULL, 0, 20);
    }
    printf("%s", str_text(&log));
    keeper_finish(start);
    free(libexec);
    return failed != 0;
}
