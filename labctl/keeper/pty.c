/* A terminal of the node, relayed from and to the terminal of the caller.
 *
 * Both ends are served by the waiter, inside the lab, so that no process outside holds a terminal of it.  The caller's
 * terminal is shared with the caller: its flags stay as they are, so it is only read when something waits there. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "keeper/keeper.h"

int pty_open(uint16_t rows, uint16_t columns)
{
    int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (master < 0)
        return -errno;
    int unlocked = 0;
    if (ioctl(master, TIOCSPTLCK, &unlocked)) { /* not a terminal: what lies there is the learner's */
        int error = errno;
        close(master);
        return -error;
    }
    if (rows && columns)
        ioctl(master, TIOCSWINSZ, &(struct winsize){.ws_row = rows, .ws_col = columns});
    return master;
}

void pty_feed(struct pty_relay *relay)
{
    ssize_t count = write(relay->master, relay->pending, relay->pending_length);
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR)
            relay->pending_length = 0;
        return;
    }
    relay->pending_length -= (size_t)count;
    memmove(relay->pending, relay->pending + count, relay->pending_length);
}

void pty_end(struct pty_relay *relay)
{
    struct termios settings;
    if (relay->master < 0 || relay->pending_length > 0 || tcgetattr(relay->master, &settings))
        return;
    relay->pending[0] = (char)settings.c_cc[VEOF];
    relay->pending_length = 1;
    pty_feed(relay);
    relay->pending_length = 0; /* where there is no room, ends enough are waiting to be read */
}

/* What is typed where the terminal does not show it (a password) is nobody's to keep. */
static bool echoes(int master)
{
    struct termios settings;
    return !tcgetattr(master, &settings) && settings.c_lflag & ECHO;
}

void pty_input(struct pty_relay *relay)
{
    ssize_t count = read(0, relay->pending, sizeof relay->pending);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) { /* what was piped in has ended */
        relay->input_open = false;
        pty_end(relay);
        return;
    }
    if (relay->master < 0)
        return;
    relay->pending_length = (size_t)count;
    if (echoes(relay->master))
        record_data(relay->record, RECORD_INPUT, relay->pending, relay->pending_length);
    pty_feed(relay);
}

/* Writes all of it, waiting where the caller's terminal is slow. */
static void write_out(const char *data, size_t length)
{
    while (length > 0) {
        ssize_t count = write(1, data, length);
        if (count < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = 1, .events = POLLOUT}, 1, -1);
            continue;
        }
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return;
        data += count;
        length -= (size_t)count;
    }
}

void pty_output(struct pty_relay *relay)
{
    char data[16384];
    ssize_t count = read(relay->master, data, sizeof data);
    if (count > 0) {
        record_data(relay->record, RECORD_OUTPUT, data, (size_t)count);
        write_out(data, (size_t)count);
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        relay->master = -1; /* nobody holds the other end any more */
    }
}

void pty_drain(struct pty_relay *relay)
{
    while (relay->master >= 0) {
        struct pollfd wait = {.fd = relay->master, .events = POLLIN};
        if (poll(&wait, 1, PTY_DRAIN) <= 0)
            return;
        pty_output(relay);
    }
}
