/* exec: a program of the machine, as the author wrote it, and perhaps as a user of its own.
 *
 * Of an ordinary user's lab, nodes have one user, root, whom some servers refuse to serve (PostgreSQL).  So a program
 * that is to run as another is put into a user namespace of its own, where root's id is that user's: what it makes
 * belongs to root outside and to the user inside.  It is the same in every lab, whoever started it. */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "service/lowering.h"

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

void service_lower_exec(struct service_context *context)
{
    static const char *const shell[] = {"/bin/sh", "-c"};
    const struct service *service = context->service;
    struct arena *arena = context->plan->arena;
    struct strings argv = {0};
    put_user(arena, service->user, &argv);
    if (service->command.count < 2) /* one string is a command line */
        for (size_t i = 0; i < ARRAY_SIZE(shell); i++)
            *ARENA_PUSH(arena, argv.items, argv.count) = shell[i];
    for (size_t i = 0; i < service->command.count; i++)
        *ARENA_PUSH(arena, argv.items, argv.count) = service->command.items[i];
    if (service->command.count == 0)
        *ARENA_PUSH(arena, argv.items, argv.count) = "true";
    service_argv(context, argv.items, argv.count);
    context->process->ready_within = service->ready_within;
    if (service->ready_port)
        service_ready(context, service->ready_protocol == PROTOCOL_UDP ? READY_UDP_BOUND : READY_TCP,
                      service->ready_port);
}
