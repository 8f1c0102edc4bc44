/* The certificate of a proof: what was proved, of which files, by which program on which kernel, step by step. */
#include "cmd/common/certificate.h"

#include <sys/utsname.h>

#include "base/clock.h"
#include "base/str.h"
#include "doc/doc.h"
#include "base/sha256.h"
#include "model/scenario.h"

static json_t *files_json(const struct proof_run *run)
{
    json_t *files = json_array();
    const struct sources *sources = run->reading.sources;
    for (size_t i = 0; i < sources->count; i++) {
        char hash[SHA256_TEXT];
        if (!sources->items[i].text)
            continue;
        sha256_text(sources->items[i].text, sources->items[i].length, hash);
        json_array_append_new(files, json_pack("{s:s, s:s}", "file", sources->items[i].name, "sha256", hash));
    }
    return files;
}

static json_t *run_json(const struct proof_run *run)
{
    double seconds = 0;
    size_t i;
    json_t *step;
    json_array_foreach(run->steps, i, step)
    {
        seconds += json_real_value(json_object_get(step, "seconds"));
    }
    return json_pack("{s:s?, s:i, s:b, s:f, s:O}", "seed", run->seed, "round", (int)run->round, "proved", !run->status,
                     "seconds", seconds, "steps", run->steps);
}

static json_t *scenario_json(const struct proof_run *runs, size_t count)
{
    const struct scenario *scenario = runs->reading.scenario;
    json_t *list = json_array(), *files = files_json(runs);
    size_t proved = 0;
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, run_json(&runs[i]));
        proved += runs[i].over && !runs[i].status;
    }
    return json_pack("{s:s, s:s?, s:s, s:o, s:b, s:s, s:o}", "scenario", scenario->name, "title", scenario->title,
                     "file", runs->file, "files", files, "proved", proved == count, "outcome",
                     proved == count ? "proved"
                     : proved        ? "proved at times"
                                     : "not proved",
                     "runs", list);
}

json_t *certificate_make(const struct proof_run *runs, size_t count, int64_t started_real, int64_t took)
{
    struct utsname machine = {0};
    char time[CLOCK_TEXT_MAX];
    json_t *scenarios = json_array();
    bool proved = true;
    uname(&machine);
    for (size_t i = 0, n; i < count; i += n) {
        for (n = 0; n < (size_t)runs[i].seeds * runs[i].rounds; n++)
            proved = proved && runs[i + n].over && !runs[i + n].status;
        json_array_append_new(scenarios, scenario_json(&runs[i], n));
    }
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:f, s:b, s:o}", "version", CERTIFICATE_VERSION, "labctl",
                     LABCTL_VERSION, "kernel", machine.release, "machine", machine.machine, "started",
                     clock_format_real(started_real, time), "seconds", (double)(took / 1000000) / 1e3, "proved", proved,
                     "scenarios", scenarios);
}
