/* A running keeper: its address, finding it, ending it. */
#include "lab/start.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "lab/credentials.h"

static bool name_is_good(const char *lab)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t length = strlen(lab);
    return length > 0 && length <= LAB_NAME_MAX && strspn(lab, letters) == length && lab[0] != '.' && lab[0] != '-';
}

int keeper_address(const char *lab, struct sockaddr_un *address, struct error *err)
{
    if (!name_is_good(lab))
        return error_set(err, ERR_USAGE,
                         "'%s' is no name for a lab: 1 to %d letters, digits, '-', '_' or '.', the first a letter, a "
                         "digit or '_'",
                         lab, LAB_NAME_MAX);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length =
        snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "labctl/%u/%s", (unsigned)geteuid(), lab);
    return (int)offsetof(struct sockaddr_un, sun_path) + 1 + length;
}

int keeper_find(const char *lab, struct keeper_process *out, struct error *err)
{
    struct sockaddr_un address;
    int length = keeper_address(lab, &address, err);
    if (length < 0)
        return -1;
    FD_AUTO client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client < 0)
        return error_set_errno(err, errno, "look for lab '%s'", lab);
    if (connect(client, (const struct sockaddr *)&address, (socklen_t)length)) {
        if (errno == ECONNREFUSED)
            return error_set(err, ERR_ABSENT, "no lab named '%s' runs", lab);
        if (errno == EAGAIN)
            return error_set(err, ERR_BUSY, "lab '%s' does not answer: its control socket has no room", lab);
        return error_set_errno(err, errno, "look for lab '%s'", lab);
    }
    *out = (struct keeper_process){.pidfd = -1};
    if (credentials_keeper(client, &out->pid, err))
        return error_wrap(err, "lab '%s'", lab);
    out->pidfd = (int)syscall(SYS_pidfd_open, out->pid, 0);
    if (out->pidfd < 0)
        return errno == ESRCH
                   ? error_set(err, ERR_ABSENT, "no lab named '%s' runs", lab)
                   : error_set_errno(err, errno, "watch the keeper of lab '%s' (pid %d)", lab, (int)out->pid);
    return 0;
}

int keeper_end(const struct keeper_process *process, int timeout, struct error *err)
{
    if (syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0) && errno != ESRCH)
        return error_set_errno(err, errno, "end the keeper (pid %d)", (int)process->pid);
    int ready;
    do
        ready = poll(&(struct pollfd){.fd = process->pidfd, .events = POLLIN}, 1, timeout);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return error_set(err, ERR_SYSTEM, "end the keeper (pid %d): it is not gone after %d ms", (int)process->pid,
                         timeout);
    return 0;
}

void keeper_process_close(struct keeper_process *process)
{
    if (process->pidfd >= 0)
        fd_close(&process->pidfd);
}
