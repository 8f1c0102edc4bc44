/* Descriptors that the director gave into care, for its successor. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper/keeper.h"

static struct stored {
    struct stored *next;
    char tag[KEEPER_TAG_MAX];
    int fd;
} * stored;

static struct stored **find(const char *tag)
{
    struct stored **at = &stored;
    while (*at && strncmp((*at)->tag, tag, KEEPER_TAG_MAX))
        at = &(*at)->next;
    return at;
}

void store_put(const struct keeper_store *request, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STAGE_END);
    struct stored **at = find(request->tag);
    if (copy >= 0 && !*at && (*at = calloc(1, sizeof **at))) {
        memcpy((*at)->tag, request->tag, KEEPER_TAG_MAX - 1);
        (*at)->fd = -1;
    }
    if (copy < 0 || !*at) {
        director_done(request->header.number, copy < 0 ? errno : ENOMEM, "keep a descriptor");
        if (copy >= 0)
            close(copy);
        return;
    }
    if ((*at)->fd >= 0)
        close((*at)->fd);
    (*at)->fd = copy;
    director_done(request->header.number, 0, "keep a descriptor");
}

void store_announce(void)
{
    for (const struct stored *entry = stored; entry; entry = entry->next) {
        struct keeper_store event = {.header = {KEEPER_STORED, 0}};
        memcpy(event.tag, entry->tag, sizeof event.tag);
        director_send(&event, sizeof event, entry->fd);
    }
}
