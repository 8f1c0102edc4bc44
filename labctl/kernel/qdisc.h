/* Queueing disciplines and the few filters that go with them: messages for a batch (kernel/netlink.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;
struct error;
struct impairment;

/* What arrives at one device goes on as if it had arrived at the other: ingress qdisc, one u32 filter that matches all,
 * act_mirred. */
void qdisc_arrive_at(struct batch *batch, uint64_t tag, uint32_t index, uint32_t other);

/* The root qdisc of a device, in place of another one.  netem: all of it but loss_every, trace and seed. */
void qdisc_netem(struct batch *batch, uint64_t tag, uint32_t index, const struct impairment *is);
/* limit: bytes that may wait. */
void qdisc_tbf(struct batch *batch, uint64_t tag, uint32_t index, uint64_t bits_per_second, uint64_t limit);
void qdisc_remove(struct batch *batch, uint64_t tag, uint32_t index); /* ENOENT, EINVAL: there was none */

/* What the root qdisc of a device has counted.  Packets; bytes of those that passed. */
struct qdisc_counters {
    uint64_t passed, bytes, dropped;
    uint32_t waiting;
};
/* 1, 0 where the device has no root qdisc of that kind, -1 with err. */
int qdisc_observe(int netns, uint32_t index, const char *kind, struct qdisc_counters *out, struct error *err);

/* Does this kernel have it ("netem")?  Found by making one in a scratch namespace. */
bool qdisc_known(const char *kind);
