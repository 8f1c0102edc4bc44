/* What a learner can see in a node, from outside. */
#include "lab/look.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "kernel/namespace.h"
#include "kernel/network_text.h"
#include "kernel/nft.h"
#include "kernel/sockets.h"
#include "lab/lab.h"
#include "lab/look_parts.h"

#define SETTING_MAX 65536
#define DEPTH_MAX   8

void look_section(struct str *out, const char *name)
{
    str_printf(out, "\001%s\n", name);
}

void look_append(struct str *out, const char *text, size_t length)
{
    size_t at = out->length;
    str_append_bytes(out, text, length);
    for (; at < out->length; at++)
        if (!out->data[at] || (out->data[at] >= '\001' && out->data[at] <= '\004'))
            out->data[at] = '.';
}

static int look_hostname(pid_t init, struct str *out, struct error *err)
{
    struct utsname names;
    if (uts_names(init, &names, err))
        return -1;
    look_section(out, "hostname");
    look_append(out, names.nodename, strlen(names.nodename));
    str_append(out, "\n");
    look_append(out, names.domainname, strlen(names.domainname));
    str_append(out, "\n");
    return 0;
}

static int look_nftables(int netns, struct str *out, struct error *err)
{
    STR_AUTO ruleset = STR_INIT;
    if (nft_list(netns, NULL, NULL, true, &ruleset, err))
        return -1;
    look_section(out, "nftables");
    look_append(out, str_text(&ruleset), ruleset.length);
    return 0;
}

static int look_network(int netns, bool learned, struct str *out, struct error *err)
{
    struct str parts[NETWORK_PART_COUNT] = {STR_INIT};
    int result = network_text(netns, learned, parts, err);
    for (size_t i = 0; i < NETWORK_PART_COUNT; i++) {
        look_section(out, network_part_names[i]);
        look_append(out, str_text(&parts[i]), parts[i].length);
        str_free(&parts[i]);
    }
    return result;
}

static void on_socket(void *context, const struct observed_socket *socket)
{
    char text[ADDR_TEXT_MAX];
    if (socket->listening)
        str_printf(context, "%s %s port %u\n", socket->protocol == IPPROTO_TCP ? "tcp" : "udp",
                   addr_format(&socket->address, text), socket->port);
}

static int look_sockets(int netns, struct str *out, struct error *err)
{
    look_section(out, "sockets");
    return sockets_observe(netns, IPPROTO_TCP, on_socket, out, err) ||
                   sockets_observe(netns, IPPROTO_UDP, on_socket, out, err)
               ? -1
               : 0;
}

/* ---- sysctls ---- */

/* Of the whole machine, counted, drawn by chance, or too many. */
static bool is_passing(const char *name)
{
    return str_ends(name, "conntrack_count") || str_ends(name, "fastopen_key") || strstr(name, "random") ||
           str_equal(name, "nf_log") || str_equal(name, "stat") || name[0] == '.';
}

static void look_setting(int directory, const char *name, const char *key, struct str *out)
{
    char value[SETTING_MAX];
    FD_AUTO fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, value, sizeof value);
    for (char *at = value, *end = value + (length > 0 ? length : 0); at < end;) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        if (stop > at) {
            str_printf(out, "%s:", key);
            look_append(out, at, (size_t)(stop - at));
            str_append(out, "\n");
        }
        at = stop + 1;
    }
}

static void look_settings(int directory, const char *path, unsigned depth, struct str *out)
{
    DIR *stream = directory < 0 ? NULL : fdopendir(directory);
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        STR_AUTO key = STR_INIT;
        if (is_passing(entry->d_name))
            continue;
        str_printf(&key, "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR && depth < DEPTH_MAX)
            look_settings(openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), str_text(&key),
                          depth + 1, out);
        else if (entry->d_type == DT_REG)
            look_setting(directory, entry->d_name, str_text(&key), out);
    }
    if (stream)
        closedir(stream);
    else
        fd_close(&directory);
}

static int look_sysctls(int netns, struct str *out, struct error *err)
{
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(netns, &visit, err))
        return -1;
    look_section(out, "sysctls");
    look_settings(open("/proc/sys/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "/proc/sys/net", 0, out);
    return 0;
}

int look_take(struct lab *lab, const char *node, const struct look *look, struct str *out, struct error *err)
{
    int netns = lab_netns(lab, node), root = lab_node_root(lab, node);
    pid_t init = lab_node_init(lab, node);
    if (netns < 0 || root < 0 || init < 0)
        return error_set(err, ERR_ABSENT, "look at %s: it is not there", node);
    if (look_hostname(init, out, err) || look_nftables(netns, out, err) ||
        look_network(netns, look->learned, out, err) || look_sockets(netns, out, err) ||
        look_processes(root, init, out, err) || look_sysctls(netns, out, err) ||
        look_files(root, look->closed, out, err))
        return error_wrap(err, "look at %s", node);
    return 0;
}
