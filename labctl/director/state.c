/* The state directory: "N.yaml", "N.json" and "N.addresses" of generation N, "current", "target" and "since". */
#include "director/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"

#define TEXT_MAX (64u << 20)

static int write_text(const struct state *state, const char *name, const char *text, size_t length, struct error *err)
{
    if (file_replace(state->directory, name, text, length, 0600) != 0)
        return error_set_errno(err, errno, "write the lab's state (%s)", name);
    return 0;
}

/* A number in a file; 0 where the file is absent. */
static int read_number(const struct state *state, const char *name, long long *out, struct error *err)
{
    STR_AUTO text = STR_INIT;
    *out = 0;
    if (file_read(state->directory, name, &text, 64) != 0)
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "read the lab's state (%s)", name);
    *out = strtoll(str_text(&text), NULL, 10);
    return 0;
}

static int write_number(const struct state *state, const char *name, long long number, struct error *err)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%lld\n", number);
    return write_text(state, name, text, (size_t)length, err);
}

static int read_generation(const struct state *state, const char *name, struct generation *out, struct error *err)
{
    long long number;
    if (read_number(state, name, &number, err) != 0)
        return -1;
    out->number = (unsigned)number;
    if (number == 0)
        return 0;
    char file[32];
    snprintf(file, sizeof file, "%u.yaml", out->number);
    if (file_read(state->directory, file, &out->text, TEXT_MAX) != 0)
        return error_set_errno(err, errno, "read the lab's state (%s)", file);
    snprintf(file, sizeof file, "%u.addresses", out->number);
    if (file_read(state->directory, file, &out->allotments, TEXT_MAX) != 0)
        return error_set_errno(err, errno, "read the lab's state (%s)", file);
    STR_AUTO faults = STR_INIT;
    snprintf(file, sizeof file, "%u.json", out->number);
    if (file_read(state->directory, file, &faults, TEXT_MAX) != 0)
        return error_set_errno(err, errno, "read the lab's state (%s)", file);
    out->faults = json_loads(str_text(&faults), 0, NULL);
    return out->faults ? 0 : error_set(err, ERR_SYSTEM, "read the lab's state (%s): it is not JSON", file);
}

static void clear(struct generation *generation)
{
    str_free(&generation->text);
    str_free(&generation->allotments);
    json_decref(generation->faults);
    *generation = (struct generation){0};
}

static void remove_files(const struct state *state, unsigned number)
{
    char file[32];
    snprintf(file, sizeof file, "%u.yaml", number);
    unlinkat(state->directory, file, 0);
    snprintf(file, sizeof file, "%u.json", number);
    unlinkat(state->directory, file, 0);
    snprintf(file, sizeof file, "%u.addresses", number);
    unlinkat(state->directory, file, 0);
}

int state_open(struct state *state, const char *path, struct error *err)
{
    *state = (struct state){.directory = -1};
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make the directory %s of the lab's state", path);
    state->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (state->directory < 0)
        return error_set_errno(err, errno, "open the directory %s of the lab's state", path);
    long long since;
    if (read_generation(state, "current", &state->current, err) != 0 ||
        read_generation(state, "target", &state->target, err) != 0 || read_number(state, "since", &since, err) != 0)
        return -1;
    state->since = since;
    if (state->target.number != 0 && state->target.number == state->current.number) { /* killed between two steps */
        unlinkat(state->directory, "target", 0);
        clear(&state->target);
    }
    return 0;
}

void state_close(struct state *state)
{
    if (state->directory >= 0)
        close(state->directory);
    clear(&state->current);
    clear(&state->target);
    state->directory = -1;
}

int state_begin(struct state *state, const char *text, const json_t *faults, const char *allotments, struct error *err)
{
    unsigned number = (state->target.number ? state->target.number : state->current.number) + 1;
    char yaml[32], json[32], addresses[32];
    snprintf(yaml, sizeof yaml, "%u.yaml", number);
    snprintf(json, sizeof json, "%u.json", number);
    snprintf(addresses, sizeof addresses, "%u.addresses", number);
    STR_AUTO copy = STR_INIT;
    str_append(&copy, text);
    STR_AUTO kept = STR_INIT;
    str_append(&kept, allotments);
    char *faults_text = faults ? json_dumps(faults, JSON_COMPACT) : NULL;
    STR_AUTO lines = STR_INIT;
    str_append(&lines, faults_text ? faults_text : "[]");
    free(faults_text);
    if (write_text(state, yaml, str_text(&copy), copy.length, err) != 0 ||
        write_text(state, json, str_text(&lines), lines.length, err) != 0 ||
        write_text(state, addresses, str_text(&kept), kept.length, err) != 0 ||
        write_number(state, "target", number, err) != 0)
        return -1;
    clear(&state->target);
    state->target.number = number;
    state->target.text = copy;
    copy = (struct str)STR_INIT;
    state->target.allotments = kept;
    kept = (struct str)STR_INIT;
    state->target.faults = json_loads(str_text(&lines), 0, NULL);
    return 0;
}

int state_commit(struct state *state, struct error *err)
{
    if (state->current.number == 0) {
        state->since = clock_real();
        if (write_number(state, "since", state->since, err) != 0)
            return -1;
    }
    if (write_number(state, "current", state->target.number, err) != 0)
        return -1;
    unlinkat(state->directory, "target", 0);
    remove_files(state, state->current.number);
    clear(&state->current);
    state->current = state->target;
    state->target = (struct generation){0};
    return 0;
}

void state_abandon(struct state *state)
{
    unlinkat(state->directory, "target", 0);
    remove_files(state, state->target.number);
    clear(&state->target);
}
