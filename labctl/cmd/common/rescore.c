/* Journal → scenario and topology → result. */
#include "cmd/common/rescore.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/mark.h"
#include "base/str.h"
#include "cmd/common/exercise.h"
#include "doc/doc.h"
#include "exercise/record.h"
#include "load/scenario.h"
#include "model/scenario.h"

struct rescoring {
    struct str text; /* of the scenario that was read last, with its topology */
    struct scenario *scenario;
};

struct rescoring *rescoring_new(void)
{
    struct rescoring *rescoring = calloc(1, sizeof *rescoring);
    if (!rescoring)
        arena_exhausted();
    return rescoring;
}

void rescoring_free(struct rescoring *rescoring)
{
    if (!rescoring)
        return;
    scenario_free(rescoring->scenario);
    str_free(&rescoring->text);
    free(rescoring);
}

static int read_scenario(struct rescoring *rescoring, const struct record *record, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    const char *scenario, *topology;
    if (record_texts(record, &scenario, &topology, err))
        return -1;
    scenario_join(scenario, topology, &text);
    if (rescoring->scenario && str_equal(str_text(&text), str_text(&rescoring->text)))
        return 0;
    scenario_free(rescoring->scenario);
    rescoring->scenario = NULL;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    findings_init(&findings, arena);
    if (load_scenario_keeping("scenario", str_text(&text), text.length, NULL, sources, &findings,
                              &rescoring->scenario)) {
        const char *first = findings_first(&findings, sources, arena);
        scenario_free(rescoring->scenario);
        rescoring->scenario = NULL;
        return error_set(err, ERR_FILE, "its scenario cannot be read: %s", first ? first : "it is not valid");
    }
    str_free(&rescoring->text);
    rescoring->text = text;
    text = (struct str)STR_INIT;
    return 0;
}

int rescore(struct rescoring *rescoring, const char *name, json_t **result, struct points *points, struct error *err)
{
    STR_AUTO path = STR_INIT;
    STR_AUTO text = STR_INIT;
    struct record record;
    if (exercise_journal_read(name, &path, &text, err))
        return -1;
    if (record_read(str_text(&text), text.length, NULL, &record, err))
        return error_wrap(err, "%s", str_text(&path));
    int failed =
        read_scenario(rescoring, &record, err) || record_result(&record, rescoring->scenario, result, points, err);
    record_free(&record);
    return failed ? error_wrap(err, "%s", str_text(&path)) : 0;
}
