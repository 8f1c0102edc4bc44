#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "relay/relay.h"

#define CONF_MAX   (64u << 20)
#define TAKES_MOST 32 /* more than a whole ring */

static struct relay_statistics *statistics; /* RELAY_WIRES_MAX of them, shared */

static int map_statistics(struct error *err)
{
    size_t size = sizeof(struct relay_statistics) * RELAY_WIRES_MAX;
    FD_AUTO fd = open(RELAY_STATISTICS, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)size))
        return error_set_errno(err, errno, "make %s", RELAY_STATISTICS);
    statistics = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (statistics == MAP_FAILED) {
        statistics = NULL;
        return error_set_errno(err, errno, "map %s", RELAY_STATISTICS);
    }
    return 0;
}

static struct relay_statistics *unused_statistics(void)
{
    for (size_t i = 0; i < RELAY_WIRES_MAX; i++)
        if (!statistics[i].in_use)
            return &statistics[i];
    return NULL;
}

static struct line *find(struct pump *pump, const struct relay_wire *spec)
{
    for (struct line *line = pump->lines; line; line = line->next)
        if (str_equal(line->spec.netns, spec->netns) && str_equal(line->spec.device, spec->device) &&
            line->spec.direction == spec->direction && str_equal(line->spec.relay_end, spec->relay_end))
            return line;
    return NULL;
}

static void end_line(struct pump *pump, struct line *line)
{
    struct line **at = &pump->lines;
    while (*at != line)
        at = &(*at)->next;
    *at = line->next;
    for (int i = 0; i < TAKES_MOST && !pump_take(pump, line->tap); i++)
        ;
    pump_flush(pump, line);
    line_close(line);
}

static int begin_line(struct pump *pump, const struct relay_wire *spec, struct error *err)
{
    struct relay_statistics *place = unused_statistics();
    if (!place)
        return error_set(err, ERR_SYSTEM, "more than %d wires", RELAY_WIRES_MAX);
    struct line *line = line_open(spec, &pump->taps, place, err);
    if (!line)
        return -1;
    line->wanted = true;
    line->next = pump->lines;
    pump->lines = line;
    return 0;
}

static void put_line(struct pump *pump, const struct relay_wire *spec, struct error *err)
{
    struct line *line = find(pump, spec);
    if (line && (line->spec.mtu != spec->mtu || !line_stands(line))) {
        end_line(pump, line);
        line = NULL;
    }
    if (line) {
        line->wanted = true;
        line_change(line, &spec->is);
        return;
    }
    struct error problem = ERROR_INIT;
    if (begin_line(pump, spec, &problem) && err->kind == ERR_NONE)
        error_set(err, problem.kind, "%s", problem.text);
}

/* Each has the filter for its lines now; those that have none go. */
static void heed_taps(struct pump *pump, struct error *err)
{
    for (struct tap **at = &pump->taps; *at;) {
        struct tap *tap = *at;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = tap};
        if (tap->line_count == 0) {
            epoll_ctl(pump->epoll, EPOLL_CTL_DEL, tap->ring.fd, NULL);
            *at = tap->next;
            tap_close(tap);
            continue;
        }
        at = &tap->next;
        bool heard = epoll_ctl(pump->epoll, EPOLL_CTL_ADD, tap->ring.fd, &event) == 0 || errno == EEXIST;
        if (err->kind == ERR_NONE && !heard)
            error_set_errno(err, errno, "hear of packets");
        else if (err->kind == ERR_NONE)
            tap_watch(tap, err);
    }
}

int control_load(struct pump *pump, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (!statistics && map_statistics(err))
        return -1;
    if (file_read(AT_FDCWD, RELAY_CONF, &text, CONF_MAX) && errno != ENOENT)
        return error_set_errno(err, errno, "read %s", RELAY_CONF);
    for (struct line *line = pump->lines; line; line = line->next)
        line->wanted = false;
    char *save = NULL;
    for (char *at = text.data ? strtok_r(text.data, "\n", &save) : NULL; at; at = strtok_r(NULL, "\n", &save)) {
        struct relay_wire spec;
        if (relay_wire_parse(at, &spec))
            put_line(pump, &spec, err);
        else if (err->kind == ERR_NONE)
            error_set(err, ERR_SYSTEM, "a line of %s is none: %s", RELAY_CONF, at);
    }
    for (struct line *line = pump->lines, *next; line; line = next) {
        next = line->next;
        if (!line->wanted)
            end_line(pump, line);
    }
    heed_taps(pump, err);
    return err->kind == ERR_NONE ? 0 : -1;
}

int control_open(void)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX, .sun_path = RELAY_SOCKET};
    FD_AUTO fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(RELAY_SOCKET);
    if (fd < 0 || bind(fd, (struct sockaddr *)&place, sizeof place) || listen(fd, 16))
        return -1;
    return fd_steal(&fd);
}

/* One request for each connection; whoever connects is of this lab and sends at once. */
void control_answer(struct pump *pump, int listener)
{
    FD_AUTO guest = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    char request[32];
    struct timeval patience = {.tv_usec = 100000};
    struct error problem = ERROR_INIT;
    if (guest < 0)
        return;
    setsockopt(guest, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t length = recv(guest, request, sizeof request - 1, 0);
    if (length <= 0)
        return;
    request[length] = '\0';
    if (str_equal(request, RELAY_RELOAD))
        control_load(pump, &problem);
    else
        error_set(&problem, ERR_USAGE, "there is no request '%s'", request);
    send(guest, problem.text, strlen(problem.text), MSG_NOSIGNAL | MSG_DONTWAIT);
}
