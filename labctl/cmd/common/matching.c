/* Where the journal can be verified and was begun by this version of the program, the report is compared whole; what
 * another version explained in other words is no fraud, so there it is what decides alone.  Of an exam without its
 * start code only the recorded score can be compared, as it stands. */
#include "cmd/common/matching.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/common/rescore.h"
#include "exercise/journal.h"

#define DIFFERENCES_SHOWN 3
#define VALUE_SHOWN       60
#define JOURNAL_BYTES     ((size_t)256 << 20)

/* ---- differences --------------------------------------------------------------------------------------------------
 */

struct comparison {
    struct str path;
    struct str *out;
    size_t count;
};

static void value_text(const json_t *value, struct str *out)
{
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    size_t length = text ? strlen(text) : 0;
    if (!text)
        str_append(out, "nothing");
    else if (length <= VALUE_SHOWN)
        str_append(out, text);
    else
        str_printf(out, "%.*s…", VALUE_SHOWN, text);
    free(text);
}

static void add_difference(struct comparison *c, const json_t *told, const json_t *follows)
{
    if (c->count++ >= DIFFERENCES_SHOWN)
        return;
    str_printf(c->out, "%s%s is ", c->out->length ? "; " : "", str_text(&c->path));
    value_text(told, c->out);
    str_append(c->out, ", its journal makes it ");
    value_text(follows, c->out);
}

static void compare(struct comparison *c, const json_t *told, const json_t *follows);

static void compare_member(struct comparison *c, const char *between, const char *key, const json_t *told,
                           const json_t *follows)
{
    size_t length = c->path.length;
    str_printf(&c->path, "%s%s", length ? between : "", key);
    compare(c, told, follows);
    c->path.length = length; /* the member is taken off again */
    if (c->path.data)
        c->path.data[length] = 0;
}

static void compare_objects(struct comparison *c, const json_t *told, const json_t *follows)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)follows, key, value) compare_member(c, ".", key, json_object_get(told, key), value);
    json_object_foreach((json_t *)told, key, value) if (!json_object_get(follows, key))
        compare_member(c, ".", key, value, NULL);
}

static void compare(struct comparison *c, const json_t *told, const json_t *follows)
{
    if (json_equal(told, follows))
        return;
    if (json_is_object(told) && json_is_object(follows)) {
        compare_objects(c, told, follows);
    } else if (json_is_array(told) && json_is_array(follows) && json_array_size(told) == json_array_size(follows)) {
        for (size_t i = 0; i < json_array_size(told); i++) {
            char index[32];
            snprintf(index, sizeof index, "[%zu]", i);
            compare_member(c, "", index, json_array_get(told, i), json_array_get(follows, i));
        }
    } else {
        add_difference(c, told, follows);
    }
}

