/* What the kernel has counted in a network namespace: of its interfaces (/proc/net/dev), and of its protocols
 * (/proc/net/snmp, netstat, snmp6, stat/nf_conntrack; RFC 4293, RFC 4022, RFC 4113). */
#pragma once

#include <stdint.h>

struct error;

/* One counter: of an interface, or of the whole namespace (device NULL).  group and name are the kernel's words: "Tcp"
 * and "RetransSegs", "Ip6" and "InDiscards", "nf_conntrack" and "drop"; of an interface "receive" or "transmit" and
 * "bytes", "packets", "errs", "drop".  They are valid during the call. */
typedef void counter_handler(void *context, const char *device, const char *group, const char *name, uint64_t value);

/* All of them, in the kernel's order.  0, or -1 with err. */
int counters_observe(int netns, counter_handler *handler, void *context, struct error *err);
