/* Kubernetes-like policies: who may talk to the nodes that have certain labels, and to whom these may.
 *
 * A node that no policy selects is free.  One that a policy selects is isolated in each direction that the policy has a
 * key for: only what a rule of some policy that selects it allows passes, and the answers to it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mark.h"

struct node;
struct label;
struct port_range;

struct policy_peer {
    enum { POLICY_NODES, POLICY_PREFIX, POLICY_ANY } kind;
    const struct label *labels; /* NODES: those that have all of these; none: every node */
    size_t label_count;
    struct prefix prefix; /* PREFIX, network form */
    unsigned family;      /* ANY: 4 or 6; 0: both */
    struct mark mark;
};

struct policy_rule {
    bool protocol_declared;
    unsigned protocol;        /* enum protocol: all, with ports tcp */
    struct port_range *ports; /* destination ports; none: all */
    size_t port_count;
    struct policy_peer *peers; /* any of these; none: everybody */
    size_t peer_count;
    struct mark mark;
};

struct policy {
    const char *name;
    struct mark mark;
    const struct label *select; /* nodes that have all of these; none: every node */
    size_t select_count;
    bool ingress_declared, egress_declared;
    struct policy_rule *ingress, *egress;
    size_t ingress_count, egress_count;
};

bool labels_match(const struct label *labels, size_t count, const struct node *node);
bool policy_selects(const struct policy *policy, const struct node *node);
