#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "relay/relay.h"

int tap_enter(const char *netns, int *home, struct error *err)
{
    *home = -1;
    if (str_equal(netns, "-"))
        return 0;
    FD_AUTO there = open(netns, O_RDONLY | O_CLOEXEC);
    *home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (there < 0 || *home < 0 || setns(there, CLONE_NEWNET))
        return error_set_errno(err, errno, "enter %s", netns);
    return 0;
}

void tap_leave(int *home)
{
    if (*home < 0)
        return;
    if (setns(*home, CLONE_NEWNET))
        _exit(1); /* the keeper starts it anew, at the right place */
    fd_close(home);
}

struct tap *tap_for(struct tap **all, const char *netns, uint32_t mtu, struct error *err)
{
    uint32_t frame_size = ring_frame_size(mtu);
    int home;
    for (struct tap *tap = *all; tap; tap = tap->next)
        if (tap->ring.frame_size == frame_size && tap->line_count < RING_DEVICES_MAX && str_equal(tap->netns, netns))
            return tap;
    struct tap *tap = calloc(1, sizeof *tap);
    bool open = tap && tap_enter(netns, &home, err) == 0 && ring_open(&tap->ring, frame_size, err) == 0;
    if (!tap)
        error_set_errno(err, ENOMEM, "open a tap");
    else
        tap_leave(&home);
    if (!open) {
        free(tap);
        return NULL;
    }
    memccpy(tap->netns, netns, '\0', sizeof tap->netns); /* as long as that of a wire at most */
    tap->next = *all;
    *all = tap;
    return tap;
}

static int by_number(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;
    return (left > right) - (left < right);
}

int tap_watch(struct tap *tap, struct error *err)
{
    int devices[RING_DEVICES_MAX] = {0};
    size_t count = 0;
    for (size_t slot = 0; slot < TAP_SLOTS; slot++)
        for (struct line *line = tap->by_device[slot]; line; line = line->beside)
            devices[count++] = line->end_index;
    qsort(devices, count, sizeof *devices, by_number);
    return ring_watch(&tap->ring, devices, count, err);
}

static struct line **slot_of(struct tap *tap, int device)
{
    return &tap->by_device[(unsigned)device % TAP_SLOTS];
}

struct line *tap_line(const struct tap *tap, int device)
{
    struct line *line = tap->by_device[(unsigned)device % TAP_SLOTS];
    while (line && line->end_index != device)
        line = line->beside;
    return line;
}

void tap_add(struct tap *tap, struct line *line)
{
    struct line **slot = slot_of(tap, line->end_index);
    line->tap = tap;
    line->beside = *slot;
    *slot = line;
    tap->line_count++;
}

void tap_remove(struct tap *tap, struct line *line)
{
    struct line **at = slot_of(tap, line->end_index);
    while (*at != line)
        at = &(*at)->beside;
    *at = line->beside;
    tap->line_count--;
    line->tap = NULL;
}

static void *close_slowly(void *tap)
{
    ring_close(&((struct tap *)tap)->ring);
    free(tap);
    return NULL;
}

void tap_close(struct tap *tap)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, close_slowly, tap) == 0)
        pthread_detach(thread);
    else
        close_slowly(tap);
}
