/* What the files of the director share; other parts of the room use director/director.h alone. */
#pragma once

#include "director/director.h"
#include "director/door.h"
#include "director/loop.h"
#include "director/state.h"

struct director {
    char lab_name[80];
    struct loop *loop;
    struct door *door;
    struct lab *lab;
    struct state state;
    struct topology *topology; /* of state.current; NULL: nothing is built yet */
    struct plan *plan;
    bool unfinished; /* a change failed in the middle: what the devices are lies between two plans */
    bool occupied;   /* by a deferred piece of work */
    bool over;       /* the keeper is gone */
};

/* request.c: takes over a guest of the door: serves it until it goes away. */
void request_welcome(struct director *director, struct guest *guest);

/* What connects VPCs, for `inspect`: added to the reply; a VPC's endpoints (inspect_connections.c). */
struct topology;
struct vpc;
void inspect_connections(const struct topology *topology, json_t *reply);
json_t *endpoints_json(const struct vpc *vpc);
/* The addresses that an interface got from the wire, beside those that the topology knows (inspect_leases.c). */
struct interface;
json_t *leases_json(struct lab *lab, const struct interface *interface);
