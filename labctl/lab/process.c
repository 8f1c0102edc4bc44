/* Processes of the plan: starting, stopping, restarting, their logs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/units.h"
#include "lab/internal.h"
#include "lab/keeper.h"

#define TABLE_FILE         "processes" /* a line "NUMBER NAME" for each start */
#define TABLE_MAX          (64u << 20)
#define CONFIGURATION_WORD "@configuration@"
#define CONFIGURATION_PATH "/proc/self/fd/0"
#define STOP_DEADLINE      (3 * NANOSECONDS_PER_SECOND)
#define KILL_DEADLINE      (5 * NANOSECONDS_PER_SECOND)
#define DELAY_FIRST        (NANOSECONDS_PER_SECOND / 5)
#define DELAY_MOST         (5 * NANOSECONDS_PER_SECOND)

struct process *process_get(struct lab *lab, const char *name)
{
    struct process *process = map_get(lab->processes, name);
    if (!process) {
        process = ARENA_NEW(lab->arena, struct process);
        process->name = arena_strdup(lab->arena, name);
        process->due = INT64_MAX;
        process->own = str_equal(name, RELAY_PROCESS) || str_starts(name, PLAN_WIRE_PROCESS);
        map_set(lab->processes, name, process);
        *ARENA_PUSH(lab->arena, lab->all_processes, lab->process_count) = process;
    }
    return process;
}

struct process **process_numbered(struct lab *lab, uint32_t number)
{
    if (number >= lab->number_count) {
        size_t count = lab->number_count ? lab->number_count : 64;
        while (count <= number)
            count *= 2;
        lab->by_number = realloc(lab->by_number, count * sizeof *lab->by_number);
        if (!lab->by_number)
            arena_exhausted();
        memset(lab->by_number + lab->number_count, 0, (count - lab->number_count) * sizeof *lab->by_number);
        lab->number_count = count;
    }
    return &lab->by_number[number];
}

uint32_t process_number(struct lab *lab, struct process *process)
{
    uint32_t number = ++lab->last_number;
    *process_numbered(lab, number) = process;
    return number;
}

static const struct plan_process *process_spec(struct lab *lab, const char *name)
{
    if (str_equal(name, RELAY_PROCESS)) /* needed as long as a wire is its, whatever the plan says of it */
        return impair_relay_process(lab);
    for (size_t i = 0; lab->plan && i < lab->plan->process_count; i++)
        if (str_equal(lab->plan->processes[i].name, name))
            return &lab->plan->processes[i];
    return NULL;
}

/* ---- the table: which number is which, for a restarted director ------------------------------------------------ */

static int note_start(struct lab *lab, const struct process *process, struct error *err)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%u %s\n", process->number, process->name);
    FD_AUTO fd = openat(lab->state, TABLE_FILE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (length >= (int)sizeof line || fd < 0 || fd_write_all(fd, line, (size_t)length) != 0)
        return error_set_errno(err, errno, "note the start of %s", process->name);
    return 0;
}

/* What the keeper said of numbers before their names were known is in by_number without a name. */
int processes_load(struct lab *lab, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (file_read(lab->state, TABLE_FILE, &text, TABLE_MAX) != 0)
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "read the table of processes");
    char *save = NULL;
    for (char *line = text.data ? strtok_r(text.data, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        char *name;
        uint32_t number = (uint32_t)strtoul(line, &name, 10);
        if (*name++ != ' ' || number == 0)
            continue; /* the last line, half written when the director was killed */
        struct process **known = process_numbered(lab, number), *process = process_get(lab, name);
        if (number > lab->last_number)
            lab->last_number = number;
        if (*known && !(*known)->name) { /* it runs */
            process->number = number;
            process->space = (*known)->space;
            process->pid = (*known)->pid;
            process->state = (*known)->state;
            process->listening = true;
        } else if (process->state != LAB_PROCESS_RUNNING) {
            process->number = number;
            process->state = LAB_PROCESS_EXITED;
        }
        *known = process;
    }
    return 0;
}

/* ---- starting and stopping ------------------------------------------------------------------------------------- */

/* Embedded services are one program under several names, beside every node's own. */
static const char **arguments(const struct plan_process *spec, struct arena *arena)
{
    const char **argv = arena_alloc(arena, (spec->argc + 1) * sizeof *argv);
    for (size_t i = 0; i < spec->argc; i++) {
        const char *found = spec->configuration ? strstr(spec->argv[i], CONFIGURATION_WORD) : NULL;
        argv[i] = spec->argv[i];
        if (i == 0 && spec->embedded)
            argv[i] = arena_printf(arena, "%s/%s", KEEPER_OPT, spec->argv[i]);
        else if (found)
            argv[i] = arena_printf(arena, "%.*s%s%s", (int)(found - spec->argv[i]), spec->argv[i], CONFIGURATION_PATH,
                                   found + strlen(CONFIGURATION_WORD));
    }
    return argv;
}

