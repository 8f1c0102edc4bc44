#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "relay/relay.h"

/* The thread is in the wire's namespace from line_enter to line_leave. */
static int enter(const char *path, int *home, struct error *err)
{
    *home = -1;
    if (str_equal(path, "-"))
        return 0;
    FD_AUTO there = open(path, O_RDONLY | O_CLOEXEC);
    *home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (there < 0 || *home < 0 || setns(there, CLONE_NEWNET))
        return error_set_errno(err, errno, "enter %s", path);
    return 0;
}

static void leave(int *home)
{
    if (*home < 0)
        return;
    if (setns(*home, CLONE_NEWNET))
        _exit(1); /* the keeper starts it anew, at the right place */
    fd_close(home);
}

static int open_out(int device, struct error *err)
{
    const int on = 1;
    const uint32_t mark = RELAY_MARK;
    struct sockaddr_ll place = {.sll_family = AF_PACKET, .sll_ifindex = device};
    FD_AUTO fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) ||
        setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) || bind(fd, (struct sockaddr *)&place, sizeof place))
        return error_set_errno(err, errno, "open a sending socket");
    return fd_steal(&fd);
}

static uint64_t drawn_seed(void)
{
    uint64_t seed = 0;
    return getrandom(&seed, sizeof seed, 0) == sizeof seed ? seed : (uint64_t)pump_now();
}

/* Wires of one seed go different ways: by their device's name and direction (FNV-1a). */
static uint64_t stream(const struct relay_wire *spec)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = spec->device; *c; c++)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    return (hash ^ spec->direction) * UINT64_C(0x100000001b3);
}

static uint64_t seed_of(const struct impairment *is)
{
    return is->seed ? is->seed : drawn_seed();
}

/* Remembered as text: what a specification borrows ends with it. */
static char *text_of(const struct impairment *is)
{
    STR_AUTO text = STR_INIT;
    impairment_format(is, "=", " ", &text);
    return str_steal(&text);
}

struct line *line_open(const struct relay_wire *spec, struct relay_statistics *statistics, uint32_t frames,
                       struct error *err)
{
    int home;
    struct line *line = calloc(1, sizeof *line);
    if (!line) {
        error_set_errno(err, ENOMEM, "serve %s", spec->device);
        return NULL;
    }
    *line = (struct line){
        .spec = *spec, .is_text = text_of(&spec->is), .in = RING_INIT, .out = -1, .statistics = statistics};
    bool open = enter(spec->netns, &home, err) == 0;
    if (open) {
        bool sent = spec->direction == RELAY_SENT;
        line->device_index = (int)if_nametoindex(spec->device);
        line->end_index = (int)if_nametoindex(spec->relay_end);
        int from = sent ? line->device_index : line->end_index, to = sent ? line->end_index : line->device_index;
        open = line->device_index && line->end_index;
        if (!open)
            error_set_errno(err, errno, "find %s", line->device_index ? spec->relay_end : spec->device);
        open = open && ring_open(&line->in, from, spec->mtu, frames, sent, err) == 0 &&
               (line->out = open_out(to, err)) >= 0;
    }
    leave(&home);
    if (!open) {
        error_wrap(err, "serve %s (%s)", spec->device, relay_direction_names[spec->direction]);
        line_close(line);
        return NULL;
    }
    wire_init(&line->wire, &spec->is, seed_of(&spec->is), stream(spec));
    memset(statistics, 0, sizeof *statistics);
    memcpy(statistics->netns, spec->netns, sizeof statistics->netns);
    memcpy(statistics->device, spec->device, sizeof statistics->device);
    memcpy(statistics->relay_end, spec->relay_end, sizeof statistics->relay_end);
    statistics->direction = spec->direction;
    __atomic_store_n(&statistics->in_use, 1, __ATOMIC_RELEASE);
    return line;
}

void line_close(struct line *line)
{
    if (line->statistics)
        line->statistics->in_use = 0;
    ring_close(&line->in);
    if (line->out >= 0)
        fd_close(&line->out);
    wire_end(&line->wire);
    free(line->is_text);
    free(line);
}

bool line_stands(const struct line *line)
{
    int home;
    if (enter(line->spec.netns, &home, NULL)) {
        leave(&home);
        return false;
    }
    bool stands = (int)if_nametoindex(line->spec.device) == line->device_index &&
                  (int)if_nametoindex(line->spec.relay_end) == line->end_index;
    leave(&home);
    return stands;
}

void line_change(struct line *line, const struct impairment *is)
{
    char *text = text_of(is);
    if (str_equal(text, line->is_text)) {
        free(text);
        return;
    }
    free(line->is_text);
    line->is_text = text;
    wire_change(&line->wire, is, seed_of(is), stream(&line->spec));
}
