/* Wires that the relay serves, and the relay itself.
 *
 * It takes what a node receives at one end of a pair and sends it by the far end.  What a node sends it takes at the
 * other end, and sends it back into the pair, which leads to the far end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/units.h"
#include "lab/impair.h"
#include "link/relay.h"

#define START_DEADLINE  (5 * NANOSECONDS_PER_SECOND)
#define ANSWER_DEADLINE 5 /* s */
#define RETRY           (NANOSECONDS_PER_SECOND / 500)

/* ---- the relay ----------------------------------------------------------------------------------------------------
 */

/* Where the state directory lies in the lab's tree, which is the relay's as well. */
static int state_path(struct lab *lab, char *out, size_t size, struct error *err)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", lab->state);
    ssize_t length = readlink(link, out, size - 1);
    if (length < 0)
        return error_set_errno(err, errno, "find the state directory");
    out[length] = '\0';
    return 0;
}

const struct plan_process *impair_relay_process(struct lab *lab)
{
    static char directory[256];
    static const char *argv[] = {RELAY_PROGRAM, directory, NULL};
    static const struct plan_process process = {
        .name = RELAY_PROCESS, .origin = RELAY_PROCESS, .argv = argv, .argc = 2, .restart = true};
    return state_path(lab, directory, sizeof directory, NULL) == 0 ? &process : NULL;
}

static int connect_relay(struct lab *lab)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    snprintf(place.sun_path, sizeof place.sun_path, "/proc/self/fd/%d/" RELAY_SOCKET, lab->state);
    FD_AUTO fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = ANSWER_DEADLINE};
    if (fd < 0 || connect(fd, (struct sockaddr *)&place, sizeof place) != 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd_steal(&fd);
}

/* Ends the waiting early where there is nothing to wait for. */
static bool ended(struct lab *lab, void *process)
{
    return process_has_ended(lab, process);
}

/* A connection to the running relay: it listens some milliseconds after its start. */
static int reach_relay(struct lab *lab, struct process *process, struct error *err)
{
    for (int64_t deadline = clock_boot() + START_DEADLINE;;) {
        int fd = connect_relay(lab);
        if (fd >= 0)
            return fd;
        if (process->state != LAB_PROCESS_RUNNING) {
            STR_AUTO words = STR_INIT;
            lab_log_tail(lab, RELAY_PROCESS, 3, &words, NULL);
            return error_set(err, ERR_SYSTEM, "the relay does not start: %s%s",
                             process->failure ? process->failure : "", str_text(&words));
        }
        if (clock_boot() > deadline)
            return error_set(err, ERR_SYSTEM, "the relay does not answer");
        lab_await(lab, ended, process, clock_boot() + RETRY, "wait", NULL);
    }
}

static int reload(struct lab *lab, struct process *process, struct error *err)
{
    char answer[2048];
    FD_AUTO fd = reach_relay(lab, process, err);
    if (fd < 0)
        return -1;
    if (send(fd, RELAY_RELOAD, strlen(RELAY_RELOAD), MSG_NOSIGNAL) < 0)
        return error_set_errno(err, errno, "tell the relay");
    ssize_t length = recv(fd, answer, sizeof answer - 1, 0);
    if (length < 0)
        return error_set_errno(err, errno, "hear the relay");
    answer[length] = '\0';
    return length ? error_set(err, ERR_SYSTEM, "relay: %s", answer) : 0;
}

static struct relay_wire line_of(const struct impaired *wire)
{
    struct way way = way_of(wire);
    struct relay_wire line = {
        .direction = wire->direction == PLAN_SENT ? RELAY_SENT : RELAY_RECEIVED, .mtu = wire->mtu, .is = wire->is};
    if (wire->space->kind == NAMESPACE_FABRIC)
        snprintf(line.netns, sizeof line.netns, "-");
    else
        snprintf(line.netns, sizeof line.netns, "%s/%u", KEEPER_NETNS, wire->space->id);
    memcpy(line.device, wire->interface, sizeof line.device);
    memcpy(line.relay_end, wire->direction == PLAN_SENT ? way.out : way.in, sizeof line.relay_end);
    return line;
}

