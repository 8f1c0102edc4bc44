/* What the files of the executor share.  Private to lab/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "kernel/netlink.h"
#include "kernel/route.h"
#include "lab/keeper.h"
#include "lab/lab.h"
#include "plan/difference.h"
#include "plan/index.h"
#include "plan/plan.h"

struct arena;
struct map;
struct observation;
struct nlmsghdr;

/* ---- spaces: the namespaces that exist ---- */
struct space {
    uint32_t id;    /* the keeper's; 0 is the fabric */
    uint32_t view;  /* nodes: the keeper's view of /etc, or UINT32_MAX */
    bool own_hosts; /* nodes: has an /etc/hosts above the view's, since it was moved to another view while it ran */
    enum namespace_kind kind;
    char *name;       /* NULL: told of by the keeper before the table of names was read */
    pid_t pid;        /* nodes: its init */
    pid_t configured; /* nodes: the init that has been given all that the plan says; on record, for a restarted director
                       */
    int netns, root;
    bool ready, lost, gone; /* lost: its init died, the keeper is making it anew */
    bool rebuild;           /* made anew, not configured yet */
    char *failure;          /* why the keeper could not make it */
};

/* ---- processes of the plan ---- */
struct process {
    char *name;
    uint32_t number; /* the keeper's; 0: never started */
    uint32_t space;  /* id */
    pid_t pid;
    enum lab_process_state state;
    int wait_status;
    char *failure;  /* why it did not start, or NULL */
    bool own;       /* the relay's program: nobody is told of its end */
    bool wanted;    /* to be restarted when it ends */
    bool listening; /* has been seen ready */
    int64_t started, due;
    int64_t delay; /* before the next restart */
};

struct queued_event {
    struct lab_event event;
    char *name, *problem;
};

/* Devices that are to go (removal.c). */
struct removals {
    struct removal {
        struct space *space;
        uint32_t index;
    } * items;
    size_t count, capacity;
};

struct lab {
    struct keeper *keeper;
    int state, logs; /* the caller's directories */
    int poll;        /* epoll: the keeper's socket and `wake` */
    int wake;        /* eventfd: events are queued */
    const struct plan *plan;
    struct arena *plan_arena; /* the index of plan */
    struct plan_index *index;
    struct arena *arena; /* lives as long as the lab */
    struct space **by_id;
    size_t id_count;
    struct map *spaces, *processes; /* by name */
    struct map *stored;             /* descriptors that a former director gave into the keeper's care, by tag: int * */
    struct process **all_processes;
    size_t process_count;
    struct process **by_number;
    size_t number_count;
    uint32_t last_number;
    struct space *fabric;
    int netem, tbf;               /* has the kernel these qdiscs?  0: not asked yet, 1, -1 */
    char control[16];             /* the machine's TCP congestion control; "": not asked for yet */
    struct arena *listings_arena; /* of the texts in listings, or NULL */
    struct map *listings;         /* tables of the plan as nft prints them, by what the plan has (present.c) */
    size_t listings_length;       /* of all these texts */
    struct {                      /* while a change is decided, its table is listed once and held against two plans */
        bool on;
        const struct space *space; /* NULL: not listed yet */
        struct str text;
        int number; /* of the error, or 0 */
    } seen_table;
    uint32_t next_id, next_view;
    struct queued_event *events;
    size_t event_count, event_capacity;
    uint32_t *arrived; /* ids of nodes that became ready, for whoever waits */
    size_t arrived_count, arrived_capacity;
    bool node_failed; /* of one at least, space.failure says why */
    struct removals removals;
};

struct space *space_find(struct lab *lab, const char *name); /* NULL where absent */
struct space *space_of(struct lab *lab, const struct plan *plan, uint32_t ns);
/* Takes the next free id. */
struct space *space_new(struct lab *lab, const struct plan_namespace *namespace);
void space_forget(struct lab *lab, struct space *space);
int space_netns(struct space *space, struct error *err); /* borrowed descriptor, or -1 */
int space_root(struct space *space, struct error *err);
/* removal.c.  A device goes with the next removals_do, which empties the list, whatever becomes of it; so does the
 * other end of a pair. */
