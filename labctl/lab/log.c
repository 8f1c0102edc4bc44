/* Logs of processes: a file for each in the keeper's tmpfs, out of every node's view. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "lab/internal.h"

#define TAIL_MAX 65536
#define LOG_MOST (4 << 20) /* a log that grew past this is begun anew at the next start */

/* "web/http" lies in the file "web+http": names have no plus sign. */
static void log_file(const char *name, struct str *out)
{
    for (; *name; name++)
        str_append_char(out, *name == '/' ? '+' : *name);
}

int log_begin(struct lab *lab, const char *name, struct error *err)
{
    STR_AUTO file = STR_INIT;
    struct stat status;
    log_file(name, &file);
    int fd = openat(lab->logs, str_text(&file), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set_errno(err, errno, "open the log of %s", name);
    if (fstat(fd, &status) == 0 && status.st_size > LOG_MOST && ftruncate(fd, 0) != 0) {
        int number = errno;
        close(fd);
        return error_set_errno(err, number, "begin the log of %s anew", name);
    }
    return fd;
}

int lab_log_open(struct lab *lab, const char *name, struct error *err)
{
    STR_AUTO file = STR_INIT;
    log_file(name, &file);
    int fd = openat(lab->logs, str_text(&file), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return error_set(err, ERR_ABSENT, "%s has no log", name);
    if (fd < 0)
        return error_set_errno(err, errno, "open the log of %s", name);
    return fd;
}

int log_end(int fd, unsigned lines, struct str *out, struct error *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set_errno(err, errno, "read a log");
    off_t from = status.st_size > TAIL_MAX ? status.st_size - TAIL_MAX : 0;
    STR_AUTO text = STR_INIT;
    if (lseek(fd, from, SEEK_SET) < 0 || fd_read_all(fd, &text, TAIL_MAX + 65536) != 0)
        return error_set_errno(err, errno, "read a log");
    const char *start = str_text(&text), *at = start + text.length;
    while (at > start && lines > 0) {
        at--;
        while (at > start && at[-1] != '\n')
            at--;
        lines--;
    }
    str_append(out, at);
    return 0;
}

int lab_log_tail(struct lab *lab, const char *name, unsigned lines, struct str *out, struct error *err)
{
    FD_AUTO fd = lab_log_open(lab, name, err);
    return fd < 0 ? -1 : log_end(fd, lines, out, err);
}
