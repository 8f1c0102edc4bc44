/* Configuration of the embedded services. */
#include "serve/configuration.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"

#define CONFIGURATION_MAX (16u << 20)

/* Takes the next word or quoted text of a line; NULL where there is none, or where a quote does not end. */
static const char *take(const char **line, struct arena *arena)
{
    const char *at = *line + strspn(*line, " \t");
    if (!*at)
        return NULL;
    if (*at != '"') {
        size_t length = strcspn(at, " \t");
        *line = at + length;
        return arena_strndup(arena, at, length);
    }
    STR_AUTO text = STR_INIT;
    for (at++; *at && *at != '"'; at++) {
        if (*at != '\\' || !at[1]) {
            str_append_char(&text, *at);
            continue;
        }
        at++;
        str_append_char(&text, *at == 'n' ? '\n' : *at == 'r' ? '\r' : *at == 't' ? '\t' : *at);
    }
    if (!*at)
        return NULL;
    *line = at + 1;
    return arena_strdup(arena, str_text(&text));
}

static bool number(const char *word, unsigned most, unsigned *out)
{
    char *end;
    if (!word || !*word)
        return false;
    unsigned long value = strtoul(word, &end, 10);
    *out = (unsigned)value;
    return !*end && value <= most;
}

static bool set_bind(struct configuration *out, const char **line, struct arena *arena)
{
    const char *word = take(line, arena);
    return word && addr_parse(word, &out->bind);
}

static bool set_port(struct configuration *out, const char **line, struct arena *arena)
{
    unsigned port;
    bool good = number(take(line, arena), UINT16_MAX, &port) && port;
    out->port = good ? (uint16_t)port : 0;
    return good;
}

static bool set_status(struct configuration *out, const char **line, struct arena *arena)
{
    return number(take(line, arena), 999, &out->status);
}

static bool set_delay(struct configuration *out, const char **line, struct arena *arena)
{
    unsigned delay;
    bool good = number(take(line, arena), 3600000, &delay);
    out->delay = good ? (int)delay : 0;
    return good;
}

static bool set_truncate(struct configuration *out, const char **line, struct arena *arena)
{
    return number(take(line, arena), UINT16_MAX, &out->truncate) && out->truncate;
}

static bool set_body(struct configuration *out, const char **line, struct arena *arena)
{
    return (out->body = take(line, arena)) != NULL;
}

static bool set_banner(struct configuration *out, const char **line, struct arena *arena)
{
    return (out->banner = take(line, arena)) != NULL;
}

static bool set_route(struct configuration *out, const char **line, struct arena *arena)
{
    struct serve_route route = {.path = take(line, arena)};
    bool good = route.path && number(take(line, arena), 999, &route.status) && (route.body = take(line, arena));
    route.location = good ? take(line, arena) : NULL; /* the last word may be missing */
    if (good)
        *ARENA_PUSH(arena, out->routes, out->route_count) = route;
    return good;
}

static bool set_protocol(struct configuration *out, const char **line, struct arena *arena)
{
    const char *word = take(line, arena);
    out->udp = str_equal(word, "udp");
    return out->udp || str_equal(word, "tcp");
}

static const struct {
    const char *name;
    bool (*set)(struct configuration *out, const char **line, struct arena *arena);
    const char *wants;
} keys[] = {
    {"bind", set_bind, "an address"},
    {"port", set_port, "1-65535"},
    {"status", set_status, "a status such as 200"},
    {"delay", set_delay, "milliseconds"},
    {"truncate", set_truncate, "bytes"},
    {"body", set_body, "a text in double quotes"},
    {"route", set_route, "\"PATH\" STATUS \"BODY\", and for a redirect \"LOCATION\""},
    {"banner", set_banner, "a text in double quotes"},
    {"protocol", set_protocol, "tcp or udp"},
};

static int parse_line(const char *line, unsigned count, struct arena *arena, struct configuration *out,
                      struct error *err)
{
    const char *key = *line == '#' ? NULL : take(&line, arena);
    if (!key)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!str_equal(key, keys[i].name))
            continue;
        if (keys[i].set(out, &line, arena) && !line[strspn(line, " \t")])
            return 0;
        return error_set(err, ERR_FILE, "line %u: '%s' wants %s", count, key, keys[i].wants);
    }
    return error_set(err, ERR_FILE, "line %u: unknown key '%s'", count, key);
}

/* 0, or -1 with err naming the line. */
static int configuration_parse(const char *text, struct arena *arena, struct configuration *out, struct error *err)
{
    *out = (struct configuration){.status = 200, .body = ""};
    unsigned count = 0;
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (parse_line(arena_strndup(arena, text, length), ++count, arena, out, err) < 0)
            return -1;
        text += length + (text[length] == '\n');
    }
    return out->port ? 0 : error_set(err, ERR_FILE, "no port is given");
}

/* The descriptor that a path names, or -1. */
static int descriptor_of(const char *path)
{
    static const char *const prefixes[] = {"/dev/fd/", "/proc/self/fd/"};
    if (str_equal(path, "/dev/stdin"))
        return STDIN_FILENO;
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        char *end;
        if (!str_starts(path, prefixes[i]))
            continue;
        unsigned long fd = strtoul(path + strlen(prefixes[i]), &end, 10);
        return *end || fd > 1024 ? -1 : (int)fd;
    }
    return -1;
}

int configuration_load(const char *path, struct arena *arena, struct configuration *out, struct error *err)
{
    STR_AUTO text = STR_INIT;
    int inherited = descriptor_of(path);
    FD_AUTO opened = inherited < 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    int fd = inherited < 0 ? opened : inherited;
    if (inherited >= 0)
        lseek(fd, 0, SEEK_SET); /* a memory file may have been read before; a pipe begins where it is */
    if (fd < 0 || fd_read_all(fd, &text, CONFIGURATION_MAX) < 0)
        return error_set_errno(err, errno, "read %s", path);
    if (configuration_parse(str_text(&text), arena, out, err) < 0)
        return error_wrap(err, "%s", path);
    return 0;
}
