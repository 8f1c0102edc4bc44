/* Are a router's sessions up?  BIRD is asked by its control socket, as birdc does: lines of "CODE text", the last of an
 * answer with a space behind its code, others with a dash. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "lab/internal.h"

#define PATIENCE   500 /* ms for each part of an answer */
#define ANSWER_MAX (256u << 10)
/* From a router's start until others have heard what it has heard.  OSPF says nothing new for five seconds (RFC 2328,
 * MinLSInterval), so its first neighbours are told of late. */
#define OSPF_SPREADS (9 * NANOSECONDS_PER_SECOND)
#define BGP_SPREADS  (2 * NANOSECONDS_PER_SECOND)

/* The socket inside the node, whatever links lie on the way: none leads out of its root. */
static int connect_inside(const struct space *space, const char *path)
{
    char name[64];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    snprintf(name, sizeof name, "/proc/%d/root", (int)space->pid);
    FD_AUTO root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    FD_AUTO place = root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    FD_AUTO fd = place < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return -1;
    return fd_steal(&fd);
}

/* Whether what was read ends with the last line of an answer: four digits and a space. */
static bool is_complete(const struct str *text)
{
    if (text->length < 6 || text->data[text->length - 1] != '\n')
        return false;
    size_t start = text->length - 1;
    while (start > 0 && text->data[start - 1] != '\n')
        start--;
    const char *line = text->data + start;
    return strspn(line, "0123456789") == 4 && line[4] == ' ';
}

static bool read_answer(int fd, struct str *out)
{
    str_clear(out);
    while (!is_complete(out)) {
        char data[4096];
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        if (out->length > ANSWER_MAX || poll(&polled, 1, PATIENCE) <= 0)
            return false;
        ssize_t size = read(fd, data, sizeof data);
        if (size <= 0)
            return false;
        str_append_bytes(out, data, (size_t)size);
    }
    return true;
}

/* "NAME  BGP  ---  up  SINCE  Established": a BGP session that stands, an OSPF that has a neighbour. */
static bool is_up(const char *table, const char *session, int64_t age)
{
    size_t length = strlen(session);
    for (const char *line = table; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *at = line + (strspn(line, "0123456789") == 4 ? 5 : strspn(line, " "));
        if (strncmp(at, session, length) != 0 || at[length] != ' ')
            continue;
        size_t rest = strcspn(at, "\n");
        const char *established = strstr(at, "Established"), *running = strstr(at, "Running");
        return (established && established < at + rest && age >= BGP_SPREADS) ||
               (running && running < at + rest && age >= OSPF_SPREADS);
    }
    return false;
}

bool sessions_up(const struct space *space, const struct plan_process *process, int64_t age)
{
    static const char question[] = "show protocols\n";
    STR_AUTO answer = STR_INIT;
    FD_AUTO fd = connect_inside(space, process->ready_socket);
    if (fd < 0 || !read_answer(fd, &answer) || fd_write_all(fd, question, strlen(question)) != 0 ||
        !read_answer(fd, &answer))
        return false;
    for (size_t i = 0; i < process->ready_session_count; i++)
        if (!is_up(str_text(&answer), process->ready_sessions[i], age))
            return false;
    return true;
}
