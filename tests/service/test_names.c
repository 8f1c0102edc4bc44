/* The internet's names as servers have them: which there are, and what their zones hold. */
#include "../lower/lowered.h"
#include "model/public_names.h"
#include "service/service.h"

/* Lowered with its services; where `out` is given, the program's needs as well. */
static struct plan *served(const char *text, bool *uses)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct topology *topology = NULL;
    struct plan *plan = NULL;
    struct error err = ERROR_INIT;
    findings_init(&findings, arena);
    load_topology_text("test.yaml", text, strlen(text), sources_new(arena), &findings, &topology);
    assert_non_null(topology);
    assert_int_equal(findings.errors, 0);
    *uses = topology_uses_names(topology);
    assert_int_equal(lower_topology(topology, &plan, &err), 0);
    assert_int_equal(service_lower(topology, plan, &err), 0);
    topology_free(topology);
    return plan;
}

static const char *file(const struct plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->file_count; i++)
        if (str_equal(plan->files[i].path, path))
            return plan->files[i].content;
    return NULL;
}

static void has_lines(const struct plan *plan, const char *path, const char *const *lines)
{
    const char *text = file(plan, path);
    if (!text)
        fail_msg("no file %s", path);
    for (; *lines; lines++)
        if (!strstr(text, *lines))
            fail_msg("%s has no '%s':\n%s", path, *lines, text);
}

static const char full[] = "lab: t\n"
                           "internet:\n"
                           "  negative_ttl: 10\n"
                           "  zones:\n"
                           "    shop.test:\n"
                           "      \"@\": { mx: 10 mail, txt: 'say \"a\" \\ b' }\n"
                           "      www: web\n"
                           "      \"od d;\": 203.0.113.7\n"
                           "      mail: 203.0.113.25\n"
                           "      alias: { cname: www }\n"
                           "      dev: { ns: ns1.dev.shop.test }\n"
                           "      ns1.dev: ns\n"
                           "    east.shop.test: { a: 203.0.113.9 }\n"
                           "    113.0.203.in-addr.arpa: { \"25\": { ptr: post.shop.test } }\n"
                           "    away.example: { \"@\": { ns: ns }, ns: ns }\n"
                           "    kept.example: { \"@\": { ns: own }, own: 192.0.2.7 }\n"
                           "nodes:\n"
                           "  web: { internet: 203.0.113.10 }\n"
                           "  ns: { internet: 203.0.113.61, services: { dns: { zones: { away.example: {}, "
                           "dev.shop.test: {} }, recursion: false } } }\n";

static void parents_refer_to_their_children(void **state)
{
    (void)state;
    bool uses;
    PLAN_AUTO plan = served(full, &uses);
    assert_true(uses);
    has_lines(plan, "/run/internet/root/root.zone",
              (const char *const[]){".\tSOA a.root-servers.net. hostmaster. 1 3600 600 604800 10\n",
                                    "test.\tNS a.gtld-servers.net.\n", "example.\tNS a.gtld-servers.net.\n",
                                    "a.root-servers.net.\tA 198.41.0.4\n", NULL});
    has_lines(plan, "/run/internet/top-level/test.zone",
              (const char *const[]){"shop.test.\tNS ns1.shop.test.\n", "ns1.shop.test.\tA 205.251.192.", NULL});
    has_lines(plan, "/run/internet/top-level/example.zone",
              (const char *const[]){"away.example.\tNS ns.away.example.\n", "ns.away.example.\tA 203.0.113.61\n",
                                    "kept.example.\tNS own.kept.example.\n", "own.kept.example.\tA 192.0.2.7\n", NULL});
    has_lines(plan, "/run/internet/zones/shop.test.zone",
              (const char *const[]){"$TTL 60\n", "shop.test.\tMX 10 mail.shop.test.\n",
                                    "TXT \"say \\\"a\\\" \\\\ b\"\n", "www.shop.test.\tA 203.0.113.10\n",
                                    "od\\ d\\;.shop.test.\tA 203.0.113.7\n", "alias.shop.test.\tCNAME www.shop.test.\n",
                                    "dev.shop.test.\tNS ns1.dev.shop.test.\n", "ns1.dev.shop.test.\tA 203.0.113.61\n",
                                    "east.shop.test.\tNS ns1.east.shop.test.\n", NULL});
    assert_non_null(file(plan, "/run/internet/zones-2/east.shop.test.zone")); /* another server's than its parent */
    assert_null(file(plan, "/run/internet/zones/away.example.zone"));         /* the node's alone */
    has_lines(plan, "/run/internet/zones/nsd.conf", (const char *const[]){"ip-address: 192.0.2.7\n", NULL});
    has_lines(
        plan, "/etc/nsd/dns.away.example.zone", /* parent and child agree */
        (const char *const[]){"away.example.\tNS ns.away.example.\n", "ns.away.example.\tA 203.0.113.61\n", NULL});
}

static void addresses_have_their_names(void **state)
{
    (void)state;
    bool uses;
    PLAN_AUTO plan = served(full, &uses);
    const char *zone = file(plan, "/run/internet/zones/113.0.203.in-addr.arpa.zone");
    assert_non_null(zone);
    assert_non_null(strstr(zone, "10.113.0.203.in-addr.arpa.\tPTR www.shop.test.\n"));
    assert_non_null(strstr(zone, "25.113.0.203.in-addr.arpa.\tPTR post.shop.test.\n")); /* the author's own */
    assert_null(strstr(zone, "mail.shop.test"));
}

static void nothing_is_there_that_nobody_uses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool uses;
    } cases[] = {
        {"lab: t\nnodes: { a: { internet: true } }\n", false},
        {"lab: t\nvpcs: { v: { cidr: 10.0.0.0/16, internet_gateway: true, subnets: { s: { cidr: 10.0.0.0/24 } } } }\n"
         "nodes: { a: { subnet: v/s, public_ip: true } }\n",
         false},
        {"lab: t\ninternet: { ttl: 5 }\n", false},
        {"lab: t\ninternet: { zones: {} }\n", true},
        {"lab: t\nnodes: { a: { internet: true, resolver: { servers: [203.0.113.53] } } }\n", true},
        {"lab: t\nnodes: { a: { internet: true, resolver: { servers: [203.0.113.54] } } }\n", false},
        {"lab: t\nnodes: { a: { internet: true, services: { dns: { forward: [203.0.113.53] } } } }\n", true},
        {"lab: t\nnodes: { a: { internet: true } }\n"
         "checks: [ { from: a, dns: { name: a.test, server: 203.0.113.53 } } ]\n",
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool uses;
        PLAN_AUTO plan = served(cases[i].text, &uses);
        if (uses != cases[i].uses)
            fail_msg("case %zu", i);
        assert_int_equal(plan_find_namespace(plan, "internet/names") != UINT32_MAX, cases[i].uses);
        assert_int_equal(file(plan, "/run/internet/root/nsd.conf") != NULL, cases[i].uses);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parents_refer_to_their_children),
        cmocka_unit_test(addresses_have_their_names),
        cmocka_unit_test(nothing_is_there_that_nobody_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
