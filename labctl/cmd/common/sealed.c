/* What is sealed is a JSON text: {"version": 1, "drawn", "scenario"} with "seed", "learner" and "topology" where it was
 * drawn.  Nothing of it is ever written to a disk. */
#include "cmd/common/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "cmd/common/terminal.h"
#include "doc/doc.h"
#include "exercise/journal.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/scenario.h"

#define CODE_VARIABLE "LABCTL_START_CODE"
#define FILE_BYTES    ((size_t)160 << 20)
#define VERSION       1

void sealed_texts_free(struct sealed_texts *texts)
{
    str_free(&texts->stripped);
    str_free(&texts->topology);
}

void sealed_free(struct sealed *sealed)
{
    explicit_bzero(sealed->key, sizeof sealed->key);
    str_free(&sealed->file);
    json_decref(sealed->content);
    *sealed = (struct sealed){0};
}

bool sealed_is(const char *path)
{
    char bytes[32];
    FD_AUTO fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = fd < 0 ? -1 : pread(fd, bytes, sizeof bytes, 0);
    return got > 0 && seal_is(bytes, (size_t)got);
}

bool sealed_found(const char *path, struct sources *sources, struct findings *findings)
{
    if (!sealed_is(path))
        return false;
    struct mark whole = {.file = sources_add(sources, path, NULL, 0)};
    findings_add(findings, FINDING_ERROR, "unreadable-file", whole, "'%s' is sealed", path)->hint =
        "`labctl start` opens it with its start code";
    return true;
}

const char *sealed_code_given(struct context *context)
{
    const char *given = cmd_option(context, "--code");
    return given ? given : getenv(CODE_VARIABLE);
}

int sealed_code(struct context *context, const char *what, struct str *code)
{
    const char *given = sealed_code_given(context);
    if (given) {
        str_append(code, given);
        return 0;
    }
    STR_AUTO prompt = STR_INIT;
    str_printf(&prompt, "Start code of %s: ", what);
    if (terminal_ask_secret(str_text(&prompt), code))
        return 0;
    return cmd_usage(context, "%s is opened by its start code: --code CODE, or " CODE_VARIABLE " in the environment",
                     what);
}

void sealed_key(const struct sealed *sealed, struct journal_key *key)
{
    *key = (struct journal_key){.length = SEAL_KEY};
    memcpy(key->bytes, sealed->key, SEAL_KEY);
}

/* ---- opening ---- */

int sealed_open(const char *path, const char *code, struct sealed *sealed, struct error *err)
{
    STR_AUTO text = STR_INIT;
    *sealed = (struct sealed){0};
    if (file_read(AT_FDCWD, path, &sealed->file, FILE_BYTES))
        return error_set(err, ERR_FILE, "read %s: %s", path, strerror(errno));
    if (seal_open(str_text(&sealed->file), sealed->file.length, code, &sealed->seal, &text, sealed->key, err))
        return error_wrap(err, "%s", path);
    sha256_text(sealed->file.data, sealed->file.length, sealed->sum);
    sealed->content = json_loadb(str_text(&text), text.length, 0, NULL);
    explicit_bzero(text.data, text.length);
    if (client_integer(sealed->content, "version") != VERSION)
        return error_set(err, ERR_FILE, "%s: what was sealed in it is not for this version of labctl", path);
    return 0;
}

static bool other_than(const char *wanted, const char *sealed)
{
    return wanted && !str_equal(wanted, sealed);
}

static int take_drawn(const struct sealed *sealed, const struct variant *variant, struct sealed_texts *texts,
                      struct error *err)
{
    const char *seed = client_text(sealed->content, "seed"), *learner = client_text(sealed->content, "learner");
    if (variant && (other_than(variant->seed, seed) || other_than(variant->learner, learner)))
        return error_set(err, ERR_USAGE, "'%s' was sealed for seed '%s' and learner '%s'; it has no other variant",
                         sealed->seal.name, seed, learner);
    str_append(&texts->stripped, client_text(sealed->content, "scenario"));
    str_append(&texts->topology, client_text(sealed->content, "topology"));
    return 0;
}

/* Says nothing of what is wrong: that would tell of the scenario. */
static int draw_bundle(const char *name, const char *text, const struct variant *variant, struct sealed_texts *texts,
                       struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct scenario *scenario = NULL;
    findings_init(&findings, arena);
    struct document *document = document_parse(arena, sources_new(arena), "sealed", text, strlen(text), &findings);
    if (document->root)
        load_scenario_bundle(document, variant, &scenario);
    if (scenario)
        exercise_check_scenario(scenario, &findings);
    if (!scenario || findings.errors)
        return error_set(err, ERR_FILE, "'%s' cannot be started in this variant: tell whoever sealed it", name);
    scenario_strip(document, &texts->stripped);
    dump_topology(scenario->topology, &texts->topology);
    return 0;
}

