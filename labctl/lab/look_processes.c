/* The processes of a look, by the node's own /proc: what ps shows, and whom they serve by name. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "lab/look_parts.h"

#define TEXT_MAX ((size_t)4 << 20)

/* With each NUL replaced, and a newline at the end. */
static void look_words(int process, const char *file, char separator, struct str *out)
{
    STR_AUTO text = STR_INIT;
    (void)file_read(process, file, &text, TEXT_MAX); /* it may have ended */
    for (size_t i = 0; i < text.length; i++)
        if (!text.data[i])
            text.data[i] = separator;
    if (!text.length)
        return;
    look_append(out, text.data, text.length);
    if (out->data[out->length - 1] != '\n')
        str_append(out, "\n");
}

/* Running and sleeping follow each other; one that is stopped or dead stays so. */
static void look_state(int process, struct str *out)
{
    STR_AUTO text = STR_INIT;
    (void)file_read(process, "stat", &text, TEXT_MAX);
    const char *end = text.length ? strrchr(text.data, ')') : NULL;
    if (end && end[1] == ' ' && end[2] && !strchr("RSDI", end[2]))
        str_printf(out, "state %c\n", end[2]);
}

static void look_process(int process, struct str *processes, struct str *environment)
{
    char directory[PATH_MAX];
    ssize_t length = readlinkat(process, "cwd", directory, sizeof directory);
    look_words(process, "comm", ' ', processes);
    look_words(process, "cmdline", ' ', processes);
    look_state(process, processes);
    if (length > 0) {
        look_append(processes, directory, (size_t)length);
        str_append(processes, "\n");
    }
    look_words(process, "environ", '\n', environment);
}

static int look_at_all(int proc, struct str *processes, struct str *environment, struct error *err)
{
    int again = fcntl(proc, F_DUPFD_CLOEXEC, 0);
    DIR *stream = again < 0 ? NULL : fdopendir(again);
    if (!stream) {
        int number = errno;
        fd_close(&again);
        return error_set_errno(err, number, "read /proc");
    }
    for (struct dirent *entry; (entry = readdir(stream));) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        FD_AUTO process = openat(proc, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (process >= 0)
            look_process(process, processes, environment);
    }
    closedir(stream);
    return 0;
}

/* After so many fields, each of which ends with spaces. */
static const char *after_fields(const char *line, unsigned fields)
{
    for (; fields; fields--) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    return line;
}

/* HAProxy binds NAME.PID.tmp and renames it, which the kernel does not hear of: without what is its process's. */
static size_t lasting(const char *name)
{
    size_t length = strlen(name), digits = 0;
    if (!str_ends(name, ".tmp"))
        return length;
    size_t end = length - strlen(".tmp");
    while (digits < end && isdigit((unsigned char)name[end - digits - 1]))
        digits++;
    return digits > 0 && digits < end && name[end - digits - 1] == '.' ? end - digits - 1 : length;
}

/* "/run/x.sock" of each line of /proc/net/unix that has one. */
static void look_names(const char *line, size_t length, struct str *out)
{
    char text[PATH_MAX];
    snprintf(text, sizeof text, "%.*s", (int)length, line);
    const char *name = after_fields(text, 7);
    if (*name && str_starts(line, "0000")) {
        look_append(out, name, lasting(name));
        str_append(out, "\n");
    }
}

/* Is there as soon as somebody enters (keeper/furnish.c), and whoever looks has. */
static bool comes_with_entry(const char *mount)
{
    return (str_starts(mount, "/ /sys ") && strstr(mount, " - sysfs ")) ||
           (str_starts(mount, "/ /dev/pts ") && strstr(mount, " - devpts "));
}

/* Without numbers, which are given as mounts are made, and groups of propagation. */
static void look_mount(const char *line, size_t length, struct str *out)
{
    char text[PATH_MAX * 2];
    snprintf(text, sizeof text, "%.*s", (int)length, line);
    const char *at = after_fields(text, 3);
    if (comes_with_entry(at))
        return;
    while (*at) {
        size_t size = strcspn(at, " ");
        if (!(str_starts(at, "master:") || str_starts(at, "shared:"))) {
            look_append(out, at, size);
            str_append(out, " ");
        }
        at += size + (at[size] == ' ');
    }
    str_append(out, "\n");
}

static int look_lines(const char *path, void (*look)(const char *line, size_t length, struct str *out), struct str *out,
                      struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (file_read(AT_FDCWD, path, &text, TEXT_MAX))
        return error_set_errno(err, errno, "read %s", path);
    for (const char *line = str_text(&text); *line;) {
        size_t length = strcspn(line, "\n");
        look(line, length, out);
        line += length + (line[length] == '\n');
    }
    return 0;
}

int look_processes(int root, pid_t init, struct str *out, struct error *err)
{
    char path[64];
    STR_AUTO processes = STR_INIT;
    STR_AUTO environment = STR_INIT;
    FD_AUTO proc = openat(root, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0)
        return error_set_errno(err, errno, "open /proc");
    snprintf(path, sizeof path, "/proc/%d/net/unix", (int)init);
    if (look_lines(path, look_names, out, err) || look_at_all(proc, &processes, &environment, err))
        return -1;
    look_section(out, "processes");
    str_append(out, str_text(&processes));
    look_section(out, "environment");
    str_append(out, str_text(&environment));
    look_section(out, "mounts");
    snprintf(path, sizeof path, "/proc/%d/mountinfo", (int)init);
    return look_lines(path, look_mount, out, err);
}
