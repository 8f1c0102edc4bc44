/* What nft says to a node's own ruleset, shown where the ruleset stands in the file. */
#pragma once

#include <stdbool.h>

struct context;
struct error;
struct sources;
struct topology;

/* Prints the error as findings where it is nft's about the `nftables` of a node; false where it is another one. */
bool ruleset_fail(const struct context *context, const struct topology *topology, struct sources *sources,
                  const struct error *err);
