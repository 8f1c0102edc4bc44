/* exec: a program of the machine, as the author wrote it, and perhaps as a user of its own.
 *
 * Of an ordinary user's lab, nodes have one user, root, whom some servers refuse to serve (PostgreSQL).  So a program
 * that is to run as another is put into a user namespace of its own, where root's id is that user's: what it makes
 * belongs to root outside and to the user inside.  It is the same in every lab, whoever started it. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "service/lowering.h"

/* Of whom nothing is known but that it runs: a program that refuses its configuration has ended by then. */
#define LASTS (NANOSECONDS_PER_SECOND / 10)

/* Users of nodes and their ids, as in every node's /etc/passwd (keeper/base.c; a test compares). */
static const struct {
    const char *name;
    unsigned id;
} users[] = {
    {"daemon", 1},     {"www-data", 33}, {"nginx", 101},    {"unbound", 104}, {"nsd", 105},
    {"haproxy", 106},  {"bird", 107},    {"dnsmasq", 108},  {"sshd", 109},    {"frr", 111},
    {"postgres", 113}, {"caddy", 114},   {"nobody", 65534},
};

const char *service_user(size_t i, unsigned *id)
{
    if (i >= ARRAY_SIZE(users))
        return NULL;
    *id = users[i].id;
    return users[i].name;
}

/* "unshare --user --map-user=113 --map-group=113 --": nothing where no user is asked for. */
static void put_user(struct arena *arena, const char *user, struct strings *argv)
{
    static const char *const words[] = {"unshare", "--user"};
    for (size_t i = 0; user && i < ARRAY_SIZE(users); i++) {
        if (!str_equal(users[i].name, user))
            continue;
        for (size_t k = 0; k < ARRAY_SIZE(words); k++)
            *ARENA_PUSH(arena, argv->items, argv->count) = words[k];
        *ARENA_PUSH(arena, argv->items, argv->count) = arena_printf(arena, "--map-user=%u", users[i].id);
        *ARENA_PUSH(arena, argv->items, argv->count) = arena_printf(arena, "--map-group=%u", users[i].id);
        *ARENA_PUSH(arena, argv->items, argv->count) = "--";
    }
}

/* A line that a shell would only split at its spaces is run without one, as make(1) does: a program that there is not
 * is then an error of its start, and not a shell that ends a moment later. */
static bool is_plain(const char *line)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,- ";
    /* The shell's own: POSIX, Shell Command Language, 2.4 and 2.14, and the utilities that only it can be. */
    static const char *const own[] = {
        "case",   "do",      "done",  "elif",  "else",     "esac",  "fi",     "for",   "if",      "in",      "then",
        "until",  "while",   "break", ":",     "continue", ".",     "eval",   "exec",  "exit",    "export",  "readonly",
        "return", "set",     "shift", "times", "trap",     "unset", "alias",  "bg",    "cd",      "command", "fc",
        "fg",     "getopts", "hash",  "jobs",  "read",     "type",  "ulimit", "umask", "unalias", "wait"};
    size_t start = strspn(line, " "), length = strcspn(line + start, " ");
    if (length == 0 || line[strspn(line, plain)] != '\0')
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (strlen(own[i]) == length && strncmp(own[i], line + start, length) == 0)
            return false;
    return true;
}

static void put_words(struct arena *arena, const char *line, struct strings *argv)
{
    while (*(line += strspn(line, " "))) {
        size_t length = strcspn(line, " ");
        *ARENA_PUSH(arena, argv->items, argv->count) = arena_strndup(arena, line, length);
        line += length;
    }
}

void service_lower_exec(struct service_context *context)
{
    static const char *const shell[] = {"/bin/sh", "-c"};
    const struct service *service = context->service;
    struct arena *arena = context->plan->arena;
    struct strings argv = {0};
    put_user(arena, service->user, &argv);
    bool line = service->command.count < 2; /* one string is a command line */
    bool plain = service->command.count == 1 && is_plain(service->command.items[0]);
    for (size_t i = 0; line && !plain && i < ARRAY_SIZE(shell); i++)
        *ARENA_PUSH(arena, argv.items, argv.count) = shell[i];
    for (size_t i = 0; !plain && i < service->command.count; i++)
        *ARENA_PUSH(arena, argv.items, argv.count) = service->command.items[i];
    if (plain)
        put_words(arena, service->command.items[0], &argv);
    if (service->command.count == 0)
        *ARENA_PUSH(arena, argv.items, argv.count) = "true";
    service_argv(context, argv.items, argv.count);
    context->process->ready_within = service->ready_within;
    context->process->ready_after = LASTS;
    if (service->ready_port)
        service_ready(context, service->ready_protocol == PROTOCOL_UDP ? READY_UDP_BOUND : READY_TCP,
                      service->ready_port);
}
