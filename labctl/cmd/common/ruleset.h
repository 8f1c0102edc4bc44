/* What nft says to a node's own ruleset, shown where the ruleset stands in the file. */
#pragma once

#include <stdbool.h>

struct context;
struct error;
struct findings;
struct sources;
struct topology;

/* Finds what nft cannot read in the rulesets of the topology's nodes. */
void rulesets_check(const struct topology *topology, struct sources *sources, struct findings *findings);
/* Prints the error as findings where it is nft's about the `nftables` of a node; false where it is another one. */
bool ruleset_fail(const struct context *context, const struct topology *topology, struct sources *sources,
                  const struct error *err);
