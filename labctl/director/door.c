/* The door: accepting, greeting, and answering while the main thread is at work.
 *
 * A connection lives here until its first request that is not "state".  Then it goes to the main thread for good,
 * through a list and an eventfd.  What both threads know (state, who is at work) is under one mutex. */
#include "director/door.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "director/director.h"
#include "lab/credentials.h"

#define WAITING_MAX 256

struct waiting {
    int fd;
    bool unproved; /* its nonce must come first */
};

struct door {
    int listener, event;
    char lab[80];
    pthread_mutex_t lock; /* guards what follows */
    struct guest *first, **last;
    char state[16], title[256], exercise[80], busy[40];
    size_t nodes;
    int64_t since, busy_since;
    pid_t busy_client;
    struct waiting waiting[WAITING_MAX]; /* only the thread touches these */
    size_t waiting_count;
};

void guest_free(struct guest *guest)
{
    if (!guest)
        return;
    for (size_t i = 0; i < guest->fd_count; i++)
        if (guest->fds[i] >= 0)
            close(guest->fds[i]);
    if (guest->fd >= 0)
        close(guest->fd);
    json_decref(guest->message);
    free(guest);
}

struct guest *door_next(struct door *door)
{
    pthread_mutex_lock(&door->lock);
    struct guest *guest = door->first;
    if (guest) {
        door->first = guest->next;
        if (!door->first)
            door->last = &door->first;
    } else {
        eventfd_t count;
        eventfd_read(door->event, &count);
    }
    pthread_mutex_unlock(&door->lock);
    return guest;
}

static void copy(char *out, size_t size, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--; /* not in the middle of a character */
    }
    if (length > 0)
        memcpy(out, text, length);
    out[length] = '\0';
}

void door_state(struct door *door, const char *state, size_t nodes, const char *title, int64_t since_real)
{
    pthread_mutex_lock(&door->lock);
    copy(door->state, sizeof door->state, state);
    copy(door->title, sizeof door->title, title);
    door->nodes = nodes;
    door->since = since_real;
    pthread_mutex_unlock(&door->lock);
}

void door_exercise(struct door *door, const char *exercise)
{
    pthread_mutex_lock(&door->lock);
    copy(door->exercise, sizeof door->exercise, exercise);
    pthread_mutex_unlock(&door->lock);
}

void door_busy(struct door *door, const char *what, pid_t client)
{
    pthread_mutex_lock(&door->lock);
    copy(door->busy, sizeof door->busy, what);
    door->busy_client = client;
    door->busy_since = clock_real();
    pthread_mutex_unlock(&door->lock);
}

int door_check_busy(struct door *door, struct error *err)
{
    pthread_mutex_lock(&door->lock);
    int result = 0;
    char since[CLOCK_TEXT_MAX];
    if (door->busy[0])
        result = error_set(err, ERR_BUSY, "lab '%s' is busy: %s by pid %d since %s; try again when it has finished",
                           door->lab, door->busy, (int)door->busy_client, clock_format_real(door->busy_since, since));
    pthread_mutex_unlock(&door->lock);
    return result;
}

/* ---- the thread ---------------------------------------------------------------------------------------------- */

static int send_reply(int fd, json_t *reply)
{
    json_t *message = json_pack("{s:o}", "reply", reply);
    int result = control_send(fd, message, NULL, 0, NULL);
    json_decref(message);
    return result;
}

static int send_error(int fd, const struct error *problem)
{
    json_t *message =
        json_pack("{s:{s:s, s:s}}", "error", "kind", error_kind_name(problem->kind), "text", problem->text);
    int result = control_send(fd, message, NULL, 0, NULL);
    json_decref(message);
    return result;
}

static json_t *state_reply(struct door *door)
{
    char since[CLOCK_TEXT_MAX];
    pthread_mutex_lock(&door->lock);
    json_t *reply =
        json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s}", "lab", door->lab, "title", door->title, "state", door->state,
                  "nodes", (int)door->nodes, "since", door->since ? clock_format_real(door->since, since) : "",
                  "exercise", door->exercise, "busy", door->busy);
    pthread_mutex_unlock(&door->lock);
    return reply;
}

