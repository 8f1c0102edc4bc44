/* DNS: how a node's resolv.conf is followed, against dnsmasq in namespaces of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/stat.h>

#include "lan.h"
#include "probe/resolv.h"
#include "sandbox.h"

/* ---- resolv.conf, pure --------------------------------------------------------------------------------------------
 */

static void resolv_conf_is_read_as_the_library_does(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct resolv resolv;
    char text[ADDR_TEXT_MAX];
    resolv_parse("# comment\n; another\nnameserver 10.0.0.1\nnameserver nonsense\n\tnameserver 10.9.9.9\n"
                 "nameserver\t2001:db8::1 # trailing\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n"
                 "domain first.test\nsearch a.test b.test\noptions ndots:2 timeout:1 rotate\n",
                 arena, &resolv);
    assert_int_equal(resolv.server_count, 3);
    assert_string_equal(addr_format(&resolv.servers[0], text), "10.0.0.1");
    assert_string_equal(addr_format(&resolv.servers[1], text), "2001:db8::1");
    assert_int_equal(resolv.search_count, 2);
    assert_string_equal(resolv.search[1], "b.test");
    assert_int_equal(resolv.ndots, 2);
    assert_int_equal(resolv.timeout, NANOSECONDS_PER_SECOND);
    resolv_parse("", arena, &resolv);
    assert_int_equal(resolv.server_count, 1);
    assert_string_equal(addr_format(&resolv.servers[0], text), "127.0.0.1");
    assert_int_equal(resolv.ndots, 1);
}

