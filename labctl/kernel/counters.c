/* Counters of a network namespace, as /proc/net shows them to a task that is in it. */
#include "kernel/counters.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "kernel/namespace.h"

#define FILE_MAX  (1u << 20)
#define NAMES_MAX 512
#define SPACE     " \t"

struct listener {
    counter_handler *handler;
    void *context;
};

static void tell(const struct listener *listener, const char *device, const char *group, const char *name,
                 const char *value, int base)
{
    char *end;
    if (!name || !value)
        return;
    /* What the kernel prints as -1 ("no limit") is no count. */
    uint64_t number = *value == '-' ? 0 : strtoull(value, &end, base);
    listener->handler(listener->context, device, group, name, number);
}

/* Pairs of lines: "Tcp: RtoAlgorithm RtoMin …" above "Tcp: 1 200 …". */
static void read_pairs(char *text, const struct listener *listener)
{
    char *rest_of_text, *head;
    for (head = strtok_r(text, "\n", &rest_of_text); head; head = strtok_r(NULL, "\n", &rest_of_text)) {
        char *values = strtok_r(NULL, "\n", &rest_of_text), *rest_of_names, *rest_of_values;
        char *group = strtok_r(head, ": ", &rest_of_names);
        if (!values || !group || !strtok_r(values, SPACE, &rest_of_values))
            return;
        char *name;
        while ((name = strtok_r(NULL, SPACE, &rest_of_names)))
            tell(listener, NULL, group, name, strtok_r(NULL, SPACE, &rest_of_values), 10);
    }
}

/* Lines such as "Ip6InReceives    0": the group ends with the 6. */
static void read_lines(char *text, const struct listener *listener)
{
    char *rest_of_text, *rest;
    for (char *line = strtok_r(text, "\n", &rest_of_text); line; line = strtok_r(NULL, "\n", &rest_of_text)) {
        char *name = strtok_r(line, SPACE, &rest), *value = strtok_r(NULL, SPACE, &rest), group[32];
        const char *six = name ? strchr(name, '6') : NULL;
        if (!six || (size_t)(six - name) + 2 > sizeof group)
            continue;
        snprintf(group, sizeof group, "%.*s", (int)(six - name) + 1, name);
        tell(listener, NULL, group, six + 1, value, 10);
    }
}

/* A line of names, then one of hexadecimal numbers for each processor; "entries" is the same on each, the rest adds
 * up. */
static void read_conntrack(char *text, const struct listener *listener)
{
    const char *names[NAMES_MAX];
    uint64_t sums[NAMES_MAX] = {0};
    size_t count = 0;
    char *rest_of_text, *rest, *word, *line = strtok_r(text, "\n", &rest_of_text);
    for (word = line ? strtok_r(line, SPACE, &rest) : NULL; word && count < NAMES_MAX;
         word = strtok_r(NULL, SPACE, &rest))
        names[count++] = word;
    while ((line = strtok_r(NULL, "\n", &rest_of_text))) {
        word = strtok_r(line, SPACE, &rest);
        for (size_t i = 0; i < count && word; i++, word = strtok_r(NULL, SPACE, &rest)) {
            uint64_t value = strtoull(word, NULL, 16);
            sums[i] = str_equal(names[i], "entries") ? value : sums[i] + value;
        }
    }
    for (size_t i = 0; i < count; i++)
        listener->handler(listener->context, NULL, "nf_conntrack", names[i], sums[i]);
}

/* "  eth0: 8 numbers of what came, 8 of what went", below two lines of titles (net/core/net-procfs.c). */
static void read_devices(char *text, const struct listener *listener)
{
    static const struct {
        const char *group, *name;
    } columns[] = {{"receive", "bytes"},  {"receive", "packets"},  {"receive", "errs"},    {"receive", "drop"},
                   {"receive", NULL},     {"receive", NULL},       {"receive", NULL},      {"receive", "multicast"},
                   {"transmit", "bytes"}, {"transmit", "packets"}, {"transmit", "errs"},   {"transmit", "drop"},
                   {"transmit", NULL},    {"transmit", "colls"},   {"transmit", "carrier"}};
    char *rest_of_text, *rest;
    for (char *line = strtok_r(text, "\n", &rest_of_text); line; line = strtok_r(NULL, "\n", &rest_of_text)) {
        char *colon = strrchr(line, ':'); /* an interface's name may hold one */
        if (!colon || strchr(line, '|'))
            continue;
        *colon = '\0';
        const char *device = line + strspn(line, SPACE);
        char *value = strtok_r(colon + 1, SPACE, &rest);
        for (size_t i = 0; i < ARRAY_SIZE(columns) && value; i++, value = strtok_r(NULL, SPACE, &rest))
            if (columns[i].name)
                tell(listener, device, columns[i].group, columns[i].name, value, 10);
    }
}

static const struct table {
    const char *path;
    void (*read)(char *text, const struct listener *listener);
    bool optional; /* there only with IPv6, or where something tracks connections */
} tables[] = {
    {"/proc/thread-self/net/dev", read_devices, false},
    {"/proc/thread-self/net/snmp", read_pairs, false},
    {"/proc/thread-self/net/netstat", read_pairs, false},
    {"/proc/thread-self/net/snmp6", read_lines, true},
    {"/proc/thread-self/net/stat/nf_conntrack", read_conntrack, true},
};

int counters_observe(int netns, counter_handler *handler, void *context, struct error *err)
{
    struct listener listener = {handler, context};
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(netns, &visit, err) != 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        STR_AUTO text = STR_INIT;
        if (file_read(AT_FDCWD, tables[i].path, &text, FILE_MAX) == 0 && text.data)
            tables[i].read(text.data, &listener);
        else if (!tables[i].optional)
            return error_set_errno(err, errno, "read the counters (%s)", tables[i].path);
    }
    return 0;
}
