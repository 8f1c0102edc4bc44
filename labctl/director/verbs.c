/* The verbs of the control socket, and what joins in from the other parts of the director. */
#include "director/verbs.h"

#include "base/table.h"
#include "director/checks.h"

const struct verb verbs[] = {
    {"apply", verb_apply, true},
    {"build", verb_build, true},
    {"capture", verb_capture, false},
    {"check", verb_check, false},
    {"difference", verb_difference, false},
    {"dump", verb_dump, false},
    {"exec", verb_exec, false},
    {"inspect", verb_inspect, false},
    {"log", verb_log, false},
    {"logs", verb_logs, false},
    {"matrix", verb_matrix, false},
    {"nodes", verb_nodes, false},
};
const size_t verb_count = ARRAY_SIZE(verbs);

const struct director_hooks director_hooks = {
    .rewrite = NULL,
};
