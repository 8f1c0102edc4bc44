/* Name servers, files and processes of a node: its files opened as inside of it, its processes as the lab's /proc shows
 * them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "model/topology.h"
#include "probe/root_file.h"
#include "probe/resolv.h"
#include "probe/state.h"

#define FILE_BYTES_MAX (1u << 20)

/* The node's root directory, or -1 after ending the attempt with an error. */
static int root_of(struct attempt *attempt)
{
    const char *node = attempt->check->from->name;
    int root = attempt->world->root ? attempt->world->root(attempt->world->context, node) : -1;
    if (root < 0)
        attempt_end(attempt, OUTCOME_ERROR, "node %s has no files: it does not run", node);
    return root;
}

void state_read_resolver(struct attempt *attempt, int netns)
{
    (void)netns;
    int root = root_of(attempt);
    struct resolv resolv;
    char text[ADDR_TEXT_MAX];
    if (root < 0)
        return;
    if (resolv_read(root, attempt->arena, &resolv) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "node %s: read /etc/resolv.conf: %s", attempt->check->from->name,
                    strerror(errno));
        return;
    }
    for (size_t i = 0; i < resolv.server_count; i++)
        state_entry(attempt, "server", addr_format(&resolv.servers[i], text));
    for (size_t i = 0; i < resolv.search_count; i++)
        state_entry(attempt, "search", resolv.search[i])->items[0].manner = WORD_KEYED;
    state_end(attempt);
}

/* ---- files --------------------------------------------------------------------------------------------------------
 */

static bool read_content(struct attempt *attempt, int fd)
{
    STR_AUTO text = STR_INIT;
    bool whole = fd_read_all(fd, &text, FILE_BYTES_MAX) == 0;
    if (!whole && errno != EFBIG)
        return false;
    attempt->fact.body = arena_strndup(attempt->arena, str_text(&text), text.length);
    attempt->fact.body_length = text.length;
    return true;
}

void state_read_file(struct attempt *attempt, int netns)
{
    (void)netns;
    const char *path = attempt->check->file.path, *node = attempt->check->from->name;
    int root = root_of(attempt);
    struct stat status;
    if (root < 0)
        return;
    FD_AUTO place = root_file_open(root, path, O_PATH);
    if (place < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
        state_end(attempt); /* no entry: it is not there */
        return;
    }
    if (place < 0 || fstat(place, &status) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "read %s in %s: %s", path, node, strerror(errno));
        return;
    }
    bool regular = S_ISREG(status.st_mode);
    struct words *entry = state_entry(attempt, "path", path);
    state_bare(attempt, entry, "type", regular ? "file" : S_ISDIR(status.st_mode) ? "directory" : "special");
    state_word(attempt, entry, "mode", arena_printf(attempt->arena, "%04o", status.st_mode & 07777));
    /* What is no regular file is not opened: that alone may have effects. */
    FD_AUTO fd = regular ? root_file_open(root, path, O_RDONLY) : -1;
    if (regular && (fd < 0 || !read_content(attempt, fd)))
        attempt_end(attempt, OUTCOME_ERROR, "read %s in %s: %s", path, node, strerror(errno));
    else
        state_end(attempt);
}

/* ---- processes ----------------------------------------------------------------------------------------------------
 */

struct process {
    long pid, parent;
    unsigned long uid; /* as this process sees it */
    char name[64];
    bool inside, ended;
};

struct processes {
    struct process *items;
    size_t count;
};

/* "Key:\tvalue" of /proc/PID/status. */
static const char *status_value(const char *status, const char *key)
{
    const char *line = strstr(status, key);
    return line ? line + strlen(key) + strspn(line + strlen(key), " \t") : "";
}

