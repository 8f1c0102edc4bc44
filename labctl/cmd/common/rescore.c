/* Journal → scenario and topology → result. */
#include "cmd/common/rescore.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/mark.h"
#include "base/str.h"
#include "cmd/common/evidence.h"
#include "doc/doc.h"
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

static int read_scenario(struct rescoring *rescoring, const struct evidence *evidence, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    scenario_join(str_text(&evidence->texts.stripped), str_text(&evidence->texts.topology), &text);
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

int rescore(struct rescoring *rescoring, const char *name, const char *code, json_t **result, struct points *points,
            struct error *err)
{
    EVIDENCE_AUTO evidence = {0};
    if (evidence_read(&evidence, name, code, err))
        return -1;
    int failed = read_scenario(rescoring, &evidence, err) ||
                 record_result(&evidence.record, rescoring->scenario, result, points, err);
    return failed ? error_wrap(err, "%s", str_text(&evidence.path)) : 0;
}