static void assert_candidates(const char *conf, const char *name, const char *wanted)
{
    ARENA_AUTO arena = arena_new();
    struct resolv resolv;
    const char *names[RESOLV_SEARCH_MAX + 1];
    char got[500] = "";
    resolv_parse(conf, arena, &resolv);
    size_t count = resolv_candidates(&resolv, name, arena, names);
    for (size_t i = 0; i < count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", names[i]);
    assert_string_equal(got, wanted);
}

static void the_search_list_is_followed(void **state)
{
    (void)state;
    assert_candidates("", "web", "web");
    assert_candidates("search a.test b.test\n", "web", "web.a.test web.b.test web");
    assert_candidates("search a.test\n", "web.c", "web.c web.c.a.test");
    assert_candidates("search a.test\noptions ndots:2\n", "web.c", "web.c.a.test web.c");
    assert_candidates("search a.test\n", "web.c.", "web.c.");
    assert_candidates("search a.test\n", "web.", "web.");
}

static void resolv_conf_never_leads_out_of_the_node(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    char root[] = "/tmp/probe-dns-XXXXXX", path[100], etc[100];
    struct resolv resolv;
    assert_non_null(mkdtemp(root));
    snprintf(etc, sizeof etc, "%s/etc", root);
    snprintf(path, sizeof path, "%s/etc/resolv.conf", root);
    assert_int_equal(mkdir(etc, 0755), 0);
    int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(resolv_read(fd, arena, &resolv), 0); /* absent */
    assert_int_equal(mkfifo(path, 0644), 0);
    assert_int_equal(resolv_read(fd, arena, &resolv), 0); /* does not block */
    assert_int_equal(resolv.servers[0].bytes[0], 127);
    unlink(path);
    assert_int_equal(symlink("/real", path), 0); /* relative to the node's root */
    snprintf(etc, sizeof etc, "%s/real", root);
    assert_int_equal(file_replace(AT_FDCWD, etc, "nameserver 10.1.2.3\n", 20, 0644), 0);
    assert_int_equal(resolv_read(fd, arena, &resolv), 0);
    assert_int_equal(resolv.servers[0].bytes[3], 3);
    unlink(path), unlink(etc);
    snprintf(etc, sizeof etc, "%s/etc", root);
    rmdir(etc), rmdir(root);
    close(fd);
}

/* ---- real queries -------------------------------------------------------------------------------------------------
 */

static struct lan *lan;
static char root[] = "/tmp/probe-dns-XXXXXX";
static struct record {
    struct fact fact;
    char answers[300];
} records[16];

static bool on_satisfied(void *context, size_t index, const struct fact *fact)
{
    (void)context, (void)index, (void)fact;
    return true;
}

static void on_result(void *context, size_t index, const struct fact *fact, uint32_t attempts, int64_t duration)
{
    (void)context, (void)attempts, (void)duration;
    struct record *record = &records[index];
    record->fact = *fact;
    record->answers[0] = '\0';
    for (size_t i = 0; i < fact->answer_count; i++)
        snprintf(record->answers + strlen(record->answers), sizeof record->answers - strlen(record->answers), "%s%s",
                 i ? " " : "", fact->answers[i]);
}

static void run(const struct check *const *checks, size_t count)
{
    struct error err = ERROR_INIT;
    struct probe_world world = lan_world(lan);
    struct probe_options options = {.single_attempt = true, .satisfied = on_satisfied, .result = on_result};
    if (probe_checks(&world, checks, count, &options, &err) != 0)
        fail_msg("%s", err.text);
}

static struct check dns(const char *name, const char *type, const char *server)
{
    struct check check = {
        .id = "d", .kind = CHECK_DNS, .from = lan->topology->nodes[0], .timeout = 5 * NANOSECONDS_PER_SECOND};
    check.dns = (struct check_dns){.name = name, .type = type, .has_server = server != NULL};
    if (server)
        check.dns.server = (struct check_target){.node = topology_node(lan->topology, server), .text = server};
    return check;
}

static void resolv_conf(const char *text)
{
    char path[100];
    snprintf(path, sizeof path, "%s/etc/resolv.conf", root);
    assert_int_equal(file_replace(AT_FDCWD, path, text, strlen(text), 0644), 0);
}

static pid_t start_dnsmasq(const char *node)
{
    static const char *const argv[] = {
        "dnsmasq",
        "--keep-in-foreground",
        "--user=",
        "--group=",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--pid-file=",
        "--log-facility=-",
        "--local=/home.test/",
        "--local-ttl=77",
        "--host-record=web.home.test,10.0.0.9,2001:db8::9",
        "--cname=www.home.test,web.home.test",
        "--txt-record=note.home.test,two words",
        "--mx-host=home.test,mail.home.test,10",
        "--srv-host=_sip._udp.home.test,sip.home.test,5060,0,5",
        "--ptr-record=9.0.0.10.in-addr.arpa,web.home.test",
        "--txt-record=long.home.test,"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        ","
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,"
        "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
        "cc"
        "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
        NULL};
    int netns = lan_netns(lan, node);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setns(netns, CLONE_NEWNET);
        /* Until it listens, each question is refused; what the kernel refuses, it counts. */
        sandbox_write("/proc/sys/net/ipv4/icmp_ratelimit", "0");
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1), dup2(null, 2);
        setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1); /* an ordinary user's has no sbin */
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    struct check check = dns("web.home.test", "A", node);
    const struct check *set[] = {&check};
    for (int i = 0; i < 50; i++) { /* until it answers */
        run(set, 1);
        if (records[0].fact.outcome == OUTCOME_ANSWERED)
            return child;
        poll(NULL, 0, 20);
    }
    fail_msg("dnsmasq does not answer: %s", records[0].fact.detail);
    return child;
}

static void assert_answer(size_t index, const char *rcode, const char *answers)
{
    const struct record *record = &records[index];
    if (record->fact.outcome != OUTCOME_ANSWERED || strcmp(record->fact.rcode, rcode) ||
        strcmp(record->answers, answers))
        fail_msg("check %zu: wanted %s '%s', got %s %s '%s': %s", index, rcode, answers,
                 fact_outcome_name(record->fact.outcome), record->fact.rcode, record->answers, record->fact.detail);
}

