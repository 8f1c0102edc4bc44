/* throughput: how much passes, by libiperf.
 *
 * The library may hang, prints to stdout, and reports success where it failed, so it runs in children of its own: a
 * server in the target's network namespace, unless somebody listens at the port there already (then that must be an
 * iperf server), and a client in the prober's.  The client's report comes by a pipe; what it does not say in time, the
 * attempt's end says for it, and the children are killed in any case.  A UDP test begins with one datagram and hangs
 * where that is lost: it is tried again.  Such a check runs alone: it would disturb every other. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "kernel/namespace.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/impostor.h"
#include "probe/libiperf.h"
#include "probe/listener.h"
#include "probe/net.h"

#define LOOK       INT64_C(5000000) /* between looks whether the server listens */
#define REPORT_MAX (4u << 20)
#define REPORT_FD  3
#define DATAGRAM   1400

struct throughput {
    struct attempt *attempt;
    struct watch pipe;
    struct timer look, again;
    unsigned tries;
    int netns;
    pid_t server, client;
    struct str report;
};

/* ---- the children -------------------------------------------------------------------------------------------------
 */

static void serve(uint16_t port)
{
    struct iperf_test *test = libiperf.iperf_new_test();
    if (!test || libiperf.iperf_defaults(test) < 0)
        _exit(1);
    libiperf.iperf_set_test_role(test, 's');
    libiperf.iperf_set_test_server_port(test, port);
    libiperf.iperf_set_test_one_off(test, 1);
    libiperf.iperf_run_server(test);
    _exit(0);
}

static void ask(const struct check_throughput *check, const char *target, int64_t patience)
{
    struct iperf_test *test = libiperf.iperf_new_test();
    if (!test || libiperf.iperf_defaults(test) < 0)
        _exit(1);
    uint64_t wanted = check->above > check->below ? check->above : check->below;
    libiperf.iperf_set_test_role(test, 'c');
    libiperf.set_protocol(test, check->udp ? Pudp : Ptcp);
    libiperf.iperf_set_test_server_hostname(test, target);
    libiperf.iperf_set_test_server_port(test, check->port);
    libiperf.iperf_set_test_duration(test, (int)check->duration);
    libiperf.iperf_set_test_num_streams(test, (int)check->streams);
    libiperf.iperf_set_test_connect_timeout(test, (int)(patience / 1000000));
    libiperf.iperf_set_test_json_output(test, 1);
    if (check->udp) {
        libiperf.iperf_set_test_blksize(test, DATAGRAM);
        libiperf.iperf_set_test_rate(test, (check->rate ? check->rate : 2 * wanted) / check->streams);
    }
    libiperf.iperf_run_client(test); /* its result says nothing: the report does */
    const char *report = libiperf.iperf_get_test_json_output_string(test);
    _exit(report && fd_write_all(REPORT_FD, report, strlen(report)) == 0 ? 0 : 1);
}

/* In a child: in the other namespace, without a voice, and with nothing open but the report. */
static void settle_child(pid_t parent, int netns, int report)
{
    struct netns_visit visit = NETNS_VISIT_INIT; /* never returned from */
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || nothing < 0 || netns_visit(netns, &visit, NULL) < 0)
        _exit(1);
    for (int fd = 0; fd < 3; fd++)
        dup2(nothing, fd);
    if (dup2(report >= 0 ? report : nothing, REPORT_FD) < 0)
        _exit(1);
    close_range(REPORT_FD + 1, ~0u, 0);
    signal(SIGPIPE, SIG_DFL);
}

static void reap(pid_t *child)
{
    if (*child <= 0)
        return;
    kill(*child, SIGKILL);
    while (waitpid(*child, NULL, 0) < 0 && errno == EINTR)
        continue;
    *child = 0;
}

/* ---- the report ---------------------------------------------------------------------------------------------------
 */

static double number_at(const json_t *object, const char *key, const char *member)
{
    return json_number_value(json_object_get(json_object_get(object, key), member));
}

