/* When is a process ready?  When a socket is bound where the plan says: read from the namespace's socket table, so that
 * no service sees a connection that nobody made. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "base/str.h"
#include "kernel/dump.h"
#include "kernel/namespace.h"
#include "lab/internal.h"
#include "lab/keeper.h"

#define READY_DEADLINE (5 * NANOSECONDS_PER_SECOND)
#define READY_SHARE    (20 * INT64_C(1000000)) /* more for each process that starts at the same time */
#define LOG_LINES      10
#define TCP_LISTEN     0x0a /* include/net/tcp_states.h */
#define UDP_BOUND      0x07

/* The addresses of /proc/net/tcp are words in the machine's own order. */
static bool parse_address(const char *hex, struct addr *out)
{
    size_t length = strcspn(hex, ":");
    *out = (struct addr){.family = length == 8 ? 4 : 6};
    for (size_t word = 0; word < length / 8; word++) {
        unsigned value;
        char part[9] = {0};
        memcpy(part, hex + word * 8, 8);
        if (sscanf(part, "%8x", &value) != 1)
            return false;
        uint32_t raw = value;
        memcpy(out->bytes + word * 4, &raw, 4);
    }
    return length == 8 || length == 32;
}

static bool is_any(const struct addr *addr)
{
    static const uint8_t zero[16];
    return memcmp(addr->bytes, zero, addr->family == 6 ? 16 : 4) == 0;
}

/* Does one table have a socket of that state bound to the port at the address or at all of them? */
static bool table_has(const char *path, unsigned state, const struct plan_process *process)
{
    char line[512];
    bool found = false;
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        char local[64];
        unsigned port, seen;
        if (sscanf(line, " %*d: %40[0-9A-F]:%x %*[0-9A-F:] %x", local, &port, &seen) != 3 || seen != state ||
            port != process->ready_port)
            continue;
        struct addr addr, wanted = process->ready_addr;
        if (!addr_is_set(&wanted))
            wanted = addr_from_ipv4(INADDR_LOOPBACK);
        found = parse_address(local, &addr) &&
                (is_any(&addr) || addr_equal(&addr, &wanted) || !addr_is_set(&process->ready_addr));
    }
    if (file)
        fclose(file);
    return found;
}

/* Has the interface an address of that family that others beyond the wire can use? */
static int has_address(int netns, const struct plan_process *process, struct error *err)
{
    struct observation *o;
    bool found = false;
    if (observe(netns, &o, err) != 0)
        return -1;
    for (size_t i = 0; i < o->address_count && !found; i++)
        found = str_equal(observed_name(o, o->addresses[i].interface), process->ready_interface) &&
                o->addresses[i].address.addr.family == process->ready_addr.family && !o->addresses[i].linklocal;
    observation_free(o);
    return found;
}

static int is_ready(const struct space *space, int netns, const struct plan_process *process, int64_t age,
                    struct error *err)
{
    switch (process->ready) {
    case READY_ADDRESS:
        return has_address(netns, process, err);
    case READY_SESSIONS:
        return sessions_up(space, process, age);
    default:
        return socket_bound(netns, process, err);
    }
}

int socket_bound(int netns, const struct plan_process *process, struct error *err)
{
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(netns, &visit, err) != 0)
        return -1;
    if (process->ready == READY_TCP)
        return table_has("/proc/thread-self/net/tcp", TCP_LISTEN, process) ||
               table_has("/proc/thread-self/net/tcp6", TCP_LISTEN, process);
    return table_has("/proc/thread-self/net/udp", UDP_BOUND, process) ||
           table_has("/proc/thread-self/net/udp6", UDP_BOUND, process);
}

static int failed(struct lab *lab, const struct plan_process *spec, const char *how, struct error *err)
{
    STR_AUTO log = STR_INIT;
    lab_log_tail(lab, spec->name, LOG_LINES, &log, NULL);
    while (log.length && log.data[log.length - 1] == '\n')
        log.data[--log.length] = '\0';
    return error_set(err, ERR_SYSTEM, "service %s %s%s%s", spec->name, how,
                     log.length ? "; the end of its log:\n" : "; its log is empty", str_text(&log));
}

