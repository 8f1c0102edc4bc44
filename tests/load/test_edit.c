/* Changing a document by path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "load/edit.h"
#include "load/load.h"

static const char text[] =
    "lab: shop\n"
    "vpcs:\n"
    "  main:\n"
    "    cidr: 10.0.0.0/16\n"
    "    network_acls: { data: { ingress: [ { rule: 100, action: allow, from: any4 } ] } }\n"
    "    nat_gateways: { nat: { subnet: private } }\n"
    "    route_tables:\n"
    "      private: [ { destination: 0.0.0.0/0, target: nat_gateway/nat } ]\n"
    "    security_groups: { web: { ingress: [ { protocol: tcp, ports: 80, from: any4 }, { protocol: all, from: any } ] "
    "} }\n"
    "links: { uplink: { loss: 1% } }\n"
    "nodes:\n"
    "  db: &db { subnet: main/private, address: 10.0.2.10 }\n"
    "  twin: *db\n"
    "  router: { interfaces: { lan0: { bridge: lan }, wan0: { link: uplink } }, services: { http: { port: 80 } } }\n"
    "  far: { interfaces: { a: { bridge: lan }, b: { link: backbone } } }\n"
    "  near: { link: backbone }\n";

/* The document after one change, as text; or the error. */
static const char *changed(struct arena *arena, const char *path, const char *yaml)
{
    struct findings findings;
    struct error err = ERROR_INIT;
    STR_AUTO out = STR_INIT;
    findings_init(&findings, arena);
    struct document *document = document_parse(arena, sources_new(arena), "t", text, strlen(text), &findings);
    assert_int_equal(findings.count, 0);
    int result = yaml != NULL ? edit_set(document, path, yaml, &err) : edit_unset(document, path, &err);
    if (result != 0)
        return arena_printf(arena, "%s: %s", error_kind_name(err.kind), err.text);
    edit_write(document, &out);
    return arena_strdup(arena, str_text(&out));
}

/* One change turns a piece of the canonical text into another. */
static void expect(const char *path, const char *yaml, const char *before, const char *after)
{
    ARENA_AUTO arena = arena_new();
    const char *old = changed(arena, "title", "x"), *new = changed(arena, path, yaml);
    const char *at = strstr(old, before);
    assert_non_null(at);
    char *wanted = arena_printf(arena, "%.*s%s%s", (int)(at - old), old, after, at + strlen(before));
    *strstr(wanted, "title: x\n") = '\0'; /* what the comparison text has at its end */
    if (!str_equal(new, wanted))
        fail_msg("%s = %s gives\n%s\nnot\n%s", path, yaml != NULL ? yaml : "(unset)", new, wanted);
}

static void keys_are_set(void **state)
{
    (void)state;
    expect("vpc/main/nat_gateway/nat/subnet", "public", "subnet: private\n", "subnet: public\n");
    expect("link/uplink/loss", "5%", "loss: 1%", "loss: 5%");
    expect("link/backbone/loss", "5%", "    loss: 1%\n", "    loss: 1%\n  backbone:\n    loss: 5%\n"); /* unlisted */
    expect("node/router/wan0/link", "other", "link: uplink", "link: other");
    expect("node/router/service/http/port", "8080", "port: 80\n", "port: 8080\n");
    expect("router/service/http/port", "8080", "port: 80\n", "port: 8080\n");
    expect("vpc/main/network_acl/data/ingress/0/action", "deny", "action: allow\n", "action: deny\n");
    expect("vpc/main/network_acl/data/egress", "[]", "action: allow\n            from: any4\n",
           "action: allow\n            from: any4\n        egress: []\n");
    expect("vpc/main/route_table/private", "[]",
           "private:\n        - destination: 0.0.0.0/0\n          target: nat_gateway/nat\n", "private: []\n");
    expect("vpc/main/security_group/web/ingress/0/ports", "[80, 443]", "ports: 80\n", "ports: [80, 443]\n");
    expect("vpc/main/security_group/web/ingress/1", "{ protocol: udp, from: any6 }",
           "- protocol: all\n            from: any\n", "- protocol: udp\n            from: any6\n");
    expect("vpc/main/security_group/web/ingress/2", "{ protocol: udp, from: any6 }", "from: any\n",
           "from: any\n          - protocol: udp\n            from: any6\n");
    expect("vpc/main/dns/zone", "shop.test", "            from: any\n",
           "            from: any\n    dns:\n      zone: shop.test\n");
    expect("vpc/main/subnet/new", "{ cidr: 10.0.9.0/24 }", "            from: any\n",
           "            from: any\n    subnets:\n      new:\n        cidr: 10.0.9.0/24\n");
}