/* The library's own words for what went wrong. */
static void take_problem(struct throughput *throughput, const char *problem)
{
    struct attempt *attempt = throughput->attempt;
    char target[NET_TEXT_MAX];
    const char *last = strrchr(problem, ':');
    last = last ? last + 1 + strspn(last + 1, " ") : problem;
    enum fact_outcome outcome = strstr(problem, "refused")                                       ? OUTCOME_REFUSED
                                : strstr(problem, "timed out") || strstr(problem, "unavailable") ? OUTCOME_SILENT
                                : strstr(problem, "nreachable") || strstr(problem, "No route")   ? OUTCOME_UNREACHABLE
                                                                                                 : OUTCOME_FAILED;
    attempt_end(attempt, outcome, "no measurement with %s: %s",
                net_format(&attempt->fact.target, attempt->check->throughput.port, target), last);
}

static void take_report(struct throughput *throughput)
{
    struct attempt *attempt = throughput->attempt;
    const struct check_throughput *check = &attempt->check->throughput;
    struct fact *fact = &attempt->fact;
    char rate[UNITS_TEXT_MAX], target[NET_TEXT_MAX], more[80] = "";
    json_t *report = json_loadb(str_text(&throughput->report), throughput->report.length, 0, NULL);
    const char *problem = json_string_value(json_object_get(report, "error"));
    const json_t *end = json_object_get(report, "end");
    if (problem || !json_object_get(end, "sum_received")) {
        take_problem(throughput, problem ? problem : "the report is not complete");
        json_decref(report);
        return;
    }
    fact->rate = (uint64_t)number_at(end, "sum_received", "bits_per_second");
    fact->retransmits = (uint32_t)number_at(end, "sum_sent", "retransmits");
    double lost = number_at(end, "sum", "lost_percent");
    if (check->udp)
        snprintf(more, sizeof more, ", %.3g%% of the datagrams lost", lost);
    else
        snprintf(more, sizeof more, ", %u retransmits", fact->retransmits);
    json_decref(report);
    uint64_t unit = fact->rate >= 10000000 ? 1000000 : fact->rate >= 10000 ? 1000 : 1;
    attempt_end(attempt, fact->rate ? OUTCOME_ANSWERED : OUTCOME_SILENT, "%s by %s to %s in %u s%s",
                rate_format(fact->rate / unit * unit, rate), check->udp ? "udp" : "tcp",
                net_format(&fact->target, check->port, target), check->duration, more);
}

static void pipe_ready(void *context, uint32_t events)
{
    (void)events;
    struct throughput *throughput = context;
    char data[16384];
    ssize_t size = read(throughput->pipe.fd, data, sizeof data);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size > 0 && throughput->report.length < REPORT_MAX) {
        str_append_bytes(&throughput->report, data, (size_t)size);
        return;
    }
    take_report(throughput);
}

/* ---- the attempt --------------------------------------------------------------------------------------------------
 */

static void start_client(struct throughput *throughput)
{
    struct attempt *attempt = throughput->attempt;
    const struct check *check = attempt->check;
    char target[ADDR_TEXT_MAX];
    int ends[2];
    addr_format(&attempt->fact.target, target);
    if (pipe2(ends, O_CLOEXEC) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "make a pipe: %s", strerror(errno));
        return;
    }
    pid_t parent = getpid();
    throughput->client = fork();
    if (throughput->client == 0) {
        settle_child(parent, throughput->netns, ends[1]);
        ask(&check->throughput, target, check->timeout > 0 ? check->timeout : NANOSECONDS_PER_SECOND);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (throughput->client < 0 || engine_watch(attempt->engine, &throughput->pipe, ends[0], EPOLLIN) < 0) {
        close(ends[0]);
        attempt_end(attempt, OUTCOME_ERROR, "start an iperf client: %s", strerror(errno));
    }
}

static int listens(struct throughput *throughput)
{
    struct attempt *attempt = throughput->attempt;
    const struct check_throughput *check = &attempt->check->throughput;
    return listener_find(attempt->world, &check->to, &attempt->fact.target, IPPROTO_TCP, check->port);
}

/* Asks again until the server listens, then begins. */
static void look(void *context)
{
    struct throughput *throughput = context;
    struct attempt *attempt = throughput->attempt;
    int status;
    if (listens(throughput) == LISTENER_YES) {
        start_client(throughput);
    } else if (waitpid(throughput->server, &status, WNOHANG) == throughput->server) {
        throughput->server = 0;
        attempt_end(attempt, OUTCOME_ERROR, "the iperf server in %s ended at once", attempt->check->throughput.to.text);
    } else {
        engine_set(attempt->engine, &throughput->look, clock_monotonic() + LOOK);
    }
}

