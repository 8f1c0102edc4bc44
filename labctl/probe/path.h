/* Packets with a limited time to live, and how their answers are told apart.  Inside the room only. */
#pragma once

#include "probe/engine.h"
#include "probe/net.h"
#include "probe/watcher.h"

#define PATH_HOPS_MAX 30

struct path_sender {
    int fd;
    bool ipv6;
    enum path_protocol protocol;
    struct addr source, target;
    uint16_t id; /* ICMP; TCP: the source port */
    uint16_t port;
    int reserved; /* TCP: keeps the source port, or -1 */
    uint32_t number;
    uint8_t text[8]; /* random */
};

/* False after ending the attempt. */
bool path_sender_open(struct path_sender *sender, struct attempt *attempt, int netns, enum path_protocol protocol,
                      uint16_t port, const struct addr *target);
void path_sender_close(struct path_sender *sender);
/* `number` (1 to 127) tells the packet from others. */
void path_send(struct path_sender *sender, unsigned number, unsigned ttl);
/* What came: false where there is no more.  *ttl is that of the packet which it is about, 0 where that is not known. */
bool path_take_error(struct path_sender *sender, struct net_error *error, unsigned *ttl);
bool path_take_answer(struct path_sender *sender, unsigned *ttl);
/* How the witness knows packet `number` (witness_saw). */
uint64_t path_sign(const struct path_sender *sender, unsigned number);
/* How its packets are known again inside a node. */
void path_sender_mark(const struct path_sender *sender, struct watch_mark *mark);
/* How long one hop is waited for. */
int64_t path_patience(const struct attempt *attempt);
