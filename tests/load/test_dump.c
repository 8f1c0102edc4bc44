/* dump writes what load reads: load(dump(t)) equals t and dumps to the same bytes, for random topologies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "load/load.h"
#include "model/topology.h"
#include "load/generate.h"

/* Loads a text that must be free of errors. */
static struct topology *load(const char *what, uint64_t seed, const struct str *text)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO seen = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, arena);
    if (load_topology_text(what, str_text(text), text->length, sources, &findings, &topology) != 0) {
        findings_print(&findings, sources, false, &seen);
        fail_msg("seed %llu:\n%s", (unsigned long long)seed, str_text(&seen));
    }
    return topology;
}

static void same_interface(const struct interface *a, const struct interface *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->attachment, b->attachment);
    assert_int_equal(a->address_count, b->address_count);
    for (size_t i = 0; i < a->address_count; i++)
        assert_true(prefix_equal(&a->addresses[i], &b->addresses[i]));
    assert_true(addr_equal(&a->gateway, &b->gateway));
    assert_true(addr_equal(&a->public_ip, &b->public_ip));
    assert_int_equal(a->source_dest_check, b->source_dest_check);
    assert_memory_equal(&a->mac, &b->mac, sizeof a->mac);
    assert_int_equal(a->security_group_count, b->security_group_count);
    for (size_t i = 0; i < a->security_group_count; i++)
        assert_string_equal(a->security_groups[i]->name, b->security_groups[i]->name);
}

static void same_rules(const struct security_rule *a, const struct security_rule *b)
{
    assert_int_equal(a->protocol, b->protocol);
    assert_int_equal(a->port_count, b->port_count);
    assert_memory_equal(&a->icmp, &b->icmp, sizeof a->icmp);
    assert_int_equal(a->peer_count, b->peer_count);
    for (size_t i = 0; i < a->peer_count; i++) {
        assert_int_equal(a->peers[i].kind, b->peers[i].kind);
        assert_true(prefix_equal(&a->peers[i].prefix, &b->peers[i].prefix));
        assert_int_equal(a->peers[i].list != NULL, b->peers[i].list != NULL);
    }
}

static void same_vpc(const struct vpc *a, const struct vpc *b)
{
    assert_int_equal(a->flow_logs, b->flow_logs);
    assert_int_equal(vpc_network_count(a), vpc_network_count(b));
    for (size_t i = 0; i < vpc_network_count(a); i++) {
        struct prefix x = vpc_network(a, i), y = vpc_network(b, i);
        assert_true(prefix_equal(&x, &y));
    }
    for (size_t i = 0; i < a->subnet_count; i++)
        assert_true(prefix_equal(&a->subnets[i]->ipv6_cidr, &b->subnets[i]->ipv6_cidr));
    for (size_t i = 0; i < a->subnet_count; i++)
        assert_string_equal(a->subnets[i]->network_acl->name, b->subnets[i]->network_acl->name);
    assert_int_equal(a->network_acl_count, b->network_acl_count);
    for (size_t i = 0; i < a->network_acl_count; i++) {
        const struct network_acl *x = vpc_network_acl(a, a->network_acls[i]->name), *y = vpc_network_acl(b, x->name);
        assert_int_equal(x->ingress_declared, y->ingress_declared);
        assert_int_equal(x->egress_declared, y->egress_declared);
        assert_int_equal(x->ingress_count, y->ingress_count);
        for (size_t k = 0; k < x->ingress_count; k++) {
            assert_int_equal(x->ingress[k].number, y->ingress[k].number);
            assert_int_equal(x->ingress[k].action, y->ingress[k].action);
            same_rules(&x->ingress[k].match, &y->ingress[k].match);
            if (k > 0)
                assert_true(x->ingress[k - 1].number < x->ingress[k].number);
        }
    }
    for (size_t i = 0; i < a->security_group_count; i++) {
        const struct security_group *x = a->security_groups[i], *y = vpc_security_group(b, x->name);
        assert_int_equal(x->ingress_count, y->ingress_count);
        for (size_t k = 0; k < x->ingress_count; k++)
            same_rules(&x->ingress[k], &y->ingress[k]);
    }
    for (size_t i = 0; i < a->route_table_count; i++)
        assert_int_equal(a->route_tables[i]->route_count, b->route_tables[i]->route_count);
}

/* What is derived must be the same as well; what is declared is compared by the bytes of the dumps. */
static void same_policy_rules(const struct policy_rule *a, const struct policy_rule *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(a[i].protocol, b[i].protocol);
        assert_int_equal(a[i].port_count, b[i].port_count);
        assert_int_equal(a[i].peer_count, b[i].peer_count);
        for (size_t k = 0; k < a[i].peer_count; k++) {
            assert_int_equal(a[i].peers[k].kind, b[i].peers[k].kind);
            assert_int_equal(a[i].peers[k].label_count, b[i].peers[k].label_count);
            assert_int_equal(a[i].peers[k].family, b[i].peers[k].family);
            assert_true(prefix_equal(&a[i].peers[k].prefix, &b[i].peers[k].prefix));
        }
    }
}

