/* The base of every node's /etc: what programs need, and nothing that tells of the host.
 *
 * Copied from the host are only files that the distribution makes (an administrator's own settings, keys, proxies and
 * names stay outside); what programs read about users, names and shells is text of our own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/keeper.h"

/* Copied where they exist and can be read. */
static const char *const copied[] = {
    "alternatives",
    "bindresvport.blacklist",
    "ca-certificates",
    "crypto-policies",
    "debian_version",
    "ethertypes",
    "fedora-release",
    "groff",
    "inputrc",
    "ld.so.conf",
    "ld.so.conf.d",
    "libnl-3",
    "lsb-release",
    "magic",
    "magic.mime",
    "manpath.config",
    "mime.types",
    "nanorc",
    "netconfig",
    "os-release",
    "pki/ca-trust/extracted",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "protocols",
    "python3",
    "redhat-release",
    "rpc",
    "services",
    "shells",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "vim",
    "xattr.conf",
};

/* Own texts. */
static const struct {
    const char *path, *content;
    unsigned mode;
} written[] = {
    {"hostname", "localhost\n", 0644},
    {"hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n", 0644},
    {"host.conf", "multi on\n", 0644},
    {"resolv.conf", "", 0644},
    {"nsswitch.conf",
     "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\n"
     "services: files\nethers: files\nrpc: files\n",
     0644},
    {"profile",
     "# Login shells.\nif [ -n \"$BASH_VERSION\" ] && [ -r /etc/bash.bashrc ]; then . /etc/bash.bashrc; fi\n", 0644},
    {"bash.bashrc",
     "# Interactive shells.\n[ -z \"$PS1\" ] && return\nshopt -s checkwinsize histappend\n"
     "PS1='\\u@\\h:\\w\\$ '\n"
     "case $TERM in *color*|xterm*|screen*|tmux*|linux|rxvt*)\n"
     "    PS1='\\[\\e[01;32m\\]\\u@\\h\\[\\e[00m\\]:\\[\\e[01;34m\\]\\w\\[\\e[00m\\]\\$ '\n"
     "    alias ls='ls --color=auto' grep='grep --color=auto' ip='ip -color=auto' ;;\nesac\n",
     0644},
    {"pam.d/other",
     "auth sufficient pam_rootok.so\nauth required pam_unix.so\naccount required pam_unix.so\n"
     "password required pam_unix.so\nsession required pam_unix.so\n",
     0644},
    {"iproute2/rt_tables", "255\tlocal\n254\tmain\n253\tdefault\n0\tunspec\n", 0644},
    {"login.defs",
     "MAIL_DIR /var/mail\nUMASK 022\nENV_SUPATH PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
     "/sbin:/bin\nENV_PATH PATH=/usr/local/bin:/usr/bin:/bin\n",
     0644},
};

/* Users of common daemons, nobody the last.  Where only root is mapped, they all are root's id: a daemon that changes
 * to its user then succeeds (tcpdump, nginx), where any other id does not exist. */
static const struct {
    const char *name;
    unsigned id;
    const char *home;
} daemons[] = {
    {"daemon", 1, "/usr/sbin"},
    {"bin", 2, "/bin"},
    {"sys", 3, "/dev"},
    {"mail", 8, "/var/mail"},
    {"www-data", 33, "/var/www"},
    {"nginx", 101, "/var/www"},
    {"tcpdump", 102, "/"},
    {"iperf3", 103, "/"},
    {"unbound", 104, "/var/lib/unbound"},
    {"nsd", 105, "/var/lib/nsd"},
    {"haproxy", 106, "/var/lib/haproxy"},
    {"bird", 107, "/run/bird"},
    {"dnsmasq", 108, "/var/lib/misc"},
    {"sshd", 109, "/run/sshd"},
    {"messagebus", 110, "/"},
    {"frr", 111, "/run/frr"},
    {"_chrony", 112, "/var/lib/chrony"},
    {"postgres", 113, "/var/lib/postgresql"},
    {"caddy", 114, "/var/lib/caddy"},
    {"nobody", 65534, "/nonexistent"}, /* nginx without a `user`, among others */
};
static const struct {
    const char *name;
    unsigned id;
} groups[] = {{"adm", 4}, {"tty", 5}, {"utmp", 43}, {"shadow", 42}, {"staff", 50}, {"users", 100}};