int sealed_draw(const struct sealed *sealed, const struct variant *variant, struct sealed_texts *texts,
                struct error *err)
{
    *texts = (struct sealed_texts){STR_INIT, STR_INIT};
    if (client_truth(sealed->content, "drawn"))
        return take_drawn(sealed, variant, texts, err);
    return draw_bundle(sealed->seal.name, client_text(sealed->content, "scenario"), variant, texts, err);
}

int sealed_load(const struct sealed_texts *texts, struct scenario **out, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    struct findings findings;
    struct sources *sources = sources_new(arena);
    findings_init(&findings, arena);
    *out = NULL;
    scenario_join(str_text(&texts->stripped), str_text(&texts->topology), &text);
    if (!load_scenario_keeping("scenario", str_text(&text), text.length, NULL, sources, &findings, out))
        return 0;
    const char *first = findings_first(&findings, sources, arena);
    scenario_free(*out);
    *out = NULL;
    return error_set(err, ERR_FILE, "the scenario cannot be read: %s", first ? first : "it is not valid");
}

/* ---- sealing ---- */

/* What is to be drawn from the bundle must be what the author's files give. */
static int compare(const struct exercise_reading *reading, const struct variant *variant, const struct str *bundle,
                   const struct sealed_texts *wanted, struct error *err)
{
    SEALED_TEXTS_AUTO drawn = {STR_INIT, STR_INIT};
    if (draw_bundle(reading->scenario->name, str_text(bundle), variant, &drawn, err))
        return -1;
    if (str_equal(str_text(&drawn.stripped), str_text(&wanted->stripped)) &&
        str_equal(str_text(&drawn.topology), str_text(&wanted->topology)))
        return 0;
    return error_set(err, ERR_FILE, "'%s' is another scenario without its files: seal one variant (--seed, --learner)",
                     reading->scenario->name);
}

static json_t *drawn_content(const struct sealed_texts *texts, const struct scenario *scenario)
{
    return json_pack("{s:i, s:b, s:s, s:s, s:s, s:s}", "version", VERSION, "drawn", 1, "seed", scenario->seed,
                     "learner", scenario->learner, "scenario", str_text(&texts->stripped), "topology",
                     str_text(&texts->topology));
}

/* The document was drawn when it was read: it is read once more. */
static json_t *bundle_content(const struct exercise_reading *reading, const struct variant *variant,
                              const struct sealed_texts *texts, struct error *err)
{
    STR_AUTO bundle = STR_INIT;
    struct findings findings;
    findings_init(&findings, reading->arena);
    const char *path = reading->sources->items[reading->document->file].name;
    struct document *document = document_read(reading->arena, reading->sources, path, &findings);
    if (!document->root) {
        error_set(err, ERR_FILE, "read %s: it is not what it was a moment ago", path);
        return NULL;
    }
    if (scenario_bundle(document, &bundle, err) || compare(reading, variant, &bundle, texts, err))
        return NULL;
    return json_pack("{s:i, s:b, s:s}", "version", VERSION, "drawn", 0, "scenario", str_text(&bundle));
}

int sealed_make(const struct exercise_reading *reading, const struct variant *variant, bool drawn, const char *code,
                struct str *out, struct error *err)
{
    const struct scenario *scenario = reading->scenario;
    SEALED_TEXTS_AUTO texts = {STR_INIT, STR_INIT};
    struct seal seal = {0};
    snprintf(seal.name, sizeof seal.name, "%s", scenario->name);
    snprintf(seal.title, sizeof seal.title, "%s", scenario->title ? scenario->title : "");
    scenario_strip(reading->document, &texts.stripped);
    dump_topology(scenario->topology, &texts.topology);
    json_t *content = drawn ? drawn_content(&texts, scenario) : bundle_content(reading, variant, &texts, err);
    char *text = content ? json_dumps(content, JSON_COMPACT) : NULL;
    json_decref(content);
    if (!text)
        return err->kind ? -1 : error_set(err, ERR_FILE, "seal '%s': its text is not valid UTF-8", scenario->name);
    int result = seal_close(&seal, code, text, strlen(text), out, err);
    explicit_bzero(text, strlen(text));
    free(text);
    return result;
}
