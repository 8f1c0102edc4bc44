/* Settings of a node's network: all that can be written, but for those of the neighbour tables. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "kernel/namespace.h"
#include "kernel/sysctl.h"
#include "lab/snapshot_parts.h"

#define DEPTH_MAX 6
#define VALUE_MAX 4096

/* Orders, secrets of one boot, and what has too many entries to be looked at every time. */
static const char *const left_out[] = {"flush", "stable_secret", "neigh", "fib_multipath_hash_seed", "nf_log"};

static bool is_left_out(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
        if (str_equal(left_out[i], name))
            return true;
    return name[0] == '.';
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory, sorted. */
static size_t names_of(int directory, struct arena *arena, const char ***names)
{
    size_t count = 0;
    *names = NULL;
    DIR *stream = fdopendir(fcntl(directory, F_DUPFD_CLOEXEC, 0));
    for (struct dirent *entry; stream && (entry = readdir(stream));)
        if (!is_left_out(entry->d_name))
            *ARENA_PUSH(arena, *names, count) = arena_strdup(arena, entry->d_name);
    if (stream)
        closedir(stream);
    if (count)
        qsort(*names, count, sizeof **names, by_name);
    return count;
}

static void take_value(int directory, const char *name, const char *key, struct str *out)
{
    STR_AUTO value = STR_INIT;
    FD_AUTO fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fd_read_all(fd, &value, VALUE_MAX))
        return;
    while (value.length && value.data[value.length - 1] == '\n')
        value.data[--value.length] = 0;
    snapshot_put(out, SNAPSHOT_SYSCTL, key, strlen(key) + 1, str_text(&value), value.length + 1);
}

static void take_directory(int directory, const char *path, unsigned depth, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    const char **names;
    size_t count = names_of(directory, arena, &names);
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        const char *key = arena_printf(arena, "%s/%s", path, names[i]);
        if (fstatat(directory, names[i], &status, AT_SYMLINK_NOFOLLOW))
            continue;
        if (S_ISREG(status.st_mode) && status.st_mode & 0200 && status.st_mode & 0444)
            take_value(directory, names[i], key, out);
        if (!S_ISDIR(status.st_mode) || depth == DEPTH_MAX)
            continue;
        FD_AUTO below = openat(directory, names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (below >= 0)
            take_directory(below, key, depth + 1, out);
    }
}

int sysctls_take(int netns, struct str *out, struct error *err)
{
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(netns, &visit, err))
        return -1;
    FD_AUTO directory = open("/proc/sys/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return error_set_errno(err, errno, "open /proc/sys/net");
    take_directory(directory, "net", 0, out);
    return 0;
}

/* One of these sets others: first what concerns all, then what new interfaces get, then each interface. */
static unsigned turn_of(const char *key)
{
    if (!strstr(key, "/conf/"))
        return 0;
    return strstr(key, "/conf/all/") ? 1 : strstr(key, "/conf/default/") ? 2 : 3;
}

#define TURNS 4

/* Writes what is otherwise; notes: what stays otherwise, or NULL. */
static void write_all(const char *data, size_t length, struct str *notes)
{
    for (unsigned turn = 0; turn < TURNS; turn++) {
        struct snapshot_reader reader = {.at = data, .end = data + length};
        while (snapshot_next(&reader)) {
            const char *key = reader.data, *value = key + strlen(key) + 1;
            STR_AUTO now = STR_INIT;
            if (reader.kind != SNAPSHOT_SYSCTL || turn_of(key) != turn || value >= key + reader.length ||
                sysctl_read_here(key, &now, NULL) || sysctl_value_equal(str_text(&now), value))
                continue;
            struct error problem = ERROR_INIT;
            if (sysctl_write_here(-1, key, value, &problem) && notes)
                str_printf(notes, "%s\n", problem.text);
        }
    }
}

int sysctls_apply(int netns, const char *data, size_t length, struct str *notes, struct error *err)
{
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(netns, &visit, err))
        return -1;
    write_all(data, length, NULL);
    write_all(data, length, notes); /* what another one has set meanwhile */
    return 0;
}
