/* The verbs of the control socket, and what joins in from the other parts of the director. */
#include "director/verbs.h"

#include "base/table.h"
#include "director/checks.h"
#include "director/exercise.h"
#include "director/fault.h"
#include "director/proof.h"
#include "director/recording.h"

const struct verb verbs[] = {
    {"apply", verb_apply, true},
    {"build", verb_build, true},
    {"capture", verb_capture, false},
    {"check", verb_exercise_check, false},
    {"difference", verb_difference, false},
    {"dump", verb_dump, false},
    {"exec", verb_exec, false},
    {"exercise-abandon", verb_exercise_abandon, false},
    {"exercise-answer", verb_exercise_answer, false},
    {"exercise-begin", verb_exercise_begin, true},
    {"exercise-break", verb_exercise_break, true},
    {"exercise-build", verb_exercise_build, true},
    {"exercise-claim", verb_exercise_claim, false},
    {"exercise-hint", verb_exercise_hint, false},
    {"exercise-look", verb_exercise_look, true},
    {"exercise-pause", verb_exercise_pause, false},
    {"exercise-prove", verb_exercise_prove, true},
    {"exercise-record", verb_exercise_record, false},
    {"exercise-restore", verb_exercise_restore, true},
    {"exercise-resume", verb_exercise_resume, false},
    {"exercise-status", verb_exercise_status, false},
    {"exercise-submit", verb_exercise_submit, false},
    {"explain", verb_dump, false}, /* refused in some exercises, where the dump is not */
    {"fault-clear", verb_fault_clear, true},
    {"fault-inject", verb_fault_inject, true},
    {"fault-status", verb_fault_status, false},
    {"flows", verb_flows, false},
    {"inspect", verb_inspect, false},
    {"link-set", verb_dump, false}, /* what `link` changes; refused in an exercise, as `set` of it is */
    {"link-show", verb_link_show, false},
    {"log", verb_log, false},
    {"logs", verb_logs, false},
    {"look", verb_look, false},
    {"matrix", verb_matrix, false},
    {"metrics", verb_metrics, false},
    {"nodes", verb_nodes, false},
    {"probe", verb_probe, false},
    {"proof-build", verb_proof_build, true},
    {"proof-measure", verb_proof_measure, true},
    {"proof-score", verb_proof_score, true},
    {"proof-state", verb_proof_state, true},
};
const size_t verb_count = ARRAY_SIZE(verbs);

static void standing(struct director *director, bool restarted)
{
    flows_standing(director);
    exercise_standing(director, restarted);
}

const struct director_hooks director_hooks = {
    .rewrite = faults_rewrite,
    .permit = exercise_permit,
    .repaired = faults_repaired,
    .standing = standing,
    .refuse = exercise_refuse,
    .changed = exercise_changed,
    .spawn_ended = recording_ended,
    .inspect = exercise_inspect,
};
