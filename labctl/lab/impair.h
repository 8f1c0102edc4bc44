/* Impairments of a running lab.  Private to lab/.
 *
 * Theory of operation.  A plan says what a wire does; here is chosen by which mechanism of the kernel (the first of
 * impair_backends that serves it), and what is in force is made equal to the plan: impair_sync compares the plan with
 * the table of what was installed (a file in the state directory, written before anything is done, so that a director
 * that was killed finds what it must take away) and does the difference, all wires at once:
 *   what is new gets its devices; what goes is released; the relay is told its wires and answers when it serves them;
 *   what is new is engaged; what goes loses its devices.
 * So no packet is led where nobody takes it, and what the relay holds of a wire that goes is sent first. */
#pragma once

#include "base/str.h"
#include "lab/internal.h"
#include "plan/plan.h"

/* One wire, one direction, as it is to be or as it was installed. */
struct impaired {
    struct space *space;
    char interface[16];
    enum plan_direction direction;
    uint16_t port; /* as plan_impairment */
    uint32_t mtu;
    const struct impair_backend *backend;
    struct impairment is;
    bool stale; /* of the installed: goes; of the wanted: is not in force yet */
    bool fresh; /* of the wanted: nothing of it can be there (a chain stays where its device has gone) */
};

struct impaired_list {
    struct impaired *items;
    size_t count;
    bool first; /* of the installed: this lab has never had any */
};

/* What nft does for the wires of a namespace, in one load: their chains are in one table, as each table costs
 * libnftables 1.0.6 half a megabyte, which is some milliseconds. */
struct hooks {
    struct str removed; /* commands */
    struct str chains;  /* of the table */
};
/* One step for one wire; it may find its work done already. */
typedef int impair_step(const struct impaired *wire, struct hooks *hooks, struct error *err);

struct impair_backend {
    const char *name, *fidelity;
    bool (*serves)(struct lab *lab, const struct impaired *wire);
    impair_step *prepare, *engage, *release; /* the first may be NULL: nothing comes before the hooks */
    bool leads_aside;                        /* by devices of its own: ways */
    bool (*stands)(struct lab *lab, const struct impaired *wire); /* is it in force? */
    /* What it has counted: bits of enum lab_wire_counts, 0 where nothing could be read. */
    unsigned (*count)(struct lab *lab, const struct impaired *wire, struct relay_statistics *out);
};
extern const struct impair_backend *const impair_backends[]; /* the preferred first */
extern const size_t impair_backend_count;
extern const struct impair_backend impair_nftables, impair_tbf, impair_netem, impair_relay;

/* impair_way.c: the devices and hooks that lead packets of a wire out of their way and back. */
struct way {
    char out[16], in[16]; /* a veth pair: what is sent by `out` comes in at `in`, and the other way round */
    char chain[48];       /* of nft; its other chains have names that begin like it */
};
struct way way_of(const struct impaired *wire);
int way_make(const struct impaired *wire, struct error *err); /* the devices, where they are not there yet */
int way_remove(struct lab *lab, const struct impaired *wire, struct error *err); /* with the next removals_do */
/* Before new chains of a wire are appended: takes away those that may be there. */
void way_clear(const struct impaired *wire, struct hooks *hooks);
/* Loads what was gathered, and empties it. */
int way_load(struct space *space, struct hooks *hooks, struct error *err);
/* No wire of the namespace is impaired any more. */
int way_drop(struct space *space, struct error *err);
/* Appends the hooks for packets that are not back from their way yet: they are forwarded to the pair. */
enum way_of_packets {
    WAY_OUT,        /* and come in at `in` */
    WAY_OUT_MARKED, /* and are let pass when they come back */
    WAY_IN          /* and come in at `out` */
};
int way_lead(const struct impaired *wire, enum way_of_packets how, struct hooks *hooks, struct error *err);
impair_step way_close;
bool way_stands(const struct impaired *wire);
/* What comes in at this device of the pair arrives at the wire's far end once more. */
int way_back(const struct impaired *wire, const char *device, struct error *err);

/* Appends one of its chains ("" or "-count") as nft prints it, with counters. */
int way_list(const struct impaired *wire, const char *chain, struct str *out, struct error *err);

/* impair_relay.c: tells the relay all its wires; starts it where it is needed and stops it where it is not. */
int impair_relay_serve(struct lab *lab, const struct plan *plan, const struct impaired_list *wires, struct error *err);

/* Sends a batch in the namespace of a wire; `what` is for the error. */
struct batch;
int impair_commit(const struct impaired *wire, struct batch *batch, const char *what, struct error *err);