/* As it would be read from the disk. */
static json_t *as_written(const json_t *result)
{
    char *text = json_dumps(result, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_t *read = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    return read;
}

void report_differs(const json_t *told, const json_t *follows, struct str *differs)
{
    json_t *written = as_written(follows);
    struct comparison c = {.path = STR_INIT, .out = differs};
    compare(&c, told, written);
    if (c.count > DIFFERENCES_SHOWN)
        str_printf(differs, "; and %zu more", c.count - DIFFERENCES_SHOWN);
    str_free(&c.path);
    json_decref(written);
}

/* ---- what decides -------------------------------------------------------------------------------------------------
 */

static json_t *points_that_decide(const json_t *points)
{
    json_t *out = json_object();
    static const char *const members[] = {"exact", "total", "maximum", "passed"};
    for (size_t i = 0; json_is_object(points) && i < ARRAY_SIZE(members); i++)
        json_object_set(out, members[i], json_object_get(points, members[i]));
    return out;
}

static json_t *what_decides(const json_t *result)
{
    static const char *const members[] = {"scenario", "mode", "seed", "learner", "end", "started", "ended", "journal"};
    json_t *out = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        json_object_set(out, members[i], json_object_get(result, members[i]));
    json_object_set_new(out, "points", points_that_decide(json_object_get(result, "points")));
    json_object_set_new(out, "machine_points", points_that_decide(json_object_get(result, "machine_points")));
    return out;
}

/* ---- an exam without its code -------------------------------------------------------------------------------------
 */

/* What its journal says as it stands: who, how many entries, the last hash, the score before any marks. */
static void match_unverified(const struct str *journal, const json_t *result, struct str *differs)
{
    const json_t *points = json_object_get(result, "machine_points"),
                 *told_journal = json_object_get(result, "journal");
    json_t *first = NULL, *last = NULL, *score = NULL;
    json_int_t entries = 0;
    for (const char *at = str_text(journal), *end; (end = strchr(at, '\n')) != NULL; at = end + 1, entries++) {
        json_decref(last);
        last = json_loadb(at, (size_t)(end - at), 0, NULL);
        if (!first)
            first = json_incref(last);
        if (str_equal(client_text(last, "event"), "score")) {
            json_decref(score);
            score = json_incref(last);
        }
    }
    if (!json_is_object(points))
        points = json_object_get(result, "points");
    json_t *told = json_pack(
        "{s:O?, s:O?, s:O?, s:O?, s:O?, s:O?, s:O?}", "scenario", json_object_get(result, "scenario"), "learner",
        json_object_get(result, "learner"), "points.exact", json_object_get(points, "exact"), "points.maximum",
        json_object_get(points, "maximum"), "points.passed", json_object_get(points, "passed"), "journal.entries",
        json_object_get(told_journal, "entries"), "journal.head", json_object_get(told_journal, "head"));
    json_t *follows = json_pack("{s:O?, s:O?, s:O?, s:O?, s:O?, s:I, s:O?}", "scenario",
                                json_object_get(first, "scenario"), "learner", json_object_get(first, "learner"),
                                "points.exact", json_object_get(score, "total"), "points.maximum",
                                json_object_get(score, "maximum"), "points.passed", json_object_get(score, "passed"),
                                "journal.entries", entries, "journal.head", json_object_get(last, "hash"));
    report_differs(told, follows, differs);
    json_decref(told);
    json_decref(follows);
    json_decref(first);
    json_decref(last);
    json_decref(score);
}

/* ---- all ----------------------------------------------------------------------------------------------------------
 */

static bool begun_by_this_version(const struct str *journal)
{
    json_t *first = json_loadb(str_text(journal), strcspn(str_text(journal), "\n"), 0, NULL);
    bool is = str_equal(client_text(first, "labctl"), LABCTL_VERSION);
    json_decref(first);
    return is;
}

static void match_recomputed(const struct str *journal, const json_t *result, const json_t *follows,
                             struct str *differs)
{
    if (begun_by_this_version(journal)) {
        report_differs(result, follows, differs);
        return;
    }
    json_t *told = what_decides(result), *decides = what_decides(follows);
    report_differs(told, decides, differs);
    json_decref(told);
    json_decref(decides);
}

void report_match(struct rescoring *rescoring, const char *name, const char *path, const json_t *result,
                  const char *code, struct str *differs, struct str *note)
{
    STR_AUTO file = STR_INIT;
    STR_AUTO journal = STR_INIT;
    struct error err = ERROR_INIT;
    struct points points;
    json_t *follows = NULL;
    const char *slash = strrchr(path, '/');
    str_printf(&file, "%.*s/" JOURNAL_FILE, slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (file_read(AT_FDCWD, str_text(&file), &journal, JOURNAL_BYTES)) {
        str_printf(note, "%s is not there: nothing shows that the report is what happened", str_text(&file));
        return;
    }
    if (client_truth(json_object_get(result, "journal"), "keyed") && !code) {
        match_unverified(&journal, result, differs);
        str_append(note, "it is an exam: its journal is verified with its start code (--code)");
        return;
    }
    if (rescore(rescoring, name, code, &follows, &points, &err))
        str_append(differs, err.text);
    else
        match_recomputed(&journal, result, follows, differs);
    json_decref(follows);
}
