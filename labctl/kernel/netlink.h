/* rtnetlink in batches: many messages in one send, an acknowledgement for the last alone.
 *
 * A failing message does not stop those behind it; the kernel reports each failure with the message's sequence number,
 * by which it is mapped back to the caller's tag.  The caller says which failures matter. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;
struct nlmsghdr;
struct addr;
struct prefix;

struct netlink {
    int fd;
    uint32_t sequence;
};
#define NETLINK_INIT                                                                                                   \
    {                                                                                                                  \
        -1, 0                                                                                                          \
    }

/* An rtnetlink socket in the namespace. */
int netlink_open(int netns, struct netlink *out, struct error *err);
int netlink_open_here(struct netlink *out, struct error *err); /* where the thread is now */
void netlink_close(struct netlink *netlink);                   /* takes a closed one */
#define NETLINK_AUTO __attribute__((cleanup(netlink_close))) struct netlink

struct netlink_failure {
    uint64_t tag;
    int number;       /* errno value */
    const char *text; /* the kernel's own words (extended acknowledgement), or "" */
};

/* Messages waiting to be sent.  Reusable: batch_clear keeps the memory. */
struct batch {
    char *data;
    size_t length, capacity;
    size_t message; /* where the message under construction begins */
    size_t *starts; /* of each message */
    uint64_t *tags;
    size_t count, count_capacity;
    struct netlink_failure *failures; /* of the last commit; texts belong to the batch */
    size_t failure_count, failure_capacity;
};
#define BATCH_INIT                                                                                                     \
    {                                                                                                                  \
        0                                                                                                              \
    }
void batch_free(struct batch *batch);
void batch_clear(struct batch *batch);
#define BATCH_AUTO __attribute__((cleanup(batch_free))) struct batch

/* Building: begin, attributes, end.  header is the family's fixed header. */
void batch_begin(struct batch *batch, uint64_t tag, int type, int flags, const void *header, size_t size);
void batch_end(struct batch *batch);
void batch_put(struct batch *batch, int type, const void *data, size_t size);
void batch_put_u8(struct batch *batch, int type, uint8_t value);
void batch_put_u32(struct batch *batch, int type, uint32_t value);
void batch_put_text(struct batch *batch, int type, const char *text);
void batch_put_addr(struct batch *batch, int type, const struct addr *addr);
size_t batch_nest(struct batch *batch, int type); /* returns what batch_nest_end takes */
size_t batch_nest_with(struct batch *batch, int type, const void *header, size_t size);
void batch_nest_end(struct batch *batch, size_t nest);
/* Bytes that are no attribute (a rtnexthop); returns where they begin in data. */
size_t batch_raw(struct batch *batch, const void *data, size_t size);
/* A whole message as it came from a dump, to be made again; flags replace its own. */
void batch_copy(struct batch *batch, uint64_t tag, const struct nlmsghdr *message, int type, int flags);

/* Sends everything and waits for the answers; clears the messages, fills the failures.  -1 only where the exchange
 * itself failed. */
int netlink_commit(struct netlink *netlink, struct batch *batch, struct error *err);

/* A dump: calls back for each message.  0, or -1 with err. */
typedef int netlink_dump_handler(void *context, const struct nlmsghdr *message);
int netlink_dump(struct netlink *netlink, int type, const void *header, size_t size, netlink_dump_handler *handler,
                 void *context, struct error *err);

/* The failure as an error: "OPERATION: reason (kernel's words)". */
int netlink_failure_error(const struct netlink_failure *failure, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* AF_INET or AF_INET6 of 4 or 6. */
int family_of(unsigned version);
