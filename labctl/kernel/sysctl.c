/* Network sysctls of a namespace: /proc/sys/net shows that of the task that opens it. */
#include "kernel/sysctl.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "kernel/namespace.h"

#define PATH_SIZE 256
#define VALUE_MAX 4096

/* Only the network's keys belong to a namespace; all others are the machine's. */
static int path_of(const char *key, char path[static PATH_SIZE], struct error *err)
{
    if (!str_starts(key, "net/") || strstr(key, "/../") || str_ends(key, "/.."))
        return error_set(err, ERR_USAGE, "sysctl %s: only keys below net belong to a node", key);
    if (snprintf(path, PATH_SIZE, "/proc/sys/%s", key) >= PATH_SIZE)
        return error_set(err, ERR_USAGE, "sysctl %.60s…: the key is too long", key);
    return 0;
}

int sysctl_write_here(int proc_sys, const char *key, const char *value, struct error *err)
{
    char path[PATH_SIZE];
    if (path_of(key, path, err) != 0)
        return -1;
    FD_AUTO fd = proc_sys < 0 ? open(path, O_WRONLY | O_CLOEXEC) : openat(proc_sys, key, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "set sysctl %s to '%s'", key, value);
    ssize_t written = write(fd, value, strlen(value));
    if (written < 0)
        return error_set_errno(err, errno, "set sysctl %s to '%s'", key, value);
    return 0;
}

int sysctl_read_here(const char *key, struct str *out, struct error *err)
{
    char path[PATH_SIZE];
    if (path_of(key, path, err) != 0)
        return -1;
    FD_AUTO fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fd_read_all(fd, out, VALUE_MAX) != 0)
        return error_set_errno(err, errno, "read sysctl %s", key);
    while (out->length && out->data[out->length - 1] == '\n')
        out->data[--out->length] = '\0';
    return 0;
}

int sysctl_write(int netns, const char *key, const char *value, struct error *err)
{
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(netns, &visit, err) != 0)
        return -1;
    return sysctl_write_here(-1, key, value, err);
}

int sysctl_read(int netns, const char *key, struct str *out, struct error *err)
{
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(netns, &visit, err) != 0)
        return -1;
    return sysctl_read_here(key, out, err);
}

bool sysctl_value_equal(const char *a, const char *b)
{
    while (*a || *b) {
        if (isspace((unsigned char)*a) || isspace((unsigned char)*b)) {
            if (!(isspace((unsigned char)*a) || !*a) || !(isspace((unsigned char)*b) || !*b))
                return false;
            a += strspn(a, " \t\n");
            b += strspn(b, " \t\n");
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return true;
}

/* "net/ipv4/conf/eth0/rp_filter" becomes "net/ipv4/conf/default/rp_filter".  The neighbour tables have their default in
 * the first network namespace only; what a new interface gets stands at the loopback of a new one. */
static void default_key(const char *key, struct str *out)
{
    static const struct {
        const char *start, *model;
    } parts[] = {{"net/ipv4/conf/", "default"},
                 {"net/ipv6/conf/", "default"},
                 {"net/ipv4/neigh/", "lo"},
                 {"net/ipv6/neigh/", "lo"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!str_starts(key, parts[i].start))
            continue;
        const char *rest = key + strlen(parts[i].start);
        size_t length = strcspn(rest, "/");
        if (strncmp(rest, "all/", 4) == 0 || strncmp(rest, "lo/", 3) == 0)
            break;
        str_printf(out, "%s%s%s", parts[i].start, parts[i].model, rest + length);
        return;
    }
    str_append(out, key);
}

int sysctl_default(const char *key, struct str *out, struct error *err)
{
    STR_AUTO name = STR_INIT;
    default_key(key, &name);
    FD_AUTO scratch = netns_new(err);
    if (scratch < 0)
        return -1;
    return sysctl_read(scratch, str_text(&name), out, err);
}
