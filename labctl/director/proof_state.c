/* The devices of a lab as text: what ip and nft would show in each of its namespaces. */
#include "director/proof_state.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "director/director.h"
#include "kernel/dump.h"
#include "kernel/nft.h"
#include "lab/lab.h"
#include "plan/plan.h"

static int write_namespace(struct lab *lab, const char *name, struct str *out, struct error *err)
{
    STR_AUTO prefix = STR_INIT;
    STR_AUTO ruleset = STR_INIT;
    struct observation *o;
    if (lab_observe(lab, name, &o, err))
        return -1;
    str_printf(&prefix, "%s: ", name);
    observation_write(o, str_text(&prefix), out);
    observation_free(o);
    if (nft_list(lab_netns(lab, name), NULL, NULL, true, &ruleset, err))
        return -1;
    for (const char *line = str_text(&ruleset); *line;) {
        size_t length = strcspn(line, "\n");
        str_printf(out, "%snft %.*s\n", str_text(&prefix), (int)length, line);
        line += length + (line[length] == '\n');
    }
    return 0;
}

int proof_state_write(struct director *director, struct str *out, struct error *err)
{
    const struct plan *plan = director_plan(director);
    for (size_t i = 0; i < plan->namespace_count; i++)
        if (write_namespace(director_lab(director), plan->namespaces[i].name, out, err))
            return -1;
    return 0;
}
