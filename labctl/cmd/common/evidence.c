/* Journal → scenario.  The journal of practice holds its scenario; that of an exam lies beside the sealed file that it
 * was started from, whose sum it holds, and what was drawn from it follows from the variant. */
#include "cmd/common/evidence.h"

#include <string.h>

#include "base/error.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/scenario.h"

void evidence_free(struct evidence *evidence)
{
    if (evidence->read)
        record_free(&evidence->record);
    sealed_texts_free(&evidence->texts);
    explicit_bzero(&evidence->key, sizeof evidence->key);
    str_free(&evidence->path);
    str_free(&evidence->directory);
}

/* Whether the first line, not yet verified, says that it is an exam's. */
static bool is_keyed(const struct str *text)
{
    const char *end = memchr(str_text(text), '\n', text->length);
    json_t *first = end ? json_loadb(text->data, (size_t)(end - text->data), 0, NULL) : NULL;
    bool keyed = client_truth(first, "keyed");
    json_decref(first);
    return keyed;
}

static int read_record(struct evidence *evidence, const struct str *text, struct error *err)
{
    const struct journal_key *key = evidence->key.length ? &evidence->key : NULL;
    if (record_read(str_text(text), text->length, key, &evidence->record, err))
        return -1;
    evidence->read = true;
    return evidence->record.score ? 0
                                  : error_set(err, ERR_FILE, "this exercise was not scored: its journal ends before");
}

/* The lab may have been called otherwise than the topology says. */
static int name_lab(struct evidence *evidence, const char *lab, struct error *err)
{
    struct scenario *scenario = NULL;
    if (!*lab)
        return 0;
    if (sealed_load(&evidence->texts, &scenario, err))
        return -1;
    scenario->topology->name = lab;
    str_clear(&evidence->texts.topology);
    dump_topology(scenario->topology, &evidence->texts.topology);
    scenario_free(scenario);
    return 0;
}

static int read_exam(struct evidence *evidence, const struct str *text, const char *code, struct error *err)
{
    STR_AUTO path = STR_INIT;
    SEALED_AUTO sealed = {0};
    if (!code)
        return error_set(err, ERR_USAGE, "it is an exam: its journal is verified with its start code (--code)");
    str_printf(&path, "%s/" SEALED_FILE, str_text(&evidence->directory));
    if (sealed_open(str_text(&path), code, &sealed, err))
        return -1;
    sealed_key(&sealed, &evidence->key);
    if (read_record(evidence, text, err))
        return -1;
    const json_t *start = json_array_get(evidence->record.entries, 0);
    if (!str_equal(client_text(start, "sealed"), sealed.sum))
        return error_set(err, ERR_FILE, "its " SEALED_FILE " is not the one that it was started with");
    const struct variant variant = {.seed = client_text(start, "seed"), .learner = client_text(start, "learner")};
    return sealed_draw(&sealed, &variant, &evidence->texts, err) ? -1
                                                                 : name_lab(evidence, client_text(start, "lab"), err);
}

static int read_practice(struct evidence *evidence, const struct str *text, struct error *err)
{
    const char *scenario, *topology;
    if (read_record(evidence, text, err) || record_texts(&evidence->record, &scenario, &topology, err))
        return -1;
    str_append(&evidence->texts.stripped, scenario);
    str_append(&evidence->texts.topology, topology);
    return 0;
}

int evidence_read(struct evidence *evidence, const char *name, const char *code, struct error *err)
{
    STR_AUTO text = STR_INIT;
    *evidence = (struct evidence){0};
    if (exercise_journal_read(name, &evidence->path, &text, err))
        return -1;
    str_append_bytes(&evidence->directory, str_text(&evidence->path),
                     (size_t)(strrchr(str_text(&evidence->path), '/') - str_text(&evidence->path)));
    int failed = is_keyed(&text) ? read_exam(evidence, &text, code, err) : read_practice(evidence, &text, err);
    return failed ? error_wrap(err, "%s", str_text(&evidence->path)) : 0;
}
