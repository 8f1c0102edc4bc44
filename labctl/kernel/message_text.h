/* A message of a dump as a line of text: everything that the kernel says, whether this program knows what it means or
 * not, but for what changes by itself (counters, times, states that follow a neighbour or a timer).  Two messages that
 * say the same in two namespaces give the same line: interfaces are told by name, not by number. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct nlmsghdr;
struct str;

/* The name of an interface, or NULL where the namespace has no such number. */
typedef const char *message_name(void *context, uint32_t index);
/* Appends the line without its newline.  Messages of links, addresses, routes, rules, neighbours and queueing
 * disciplines; of another kind, or cut short: false, and nothing is appended. */
bool message_text(const struct nlmsghdr *message, message_name *name, void *context, struct str *out);