static int spawn(struct lab *lab, struct process *process, const struct space *space, const struct plan_process *spec,
                 struct error *err)
{
    ARENA_AUTO arena = arena_new();
    FD_AUTO log = log_begin(lab, spec->name, err);
    FD_AUTO configuration = -1;
    if (log < 0)
        return -1;
    if (spec->configuration) {
        configuration = fd_memory("configuration", spec->configuration, strlen(spec->configuration));
        if (configuration < 0)
            return error_set_errno(err, errno, "hand %s its configuration", spec->name);
    }
    struct keeper_spawn_spec request = {
        .process = process->number,
        .target = space_target(space),
        .id = space->id,
        .argv = arguments(spec, arena),
        .argc = spec->argc,
        .fds = {configuration, log, log},
        .control = -1,
        .open_files = spec->open_files,
        .own = process->own,
    };
    return keeper_spawn(lab->keeper, &request, err);
}

int process_start(struct lab *lab, const struct plan *plan, const struct plan_process *spec, struct error *err)
{
    struct process *process = process_get(lab, spec->name);
    struct space *space = space_of(lab, plan, spec->ns);
    if (process->state == LAB_PROCESS_RUNNING)
        return 0;
    process->number = process_number(lab, process);
    process->space = space->id;
    process->state = LAB_PROCESS_RUNNING;
    process->failure = NULL;
    process->pid = 0;
    process->listening = false;
    process->wanted = spec->restart;
    process->started = clock_boot();
    process->due = INT64_MAX;
    if (note_start(lab, process, err) == 0 && spawn(lab, process, space, spec, err) == 0)
        return 0;
    process->state = LAB_PROCESS_ABSENT;
    return error_wrap(err, "start %s", spec->name);
}

/* The state that proc_pid_stat(5) gives, and the soft limit of proc_pid_limits(5); false where it is gone. */
static bool look_at(pid_t pid, char *state, unsigned long *open_files)
{
    static const char row[] = "\nMax open files ";
    char path[32], text[2048];
    STR_AUTO limits = STR_INIT;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FD_AUTO fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (length <= 0)
        return false;
    text[length] = 0;
    const char *name_end = strrchr(text, ')');
    snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
    const char *at = file_read(AT_FDCWD, path, &limits, 1 << 16) == 0 ? strstr(str_text(&limits), row) : NULL;
    if (!name_end || !at)
        return false;
    *state = name_end[2];
    *open_files = strtoul(at + strlen(row), NULL, 10);
    return true;
}

bool process_as_planned(struct lab *lab, const struct plan_process *spec)
{
    const struct process *process = map_get(lab->processes, spec->name);
    char state;
    unsigned long open_files;
    if (!process || (process->state == LAB_PROCESS_EXITED && !process->wanted))
        return false;
    if (!spec->stopped && !spec->open_files)
        return process->state == LAB_PROCESS_RUNNING || process->state == LAB_PROCESS_EXITED;
    return process->state == LAB_PROCESS_RUNNING && look_at(process->pid, &state, &open_files) &&
           (!spec->stopped || state == 'T') && (!spec->open_files || open_files == spec->open_files);
}

int process_settle(struct lab *lab, const struct plan_process *spec, struct error *err)
{
    const struct process *process = process_get(lab, spec->name);
    if (!spec->stopped || process->state != LAB_PROCESS_RUNNING)
        return 0;
    if (keeper_kill(lab->keeper, process->number, SIGSTOP, err) != 0)
        return -1;
    /* The signal goes by way of the keeper and the process's waiter; nobody tells when it has arrived. */
    for (int64_t end = clock_boot() + KILL_DEADLINE; !process_as_planned(lab, spec) && clock_boot() < end;)
        if (keeper_dispatch(lab->keeper, 1, err) < 0)
            return -1;
    return 0;
}

int process_go_on(struct lab *lab, const struct plan_process *spec, struct error *err)
{
    const struct process *process = process_get(lab, spec->name);
    return process->state == LAB_PROCESS_RUNNING ? keeper_kill(lab->keeper, process->number, SIGCONT, err) : 0;
}

bool process_has_ended(struct lab *lab, void *context)
{
    (void)lab;
    return ((struct process *)context)->state != LAB_PROCESS_RUNNING;
}

