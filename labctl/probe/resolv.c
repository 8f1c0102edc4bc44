/* resolv.conf(5) of a node, as its resolver library would read it. */
#include "probe/resolv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/units.h"
#include "probe/root_file.h"

#define RESOLV_CONF_MAX  (64u << 10)
#define RESOLV_NDOTS_MAX 15 /* RES_MAXNDOTS */

static void read_options(char *words, struct resolv *out)
{
    char *rest;
    for (char *word = strtok_r(words, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (str_starts(word, "ndots:")) {
            unsigned long ndots = strtoul(word + strlen("ndots:"), NULL, 10);
            out->ndots = ndots > RESOLV_NDOTS_MAX ? RESOLV_NDOTS_MAX : (unsigned)ndots;
        } else if (str_starts(word, "timeout:")) {
            unsigned long seconds = strtoul(word + strlen("timeout:"), NULL, 10);
            out->timeout = (int64_t)(seconds > 30 ? 30 : seconds ? seconds : 1) * NANOSECONDS_PER_SECOND;
        }
    }
}

static void read_search(char *words, struct arena *arena, struct resolv *out)
{
    char *rest;
    out->search_count = 0; /* the last search or domain line counts */
    for (char *word = strtok_r(words, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
        if (out->search_count < RESOLV_SEARCH_MAX)
            out->search[out->search_count++] = arena_strdup(arena, word);
}

static void read_server(const char *word, struct resolv *out)
{
    struct addr addr;
    if (out->server_count < RESOLV_SERVERS_MAX && addr_parse(word, &addr))
        out->servers[out->server_count++] = addr;
}

void resolv_parse(const char *text, struct arena *arena, struct resolv *out)
{
    *out = (struct resolv){.ndots = 1, .timeout = 5 * NANOSECONDS_PER_SECOND};
    char *copy = arena_strdup(arena, text), *rest;
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        size_t keyword = strcspn(line, " \t");
        if (!keyword || *line == '#' || *line == ';' || !line[keyword])
            continue;
        line[keyword] = '\0';
        char *value = line + keyword + 1;
        value += strspn(value, " \t");
        if (str_equal(line, "nameserver")) {
            value[strcspn(value, " \t\r")] = '\0';
            read_server(value, out);
        } else if (str_equal(line, "search") || str_equal(line, "domain")) {
            read_search(value, arena, out);
        } else if (str_equal(line, "options")) {
            read_options(value, out);
        }
    }
    if (!out->server_count)
        out->servers[out->server_count++] = addr_from_ipv4(0x7f000001);
}

int resolv_read(int root, struct arena *arena, struct resolv *out)
{
    STR_AUTO text = STR_INIT;
    if (root_file_read(root, "etc/resolv.conf", &text, RESOLV_CONF_MAX) < 0 && (errno == EBADF || errno == ENOTDIR))
        return -1;
    resolv_parse(str_text(&text), arena, out);
    return 0;
}

size_t resolv_candidates(const struct resolv *resolv, const char *name, struct arena *arena,
                         const char *out[static RESOLV_SEARCH_MAX + 1])
{
    size_t count = 0, dots = 0, length = strlen(name);
    for (const char *c = name; *c; c++)
        dots += *c == '.';
    bool absolute = length && name[length - 1] == '.';
    bool first = absolute || dots >= resolv->ndots;
    if (first)
        out[count++] = name;
    for (size_t i = 0; i < resolv->search_count && !absolute; i++)
        out[count++] = str_equal(resolv->search[i], ".") ? name : arena_printf(arena, "%s.%s", name, resolv->search[i]);
    if (!first)
        out[count++] = name;
    return count;
}