void removal_add(struct lab *lab, struct space *space, uint32_t index);
int removals_do(struct lab *lab, struct error *err);
void space_close(struct space *space);
enum keeper_target space_target(const struct space *space);
/* Notes that all nodes that are ready have been configured. */
int lab_record(struct lab *lab, struct error *err);
int spaces_save(struct lab *lab, struct error *err);
int spaces_load(struct lab *lab, struct error *err);
int space_failed(struct lab *lab, const struct space *space, struct error *err);
/* Waits for a condition while the keeper's events come in: ends with 0, or -1 with err ("WHAT after 20 s"). */
typedef bool lab_condition(struct lab *lab, void *context);
int lab_await(struct lab *lab, lab_condition *condition, void *context, int64_t deadline, const char *what,
              struct error *err);
void lab_keeper_event(void *context, const struct keeper_event *event);
void lab_queue(struct lab *lab, enum lab_event_kind kind, const char *name, uint32_t process, int status,
               const char *problem);
/* From now on the lab is this plan. */
void lab_become(struct lab *lab, const struct plan *plan);

/* ---- nodes.c: making and removing namespaces ---- */
/* A view of the plan: its hosts file, and whom nodes trust. */
int nodes_define_view(struct lab *lab, uint32_t id, const struct plan *plan, uint32_t view, struct error *err);
/* The files of /etc by which nodes trust the lab's authority; the bundle's text lies in `bundle`.  How many; 0 where
 * the lab has none, or with err. */
#define TRUST_FILES 3
struct keeper_file_spec;
size_t nodes_trust_files(const struct plan *plan, struct arena *arena, struct str *bundle,
                         struct keeper_file_spec files[TRUST_FILES], struct error *err);
/* What a file of them holds in every node, by its absolute path; false where it is none of them. */
bool nodes_trust_content(const struct plan *plan, const char *path, struct str *out);
/* Asks the keeper for these namespaces of the plan (nodes and clouds; existing nodes get new files at their next
 * rebuild); view_ids: the keeper's view by index of the plan's hosts views. */
int nodes_create(struct lab *lab, const struct plan *plan, const struct plan_index *index, const uint32_t *namespaces,
                 size_t count, const uint32_t *view_ids, struct error *err);

/* ---- items.c: an item of the plan as a message ---- */
/* The index of an interface; 0 where it does not exist. */
struct names {
    uint32_t (*index)(void *context, uint32_t ns, const char *interface);
    void *context;
};
/* Appends the message(s) of an address, neighbour, route or rule.  -1 with err where an interface is missing. */
int item_put(struct batch *batch, const struct plan *plan, enum plan_item item, size_t i, enum verb verb,
             const struct names *names, struct error *err);
/* A route that the kernel made with an address. */
int item_put_connected(struct batch *batch, const struct plan *plan, const struct plan_route *route, enum verb verb,
                       uint64_t tag, uint32_t interface);
/* Appends what gives the connected route of this address its congestion control, where the machine's own differs. */
void item_put_control(struct batch *batch, struct lab *lab, const struct plan *plan, const struct plan_index *index,
                      uint32_t address, uint32_t interface);
uint64_t item_tag(enum verb verb, enum plan_item item, size_t i);
enum plan_item tag_item(uint64_t tag);
size_t tag_index(uint64_t tag);
/* "add route 10.1.0.0/16 via 10.0.0.9 in web: Network is unreachable (Nexthop has invalid gateway)" */
int item_failure(const struct plan *plan, const struct netlink_failure *failure, struct error *err);
uint8_t item_route_type(enum plan_route_type type);   /* RTN_* */
uint32_t item_metric(const struct plan_route *route); /* as the kernel shows it */
/* The interface that carries a connected route, by name. */
const char *item_connected_interface(const struct plan *plan, const struct plan_index *index,
                                     const struct plan_route *route);
int nft_put(struct lab *lab, const struct plan *plan, size_t i, int netns, bool fresh, struct error *err);
/* Loads the tables again that are bound to this end of a link as a device. */
int nft_reload_device(struct lab *lab, const struct plan *plan, const struct plan_index *index,
                      const struct plan_link_end *end, struct error *err);
int nft_remove(const struct plan *plan, size_t i, int netns, struct error *err);

