/* What a learner can see in every node: for a proof, and for tests. */
#include <errno.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "director/internal.h"
#include "director/verbs.h"
#include "lab/lab.h"
#include "lab/look.h"
#include "plan/plan.h"

int verb_look(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    STR_AUTO text = STR_INIT;
    const struct plan *plan = director_plan(director);
    const json_t *params = request_params(request);
    const struct look look = {.closed = json_string_value(json_object_get(params, "closed")),
                              .learned = json_is_true(json_object_get(params, "learned"))};
    (void)reply;
    if (!plan)
        return error_set(err, ERR_BUSY, "the lab is still being built");
    str_append(&text, "\003\n");
    if (look_template(&text, err))
        return -1;
    for (size_t i = 0; i < plan->namespace_count; i++) {
        if (plan->namespaces[i].kind != NAMESPACE_NODE)
            continue;
        str_printf(&text, "\003%s\n", plan->namespaces[i].name);
        if (look_take(director_lab(director), plan->namespaces[i].name, &look, &text, err))
            return -1;
    }
    FD_AUTO memory = fd_memory("looks", str_text(&text), text.length);
    if (memory < 0)
        return error_set_errno(err, errno, "make a memory file");
    request_finish(request, json_object(), &memory, 1, NULL);
    return REQUEST_DEFERRED;
}
