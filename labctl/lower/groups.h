/* Security groups, between the files that lower them. */
#pragma once

#include "lower/lowering.h"

/* The groups of an interface: each once, by name. */
struct group_set {
    struct security_group **groups;
    size_t count;
};

/* "{ 80, 1000-2000 }": ranges merged, as nft refuses overlapping ones.  At least one. */
void write_port_set(struct str *out, struct arena *scratch, const struct port_range *ports, size_t port_count);

/* tracking.c: the rules of a set that make no tracked flow (of TCP and UDP, accepted packet by packet); chain
 * "allow-in" or "allow-out", where rules that make one lead; what passes because its flow is tracked at that end. */
void write_untracked(struct str *out, struct arena *scratch, const struct group_set *set, enum side side,
                     unsigned family);
void write_allow(struct str *out, enum side side);
void write_tracked(struct str *out, enum side side);
