/* Taking checkpoints.
 *
 * Theory of operation.  A node differs from what the plan says of it only where somebody was in it, so only nodes that
 * were entered (exec, shell) are looked at; after a restart of the director, which does not know any more, all are.
 * Looking and writing are the work of a forked child with a low priority: the director only starts it, at most once in
 * an interval, and hears how it went.  The child writes nothing where nothing has changed.  Two files are written in
 * turn, each with a hash, so the last good one stays whatever happens to the other: a crash, a full disk.
 *
 * A third file tells every interval that the exercise is alive: what lies between its last time and a resume is lost
 * time, not the learner's; and how long ago the lab was seen to be as the last checkpoint says. */

#include "director/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "director/exercise.h"
#include "exercise/checkpoint.h"
#include "lab/keeper.h"
#include "lab/lab.h"
#include "lab/snapshot.h"
#include "model/scenario.h"
#include "plan/plan.h"

#define INTERVAL     (10 * NANOSECONDS_PER_SECOND)
#define INTERVAL_MIN (NANOSECONDS_PER_SECOND / 10)
#define HANGS        (30 * NANOSECONDS_PER_SECOND) /* a child that takes longer is given up */
#define NICENESS     10
#define STATE_FILE   "checkpoint.json"
#define FILE_BYTES   ((size_t)256 << 20)

static const char *const tags[CHECKPOINT_FD_COUNT] = {"exercise-checkpoint-1", "exercise-checkpoint-2",
                                                      "exercise-alive"};

/* What the child says. */
struct said {
    enum { SAID_WRITTEN, SAID_SAME, SAID_FAILED } what;
    char digest[SHA256_TEXT];
    char text[512];
};

struct waiter {
    struct waiter *next;
    checkpoint_done *done;
    void *context;
};

static struct {
    bool on, dirty;
    int files[CHECKPOINT_FD_COUNT];
    int64_t interval;
    uint64_t number;      /* of the last attempt */
    size_t good;          /* the file that holds the last one that was written whole */
    uint64_t good_number; /* and its number; 0: there is none */
    int64_t begun, right; /* boot time: when the last child began to look; when the good one was last seen to be right
                             (0: not by this director) */
    json_t *touched, *options;
    unsigned generation; /* of the topology that was written last */
    char digest[SHA256_TEXT];
    int timer, watchdog;
    pid_t child;
    int fd;                          /* from the child */
    struct waiter *waiting, *coming; /* for the child that is at work; for the next one */
    char *problem;                   /* not on record yet */
    bool failed;
} kept = {.timer = -1, .watchdog = -1, .fd = -1};

/* ---- the child -----------------------------------------------------------------------------------------------------
 */

static json_t *known(struct director *director, const struct exercise *exercise)
{
    return json_pack("{s:i, s:I, s:s, s:s, s:s, s:s, s:s, s:O, s:O, s:O?, s:O, s:O, s:O}", "version", 1, "entries",
                     (json_int_t)exercise->session.journal.count, "lab", director_plan(director)->lab, "scenario",
                     exercise->stripped, "healthy", exercise->healthy, "text", director_text(director), "allotments",
                     director_allotments(director), "faults", director_faults(director), "listened", exercise->listened,
                     "reach", exercise->reach, "present", exercise->present, "passed", exercise->passed, "options",
                     kept.options);
}

static int put_nodes(struct director *director, struct str *content, struct error *err)
{
    size_t i;
    const json_t *name;
    json_array_foreach(kept.touched, i, name)
    {
        STR_AUTO snapshot = STR_INIT;
        const char *node = json_string_value(name);
        if (plan_find_namespace(director_plan(director), node) == UINT32_MAX)
            continue; /* removed from the topology since */
        if (snapshot_take(director_lab(director), node, &snapshot, err))
            return -1;
        checkpoint_put_node(content, node, str_text(&snapshot), snapshot.length);
    }
    return 0;
}