/* ---- configure.c: everything inside one namespace ---- */
struct interfaces; /* (namespace, name) → index and state, of a plan */
struct interfaces *interfaces_new(const struct plan *plan, struct arena *arena);
uint32_t interfaces_index(const struct interfaces *table, uint32_t ns, const char *name);
bool interfaces_down(const struct interfaces *table, uint32_t ns, const char *name);
void interfaces_set_index(struct interfaces *table, uint32_t ns, const char *name, uint32_t index);

struct configuration {
    struct lab *lab;
    const struct plan *plan;
    const struct plan_index *index;
    struct interfaces *interfaces;
    struct batch batch;
    struct error *err;
    const uint64_t *connected; /* sorted hashes of (namespace, network) with a connected route in the plan */
    size_t connected_count;
    uint32_t inherited; /* see inherited_find */
    bool anew;          /* a node that was made anew: its settings may be those of a former plan */
};
#define NO_IPV6 "net/ipv6/conf/all/disable_ipv6"
/* inherited.c: which of the machine's settings a new namespace took over and must not (asked in the fabric, a bit for
 * each); and putting them back in the namespace that the thread is in. */
uint32_t inherited_find(void);
/* Is the machine's own congestion control another one than this (NULL: any will do)? */
bool inherited_control(struct lab *lab, const char *wanted);
/* In a namespace that is there; nodes are made with inherited_settings and only need what the plan says otherwise. */
int inherited_undo(const struct configuration *c, uint32_t ns, int proc_sys);
/* The settings that a node of the plan is made with, against what it would take over.  Returns their number. */
size_t inherited_settings(struct lab *lab, const struct plan *plan, const struct plan_index *index, uint32_t ns,
                          uint32_t inherited, struct arena *arena, const struct keeper_file_spec **out);
void configuration_init(struct configuration *c, struct lab *lab, const struct plan *plan,
                        const struct plan_index *index, struct interfaces *interfaces, struct arena *arena,
                        struct error *err);
void configuration_end(struct configuration *c);
/* Quiets IPv6 and the filtering of bridged packets before the first link of a fabric or cloud namespace is there. */
int configure_quiet(struct configuration *c, uint32_t ns);
int configure_bridges(struct configuration *c, uint32_t ns);
/* Sysctls, loopback, links up, addresses, neighbours, routes, rules, nft; in one send. */
int configure(struct configuration *c, uint32_t ns);
/* Appends the message that makes a device, down; index 0: the kernel chooses. */
void device_put(struct batch *batch, const struct plan *plan, size_t device, uint32_t index, uint32_t parent);
/* Appends the VLANs that a far end of a link is in, which is there with this index; sent from its namespace. */
void port_put_vlans(struct batch *batch, const struct plan *plan, size_t link, uint32_t index);
/* Is this end a port of a bridge of the plan that keeps VLANs apart? */
bool port_filters(const struct plan *plan, const struct plan_link_end *end);
#define VLANS_MOST 4094
struct observed_vlan;
bool vlan_among(const struct plan_vlan *vlan, const struct observed_vlan *seen, size_t count);
/* Appends what takes the far end of a link from the VLANs that it is in to those that it is to be in. */
int port_change_vlans(const struct plan *plan, size_t link, int netns, uint32_t index, struct batch *batch,
                      struct error *err);
/* Appends the veth of a link; sent from the fabric. */
int configure_link(struct configuration *c, struct batch *batch, size_t link, bool choose_indices);

/* impair.c, impair_*.c: impairments of links.  impair_sync makes those in force equal to the plan's. */
#define RELAY_PROCESS "relay"
int impair_sync(struct lab *lab, const struct plan *plan, struct error *err);
/* The device has gone, and what was installed on it: a device of that name is a new one. */
int impair_forget(struct lab *lab, const struct space *space, const char *interface, struct error *err);
void impair_adopt(struct lab *lab); /* of a restarted director: the relay is restarted when it ends */
const struct plan_process *impair_relay_process(struct lab *lab);

/* settle.c: waits until the ports of bridges with STP forward, or block, and until who listens to router advertisements
 * has heard one. */
int network_settle(struct lab *lab, const struct plan *plan, const struct plan_index *index, struct error *err);

/* sessions.c: whether the sessions that a router waits for are up, and have been long enough, by the age of its
 * process, for what it says to have spread. */
bool sessions_up(const struct space *space, const struct plan_process *process, int64_t age);