int process_stop(struct lab *lab, struct process *process, struct error *err)
{
    process->wanted = false;
    process->due = INT64_MAX;
    if (process->state != LAB_PROCESS_RUNNING)
        return 0;
    if (keeper_kill(lab->keeper, process->number, SIGTERM, err) != 0)
        return -1;
    if (lab_await(lab, process_has_ended, process, clock_boot() + STOP_DEADLINE, "stop", NULL) == 0)
        return 0;
    if (keeper_kill(lab->keeper, process->number, SIGKILL, err) != 0)
        return -1;
    STR_AUTO what = STR_INIT;
    str_printf(&what, "stop %s", process->name);
    return lab_await(lab, process_has_ended, process, clock_boot() + KILL_DEADLINE, str_text(&what), err);
}

enum lab_process_state lab_process_state(struct lab *lab, const char *name, pid_t *pid, int *wait_status)
{
    const struct process *process = map_get(lab->processes, name);
    if (!process)
        return LAB_PROCESS_ABSENT;
    if (pid)
        *pid = process->pid;
    if (wait_status)
        *wait_status = process->wait_status;
    return process->state;
}

/* ---- what the keeper reports ----------------------------------------------------------------------------------- */

static void started(struct lab *lab, const struct keeper_event *event)
{
    struct process **known = process_numbered(lab, event->process);
    if (!*known) { /* from before this director: its name is in the table */
        *known = ARENA_NEW(lab->arena, struct process);
        (*known)->state = LAB_PROCESS_RUNNING;
        (*known)->due = INT64_MAX;
        (*known)->space = event->id;
        if (event->process > lab->last_number)
            lab->last_number = event->process;
    }
    (*known)->pid = event->pid;
}

static int status_of(const struct keeper_event *event)
{
    return event->end == KEEPER_EXITED     ? W_EXITCODE(event->value, 0)
           : event->end == KEEPER_SIGNALED ? W_EXITCODE(0, event->value)
                                           : W_EXITCODE(127, 0);
}

void process_start_later(struct lab *lab, struct process *process)
{
    const struct space *space = process->space == lab->fabric->id ? lab->fabric
                                : process->space < lab->id_count  ? lab->by_id[process->space]
                                                                  : NULL;
    if (!process->wanted || !space || (space->kind == NAMESPACE_NODE && !space->ready))
        return; /* of a node that died: it is started when the node is there again */
    int64_t now = clock_boot();
    bool lasted = now - process->started > DELAY_MOST;
    process->delay = lasted || !process->delay         ? DELAY_FIRST
                     : process->delay * 2 > DELAY_MOST ? DELAY_MOST
                                                       : process->delay * 2;
    process->due = now + process->delay;
    eventfd_write(lab->wake, 1);
}

void process_event(struct lab *lab, const struct keeper_event *event)
{
    if (event->kind == KEEPER_EVENT_PROCESS_STARTED) {
        started(lab, event);
        return;
    }
    struct process *process = *process_numbered(lab, event->process);
    STR_AUTO problem = STR_INIT;
    if (event->end == KEEPER_NOT_STARTED)
        str_printf(&problem, "%s: %s", event->operation, strerror(event->value));
    else if (*event->operation)
        str_append(&problem, event->operation);
    if (!process || !process->name) {
        if (process)
            process->state = LAB_PROCESS_EXITED;
        lab_queue(lab, LAB_EVENT_SPAWN_EXITED, NULL, event->process, status_of(event),
                  problem.length ? problem.data : NULL);
        return;
    }
    if (process->number != event->process)
        return; /* of an earlier start */
    process->state = LAB_PROCESS_EXITED;
    process->wait_status = status_of(event);
    process->failure = problem.length ? arena_strdup(lab->arena, problem.data) : NULL;
    if (process->listening)
        process_start_later(lab, process);
    if (!process->own)
        lab_queue(lab, LAB_EVENT_PROCESS_EXITED, process->name, event->process, process->wait_status, process->failure);
}

int64_t lab_deadline(struct lab *lab)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; lab->plan && i < lab->process_count; i++)
        if (lab->all_processes[i]->due < first)
            first = lab->all_processes[i]->due;
    return first;
}

int lab_tick(struct lab *lab, struct error *err)
{
    int64_t now = clock_boot();
    int result = 0;
    for (size_t i = 0; i < lab->process_count; i++) {
        struct process *process = lab->all_processes[i];
        if (process->due > now)
            continue;
        const struct plan_process *spec = process_spec(lab, process->name);
        process->due = INT64_MAX;
        if (!spec || process->state == LAB_PROCESS_RUNNING)
            continue;
        if (process_start(lab, lab->plan, spec, result == 0 ? err : NULL) != 0)
            result = -1;
        process->listening = true; /* no one waits for it: it is restarted again when it ends */
    }
    return result;
}

bool lab_spawn_runs(struct lab *lab, uint32_t process)
{
    const struct process *known = *process_numbered(lab, process);
    return known && !known->name && known->state == LAB_PROCESS_RUNNING;
}