/* Over the file that does not hold the last good one; its place is needed where the disk is full. */
static int write_file(const struct exercise *exercise, const struct str *content, struct error *err)
{
    STR_AUTO file = STR_INIT;
    int fd = kept.files[1 - kept.good];
    checkpoint_seal(content, kept.number, clock_real(), &exercise->session.journal.key, &file);
    if (!ftruncate(fd, 0) && lseek(fd, 0, SEEK_SET) == 0 && !fd_write_all(fd, str_text(&file), file.length) &&
        !fdatasync(fd))
        return 0;
    int number = errno;
    if (ftruncate(fd, 0))
        number = errno;
    return error_set_errno(err, number, "write the checkpoint of %zu KiB", (file.length + 1023) / 1024);
}

static int look_and_write(struct director *director, struct said *said, struct error *err)
{
    STR_AUTO content = STR_INIT;
    const struct exercise *exercise = exercise_current();
    json_t *all = known(director, exercise);
    if (!all)
        return error_set(err, ERR_SYSTEM, "write the checkpoint: what is known is not UTF-8");
    checkpoint_put_known(&content, all);
    json_decref(all);
    if (put_nodes(director, &content, err))
        return -1;
    sha256_text(str_text(&content), content.length, said->digest);
    said->what = SAID_SAME;
    if (str_equal(said->digest, kept.digest))
        return 0;
    said->what = SAID_WRITTEN;
    return write_file(exercise, &content, err);
}

static void run_child(struct director *director, pid_t parent, int out) __attribute__((noreturn));
static void run_child(struct director *director, pid_t parent, int out)
{
    struct said said = {0};
    struct error err = ERROR_INIT;
    prctl(PR_SET_NAME, "checkpoint");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpriority(PRIO_PROCESS, 0, NICENESS);
    signal(SIGXFSZ, SIG_IGN);
    if (getppid() != parent)
        _exit(1);
    if (look_and_write(director, &said, &err)) {
        said.what = SAID_FAILED;
        snprintf(said.text, sizeof said.text, "%.*s", (int)sizeof said.text - 1, err.text);
    }
    _exit(fd_write_all(out, &said, sizeof said) ? 1 : 0);
}

/* ---- the director's side -------------------------------------------------------------------------------------------
 */

static void note(const char *text)
{
    struct error err = ERROR_INIT;
    struct exercise *exercise = exercise_current();
    if (!exercise || session_note(&exercise->session, "checkpoint", json_pack("{s:s}", "text", text), clock_boot(),
                                  clock_real(), &err))
        return;
    free(kept.problem);
    kept.problem = NULL;
}

/* What could not be written is on record as soon as the journal can be written. */
static void tell(const struct said *said)
{
    if (said->what != SAID_FAILED) {
        if (kept.failed && kept.problem)
            note(kept.problem);
        if (kept.failed)
            note("checkpoints are written again");
        kept.failed = false;
        return;
    }
    fprintf(stderr, "director: %s\n", said->text);
    if (!kept.failed) {
        STR_AUTO text = STR_INIT;
        str_printf(&text, "%s; the one before it stays, and it is tried again", said->text);
        free(kept.problem);
        kept.problem = str_steal(&text);
    }
    kept.failed = true;
    kept.dirty = true;
    if (kept.problem)
        note(kept.problem);
}

static void answer(struct director *director, struct waiter **list, const struct said *said)
{
    struct error err = ERROR_INIT;
    if (said->what == SAID_FAILED)
        error_set(&err, ERR_SYSTEM, "%s", said->text);
    while (*list) {
        struct waiter *waiter = *list;
        *list = waiter->next;
        waiter->done(director, waiter->context, err.kind ? &err : NULL);
        free(waiter);
    }
}

static void say_alive(void)
{
    struct alive alive;
    alive_now(&alive);
    alive.checkpoint = kept.right ? kept.good_number : 0;
    alive.age = alive.boot - kept.right;
    if (!alive_write(kept.files[CHECKPOINT_FD_ALIVE], &alive, &exercise_current()->session.journal.key))
        sync_file_range(kept.files[CHECKPOINT_FD_ALIVE], 0, 0, SYNC_FILE_RANGE_WRITE);
}