static int ended(struct lab *lab, const struct plan_process *spec, const struct process *process, struct error *err)
{
    char how[300];
    if (process->failure)
        snprintf(how, sizeof how, "could not be started: %s", process->failure);
    else if (WIFSIGNALED(process->wait_status))
        snprintf(how, sizeof how, "was killed by signal %d while starting", WTERMSIG(process->wait_status));
    else
        snprintf(how, sizeof how, "ended with status %d while starting", WEXITSTATUS(process->wait_status));
    return failed(lab, spec, how, err);
}

static int not_in_time(struct lab *lab, const struct plan_process *spec, int64_t waited, struct error *err)
{
    char how[200];
    snprintf(how, sizeof how, "does not answer on %s/%u after %lld s", spec->ready == READY_TCP ? "tcp" : "udp",
             spec->ready_port, (long long)(waited / NANOSECONDS_PER_SECOND));
    return failed(lab, spec, how, err);
}

/* Until it has executed its program, a process is a copy of the keeper. */
static bool has_executed(const struct process *process)
{
    char path[40];
    struct stat keeper, program;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)process->pid);
    if (process->pid == 0 || stat("/proc/1/exe", &keeper) != 0 || stat(path, &program) != 0)
        return false;
    return keeper.st_dev != program.st_dev || keeper.st_ino != program.st_ino;
}

/* 1 ready, 0 not yet, -1 with err. */
static int look(struct lab *lab, const struct plan *plan, const struct plan_process *spec, struct error *err)
{
    struct process *process = process_get(lab, spec->name);
    if (spec->ready == READY_NONE && !spec->restart && process->state == LAB_PROCESS_EXITED &&
        process->wait_status == 0)
        return 1; /* it had something to do and did it */
    if (spec->ready == READY_NONE && spec->ready_hoped && process->state == LAB_PROCESS_EXITED && !process->failure) {
        process_start_later(lab, process); /* so quickly that nobody saw it run, which makes no difference */
        return 1;
    }
    if (process->state != LAB_PROCESS_RUNNING)
        return ended(lab, spec, process, err);
    bool lasted = spec->ready_hoped || clock_boot() - process->started >= spec->ready_after;
    int ready = spec->ready == READY_NONE && lasted && has_executed(process);
    if (spec->ready != READY_NONE && process->pid) {
        struct space *space = space_of(lab, plan, spec->ns);
        int netns = space_netns(space, err);
        ready = netns < 0 ? -1 : is_ready(space, netns, spec, clock_boot() - process->started, err);
    }
    if (ready == 1)
        process->listening = true;
    return ready;
}

/* What is only hoped for is not waited for beyond its time; it goes on trying. */
static bool given_up(struct lab *lab, const struct plan_process *spec, int64_t waited)
{
    if (!spec->ready_hoped || waited < (spec->ready_within ? spec->ready_within : READY_DEADLINE))
        return false;
    process_get(lab, spec->name)->listening = true; /* it is started again when it ends */
    return true;
}

int processes_await(struct lab *lab, const struct plan *plan, const uint32_t *items, size_t count,
                    lab_progress *progress, void *context, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    uint32_t *waiting = arena_copy(arena, items, count * sizeof *items);
    size_t left = count;
    int64_t begin = clock_boot(), most = READY_DEADLINE + (int64_t)count * READY_SHARE;
    for (size_t i = 0; i < count; i++)
        if (plan->processes[items[i]].ready_within > most)
            most = plan->processes[items[i]].ready_within;
    for (int pause = 1; left > 0; pause = pause < 20 ? pause * 2 : 20) {
        size_t kept = 0;
        for (size_t i = 0; i < left; i++) {
            const struct plan_process *spec = &plan->processes[waiting[i]];
            int ready = look(lab, plan, spec, err);
            if (ready < 0 || (ready && process_settle(lab, spec, err) != 0))
                return -1;
            if (!ready && given_up(lab, spec, clock_boot() - begin))
                continue;
            if (!ready)
                waiting[kept++] = waiting[i];
        }
        if (progress && kept != left)
            progress(context, "services", count - kept, count);
        left = kept;
        if (left && clock_boot() - begin > most)
            return not_in_time(lab, &plan->processes[waiting[0]], most, err);
        if (left && keeper_dispatch(lab->keeper, pause, err) < 0)
            return -1;
    }
    return 0;
}