static void every_type_is_told_plainly(void **state)
{
    (void)state;
    pid_t server = start_dnsmasq("n2");
    struct check checks[] = {dns("web.home.test", "A", "n2"),         dns("web.home.test", "AAAA", "n2"),
                             dns("www.home.test", "CNAME", "n2"),     dns("www.home.test", "A", "n2"),
                             dns("note.home.test", "TXT", "n2"),      dns("home.test", "MX", "n2"),
                             dns("_sip._udp.home.test", "SRV", "n2"), dns("10.0.0.9", "PTR", "n2"),
                             dns("none.home.test", "A", "n2"),        dns("note.home.test", "A", "n2"),
                             dns("web.home.test", "A", "n2"),         dns("long.home.test", "TXT", "n2")};
    checks[10].dns.tcp = true;
    const struct check *set[12];
    for (size_t i = 0; i < 12; i++)
        set[i] = &checks[i];
    run(set, 12);
    kill(server, SIGKILL), waitpid(server, NULL, 0);
    assert_answer(0, "NOERROR", "10.0.0.9");
    assert_int_equal(records[0].fact.ttl, 77);
    assert_answer(1, "NOERROR", "2001:db8::9");
    assert_answer(2, "NOERROR", "web.home.test");
    assert_answer(3, "NOERROR", "10.0.0.9");
    assert_answer(4, "NOERROR", "two words");
    assert_answer(5, "NOERROR", "10 mail.home.test");
    assert_answer(6, "NOERROR", "0 5 5060 sip.home.test");
    assert_answer(7, "NOERROR", "web.home.test");
    assert_answer(8, "NXDOMAIN", "");
    assert_answer(9, "NOERROR", "");
    assert_answer(10, "NOERROR", "10.0.0.9");
    assert_true(records[11].fact.answer_count == 1 && strlen(records[11].answers) > 290); /* truncated, then over TCP */
}

static void the_nodes_own_configuration_is_followed(void **state)
{
    (void)state;
    pid_t server = start_dnsmasq("n2");
    struct check shorted = dns("web", "A", NULL), full = dns("web.home.test", "A", NULL);
    const struct check *set[] = {&shorted, &full};
    resolv_conf("nameserver 10.0.0.2\nsearch none.home.test home.test\n");
    run(set, 2);
    assert_answer(0, "NOERROR", "10.0.0.9");
    assert_answer(1, "NOERROR", "10.0.0.9");
    resolv_conf("nameserver 10.0.0.2\n");
    run(set, 2);
    assert_answer(0, "REFUSED", "");                           /* without the search list, and nobody else to ask */
    resolv_conf("nameserver 10.0.0.3\nnameserver 10.0.0.2\n"); /* nobody serves at the first: ICMP, at once the next */
    run(set, 2);
    assert_answer(1, "NOERROR", "10.0.0.9");
    resolv_conf("nameserver 10.0.0.77\nnameserver 10.0.0.2\n"); /* silence is waited for, as programs wait */
    shorted.timeout = full.timeout = NANOSECONDS_PER_SECOND / 4;
    run(set, 2);
    assert_int_equal(records[1].fact.outcome, OUTCOME_SILENT);
    shorted.timeout = full.timeout = 5 * NANOSECONDS_PER_SECOND;
    kill(server, SIGKILL), waitpid(server, NULL, 0);
    resolv_conf("nameserver 10.0.0.2\n");
    run(set, 2);
    assert_int_equal(records[1].fact.outcome, OUTCOME_REFUSED);
    assert_non_null(strstr(records[1].fact.detail, "nobody answers at 10.0.0.2:53"));
}

static int setup(void **state)
{
    (void)state;
    char etc[100];
    if (access("/usr/sbin/dnsmasq", X_OK) != 0 || sandbox_enter() != 0) {
        print_message("[  SKIPPED ] dns: no dnsmasq or no user namespaces here\n");
        exit(0);
    }
    lan = lan_new(3);
    if (!mkdtemp(root))
        return -1;
    snprintf(etc, sizeof etc, "%s/etc", root);
    mkdir(etc, 0755);
    close(lan->root);
    lan->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return lan->root < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    char path[100];
    lan_free(lan);
    snprintf(path, sizeof path, "%s/etc/resolv.conf", root);
    unlink(path);
    snprintf(path, sizeof path, "%s/etc", root);
    rmdir(path);
    rmdir(root);
    return 0;
}

int main(void)
{
    const struct CMUnitTest pure[] = {
        cmocka_unit_test(resolv_conf_is_read_as_the_library_does),
        cmocka_unit_test(the_search_list_is_followed),
        cmocka_unit_test(resolv_conf_never_leads_out_of_the_node),
    };
    const struct CMUnitTest queries[] = {
        cmocka_unit_test(every_type_is_told_plainly),
        cmocka_unit_test(the_nodes_own_configuration_is_followed),
    };
    int failures = cmocka_run_group_tests(pure, NULL, NULL);
    return failures + cmocka_run_group_tests(queries, setup, teardown);
}
