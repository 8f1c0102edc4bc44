/* Part of a command's work in a child process beside it. */
#include "cmd/common/beside.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "cmd/common/launch.h"
#include "lab/start.h"

#define VALUE_MAX ((size_t)256 << 20)
#define GRACE_MS  5000 /* for its lab */

/* A value goes through the socket as one line. */
void beside_tell(const struct beside *beside, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    size_t length = text ? strlen(text) : 0, sent = 0;
    if (text)
        text[length++] = '\n'; /* in place of the NUL */
    while (sent < length) {
        ssize_t count = send(beside->fd, text + sent, length - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR)
            break;
        sent += count > 0 ? (size_t)count : 0;
    }
    free(text);
}

json_t *beside_hear(const struct beside *beside)
{
    STR_AUTO line = STR_INIT;
    char chunk[65536];
    while (!line.length || line.data[line.length - 1] != '\n') {
        ssize_t count = read(beside->fd, chunk, sizeof chunk);
        if (count < 0 && errno == EINTR && !launch_interrupted())
            continue;
        if (count <= 0 || line.length > VALUE_MAX)
            return NULL;
        str_append_bytes(&line, chunk, (size_t)count);
    }
    return json_loadb(str_text(&line), line.length, JSON_DECODE_ANY, NULL);
}

static _Noreturn void child(struct beside *self, beside_work *work, void *context, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    int status = work(context, self);
    fflush(NULL);
    _exit(status);
}

int beside_begin(struct beside *beside, beside_work *work, void *context, struct error *err)
{
    static unsigned count;
    int ends[2];
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return error_set_errno(err, errno, "make a socket");
    snprintf(beside->name, sizeof beside->name, "start.%d.%u", (int)parent, ++count);
    fflush(NULL);
    beside->pid = fork();
    if (beside->pid == 0) {
        beside->fd = ends[1];
        close(ends[0]);
        child(beside, work, context, parent);
    }
    int error = errno;
    close(ends[1]);
    beside->fd = ends[0];
    if (beside->pid > 0)
        return 0;
    close(ends[0]);
    *beside = (struct beside){0};
    return error_set_errno(err, error, "start a process");
}

int beside_take(struct beside *beside, json_t **out, struct error *err)
{
    int status = 0;
    *out = beside_hear(beside);
    if (*out) /* it takes its lab down meanwhile */
        return 0;
    if (launch_interrupted())
        return error_set(err, ERR_SYSTEM, "interrupted (%s)", strsignal(launch_interrupted()));
    while (waitpid(beside->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    beside->pid = 0;
    if (WIFSIGNALED(status))
        return error_set(err, ERR_SYSTEM, "a process of it was ended by signal %d (%s)", WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
    return WEXITSTATUS(status) ? WEXITSTATUS(status) : error_set(err, ERR_SYSTEM, "a process of it said nothing");
}

void beside_end(struct beside *beside)
{
    if (beside->name[0] == 0)
        return;
    if (beside->pid > 0) {
        kill(beside->pid, SIGTERM);
        while (waitpid(beside->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    struct keeper_process keeper;
    if (!keeper_find(beside->name, &keeper, NULL)) { /* it was killed */
        keeper_end(&keeper, GRACE_MS, NULL);
        keeper_process_close(&keeper);
    }
    close(beside->fd);
    *beside = (struct beside){0};
}
