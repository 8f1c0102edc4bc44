/* What the commands of an exercise share. */
#include "cmd/common/catalogue.h"
#include "cmd/common/exercise.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/place.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/common/interrupted.h"
#include "cmd/common/launch.h"
#include "cmd/common/ruleset.h"
#include "cmd/common/sealed.h"
#include "cmd/cmd.h"
#include "doc/doc.h"
#include "exercise/checkpoint.h"
#include "exercise/journal.h"
#include "exercise/result.h"
#include "fault/fault.h"
#include "keeper/protocol.h"
#include "kernel/capability.h"
#include "lab/control.h"
#include "load/scenario.h"
#include "model/scenario.h"
#include "report/report.h"
#include "rules/rules.h"
#include "service/service.h"

#define REPORT_BYTES  ((size_t)64 << 20)
#define JOURNAL_BYTES ((size_t)256 << 20)

/* ---- reading ---- */

void exercise_check_scenario(const struct scenario *scenario, struct findings *findings)
{
    if (!scenario->topology)
        return;
    rules_check(scenario->topology, findings);
    fault_validate_all(scenario->topology, scenario->faults, scenario->fault_count, findings);
    if (!findings->errors)
        scenario_warnings(scenario, findings);
    for (size_t i = 0; i < scenario->requires_kernel.count; i++) {
        const char *name = scenario->requires_kernel.items[i], *names[256];
        if (capability_find(name))
            continue;
        size_t count = 0;
        for (; count < capability_count && count < ARRAY_SIZE(names); count++)
            names[count] = capabilities[count].name;
        const char *near = str_nearest(name, names, count);
        struct finding *finding =
            findings_add(findings, FINDING_ERROR, "unknown-capability", scenario->requires_kernel_marks[i],
                         "no capability is called '%s' (requires: kernel)", name);
        finding->hint = near ? arena_printf(findings->arena, "did you mean '%s'?", near) : "`labctl doctor` names them";
    }
}

int exercise_read_variant(struct exercise_reading *reading, const struct context *context, const char *path,
                          const struct variant *variant)
{
    if (sealed_is(path)) {
        fprintf(stderr, "labctl: %s is sealed: `labctl start` opens it with its start code\n", path);
        return 2;
    }
    exercise_reading_free(reading);
    reading->arena = arena_new();
    reading->sources = sources_new(reading->arena);
    findings_init(&reading->findings, reading->arena);
    reading->document = document_read(reading->arena, reading->sources, path, &reading->findings);
    if (!reading->document->root && reading->findings.count == 1 && !reading->findings.items[0].hint)
        reading->findings.items[0].hint = catalogue_hint(path, reading->arena);
    if (reading->document->root && !document_is_scenario(reading->document))
        findings_add(&reading->findings, FINDING_ERROR, "no-scenario", reading->document->root->mark,
                     "this is no scenario: it has no key 'scenario'")
            ->hint = "a topology is built with `labctl up`";
    else if (reading->document->root)
        load_scenario_document(reading->document, variant, &reading->scenario);
    if (reading->scenario)
        exercise_check_scenario(reading->scenario, &reading->findings);
    if (reading->scenario && reading->scenario->topology)
        rulesets_check(reading->scenario->topology, reading->sources, &reading->findings);
    findings_sort(&reading->findings);
    if (reading->findings.errors > 0) {
        STR_AUTO text = STR_INIT;
        findings_print(&reading->findings, reading->sources, context->color_stderr, &text);
        fputs(str_text(&text), stderr);
    }
    return reading->findings.errors > 0 || !reading->scenario || !reading->scenario->topology ? 2 : 0;
}

void exercise_reading_free(struct exercise_reading *reading)
{
    arena_free(reading->arena);
    *reading = (struct exercise_reading){0};
}

/* ---- what the scenario requires ---- */