int impair_relay_serve(struct lab *lab, const struct plan *plan, const struct impaired_list *wires, struct error *err)
{
    STR_AUTO conf = STR_INIT;
    struct process *process = process_get(lab, RELAY_PROCESS);
    for (size_t i = 0; i < wires->count; i++)
        if (wires->items[i].backend == &impair_relay) {
            struct relay_wire line = line_of(&wires->items[i]);
            relay_wire_format(&line, &conf);
        }
    if (file_replace(lab->state, RELAY_CONF, str_text(&conf), conf.length, 0600) != 0)
        return error_set_errno(err, errno, "write %s", RELAY_CONF);
    if (conf.length && process->state != LAB_PROCESS_RUNNING) {
        const struct plan_process *spec = impair_relay_process(lab);
        unlinkat(lab->state, RELAY_SOCKET, 0);
        if (!spec || process_start(lab, plan, spec, err) != 0)
            return -1;
        process->listening = true;
    }
    /* Without wires it stays and sleeps: to end it would be to wait for the kernel, and one link changes often. */
    process->wanted = conf.length;
    return process->state == LAB_PROCESS_RUNNING ? reload(lab, process, err) : 0;
}

/* ---- looking ------------------------------------------------------------------------------------------------------
 */

static bool statistics_of(struct lab *lab, const struct impaired *wire, struct relay_statistics *out)
{
    FD_AUTO fd = openat(lab->state, RELAY_STATISTICS, O_RDONLY | O_CLOEXEC);
    const struct relay_wire line = line_of(wire);
    struct stat status;
    bool found = false;
    if (fd < 0 || fstat(fd, &status) != 0 || process_get(lab, RELAY_PROCESS)->state != LAB_PROCESS_RUNNING)
        return false;
    const struct relay_statistics *all = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (all == MAP_FAILED)
        return false;
    for (size_t i = 0; !found && i < (size_t)status.st_size / sizeof *all; i++) {
        found = __atomic_load_n(&all[i].in_use, __ATOMIC_ACQUIRE) && all[i].direction == line.direction &&
                str_equal(all[i].device, line.device) && str_equal(all[i].relay_end, line.relay_end) &&
                str_equal(all[i].netns, line.netns);
        if (found)
            *out = all[i];
    }
    munmap((void *)all, (size_t)status.st_size);
    return found;
}

static bool stands(struct lab *lab, const struct impaired *wire)
{
    struct relay_statistics statistics;
    return way_stands(wire) && statistics_of(lab, wire, &statistics);
}

static unsigned count(struct lab *lab, const struct impaired *wire, struct relay_statistics *out)
{
    return statistics_of(lab, wire, out) ? WIRE_COUNTS_ALL : 0;
}

/* ---- the backend --------------------------------------------------------------------------------------------------
 */

static bool serves(struct lab *lab, const struct impaired *wire)
{
    (void)lab, (void)wire;
    return true;
}

static int prepare(const struct impaired *wire, struct hooks *hooks, struct error *err)
{
    (void)hooks;
    struct way way = way_of(wire);
    if (way_make(wire, err) != 0)
        return -1;
    return wire->direction == PLAN_SENT ? way_back(wire, way.in, err) : 0;
}

static int engage(const struct impaired *wire, struct hooks *hooks, struct error *err)
{
    return way_lead(wire, wire->direction == PLAN_SENT ? WAY_IN : WAY_OUT, hooks, err);
}

const struct impair_backend impair_relay = {
    .name = "relay",
    .fidelity = "in user space: late by some tenths of a millisecond where the machine is busy",
    .serves = serves,
    .prepare = prepare,
    .engage = engage,
    .release = way_close,
    .leads_aside = true,
    .stands = stands,
    .count = count,
};