static void start_server(struct throughput *throughput, const struct node *node)
{
    struct attempt *attempt = throughput->attempt;
    int netns = attempt->world->netns(attempt->world->context, node->name);
    pid_t parent = getpid();
    if (netns < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "node %s has no network namespace: it does not run", node->name);
        return;
    }
    throughput->server = fork();
    if (throughput->server == 0) {
        settle_child(parent, netns, -1);
        serve(attempt->check->throughput.port);
    }
    if (throughput->server < 0)
        attempt_end(attempt, OUTCOME_ERROR, "start an iperf server: %s", strerror(errno));
    else
        look(throughput);
}

static void try(struct throughput *throughput)
{
    struct attempt *attempt = throughput->attempt;
    const struct check_throughput *check = &attempt->check->throughput;
    const struct topology *topology = attempt->world->topology;
    const struct node *node = check->to.node ? check->to.node
                              : topology     ? address_owner(topology, &attempt->fact.target)
                                             : NULL;
    fflush(NULL); /* what is buffered is not the children's to write */
    throughput->tries++;
    engine_set(attempt->engine, &throughput->again,
               attempt->started + check_attempt_time(attempt->check) * throughput->tries / CHECK_UDP_TRIES);
    if (node && listens(throughput) != LISTENER_YES)
        start_server(throughput, node);
    else
        start_client(throughput);
}

static void clear(struct throughput *throughput)
{
    int fd = throughput->pipe.fd;
    engine_unset(throughput->attempt->engine, &throughput->look);
    engine_unset(throughput->attempt->engine, &throughput->again);
    engine_unwatch(throughput->attempt->engine, &throughput->pipe);
    if (fd >= 0)
        close(fd);
    reap(&throughput->client);
    reap(&throughput->server);
    str_free(&throughput->report);
}

static void try_again(void *context)
{
    struct throughput *throughput = context;
    if (!throughput->attempt->check->throughput.udp || throughput->tries == CHECK_UDP_TRIES)
        return; /* the attempt's own end is near */
    clear(throughput);
    try(throughput);
}

static void throughput_start(struct attempt *attempt)
{
    struct throughput *throughput = attempt->state;
    const struct check_throughput *check = &attempt->check->throughput;
    struct error err = ERROR_INIT;
    throughput->attempt = attempt;
    throughput->pipe = (struct watch){-1, pipe_ready, throughput};
    throughput->look = (struct timer){.expired = look, .context = throughput};
    throughput->again = (struct timer){.expired = try_again, .context = throughput};
    if (libiperf_load(&err) != 0) {
        attempt_fail(attempt, &err);
        return;
    }
    throughput->netns = attempt_netns(attempt);
    if (throughput->netns < 0 || !attempt_target(attempt, &check->to, &attempt->fact.target))
        return;
    attempt_sends_from(attempt, IPPROTO_TCP, 0, check->port); /* by a child, from whatever port */
    try(throughput);
}

static void throughput_expire(struct attempt *attempt)
{
    const struct throughput *throughput = attempt->state;
    char limit[32], target[NET_TEXT_MAX];
    net_format(&attempt->fact.target, attempt->check->throughput.port, target);
    attempt_limit(attempt, limit);
    if (throughput->client > 0)
        attempt_end(attempt, OUTCOME_SILENT, "the measurement with %s did not end in %s", target, limit);
    else
        attempt_end(attempt, OUTCOME_ERROR, "the iperf server at %s was not ready in %s", target, limit);
}

static void throughput_release(struct attempt *attempt)
{
    struct throughput *throughput = attempt->state;
    if (!throughput->attempt) /* not begun */
        return;
    clear(throughput);
}

const struct probe_kind probe_throughput = {
    .kind = CHECK_THROUGHPUT,
    .state_size = sizeof(struct throughput),
    .prepare = libiperf_load,
    .start = throughput_start,
    .expire = throughput_expire,
    .release = throughput_release,
};