static void hand_over(struct door *door, struct waiting *client, json_t *message, const int *fds, size_t fd_count)
{
    struct guest *guest = calloc(1, sizeof *guest);
    if (!guest)
        abort();
    *guest = (struct guest){.fd = client->fd,
                            .client = (pid_t)json_integer_value(json_object_get(message, "client")),
                            .message = message,
                            .fd_count = fd_count};
    memcpy(guest->fds, fds, fd_count * sizeof *fds);
    client->fd = -1;
    pthread_mutex_lock(&door->lock);
    *door->last = guest;
    door->last = &guest->next;
    pthread_mutex_unlock(&door->lock);
    eventfd_write(door->event, 1);
}

static bool verb_changes(const char *name)
{
    for (size_t i = 0; i < verb_count; i++)
        if (str_equal(verbs[i].name, name))
            return verbs[i].changes;
    return false;
}

/* One message of a client that is still at the door.  -1: it goes away. */
static int serve(struct door *door, struct waiting *client)
{
    int fds[CONTROL_FDS_MAX];
    size_t fd_count = 0;
    json_t *message = NULL;
    if (client->unproved) {
        client->unproved = false;
        return credentials_verify(client->fd, NULL);
    }
    if (control_receive(client->fd, &message, fds, &fd_count, NULL) != 0)
        return -1;
    const char *verb = json_string_value(json_object_get(message, "verb"));
    struct error problem = ERROR_INIT;
    int result = 0;
    if (str_equal(verb, "state")) {
        result = send_reply(client->fd, state_reply(door));
    } else if (verb && verb_changes(verb) && door_check_busy(door, &problem) != 0) {
        result = send_error(client->fd, &problem);
    } else {
        hand_over(door, client, message, fds, fd_count);
        return -1;
    }
    for (size_t i = 0; i < fd_count; i++)
        close(fds[i]);
    json_decref(message);
    return result;
}

static void accept_client(struct door *door)
{
    int fd = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    /* Whole messages are read and written with a limit, so that a stopped client stops nobody else. */
    struct timeval limit = {.tv_sec = 2};
    int flags = fcntl(fd, F_GETFL);
    if (door->waiting_count == WAITING_MAX || flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
        close(fd);
        return;
    }
    struct waiting *client = &door->waiting[door->waiting_count];
    *client = (struct waiting){.fd = fd};
    if (credentials_greet(fd, &client->unproved, NULL) != 0)
        close(fd);
    else
        door->waiting_count++;
}

static void *run(void *argument)
{
    struct door *door = argument;
    struct pollfd ready[WAITING_MAX + 1];
    for (;;) {
        size_t count = door->waiting_count;
        for (size_t i = 0; i < count; i++)
            ready[i] = (struct pollfd){.fd = door->waiting[i].fd, .events = POLLIN};
        ready[count] = (struct pollfd){.fd = door->listener, .events = POLLIN};
        if (poll(ready, count + 1, -1) < 0)
            continue;
        for (size_t i = count; i-- > 0;) {
            struct waiting *client = &door->waiting[i];
            if (ready[i].revents == 0 || serve(door, client) == 0)
                continue;
            if (client->fd >= 0)
                close(client->fd);
            *client = door->waiting[--door->waiting_count];
        }
        if (ready[count].revents & POLLIN)
            accept_client(door);
    }
    return NULL;
}

struct door *door_open(int listener, const char *lab, struct error *err)
{
    struct door *door = calloc(1, sizeof *door);
    if (!door) {
        error_set_errno(err, ENOMEM, "open the lab's door");
        return NULL;
    }
    door->listener = listener;
    door->last = &door->first;
    copy(door->lab, sizeof door->lab, lab);
    copy(door->state, sizeof door->state, "empty");
    pthread_mutex_init(&door->lock, NULL);
    door->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
    pthread_t thread;
    int number = door->event < 0 ? errno : pthread_create(&thread, NULL, run, door);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number != 0) {
        error_set_errno(err, number, "open the lab's door");
        free(door);
        return NULL;
    }
    pthread_detach(thread);
    return door;
}

int door_descriptor(const struct door *door)
{
    return door->event;
}
