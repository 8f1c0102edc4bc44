/* The names of outcomes. */
#include "facts/facts.h"

#include "base/table.h"

static const char *const outcome_names[] = {
    [OUTCOME_NONE] = "none",
    [OUTCOME_ANSWERED] = "answered",
    [OUTCOME_REFUSED] = "refused",
    [OUTCOME_SILENT] = "silent",
    [OUTCOME_UNREACHABLE] = "unreachable",
    [OUTCOME_NO_NAME] = "no-name",
    [OUTCOME_FAILED] = "failed",
    [OUTCOME_ERROR] = "error",
    [OUTCOME_UNSUPPORTED] = "unsupported",
};
_Static_assert(ARRAY_SIZE(outcome_names) == OUTCOME_COUNT, "every outcome has a name");

const char *fact_outcome_name(enum fact_outcome outcome)
{
    return outcome_names[outcome];
}