/* ---- process.c, ready.c ---- */
struct process *process_get(struct lab *lab, const char *name); /* made where absent */
int process_start(struct lab *lab, const struct plan *plan, const struct plan_process *spec, struct error *err);
uint32_t process_number(struct lab *lab, struct process *process); /* a new number; process NULL: somebody else's */
int process_stop(struct lab *lab, struct process *process, struct error *err);
/* Stops one that is ready, where the plan wants it stopped (SIGSTOP); lets one go on. */
int process_settle(struct lab *lab, const struct plan_process *spec, struct error *err);
int process_go_on(struct lab *lab, const struct plan_process *spec, struct error *err);
/* Whether it runs as the plan has it: there, or about to be started again; stopped, limited. */
bool process_as_planned(struct lab *lab, const struct plan_process *spec);
/* Where it is to run and has ended: starts it again after a while, which grows as long as it does not last. */
void process_start_later(struct lab *lab, struct process *process);
/* Waits until all of these (indices of plan->processes) are ready. */
int processes_await(struct lab *lab, const struct plan *plan, const uint32_t *items, size_t count,
                    lab_progress *progress, void *context, struct error *err);
void process_event(struct lab *lab, const struct keeper_event *event);
int processes_load(struct lab *lab, struct error *err);
int run_command(struct lab *lab, const struct plan *plan, size_t run, struct error *err);
struct process **process_numbered(struct lab *lab, uint32_t number);
bool process_has_ended(struct lab *lab, void *process); /* a lab_condition */
/* log.c: a log for appending; the last lines of a file. */
int log_begin(struct lab *lab, const char *name, struct error *err);
int log_end(int fd, unsigned lines, struct str *out, struct error *err);
/* Is a socket bound there?  1, 0, or -1 with err. */
int socket_bound(int netns, const struct plan_process *process, struct error *err);

/* ---- present.c: an item against what is there ---- */
enum presence { PRESENT_NOT, PRESENT_OTHERWISE, PRESENT_SO, PRESENT_UNKNOWN };
/* o: the item's namespace as observed (may be NULL for items that are not of netlink). */
enum presence item_present(struct lab *lab, const struct plan *plan, enum plan_item item, size_t i,
                           const struct observation *o, struct error *err);
/* The same of a change, by that alone in which the two items differ: an interface of which somebody has changed
 * something else is as the change left it. */
enum presence change_present(struct lab *lab, const struct plan *before, size_t was, const struct plan *after,
                             enum plan_item item, size_t is, const struct observation *o, struct error *err);
enum presence impair_present(struct lab *lab, const struct plan *plan, size_t i);
const struct nlmsghdr *item_message(const struct plan *plan, enum plan_item item, size_t i,
                                    const struct observation *o);

/* ---- collateral.c: what an operation loses beside what it means to ---- */
struct lost_store;
int lost_open(struct lab *lab, struct lost_store **out, struct error *err); /* reads what an earlier run left */
void lost_close(struct lost_store *store);
/* Before: writes the journal with the state of the namespace. */
int journal_begin(struct lost_store *store, const char *operation, const struct space *space,
                  const struct observation *o, struct error *err);
/* After: what is missing now counts as lost; the item that was meant must then be forgotten (lost_forget). */
int journal_end(struct lost_store *store, struct space *space, const struct observation *before, struct error *err);
int journal_clear(struct lost_store *store, struct error *err);
/* The journal of a call that was killed: what it noted and is missing now counts as lost. */
int journal_recover(struct lost_store *store, struct error *err);
/* This message's thing is meant to be gone: never put it back. */
void lost_forget(struct lost_store *store, const struct space *space, const struct nlmsghdr *message);
/* The same for an item of the plan; o: the namespace as it is now. */
void lost_forget_planned(struct lost_store *store, const struct space *space, const struct plan *plan,
                         enum plan_item item, size_t i, const struct observation *o);
void lost_forget_interface(struct lost_store *store, const struct space *space, uint32_t interface);
bool lost_has_interface(const struct lost_store *store, const struct space *space, uint32_t interface);
/* Puts back what can be put back in this namespace now. */
int lost_restore(struct lost_store *store, struct space *space, struct error *err);
int lost_restore_all(struct lost_store *store, struct error *err);
int lost_save(struct lost_store *store, struct error *err);