void exercise_requirements_find(const struct scenario *scenario, struct findings *findings)
{
    for (size_t i = 0; i < scenario->requires_programs.count; i++)
        if (!service_program_installed(scenario->requires_programs.items[i]))
            findings_add(findings, FINDING_WARNING, "missing-program", scenario->requires_programs_marks[i],
                         "the program %s is missing (the scenario requires it)", scenario->requires_programs.items[i])
                ->hint = "install the package that has it";
    for (size_t i = 0; i < scenario->requires_kernel.count; i++) {
        struct error err = ERROR_INIT;
        if (!capability_find(scenario->requires_kernel.items[i]) ||
            !capability_try(scenario->requires_kernel.items[i], &err))
            continue;
        findings_add(findings, FINDING_WARNING, "missing-capability", scenario->requires_kernel_marks[i], "%.*s",
                     (int)strcspn(err.text, "\n"), err.text)
            ->hint = "`labctl doctor` tells what helps";
    }
    service_programs_find(scenario->topology, findings);
}

int exercise_requirements(const struct scenario *scenario, struct error *err)
{
    STR_AUTO lines = STR_INIT;
    ARENA_AUTO arena = arena_new();
    struct findings missing;
    findings_init(&missing, arena);
    exercise_requirements_find(scenario, &missing);
    for (size_t i = 0; i < missing.count; i++)
        str_printf(&lines, "\n  %s: %s", missing.items[i].text, missing.items[i].hint);
    if (!lines.length)
        return 0;
    return error_set(err, ERR_CAPABILITY, "scenario '%s' requires what this machine does not have:%s", scenario->name,
                     str_text(&lines));
}

/* ---- directories ---- */

int exercises_home(struct str *out, struct error *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && *state == '/')
        str_append(out, state);
    else if (home && *home == '/')
        str_printf(out, "%s/.local/state", home);
    else
        return error_set(err, ERR_USAGE, "neither XDG_STATE_HOME nor HOME says where reports may lie");
    str_append(out, "/labctl/exercises");
    return 0;
}

static int make_path(const char *path, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    char *copy = arena_strdup(arena, path);
    for (char *slash = copy + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        if (mkdir(copy, 0700) && errno != EEXIST)
            return error_set_errno(err, errno, "make the directory %s", copy);
        *slash = '/';
    }
    return mkdir(copy, 0700) && errno != EEXIST ? error_set_errno(err, errno, "make the directory %s", copy) : 0;
}

