/* One lab of a proof: an ordinary lab that lives as long as its connection. */
#include "cmd/common/proof_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/common/client.h"
#include "cmd/common/launch.h"
#include "cmd/common/looks.h"
#include "lab/control.h"
#include "model/scenario.h"

int proof_lab_start(const struct proof_job *job, struct launch **out, struct error *err)
{
    return launch_begin(job->lab, job->run->file, out, err);
}

int proof_lab_call(struct launch *launch, const char *verb, json_t *params, json_t **reply, struct error *err)
{
    return control_call(launch_control(launch), verb, params, NULL, 0, NULL, NULL, reply, NULL, NULL, err);
}

int proof_lab_build(struct launch *launch, const struct proof_run *run, json_t *faults, json_t **reply,
                    struct error *err)
{
    FD_AUTO stripped = fd_memory("scenario", str_text(&run->stripped), run->stripped.length);
    FD_AUTO topology = fd_memory("topology", str_text(&run->topology), run->topology.length);
    json_t *params = json_pack("{s:o}", "faults", faults);
    if (stripped < 0 || topology < 0) {
        json_decref(params);
        return error_set_errno(err, errno, "make a memory file");
    }
    return control_call(launch_control(launch), "proof-build", params, (const int[]){stripped, topology}, 2, NULL, NULL,
                        reply, NULL, NULL, err);
}

static const json_t *listened(const struct proof_run *run)
{
    return json_object_get(run->healthy, "listened");
}

int proof_lab_measure(struct launch *launch, const struct proof_run *run, json_t *red, json_t **reply,
                      struct error *err)
{
    json_t *params = json_pack("{s:o}", "red", red);
    if (listened(run))
        json_object_set(params, "listened", (json_t *)listened(run));
    return proof_lab_call(launch, "proof-measure", params, reply, err);
}

int proof_lab_state(struct launch *launch, struct str *out, json_t **missing, struct error *err)
{
    json_t *reply = NULL;
    int fds[CONTROL_FDS_MAX];
    size_t count = 0;
    if (control_call(launch_control(launch), "proof-state", NULL, NULL, 0, NULL, NULL, &reply, fds, &count, err))
        return -1;
    int result = count ? client_read_text(fds[0], out, err) : error_set(err, ERR_SYSTEM, "the lab sent no state");
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    if (missing)
        *missing = json_incref(json_object_get(reply, "missing"));
    json_decref(reply);
    return result;
}

int proof_lab_score(struct launch *launch, const struct proof_run *run, bool solved, int64_t settle_ms, json_t **result,
                    struct error *err)
{
    json_t *reply = NULL, *params = json_pack("{s:b, s:I}", "solved", solved, "settle_ms", (json_int_t)settle_ms);
    if (listened(run))
        json_object_set(params, "listened", (json_t *)listened(run));
    if (proof_lab_call(launch, "proof-score", params, &reply, err))
        return -1;
    *result = json_incref(json_object_get(reply, "result"));
    json_decref(reply);
    return 0;
}

int proof_lab_look(struct launch *launch, const struct proof_run *run, json_t **looks, struct error *err)
{
    char path[PATH_MAX];
    const char *closed = realpath(run->file, path) ? path : run->file;
    return looks_take(launch_control(launch), json_pack("{s:s}", "closed", closed), looks, err);
}
