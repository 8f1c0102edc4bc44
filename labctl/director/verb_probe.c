/* The verb "probe": one measurement, described by the words of a command line. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "director/checks.h"
#include "director/director.h"
#include "load/load.h"
#include "model/check.h"
#include "model/topology.h"

struct probe_request {
    struct arena *arena; /* of the check */
    struct request *request;
};

static void probe_done(struct director *director, void *context, const struct check_result *results, size_t count,
                       const struct error *err)
{
    (void)director;
    struct probe_request *probe = context;
    struct error problem = ERROR_INIT;
    if (!err && count != 1) {
        error_set(&problem, ERR_PROBE, "nothing was measured");
        err = &problem;
    }
    json_t *reply = err ? NULL : json_pack("{s:o}", "probe", check_result_json(&results[0]));
    if (reply && results[0].metrics)
        json_object_set(reply, "metrics", results[0].metrics);
    request_finish(probe->request, reply, NULL, 0, err);
    arena_free(probe->arena);
}

/* Keys with values, which are YAML: { key: text }. */
static int read_keys(const json_t *params, struct arena *arena, struct check_words *words, struct error *err)
{
    struct check_key *keys = NULL;
    const char *key;
    json_t *text;
    struct sources *sources = sources_new(arena);
    json_object_foreach(json_object_get(params, "keys"), key, text)
    {
        struct findings findings;
        const char *yaml = json_string_value(text);
        findings_init(&findings, arena);
        struct document *document =
            document_parse_value(arena, sources, key, yaml ? yaml : "", yaml ? strlen(yaml) : 0, &findings);
        if (findings.errors > 0)
            return error_set(err, ERR_USAGE, "%s", findings_first(&findings, sources, arena));
        *ARENA_PUSH(arena, keys, words->key_count) = (struct check_key){arena_strdup(arena, key), document->root};
    }
    words->keys = keys;
    return 0;
}

/* Decodes the check against the running topology; NULL with err. */
static struct check *read_check(const struct topology *topology, const json_t *params, struct arena *arena,
                                struct error *err)
{
    struct topology own = *topology;
    struct check_words words = {.kind = json_string_value(json_object_get(params, "kind")),
                                .from = json_string_value(json_object_get(params, "from")),
                                .what = json_string_value(json_object_get(params, "what"))};
    struct findings findings;
    if (!words.kind) {
        error_set(err, ERR_USAGE, "a probe needs a kind");
        return NULL;
    }
    own.arena = arena; /* what is decoded goes with the request */
    findings_init(&findings, arena);
    if (read_keys(params, arena, &words, err) != 0)
        return NULL;
    struct check *check = load_check_words(&own, &words, &findings);
    for (size_t i = 0; i < findings.count && !check; i++) {
        const struct finding *finding = &findings.items[i];
        if (finding->level != FINDING_ERROR)
            continue;
        error_set(err, str_equal(finding->rule, "dangling-reference") ? ERR_ABSENT : ERR_USAGE, "%s%s%s", finding->text,
                  finding->hint ? "; " : "", finding->hint ? finding->hint : "");
        return NULL;
    }
    if (!check)
        error_set(err, ERR_USAGE, "that asks nothing");
    return check;
}

int verb_probe(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    const struct topology *topology = director_topology(director);
    if (!topology)
        return error_set(err, ERR_BUSY, "the lab is not built yet: nothing can be measured");
    struct arena *arena = arena_new();
    struct probe_request *probe = ARENA_NEW(arena, struct probe_request);
    *probe = (struct probe_request){arena, request};
    const struct check *check = read_check(topology, request_params(request), arena, err);
    struct checks_options options = {.controls = (const struct check **)topology->checks,
                                     .control_count = topology->check_count,
                                     .with_metrics = json_is_true(json_object_get(request_params(request), "metrics"))};
    if (!check || checks_start(director, &check, 1, &options, probe_done, probe, err) < 0) {
        arena_free(arena);
        return -1;
    }
    return REQUEST_DEFERRED;
}
