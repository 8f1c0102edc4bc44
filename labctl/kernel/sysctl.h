/* Network sysctls of a namespace.  Keys with slashes: "net/ipv4/ip_forward". */
#pragma once

#include <stdbool.h>

struct str;
struct error;

/* The namespace must be the one that the thread is in: see netns_visit.  proc_sys: a descriptor of the /proc/sys to
 * use, or -1 for the caller's own.  In one /proc, entries of all namespaces by the same name share a hash chain of the
 * kernel's, so with many nodes each is better reached through its own. */
int sysctl_write_here(int proc_sys, const char *key, const char *value, struct error *err);
int sysctl_read_here(const char *key, struct str *out, struct error *err); /* without the newline */
/* In the namespace behind the descriptor. */
int sysctl_write(int netns, const char *key, const char *value, struct error *err);
int sysctl_read(int netns, const char *key, struct str *out, struct error *err);
/* The value that the key has in a new namespace ("conf/eth0" counts as "conf/default"). */
int sysctl_default(const char *key, struct str *out, struct error *err);
/* The kernel writes "4096\t131072\t6291456" where people write spaces. */
bool sysctl_value_equal(const char *a, const char *b);