/* The anchor's other place keeps what it has. */
static void shared_values_change_in_one_place(void **state)
{
    (void)state;
    expect("node/db/eth0/address", "10.0.2.99", "address: 10.0.2.10\n  twin", "address: 10.0.2.99\n  twin");
    expect("node/twin/address", "10.0.2.99", "address: 10.0.2.10\n  router", "address: 10.0.2.99\n  router");
    expect("node/db/gateway", "10.0.2.1", "address: 10.0.2.10\n  twin",
           "address: 10.0.2.10\n    gateway: 10.0.2.1\n  twin");
}

static void keys_are_taken_away(void **state)
{
    (void)state;
    expect("link/uplink/loss", NULL, "uplink:\n    loss: 1%\n", "uplink: {}\n");
    expect("vpc/main/security_group/web/ingress/0", NULL,
           "- protocol: tcp\n            ports: 80\n            from: any4\n          ", "");
    expect("node/twin", NULL, "  twin:\n    subnet: main/private\n    address: 10.0.2.10\n", "");
}

static void mistakes_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *path, *yaml, *message;
    } cases[] = {
        {"node/dbb/address", "10.0.0.1", "absent: node/dbb/address: no node 'dbb'; did you mean 'db'?"},
        {"vpc/main/nat_gateway/na/subnet", "x",
         "absent: vpc/main/nat_gateway/na/subnet: no nat_gateway 'na'; did you mean 'nat'?"},
        {"link/backbon/loss", "5%", "absent: link/backbon/loss: no link 'backbon'"},
        {"link/uplink/delay", NULL, "absent: link/uplink/delay: no key 'delay'"},
        {"vpc/main/security_group/web/ingress/7", "{}",
         "absent: vpc/main/security_group/web/ingress/7: '7' is no element of a list of 2"},
        {"vpc/main/security_group/web/ingress/x", "{}",
         "absent: vpc/main/security_group/web/ingress/x: 'x' is no element of a list of 2"},
        {"lab/name", "x", "absent: lab/name: nothing stands below 'shop'"},
        {"", "x", "usage: '' is no path such as vpc/main/nat_gateway/nat/subnet"},
        {"node//x", "x", "usage: 'node//x' is no path such as vpc/main/nat_gateway/nat/subnet"},
        {"node/db/", "x", "usage: 'node/db/' is no path such as vpc/main/nat_gateway/nat/subnet"},
        {"title", "[a", "file: VALUE:2:1: while parsing a flow sequence: did not find expected ',' or ']' [syntax]"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ARENA_AUTO arena = arena_new();
        assert_string_equal(changed(arena, cases[i].path, cases[i].yaml), cases[i].message);
    }
}

/* A dump can be changed and loaded again. */
static void a_dump_is_edited(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct error err = ERROR_INIT;
    STR_AUTO out = STR_INIT;
    struct topology *topology = NULL;
    const char *yaml = "lab: l\nbridges: { lan: {} }\nnodes: { a: { bridge: lan, address: 10.0.0.1/24 } }\n";
    findings_init(&findings, arena);
    struct sources *sources = sources_new(arena);
    struct document *document = document_parse(arena, sources, "t", yaml, strlen(yaml), &findings);
    assert_int_equal(edit_set(document, "node/a/files//etc/motd", "{ content: \"x: y\" }", &err), 0);
    assert_int_equal(edit_set(document, "node/a/sysctls/net.ipv4.ip_forward", "1", &err), 0);
    edit_write(document, &out);
    assert_int_equal(load_topology_text("edited", str_text(&out), out.length, sources, &findings, &topology), 0);
    topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_set),        cmocka_unit_test(shared_values_change_in_one_place),
        cmocka_unit_test(keys_are_taken_away), cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(a_dump_is_edited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
