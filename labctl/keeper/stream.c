/* What a recorded command writes without a terminal of its own, between it and its caller.
 *
 * The command sees what it would see otherwise: a terminal where the caller has one, else a pipe.  Where its standard
 * output and error are the same file they are one here as well, so that their order stays.  What writes nowhere (such
 * as /dev/null) is the caller's own.  The caller's files are shared with it: their flags stay as they are, so they are
 * only written to when something fits. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "keeper/keeper.h"

/* A terminal that passes everything on: the caller's own one does the rest. */
static bool open_terminal(struct stream *stream, uint16_t rows, uint16_t columns)
{
    struct termios plain;
    int master = pty_open(rows, columns);
    if (master < 0)
        return false;
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || tcgetattr(slave, &plain)) {
        close(master);
        return false;
    }
    cfmakeraw(&plain);
    tcsetattr(slave, TCSANOW, &plain);
    *stream = (struct stream){.from = master, .end = slave, .terminal = true};
    return true;
}

static bool open_pipe(struct stream *stream)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return false;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *stream = (struct stream){.from = ends[0], .end = ends[1]};
    return true;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_rdev == b->st_rdev;
}

void streams_open(struct stream *streams, uint16_t rows, uint16_t columns)
{
    struct stat status[STREAMS];
    for (int i = 0; i < STREAMS; i++) {
        struct stream *stream = &streams[i];
        int to = i + 1;
        *stream = (struct stream)STREAM_NONE;
        if (fstat(to, &status[i]))
            continue;
        if (i > 0 && streams[0].from >= 0 && same_file(&status[0], &status[i])) {
            stream->end = fcntl(streams[0].end, F_DUPFD_CLOEXEC, 0);
            continue;
        }
        bool terminal = isatty(to);
        if ((S_ISCHR(status[i].st_mode) || S_ISBLK(status[i].st_mode)) && !terminal)
            continue;
        if ((terminal && open_terminal(stream, rows, columns)) || open_pipe(stream))
            stream->to = to;
    }
}

void streams_give(const struct stream *streams)
{
    for (int i = 0; i < STREAMS; i++)
        if (streams[i].end >= 0)
            dup2(streams[i].end, i + 1);
}

void streams_take(struct stream *streams)
{
    for (int i = 0; i < STREAMS; i++) {
        if (streams[i].end >= 0)
            close(streams[i].end);
        streams[i].end = -1;
        if (streams[i].to < 0) /* its readers must see the end when the process closes it */
            close(i + 1);
    }
}

static void end(struct stream *stream)
{
    if (stream->from >= 0)
        close(stream->from);
    if (stream->to >= 0)
        close(stream->to);
    *stream = (struct stream)STREAM_NONE;
}

bool streams_left(const struct stream *streams)
{
    return streams[0].from >= 0 || streams[1].from >= 0;
}

void streams_poll(const struct stream *streams, struct pollfd *fds)
{
    for (int i = 0; i < STREAMS; i++) {
        const struct stream *stream = &streams[i];
        fds[i] = stream->length > 0 ? (struct pollfd){.fd = stream->to, .events = POLLOUT}
                                    : (struct pollfd){.fd = stream->from, .events = POLLIN};
    }
}

static void give_on(struct stream *stream)
{
    ssize_t count = write(stream->to, stream->data, stream->length);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count < 0) { /* nobody reads it: the command is told so when it writes again */
        end(stream);
        return;
    }
    stream->length -= (size_t)count;
    memmove(stream->data, stream->data + count, stream->length);
}

/* False when nothing waits. */
static bool take_in(struct stream *stream, struct recording *record, enum record_source source)
{
    ssize_t count = read(stream->from, stream->data, sizeof stream->data);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (count <= 0) {
        end(stream);
        return false;
    }
    stream->length = (size_t)count;
    record_data(record, source, stream->data, stream->length);
    return true;
}

void streams_work(struct stream *streams, const struct pollfd *fds, struct recording *record)
{
    for (int i = 0; i < STREAMS; i++) {
        if (streams[i].from < 0 || !fds[i].revents)
            continue;
        if (streams[i].length > 0)
            give_on(&streams[i]);
        else
            take_in(&streams[i], record, RECORD_OUTPUT + (unsigned)i);
    }
}

void streams_window(const struct stream *streams, uint16_t rows, uint16_t columns)
{
    for (int i = 0; i < STREAMS; i++)
        if (streams[i].terminal)
            ioctl(streams[i].from, TIOCSWINSZ, &(struct winsize){.ws_row = rows, .ws_col = columns});
}

void streams_drain(struct stream *streams, struct recording *record)
{
    for (int i = 0; i < STREAMS; i++) {
        struct stream *stream = &streams[i];
        while (stream->from >= 0) {
            if (stream->length > 0) {
                poll(&(struct pollfd){.fd = stream->to, .events = POLLOUT}, 1, -1);
                give_on(stream);
            } else if (poll(&(struct pollfd){.fd = stream->from, .events = POLLIN}, 1,
                            stream->terminal ? PTY_DRAIN : 0) <= 0 ||
                       !take_in(stream, record, RECORD_OUTPUT + (unsigned)i)) {
                break;
            }
        }
    }
}

void streams_linger(struct stream *streams)
{
    struct recording none = {.fd = -1};
    while (streams_left(streams)) {
        struct pollfd fds[STREAMS];
        streams_poll(streams, fds);
        if (poll(fds, STREAMS, -1) < 0 && errno != EINTR)
            return;
        streams_work(streams, fds, &none);
    }
}