static void take(struct director *director);

static void finish(struct director *director, const struct said *said)
{
    director_unwatch(director, kept.fd);
    fd_close(&kept.fd);
    director_cancel(director, kept.watchdog);
    kept.watchdog = -1;
    kill(kept.child, SIGKILL); /* it has said all */
    waitpid(kept.child, NULL, 0);
    kept.child = 0;
    if (!kept.on)
        return;
    if (said->what == SAID_WRITTEN) {
        memcpy(kept.digest, said->digest, sizeof kept.digest);
        kept.good = 1 - kept.good;
        kept.good_number = kept.number;
    }
    if (said->what != SAID_FAILED) {
        kept.right = kept.begun;
        say_alive();
    }
    tell(said);
    answer(director, &kept.waiting, said);
    if (kept.coming)
        take(director);
}

static void child_says(struct director *director, int fd, void *context)
{
    struct said said = {.what = SAID_FAILED};
    (void)context;
    ssize_t got = read(fd, &said, sizeof said);
    if (got < 0 && errno == EINTR)
        return;
    if (got != (ssize_t)sizeof said)
        said = (struct said){.what = SAID_FAILED, .text = "the checkpoint could not be taken: its process ended"};
    finish(director, &said);
}

static void child_hangs(struct director *director, void *context)
{
    const struct said said = {.what = SAID_FAILED, .text = "the checkpoint could not be taken in 30 s"};
    (void)context;
    kept.watchdog = -1;
    finish(director, &said);
}

static int start_child(struct director *director)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return -1;
    kept.number++;
    kept.begun = clock_boot();
    pid_t self = getpid(), child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(director, self, ends[1]);
    }
    close(ends[1]);
    if (child < 0 || director_watch(director, ends[0], child_says, NULL, NULL)) {
        close(ends[0]);
        if (child > 0)
            kill(child, SIGKILL);
        return -1;
    }
    kept.child = child;
    kept.fd = ends[0];
    kept.watchdog = director_after(director, HANGS, child_hangs, NULL);
    return 0;
}

/* Starts a child, if none is at work. */
static void take(struct director *director)
{
    if (kept.child)
        return;
    kept.waiting = kept.coming;
    kept.coming = NULL;
    kept.dirty = false;
    kept.generation = director_generation(director);
    if (!start_child(director))
        return;
    const struct said said = {.what = SAID_FAILED, .text = "the checkpoint could not be taken: no process for it"};
    tell(&said);
    answer(director, &kept.waiting, &said);
}

static void tick(struct director *director, void *context)
{
    (void)context;
    kept.timer = director_after(director, kept.interval, tick, NULL);
    bool changed = kept.dirty || kept.generation != director_generation(director) || json_array_size(kept.touched);
    if (!changed && !kept.child && kept.right)
        kept.right = clock_boot(); /* nobody was in, so nothing can have changed */
    say_alive();
    if (changed)
        take(director);
}

void checkpoint_now(struct director *director, checkpoint_done *done, void *context)
{
    struct waiter *waiter = calloc(1, sizeof *waiter);
    if (!waiter)
        arena_exhausted();
    *waiter = (struct waiter){kept.coming, done, context};
    if (!kept.on) {
        free(waiter);
        done(director, context, NULL);
        return;
    }
    kept.coming = waiter;
    take(director);
}

void checkpoint_touch(const char *node)
{
    size_t i;
    const json_t *name;
    json_array_foreach(kept.touched, i, name) if (str_equal(json_string_value(name), node)) return;
    if (kept.on)
        json_array_append_new(kept.touched, json_string(node));
}

void checkpoint_dirty(void)
{
    kept.dirty = true;
}

/* ---- beginning and end ---------------------------------------------------------------------------------------------
 */

