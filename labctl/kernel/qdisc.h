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

/* Does this kernel have it ("netem")?  Found by making one in a scratch namespace. */
bool qdisc_known(const char *kind);