int exercise_briefing_new(const char *directory, int *briefing, struct error *err)
{
    STR_AUTO path = STR_INIT;
    str_printf(&path, "%s/" BRIEFING_FILE, directory);
    *briefing = open(str_text(&path), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return *briefing < 0 ? error_set_errno(err, errno, "make the file %s", str_text(&path)) : 0;
}

static int open_sessions(const char *directory, int *sessions, struct error *err)
{
    STR_AUTO path = STR_INIT;
    str_printf(&path, "%s/" SESSIONS_FOLDER, directory);
    if (mkdir(str_text(&path), 0700) && errno != EEXIST)
        return error_set_errno(err, errno, "make the directory %s", str_text(&path));
    *sessions = open(str_text(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*sessions < 0)
        return error_set_errno(err, errno, "open the directory %s", str_text(&path));
    /* A lab of root's is somebody else on this machine; where it is not, its user does not exist. */
    if (!geteuid() && fchown(*sessions, KEEPER_ROOT_BASE, KEEPER_ROOT_BASE) && errno != EINVAL)
        return error_set_errno(err, errno, "give the directory %s to the lab", str_text(&path));
    return 0;
}

int exercise_record(struct launch *launch, const struct context *context, const char *directory, struct error *err)
{
    FD_AUTO sessions = -1;
    json_t *reply = NULL;
    if (open_sessions(directory, &sessions, err))
        return -1;
    int result = launch_call_fds(launch, context, "exercise-record", NULL, &sessions, 1, &reply, err);
    json_decref(reply);
    return result;
}

static int open_file(const char *directory, const char *name, int *fd, struct error *err)
{
    STR_AUTO path = STR_INIT;
    str_printf(&path, "%s/%s", directory, name);
    *fd = open(str_text(&path), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    /* The lock goes with the descriptor to the lab and ends with it: `gc` asks for it to know what is over. */
    if (*fd < 0 || flock(*fd, LOCK_EX | LOCK_NB))
        return error_set_errno(err, errno, "make the file %s", str_text(&path));
    return 0;
}

int exercise_directory_new(const char *scenario, struct str *path, int *journal, int *report, struct error *err)
{
    char stamp[32];
    struct tm utc;
    time_t now = time(NULL);
    *journal = *report = -1;
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    STR_AUTO home = STR_INIT;
    if (exercises_home(&home, err) || make_path(str_text(&home), err))
        return -1;
    for (unsigned n = 1;; n++) {
        str_clear(path);
        str_printf(path, "%s/%s-%s", str_text(&home), stamp, scenario);
        if (n > 1)
            str_printf(path, "-%u", n);
        if (!mkdir(str_text(path), 0700))
            break;
        if (errno != EEXIST)
            return error_set_errno(err, errno, "make the directory %s", str_text(path));
    }
    if (!open_file(str_text(path), JOURNAL_FILE, journal, err) && !open_file(str_text(path), RESULT_FILE, report, err))
        return 0;
    exercise_directory_remove(str_text(path));
    return -1;
}

static void remove_sessions(int directory)
{
    int folder = openat(directory, SESSIONS_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *sessions = folder < 0 ? NULL : fdopendir(folder);
    for (struct dirent *entry; sessions && (entry = readdir(sessions)) != NULL;)
        if (entry->d_name[0] != '.')
            unlinkat(folder, entry->d_name, 0);
    if (sessions)
        closedir(sessions);
    else
        fd_close(&folder);
    unlinkat(directory, SESSIONS_FOLDER, AT_REMOVEDIR);
}

void exercise_directory_remove(const char *path)
{
    FD_AUTO directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    static const char *const files[] = {JOURNAL_FILE,
                                        RESULT_FILE,
                                        BRIEFING_FILE,
                                        SEALED_FILE,
                                        ABANDONED_FILE,
                                        CHECKPOINT_FILE_1,
                                        CHECKPOINT_FILE_2,
                                        ALIVE_FILE,
                                        "answers/articulate.txt",
                                        "answers/articulate.txt.new"};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        unlinkat(directory, files[i], 0);
    unlinkat(directory, "answers", AT_REMOVEDIR);
    remove_sessions(directory);
    rmdir(path);
}

/* "20260301T120000Z-broken-dns", "…-broken-dns-2" for scenario broken-dns */
static bool is_of(const char *directory, const char *name)
{
    const char *dash = strchr(directory, '-');
    if (!name || str_equal(directory, name))
        return true;
    if (!dash || !str_starts(dash + 1, name))
        return false;
    const char *rest = dash + 1 + strlen(name);
    return !*rest || (*rest == '-' && strspn(rest + 1, "0123456789") == strlen(rest + 1));
}

static bool has_report(const char *home, const char *directory)
{
    STR_AUTO path = STR_INIT;
    struct stat status;
    str_printf(&path, "%s/%s/" RESULT_FILE, home, directory);
    return !stat(str_text(&path), &status) && status.st_size > 0;
}

/* The name of the latest exercise's directory: of that name (NULL: of all), with a report or not.  NULL where there is
 * none; in the arena. */
static const char *latest_of(const char *home, const char *name, bool reported, struct arena *arena)
{
    const char *latest = NULL;
    DIR *directory = opendir(home);
    for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.' && is_of(entry->d_name, name) && (!latest || strcmp(entry->d_name, latest) > 0) &&
            (!reported || has_report(home, entry->d_name)))
            latest = arena_strdup(arena, entry->d_name);
    if (directory)
        closedir(directory);
    return latest;
}

/* The directory of an exercise that has a report: a path as it is, else the latest one of that name. */
static int find_directory(const char *name, struct str *path, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO home = STR_INIT;
    if (name && strchr(name, '/')) {
        str_append(path, name);
        return 0;
    }
    if (exercises_home(&home, err))
        return -1;
    const char *latest = latest_of(str_text(&home), name, true, arena);
    if (!latest)
        return error_set(err, ERR_ABSENT, "there is no report%s%s%s in %s", name ? " of '" : "", name ? name : "",
                         name ? "'" : "", str_text(&home));
    str_printf(path, "%s/%s", str_text(&home), latest);
    return 0;
}

bool exercise_later(const char *name, struct str *later)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO home = STR_INIT;
    struct error none = ERROR_INIT;
    if ((name && strchr(name, '/')) || exercises_home(&home, &none))
        return false;
    const char *latest = latest_of(str_text(&home), name, false, arena);
    if (!latest || has_report(str_text(&home), latest))
        return false;
    str_append(later, latest);
    return true;
}

int exercise_journal_read(const char *name, struct str *path, struct str *text, struct error *err)
{
    if (find_directory(name, path, err))
        return -1;
    str_append(path, "/" JOURNAL_FILE);
    return file_read(AT_FDCWD, str_text(path), text, JOURNAL_BYTES)
               ? error_set_errno(err, errno, "read %s", str_text(path))
               : 0;
}

int exercise_report_read(const char *name, struct str *path, json_t **result, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (find_directory(name, path, err))
        return -1;
    str_append(path, "/" RESULT_FILE);
    if (file_read(AT_FDCWD, str_text(path), &text, REPORT_BYTES))
        return error_set_errno(err, errno, "read %s", str_text(path));
    *result = json_loadb(str_text(&text), text.length, JSON_REJECT_DUPLICATES, NULL);
    return *result ? 0 : error_set(err, ERR_FILE, "%s is no report", str_text(path));
}

/* ---- exercises that run ---- */

struct running {
    char lab[80], scenario[80]; /* of the first */
    size_t count;
};

static struct running find_running(void)
{
    struct running running = {0};
    char **names = NULL;
    size_t count = 0;
    if (registry_list(&names, &count, NULL))
        return running;
    for (size_t i = 0; i < count; i++) {
        struct context lab = {.lab = names[i], .quiet = true};
        json_t *state = NULL;
        if (!client_call(&lab, "state", NULL, &state, NULL) && *client_text(state, "exercise") &&
            running.count++ == 0) {
            snprintf(running.lab, sizeof running.lab, "%s", names[i]);
            snprintf(running.scenario, sizeof running.scenario, "%s", client_text(state, "exercise"));
        }
        json_decref(state);
        free(names[i]);
    }
    free(names);
    return running;
}

int exercise_forbids(const char *command, struct error *err)
{
    struct running running = find_running();
    return running.count ? error_set(err, ERR_BUSY, "'%s' is refused during exercise '%s'", command, running.scenario)
                         : 0;
}

void exercise_choose_lab(struct context *context)
{
    static struct running running; /* context points into it */
    if (context->lab)
        return;
    running = find_running();
    if (running.count == 1)
        context->lab = running.lab;
}

int exercise_fail(const struct context *context, const struct error *err)
{
    int status = cmd_fail(context, err);
    STR_AUTO path = STR_INIT;
    STR_AUTO interrupted = STR_INIT;
    json_t *result = NULL;
    if (err->kind == ERR_ABSENT && !context->quiet)
        interrupted_tell(&interrupted);
    fputs(str_text(&interrupted), stderr);
    if (!interrupted.length && err->kind == ERR_ABSENT && !context->lab && !context->quiet && !find_running().count &&
        !exercise_report_read(NULL, &path, &result, NULL))
        fprintf(stderr, "The last exercise, '%s', ended at %s; `labctl report` explains it.\n",
                client_text(result, "scenario"), client_text(result, "ended"));
    json_decref(result);
    return status;
}

/* ---- printing ---- */

void exercise_print_head(const json_t *status, const char *when)
{
    const json_t *journal = json_object_get(status, "journal");
    if (client_truth(journal, "keyed"))
        printf("\nThis is an exam.  Head of its journal at the %s, to be handed in now:\n  %s\n", when,
               client_text(journal, "head"));
}

int exercise_print_report(const struct context *context, const char *as, const json_t *result)
{
    STR_AUTO text = STR_INIT;
    if (!as)
        as = context->format == FORMAT_JSON ? "json" : "text";
    const struct report_writer *writer = report_writer_find(as);
    if (!writer) {
        STR_AUTO names = STR_INIT;
        for (size_t i = 0; i < report_writer_count; i++)
            str_printf(&names, "%s%s", i ? ", " : "", report_writers[i].name);
        return cmd_usage(context, "a report is written as %s, not '%s'", str_text(&names), as);
    }
    writer->write(result, context->color, &text);
    fputs(str_text(&text), stdout);
    return client_truth(json_object_get(result, "points"), "passed") ? 0 : 1;
}
