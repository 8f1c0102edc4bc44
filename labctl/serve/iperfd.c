/* iperfd: an iperf3 server, one test after another (libiperf).
 *
 * The library reads from whoever connects without looking at the clock: one who connects and says nothing would hold it
 * for ever.  So it runs in a child, and this process looks on: while a client is connected the child wakes at least
 * once a second (its timers), so one that has not left the processor's queue for a while is stuck, and is replaced. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define protocol iperf_protocol /* a tag of its own that others have too */
#include <iperf_api.h>
#undef protocol

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/late.h"
#include "base/table.h"
#include "base/units.h"
#include "serve/configuration.h"
#include "serve/serve.h"

#define LOOK  1000                          /* ms between two looks at the child */
#define STUCK (10 * NANOSECONDS_PER_SECOND) /* without a sign of life while somebody is connected */
#define EARLY NANOSECONDS_PER_SECOND        /* who ends sooner could not begin */

#define FUNCTIONS(F)                                                                                                   \
    F(iperf_defaults)                                                                                                  \
    F(iperf_new_test)                                                                                                  \
    F(iperf_reset_test)                                                                                                \
    F(iperf_run_server)                                                                                                \
    F(iperf_set_test_bind_address)                                                                                     \
    F(iperf_set_test_role)                                                                                             \
    F(iperf_set_test_server_port)                                                                                      \
    F(iperf_strerror)
#define MEMBER(name) __typeof__(&name) name;
static struct {
    FUNCTIONS(MEMBER)
    int *error; /* the library's i_errno */
} library;

static int load(struct error *err)
{
#define FUNCTION(name) {#name, &library.name},
    static const struct late_function functions[] = {FUNCTIONS(FUNCTION){"i_errno", &library.error}};
    return late_load(SONAME_LIBIPERF, functions, ARRAY_SIZE(functions), err);
}

/* The child: serves until it is killed, or cannot. */
static void serve(const struct configuration *configuration) __attribute__((noreturn));
static void serve(const struct configuration *configuration)
{
    char text[ADDR_TEXT_MAX];
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct iperf_test *test = library.iperf_new_test();
    if (!test || library.iperf_defaults(test) < 0)
        _exit(1);
    library.iperf_set_test_role(test, 's');
    library.iperf_set_test_server_port(test, configuration->port);
    if (addr_is_set(&configuration->bind))
        library.iperf_set_test_bind_address(test, addr_format(&configuration->bind, text));
    for (;;) {
        int result = library.iperf_run_server(test);
        if (result < 0)
            fprintf(stderr, "iperfd: %s\n", library.iperf_strerror(*library.error));
        if (result < -1) /* it cannot listen; what goes wrong with one client is -1 */
            exit(1);
        library.iperf_reset_test(test);
    }
}

/* How often the child has waited and been woken; -1: unknown. */
static long wakes(pid_t child)
{
    char path[40], line[256];
    long count = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)child);
    FILE *file = fopen(path, "re");
    while (file && count < 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) != 1)
            count = -1;
    if (file)
        fclose(file);
    return count;
}

/* Whether a table of sockets has a connection at the port (proc_pid_net(5)). */
static bool has_connection(const char *path, uint16_t port)
{
    char line[512];
    bool found = false;
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        unsigned local, state, established = 1, closing = 8; /* include/net/tcp_states.h: ESTABLISHED, CLOSE_WAIT */
        if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F:] %x", &local, &state) == 2)
            found = local == port && (state == established || state == closing);
    }
    if (file)
        fclose(file);
    return found;
}

static bool is_connected(uint16_t port)
{
    return has_connection("/proc/self/net/tcp", port) || has_connection("/proc/self/net/tcp6", port);
}

struct child {
    pid_t pid;
    long wakes;
    int64_t began, moved; /* when it was started, and last seen to move or to have nobody */
};

static int child_start(struct child *child, const struct configuration *configuration, struct error *err)
{
    fflush(NULL);
    child->pid = fork();
    if (child->pid == 0)
        serve(configuration);
    child->wakes = -1;
    child->began = child->moved = clock_monotonic();
    return child->pid > 0 ? 0 : error_set_errno(err, errno, "start an iperf server");
}

static void child_look(struct child *child, const struct configuration *configuration)
{
    int64_t now = clock_monotonic();
    long count = wakes(child->pid);
    if (count != child->wakes || !is_connected(configuration->port))
        child->moved = now;
    child->wakes = count;
    if (now - child->moved <= STUCK)
        return;
    fprintf(stderr, "iperfd: a client is connected and says nothing: the server begins anew\n");
    child->moved = now;
    kill(child->pid, SIGKILL);
}

/* Puts a new child in the place of one that has ended; one that could not even begin is the end. */
static int child_renew(struct child *child, const struct configuration *configuration, struct error *err)
{
    int status;
    if (waitpid(child->pid, &status, WNOHANG) != child->pid)
        return 0;
    if (WIFEXITED(status) && clock_monotonic() - child->began < EARLY)
        return error_set(err, ERR_SYSTEM, "the iperf server could not listen on port %u", configuration->port);
    return child_start(child, configuration, err);
}

static int watch(const struct configuration *configuration, int ending, int ended, struct child *child,
                 struct error *err)
{
    struct pollfd polled[] = {{.fd = ending, .events = POLLIN}, {.fd = ended, .events = POLLIN}};
    while (!polled[0].revents) {
        struct signalfd_siginfo signal;
        if (poll(polled, ARRAY_SIZE(polled), LOOK) < 0 && errno != EINTR)
            return error_set_errno(err, errno, "wait for the iperf server");
        if (polled[1].revents)
            (void)!read(ended, &signal, sizeof signal);
        if (!polled[0].revents && child_renew(child, configuration, err) < 0)
            return -1;
        child_look(child, configuration);
    }
    return 0;
}

int iperfd(const struct configuration *configuration, struct error *err)
{
    struct child child;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    if (load(err) < 0)
        return -1;
    FD_AUTO ending = serve_ending(err);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    FD_AUTO ended = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    if (ending < 0)
        return -1;
    if (ended < 0)
        return error_set_errno(err, errno, "watch for the iperf server's end");
    if (child_start(&child, configuration, err) < 0)
        return -1;
    int result = watch(configuration, ending, ended, &child, err);
    kill(child.pid, SIGKILL);
    waitpid(child.pid, NULL, 0);
    return result;
}
