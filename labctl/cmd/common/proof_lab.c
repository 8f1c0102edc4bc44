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
#include "exercise/look.h"
#include "lab/control.h"
#include "model/scenario.h"

#define FILE_MAX ((size_t)1 << 20)

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

/* ---- looking ---- */

/* Whether a file of a node is the machine's own, byte for byte: then it tells what every node of every lab tells. */
static bool of_the_machine(const char *path, const char *content, size_t length)
{
    STR_AUTO raw = STR_INIT;
    STR_AUTO clean = STR_INIT;
    if (!str_starts(path, "/etc/") || file_read(AT_FDCWD, path, &raw, FILE_MAX))
        return false;
    look_clean(str_text(&raw), raw.length, &clean);
    bool ends = clean.length && str_text(&clean)[clean.length - 1] == '\n'; /* else the look ends it */
    return clean.length + !ends == length && !memcmp(str_text(&clean), content, clean.length);
}

/* Appends a look without the content of files that are the machine's own. */
static void take_look(const char *look, struct str *out)
{
    const char *file = look, *end;
    while ((end = strchr(file, '\002')) != NULL) {
        str_append_bytes(out, file, (size_t)(end - file));
        const char *path = end + 1, *content = path + strcspn(path, "\n");
        content += *content == '\n';
        size_t length = strcspn(content, "\001\002");
        STR_AUTO name = STR_INIT;
        str_append_bytes(&name, path, strcspn(path, "\n"));
        if (!of_the_machine(str_text(&name), content, length))
            str_append_bytes(out, end, (size_t)(content + length - end));
        file = content + length;
    }
    str_append(out, file);
}

/* Each node's look, of a text as "proof-look" sends it. */
static json_t *looks_of(const char *text)
{
    json_t *looks = json_object();
    while (*text == '\003') {
        STR_AUTO node = STR_INIT;
        STR_AUTO clean = STR_INIT;
        STR_AUTO look = STR_INIT;
        size_t length = strcspn(++text, "\n");
        str_append_bytes(&node, text, length);
        text += length + (text[length] == '\n');
        length = strcspn(text, "\003");
        look_clean(text, length, &clean);
        take_look(str_text(&clean), &look);
        json_object_set_new(looks, str_text(&node), json_string(str_text(&look)));
        text += length;
    }
    return looks;
}

int proof_lab_look(struct launch *launch, const struct proof_run *run, json_t **looks, struct error *err)
{
    STR_AUTO text = STR_INIT;
    int fds[CONTROL_FDS_MAX];
    size_t count = 0;
    char path[PATH_MAX];
    json_t *params = json_pack("{s:s}", "closed", realpath(run->file, path) ? path : run->file);
    *looks = NULL;
    if (control_call(launch_control(launch), "proof-look", params, NULL, 0, NULL, NULL, NULL, fds, &count, err))
        return -1;
    int result = count ? client_read_text(fds[0], &text, err) : error_set(err, ERR_SYSTEM, "the lab sent no looks");
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    if (!result)
        *looks = looks_of(str_text(&text));
    return result;
}