int base_parents(int directory, const char *path)
{
    char part[4096];
    size_t length = strlen(path);
    if (length >= sizeof part)
        return -ENAMETOOLONG;
    memcpy(part, path, length + 1);
    for (char *slash = strchr(part, '/'); slash; slash = strchr(slash + 1, '/')) {
        if (slash == part)
            continue;
        *slash = 0;
        if (mkdirat(directory, part, 0755) && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return 0;
}

static int write_all(int fd, const void *content, size_t length)
{
    const char *at = content;
    while (length > 0) {
        ssize_t count = write(fd, at, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        at += count;
        length -= (size_t)count;
    }
    return 0;
}

int base_write(int directory, const char *path, const void *content, size_t length, unsigned mode)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = openat(directory, path, flags, mode);
    if (fd < 0 && errno == EEXIST && unlinkat(directory, path, 0) == 0)
        fd = openat(directory, path, flags, mode);
    if (fd < 0)
        return -errno;
    int error = write_all(fd, content, length);
    close(fd);
    return error;
}

static int copy_content(int from, int to)
{
    for (;;) {
        ssize_t count = sendfile(to, from, NULL, 1 << 20);
        if (count == 0)
            return 0;
        if (count < 0 && errno != EINTR)
            return -errno;
    }
}

int base_copy_program(int from, int directory, const char *name)
{
    if (lseek(from, 0, SEEK_SET) < 0)
        return -errno;
    int to = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    if (to < 0)
        return -errno;
    int error = copy_content(from, to);
    if (close(to) && !error)
        error = -errno;
    return error;
}

/* What the host refuses to show is left out; what the lab refuses to hold is an error. */
static int copy_file(int from, const char *from_name, int to, const char *to_name, unsigned mode, bool over)
{
    int in = openat(from, from_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (in < 0)
        return 0;
    int out = openat(to, to_name, O_WRONLY | O_CREAT | (over ? O_TRUNC : O_EXCL) | O_NOFOLLOW | O_CLOEXEC, mode);
    bool kept = !over && out < 0 && errno == EEXIST;
    int error = kept ? 0 : out < 0 ? -errno : copy_content(in, out);
    if (out >= 0)
        close(out);
    close(in);
    return error;
}

static int copy_link(int from, const char *from_name, int to, const char *to_name)
{
    char target[4096];
    ssize_t length = readlinkat(from, from_name, target, sizeof target - 1);
    if (length < 0)
        return 0;
    target[length] = 0;
    if (symlinkat(target, to, to_name) && errno != EEXIST)
        return -errno;
    return 0;
}

static int copy_directory(int from, const char *from_name, int to, const char *to_name, unsigned mode, bool over)
{
    int in = openat(from, from_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return 0;
    DIR *listing = fdopendir(in);
    if (!listing) {
        int error = -errno;
        close(in);
        return error;
    }
    int error = mkdirat(to, to_name, mode) && errno != EEXIST ? -errno : 0;
    int out = error ? -1 : openat(to, to_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (!error && out < 0)
        error = -errno;
    const struct dirent *entry;
    while (!error && (entry = readdir(listing)))
        if (entry->d_type == DT_LNK) /* most of /etc is links */
            error = copy_link(in, entry->d_name, out, entry->d_name);
        else if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            error = base_copy(in, entry->d_name, out, entry->d_name, over);
    if (out >= 0)
        close(out);
    closedir(listing);
    return error;
}

int base_copy(int from, const char *from_name, int to, const char *to_name, bool over)
{
    struct stat status;
    if (fstatat(from, from_name, &status, AT_SYMLINK_NOFOLLOW))
        return 0;
    unsigned mode = status.st_mode & 07777;
    if (S_ISDIR(status.st_mode))
        return copy_directory(from, from_name, to, to_name, mode, over);
    if (S_ISLNK(status.st_mode))
        return copy_link(from, from_name, to, to_name);
    if (S_ISREG(status.st_mode))
        return copy_file(from, from_name, to, to_name, (mode & 0777) | 0600, over);
    return 0;
}

static void write_text(int etc, const char *path, const char *content, size_t length, unsigned mode)
{
    int error = base_parents(etc, path);
    if (!error)
        error = base_write(etc, path, content, length, mode);
    if (error)
        stage_fail(-error, "write the lab's /etc/%s", path);
}

/* passwd, group and shadow for users of a node. */
static void write_users(int etc, bool root_mode)
{
    char *passwd = NULL, *group = NULL, *shadow = NULL;
    size_t passwd_length, group_length, shadow_length;
    FILE *p = open_memstream(&passwd, &passwd_length), *g = open_memstream(&group, &group_length),
         *s = open_memstream(&shadow, &shadow_length);
    if (!p || !g || !s)
        stage_fail(ENOMEM, "write the lab's users");
    fputs("root:x:0:0:root:/root:/bin/bash\n", p);
    fputs("root:x:0:\n", g);
    fputs("root:*:19000:0:99999:7:::\n", s);
    for (size_t i = 0; i < ARRAY_SIZE(daemons); i++) {
        unsigned id = root_mode ? daemons[i].id : 0;
        const char *shell = strcmp(daemons[i].name, "postgres") ? "/usr/sbin/nologin" : "/bin/bash";
        fprintf(p, "%s:x:%u:%u:%s:%s:%s\n", daemons[i].name, id, id, daemons[i].name, daemons[i].home, shell);
        if (!root_mode) /* for who looks up the id that it has in a user namespace of its own */
            fprintf(p, "%s:x:%u:%u:%s:%s:%s\n", daemons[i].name, daemons[i].id, daemons[i].id, daemons[i].name,
                    daemons[i].home, shell);
        fprintf(g, "%s:x:%u:\n", strcmp(daemons[i].name, "nobody") ? daemons[i].name : "nogroup", id);
        fprintf(s, "%s:*:19000:0:99999:7:::\n", daemons[i].name);
    }
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
        fprintf(g, "%s:x:%u:\n", groups[i].name, root_mode ? groups[i].id : 0);
    if (!root_mode)
        fputs("nogroup:x:65534:\n", g); /* what belongs to who is not mapped */
    if (fclose(p) || fclose(g) || fclose(s))
        stage_fail(ENOMEM, "write the lab's users");
    write_text(etc, "passwd", passwd, passwd_length, 0644);
    write_text(etc, "group", group, group_length, 0644);
    write_text(etc, "shadow", shadow, shadow_length, 0640);
    free(passwd);
    free(group);
    free(shadow);
}

static void copy_all(int host, int etc, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        if (fstatat(host, names[i], &status, AT_SYMLINK_NOFOLLOW))
            continue;
        int error = base_parents(etc, names[i]);
        if (!error)
            error = base_copy(host, names[i], etc, names[i], false); /* what came first may be being read */
        if (error)
            stage_fail(-error, "copy /etc/%s into the lab", names[i]);
    }
}

void base_build_first(int host, int etc)
{
    /* The director starts by it, and reads the bundle of authorities. */
    static const char *const first[] = {"ld.so.cache", "ssl/certs/ca-certificates.crt"};
    copy_all(host, etc, first, ARRAY_SIZE(first));
}

void base_build(int host, int etc, bool root_mode)
{
    copy_all(host, etc, copied, ARRAY_SIZE(copied));
    unlinkat(etc, "ssl/certs/ssl-cert-snakeoil.pem", 0); /* made by the host for itself: holds its name */
    for (size_t i = 0; i < ARRAY_SIZE(written); i++)
        write_text(etc, written[i].path, written[i].content, strlen(written[i].content), written[i].mode);
    write_users(etc, root_mode);
    if (symlinkat("/proc/self/mounts", etc, "mtab") && errno != EEXIST)
        stage_fail(errno, "write the lab's /etc/mtab");
}