static void same_policy(const struct policy *a, const struct policy *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->select_count, b->select_count);
    for (size_t i = 0; i < a->select_count; i++)
        assert_string_equal(a->select[i].value, b->select[i].value);
    assert_int_equal(a->ingress_declared, b->ingress_declared);
    assert_int_equal(a->egress_declared, b->egress_declared);
    assert_int_equal(a->ingress_count, b->ingress_count);
    assert_int_equal(a->egress_count, b->egress_count);
    same_policy_rules(a->ingress, b->ingress, a->ingress_count);
    same_policy_rules(a->egress, b->egress, a->egress_count);
}

static void same_network(const struct network *a, const struct network *b)
{
    assert_string_equal(a->name, b->name);
    assert_true(prefix_equal(&a->cidr, &b->cidr));
    assert_int_equal(a->internal, b->internal);
    assert_int_equal(a->bridge->mtu, b->bridge->mtu);
    assert_non_null(a->host);
    assert_string_equal(a->host->name, b->host->name);
    assert_string_equal(a->gateway->name, b->gateway->name);
    assert_int_equal(a->host->published_count, b->host->published_count);
}

static void same_topology(const struct topology *a, const struct topology *b)
{
    assert_int_equal(a->node_count, b->node_count);
    assert_int_equal(a->link_count, b->link_count);
    assert_int_equal(a->check_count, b->check_count);
    for (size_t i = 0; i < a->vpc_count; i++)
        same_vpc(a->vpcs[i], b->vpcs[i]);
    assert_int_equal(a->policy_count, b->policy_count);
    for (size_t i = 0; i < a->policy_count; i++)
        same_policy(a->policies[i], b->policies[i]);
    assert_int_equal(a->network_count, b->network_count);
    for (size_t i = 0; i < a->network_count; i++)
        same_network(a->networks[i], b->networks[i]);
    for (size_t i = 0; i < a->link_count; i++)
        assert_string_equal(a->links[i]->name, b->links[i]->name);
    for (size_t i = 0; i < a->node_count; i++) {
        const struct node *x = a->nodes[i], *y = b->nodes[i];
        assert_int_equal(x->interface_count, y->interface_count);
        for (size_t k = 0; k < x->interface_count; k++)
            same_interface(x->interfaces[k], y->interfaces[k]);
        assert_int_equal(x->file_count, y->file_count);
        for (size_t k = 0; k < x->file_count; k++) {
            assert_int_equal(x->files[k].length, y->files[k].length);
            assert_memory_equal(x->files[k].content, y->files[k].content, x->files[k].length);
        }
    }
}

static void dump_and_load_are_inverse(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        STR_AUTO text = STR_INIT;
        STR_AUTO first = STR_INIT;
        STR_AUTO second = STR_INIT;
        generate_topology(seed, &text);
        struct topology *a = load("generated", seed, &text);
        dump_topology(a, &first);
        struct topology *b = load("dumped", seed, &first);
        dump_topology(b, &second);
        if (!str_equal(str_text(&first), str_text(&second)))
            fail_msg("seed %llu:\n%s\nis dumped as:\n%s", (unsigned long long)seed, str_text(&first),
                     str_text(&second));
        same_topology(a, b);
        topology_free(a);
        topology_free(b);
    }
}

/* One text of each awkward kind keeps its value. */
static void a_dump_keeps_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a\nb\n", "a\n",          "a\n\n", "\n",      " a\nb", "\ta\nb",           "a\r\n", "no", "5", "", "a\tb",
        "x: y",   "\xe2\x80\xa8", "\x1b",  "a\n b\n", "a \nb", "\xf0\x9f\x98\x80", "- a",   "?"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        ARENA_AUTO arena = arena_new();
        STR_AUTO out = STR_INIT;
        struct node_file file = {.path = "/f", .content = texts[i], .length = strlen(texts[i]), .mode = 0644};
        struct node node = {.name = "n", .files = &file, .file_count = 1};
        struct node *nodes[] = {&node};
        struct topology topology = {.name = "l", .nodes = nodes, .node_count = 1};
        dump_topology(&topology, &out);
        struct topology *back = load("text", i, &out);
        assert_int_equal(back->nodes[0]->files[0].length, strlen(texts[i]));
        assert_string_equal(back->nodes[0]->files[0].content, texts[i]);
        topology_free(back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dump_and_load_are_inverse),
        cmocka_unit_test(a_dump_keeps_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
