/* Verified once, replayed over the scenario, and compared with the score that was recorded. */
#include "exercise/record.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "exercise/replay.h"
#include "exercise/result_parts.h"

static void keep(void *context, json_t *entry)
{
    struct record *record = context;
    json_array_append(record->entries, entry);
    if (str_equal(entry_text(entry, "event"), "score"))
        record->score = entry;
}

int record_read(const char *text, size_t length, const struct journal_key *key, struct record *record,
                struct error *err)
{
    *record = (struct record){.entries = json_array(), .journal = {.fd = -1}};
    if (!journal_read(text, length, &record->journal, key, keep, record, err))
        return 0;
    record_free(record);
    return -1;
}

void record_free(struct record *record)
{
    json_decref(record->entries);
    journal_close(&record->journal);
    *record = (struct record){.journal = {.fd = -1}};
}

int record_texts(const struct record *record, const char **scenario, const char **topology, struct error *err)
{
    *scenario = json_string_value(json_object_get(record->score, "scenario_text"));
    *topology = json_string_value(json_object_get(record->score, "topology_text"));
    if (*scenario && *topology)
        return 0;
    return error_set(err, ERR_FILE, "this exercise was not scored: its journal ends before");
}

/* The score that stands in the journal. */
static int compare(const struct record *record, const struct points *points, struct error *err)
{
    char total[RATIO_TEXT_MAX];
    const char *recorded = entry_text(record->score, "total");
    long long maximum = (long long)entry_integer(record->score, "maximum");
    bool passed = json_is_true(json_object_get(record->score, "passed"));
    ratio_exact(points->total, total);
    if (str_equal(recorded, total) && maximum == (long long)points->maximum && passed == points->passed)
        return 0;
    return error_set(err, ERR_FILE,
                     "the recorded score does not follow from the journal: it says %s of %lld points (%s), what was "
                     "measured and answered makes %s of %llu (%s)",
                     recorded, maximum, passed ? "passed" : "not passed", total, (unsigned long long)points->maximum,
                     points->passed ? "passed" : "not passed");
}

int record_result(const struct record *record, const struct scenario *scenario, json_t **result, struct points *points,
                  struct error *err)
{
    struct session session;
    ARENA_AUTO arena = arena_new();
    session_recall(&session, scenario, record->entries, &record->journal);
    *points = tally_of(&session, json_object_get(record->score, "outcomes"), true, arena).points;
    int failed = compare(record, points, err);
    if (result)
        *result = failed ? NULL : result_make(&session, NULL);
    session_close(&session);
    return failed;
}
