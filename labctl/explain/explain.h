/* A second opinion: what becomes of a packet and of its answer, from the topology alone.
 *
 * Pure: no kernel, no plan.  It knows nothing of how a lab is built (lower/), so that each can be held against the
 * other; what both must agree on is what the words of the topology mean.  It reports every cause that it finds, not
 * only the first: behind a filter that drops, and behind a route that is missing, it goes on as if the packet had
 * passed, and says so (`assumed`). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mark.h"
#include "model/topology.h"

struct arena;
struct error;
struct explainer;
struct json;
struct str;

enum way { WAY_FORWARD, WAY_RETURN, WAY_COUNT };
const char *way_name(enum way way); /* "forward", "return" */

/* What a finding means for the verdict. */
enum explain_level {
    LEVEL_BLOCKS,  /* the packet ends there */
    LEVEL_DOUBT,   /* it may pass or not, by chance or by what else goes on: AMBIGUOUS */
    LEVEL_UNKNOWN, /* the model cannot judge it: UNDETERMINED */
    LEVEL_COUNT
};
const char *explain_level_name(enum explain_level level); /* "blocks", "ambiguous", "undetermined" */

/* What stops a packet, in the manner of reachability analysers: request and reply have codes of their own. */
enum explain_code {
    CODE_NONE, /* it passes */
    CODE_NO_ROUTE,
    CODE_REPLY_NO_ROUTE,
    CODE_BLACKHOLE,
    CODE_REPLY_BLACKHOLE,
    CODE_GROUP_MISMATCH,
    CODE_GROUP_EMPTY,
    CODE_REPLY_GROUP_MISMATCH,
    CODE_ACL_REQUEST,
    CODE_ACL_REPLY,
    CODE_SOURCE_DEST_CHECK,
    CODE_IGW_NO_PUBLIC_ADDRESS,
    CODE_NGW_DESTINATION_INSIDE,
    CODE_NGW_NOTHING_INWARD,
    CODE_NGW_PROTOCOL,
    CODE_NGW_REPLY,
    CODE_EGRESS_ONLY,
    CODE_PEERING_ADDRESS,
    CODE_TRANSIT_ASSOCIATION,
    CODE_TRANSIT_ROUTE,
    CODE_REPLY_TRANSIT_ROUTE,
    CODE_ENDPOINT_PORT,
    CODE_ENDPOINT_SOURCE,
    CODE_PRIVATE_SOURCE,
    CODE_PRIVATE_DESTINATION,
    CODE_NO_DESTINATION,
    CODE_NEIGHBOUR,
    CODE_INTERFACE_DOWN,
    CODE_NOT_FORWARDING,
    CODE_REVERSE_PATH,
    CODE_OWN_SOURCE,
    CODE_LOOP,
    CODE_POLICY_INGRESS,
    CODE_POLICY_EGRESS,
    CODE_NETWORK_ISOLATION,
    CODE_NETWORK_INTERNAL,
    CODE_LINK_LOST,
    CODE_NOBODY_LISTENS,
    CODE_BOUND_ELSEWHERE,
    CODE_ROUTER_SILENT,
    CODE_ECHO_IGNORED,
    CODE_REPLY_FROM_ELSEWHERE,
    CODE_LINK_LOSS,
    CODE_EQUAL_COST,
    CODE_NGW_PORTS,
    CODE_SOURCE_PORTS,
    CODE_SERVICE_TARGETS,
    CODE_RULESET,
    CODE_RUN_LINES,
    CODE_LEARNED_ROUTE,
    CODE_LEASE,
    CODE_EXEC,
    CODE_COUNT
};
/* The table: one row for each code, with what it means and what helps. */
struct explain_code_row {
    const char *name; /* "NO_ROUTE_TO_DESTINATION" */
    enum explain_level level;
    const char *meaning, *remedy; /* a sentence each */
};
extern const struct explain_code_row explain_codes[CODE_COUNT];

enum opinion { OPINION_REACHABLE, OPINION_BLOCKED, OPINION_AMBIGUOUS, OPINION_UNDETERMINED, OPINION_COUNT };
const char *opinion_name(enum opinion verdict); /* "reachable", "blocked", … */

/* How the one who asked sees it. */
enum view { VIEW_ANSWERED, VIEW_REFUSED, VIEW_TIMEOUT, VIEW_UNREACHABLE, VIEW_COUNT };
const char *view_name(enum view view); /* "answered", "refused", "timeout", "unreachable" */

struct explain_query {
    const struct node *node; /* who asks; NULL: somebody on the internet, with the address `source` */
    struct addr source;      /* the address that it binds to, or family 0: the kernel's choice */
    struct addr destination;
    const struct node *target; /* who is meant, or NULL: an address */
    enum protocol protocol;    /* TCP, UDP, ICMP, ICMPV6 */
    uint16_t port;             /* TCP, UDP */
    const char *from, *to;     /* as asked, for a person: "web", "db:5432/tcp" */
};

struct explain_step {
    enum way way;
    enum explain_code code;
    bool assumed;                    /* an earlier step has stopped the packet: what would become of it otherwise */
    const char *object;              /* the thing that decides, by its full name: "vpc/main/route_table/private" */
    const char *text;                /* what it says of the packet, one line */
    struct mark mark;                /* where that stands in the file; line 0 where it does not */
    struct addr source, destination; /* of the packet as it arrives there */
    uint16_t source_port, port;
};

struct explanation {
    enum opinion verdict;
    enum view view;
    bool icmp; /* VIEW_UNREACHABLE: a router on the way says so, by ICMP, and only so many times a second */
    bool late; /* VIEW_UNREACHABLE: only when a neighbour has not answered for some seconds */
    struct addr source;
    struct explain_step *steps; /* in the order in which the packets meet them; none where it was asked for quietly */
    size_t step_count;
    size_t causes; /* steps that block */
};

/* Makes the index that all questions about a topology share; lives in the arena.  The topology is valid. */
struct explainer *explainer_new(const struct topology *topology, struct arena *arena);
/* Answers a question.  arena: of steps and texts; NULL: verdict and view only. */
void explain(struct explainer *explainer, const struct explain_query *query, struct arena *arena,
             struct explanation *out);

/* "web", "db/eth1", "10.0.1.4" and "db", "db/eth1:443", "198.51.100.7:53/udp", "[2001:db8::1]:80/tcp",
 * "node/db/service/ http": nothing behind the destination is an echo request, a port alone is TCP.  Returns 0 or -1
 * (ERR_ABSENT for what is not in the topology, ERR_USAGE for what is no such text). */
int explain_query_parse(const struct topology *topology, const char *from, const char *to, struct arena *arena,
                        struct explain_query *out, struct error *err);
/* The question "from node to node" at a TCP port (0: an echo request); false where the target has no address. */
bool explain_query_nodes(const struct topology *topology, const struct node *from, const struct node *to, uint16_t port,
                         struct explain_query *out);

/* For a person: steps in both directions, the verdict, the causes with what helps.  place(context, mark, out) appends
 * where a mark is ("shop.yaml:12"), or is NULL. */
struct explain_places {
    void (*place)(void *context, struct mark mark, struct str *out);
    void *context;
};
void explain_write(const struct explain_query *query, const struct explanation *explanation,
                   const struct explain_places *places, bool color, struct str *out);
/* {"version": 1, "source", "destination", …}: labctl(1) documents it. */
void explain_json(const struct explain_query *query, const struct explanation *explanation,
                  const struct explain_places *places, struct json *json);
