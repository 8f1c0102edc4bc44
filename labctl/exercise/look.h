/* What a learner can see in a node: words that it must not hold, and the difference between two looks.  A look is text
 * in sections, each headed by a line "\001NAME"; in "contents" each file is headed by a line "\002PATH".  Pure:
 * lab/look.h takes it. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "exercise/proof.h"

struct str;
struct strings;

/* Makes valid UTF-8 of the output: whatever is no text becomes a dot. */
void look_clean(const char *raw, size_t length, struct str *out);

/* The words that would tell, made from a scenario; names: what the topology's things are called, which tells nothing.
 * `distinct` ones are looked for everywhere; those that are plain words ("files", "rule") only where they are a name or
 * were not there when the lab was healthy; and those of them that a learner is not to know (`secret`: of faults and
 * wrong fixes) in the files that the author has put there as well. */
struct look_words {
    struct strings distinct, plain, secret;
    struct strings files; /* paths of the author's files */
};
struct look_words look_words_of(const struct scenario *scenario, const struct strings *names, struct arena *arena);

/* Notes each line of a node that holds such a word.  healthy: the same node's look in the healthy lab, or NULL. */
void look_search(struct proof_judgement *judgement, const char *node, const char *look, const char *healthy,
                 const struct look_words *words);
/* Notes each line that differs between two looks at a node where the plans do not differ so: differences as
 * "proof-build" gives them (NULL: nothing may differ).  Returns how many differ so. */
size_t look_compare(struct proof_judgement *judgement, const char *node, const char *before, const char *after,
                    const json_t *differences);
/* The same of any two texts, line by line: of the devices' states. */
size_t look_compare_lines(struct proof_judgement *judgement, const char *what, const char *before, const char *after);