/* False where it has ended meanwhile. */
static bool read_process(long pid, const char *space, struct process *out)
{
    char path[64], link[64] = "";
    STR_AUTO status = STR_INIT;
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    if (file_read(AT_FDCWD, path, &status, 1 << 16) < 0)
        return false;
    const char *text = str_text(&status), *name = status_value(text, "Name:");
    *out = (struct process){.pid = pid, .parent = strtol(status_value(text, "\nPPid:"), NULL, 10)};
    out->uid = strtoul(status_value(text, "\nUid:"), NULL, 10);
    out->ended = *status_value(text, "\nState:") == 'Z' || *status_value(text, "\nState:") == 'X';
    snprintf(out->name, sizeof out->name, "%.*s", (int)strcspn(name, "\n"), name);
    snprintf(path, sizeof path, "/proc/%ld/ns/pid", pid);
    ssize_t size = readlink(path, link, sizeof link - 1);
    out->inside = size > 0 && str_equal(link, space);
    return true;
}

/* Those in the node's pid namespace, and below them: who unshares another one is still the node's. */
static void spread(struct processes *processes)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < processes->count; i++)
            for (size_t k = 0; k < processes->count && !processes->items[i].inside; k++)
                if (processes->items[k].inside && processes->items[k].pid == processes->items[i].parent)
                    processes->items[i].inside = more = true;
    }
}

/* The number that the node itself knows a user by: the inverse of its uid map. */
static unsigned long uid_inside(const char *map, unsigned long uid)
{
    unsigned long inside, outside, length;
    for (const char *line = map; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (sscanf(line, "%lu %lu %lu", &inside, &outside, &length) == 3 && uid >= outside && uid - outside < length)
            return inside + (uid - outside);
    return 65534;
}

/* The user's name in the node's passwd file, or NULL. */
static const char *user_name(struct arena *arena, const char *passwd, unsigned long uid)
{
    for (const char *line = passwd; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t length = strcspn(line, ":\n");
        unsigned long number;
        if (line[length] == ':' && sscanf(line + length, ":%*[^:\n]:%lu", &number) == 1 && number == uid)
            return arena_strndup(arena, line, length);
    }
    return NULL;
}

static void tell_processes(struct attempt *attempt, const struct processes *processes, pid_t init, int root)
{
    STR_AUTO map = STR_INIT;
    STR_AUTO passwd = STR_INIT;
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/uid_map", (long)init);
    (void)file_read(AT_FDCWD, path, &map, 1 << 12);
    (void)root_file_read(root, "etc/passwd", &passwd, 1 << 20);
    for (size_t i = 0; i < processes->count; i++) {
        const struct process *process = &processes->items[i];
        if (!process->inside || process->ended)
            continue;
        unsigned long uid = uid_inside(str_text(&map), process->uid);
        const char *user = user_name(attempt->arena, str_text(&passwd), uid);
        const char *number = arena_printf(attempt->arena, "%lu", uid);
        struct words *entry = state_entry(attempt, "name", process->name);
        state_word(attempt, entry, "user", user ? user : number);
        state_quiet(attempt, entry, "uid", number);
    }
}

void state_read_process(struct attempt *attempt, int netns)
{
    (void)netns;
    const char *node = attempt->check->from->name;
    int root = root_of(attempt);
    if (root < 0)
        return;
    pid_t init = attempt->world->init ? attempt->world->init(attempt->world->context, node) : -1;
    char path[64], space[64] = "";
    snprintf(path, sizeof path, "/proc/%ld/ns/pid", (long)init);
    DIR *proc = init > 0 && readlink(path, space, sizeof space - 1) > 0 ? opendir("/proc") : NULL;
    if (!proc) {
        attempt_end(attempt, OUTCOME_ERROR, "the processes of %s cannot be read: %s", node, strerror(errno));
        return;
    }
    struct processes processes = {0};
    struct dirent *entry;
    while ((entry = readdir(proc)) != NULL) {
        struct process process;
        if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name) &&
            read_process(strtol(entry->d_name, NULL, 10), space, &process))
            *ARENA_PUSH(attempt->arena, processes.items, processes.count) = process;
    }
    closedir(proc);
    spread(&processes);
    tell_processes(attempt, &processes, init, root);
    state_end(attempt);
}