static void begin(struct director *director, const json_t *options)
{
    int64_t wanted = json_integer_value(json_object_get(options, "interval_ms")) * (NANOSECONDS_PER_SECOND / 1000);
    kept.options = options ? json_deep_copy(options) : json_object();
    kept.interval = wanted <= 0 ? INTERVAL : wanted < INTERVAL_MIN ? INTERVAL_MIN : wanted;
    kept.on = kept.dirty = true;
    tick(director, NULL);
}

/* The files hold this one: the next goes to the other file, and looks at its nodes as well. */
static void go_on_from(const struct checkpoint *last)
{
    kept.number = last->number;
    kept.good = last->file;
    kept.good_number = last->number;
    for (size_t i = 0; i < last->node_count; i++)
        json_array_append_new(kept.touched, json_string(last->nodes[i].name));
}

int checkpoint_begin(struct director *director, const int files[static CHECKPOINT_FD_COUNT],
                     const struct checkpoint *last, const json_t *options, struct error *err)
{
    memcpy(kept.files, files, sizeof kept.files);
    for (size_t i = 0; i < CHECKPOINT_FD_COUNT; i++) {
        if (files[i] < 0)
            return 0;
        if (keeper_store(lab_keeper(director_lab(director)), tags[i], files[i], err))
            return -1;
    }
    json_t *state = json_pack("{s:O?}", "options", options);
    char *text = json_dumps(state, JSON_COMPACT);
    int failed = !text || file_replace(director_state_directory(director), STATE_FILE, text, strlen(text), 0600);
    int reason = errno;
    free(text);
    json_decref(state);
    if (failed)
        return error_set_errno(err, reason, "write the exercise's state");
    kept.touched = json_array();
    if (last) {
        go_on_from(last);
        kept.right = clock_boot(); /* it was just put back */
    }
    begin(director, options);
    return 0;
}

/* The last one that is whole; none: its number is 0. */
static void find_last(const struct exercise *exercise)
{
    struct str texts[CHECKPOINT_FILES] = {STR_INIT, STR_INIT};
    struct checkpoint last;
    for (size_t i = 0; i < CHECKPOINT_FILES; i++)
        if (lseek(kept.files[i], 0, SEEK_SET) == 0)
            fd_read_all(kept.files[i], &texts[i], FILE_BYTES);
    if (!checkpoint_latest(texts, &exercise->session.journal.key, &last, NULL)) {
        go_on_from(&last);
        checkpoint_free(&last);
    }
    for (size_t i = 0; i < CHECKPOINT_FILES; i++)
        str_free(&texts[i]);
}

void checkpoint_standing(struct director *director)
{
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < CHECKPOINT_FD_COUNT; i++) {
        int fd = lab_stored(director_lab(director), tags[i]);
        kept.files[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (kept.files[i] < 0)
            return;
    }
    kept.touched = json_array();
    find_last(exercise_current());
    const struct plan *plan = director_plan(director);
    kept.on = true;
    for (size_t i = 0; i < plan->namespace_count; i++)
        if (plan->namespaces[i].kind == NAMESPACE_NODE)
            checkpoint_touch(plan->namespaces[i].name);
    json_t *state = file_read(director_state_directory(director), STATE_FILE, &text, 1 << 20)
                        ? NULL
                        : json_loads(str_text(&text), 0, NULL);
    begin(director, json_object_get(state, "options"));
    json_decref(state);
}

void checkpoint_end(struct director *director)
{
    if (!kept.on)
        return;
    const struct said said = {.what = SAID_SAME};
    kept.on = false;
    director_cancel(director, kept.timer);
    if (kept.child)
        finish(director, &said);
    answer(director, &kept.waiting, &said);
    answer(director, &kept.coming, &said);
    for (size_t i = 0; i < CHECKPOINT_FD_COUNT; i++)
        if (ftruncate(kept.files[i], 0))
            fprintf(stderr, "director: empty the checkpoint: error %d\n", errno);
}
