/* Looks at what bounds labs on this machine: limits, memory, the neighbour table, the login manager; and at programs.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/str.h"
#include "base/table.h"
#include "kernel/capability_trial.h"

/* ---- programs ------------------------------------------------------------------------------------------------ */

/* Where nodes look: they see the host's /usr and nothing else of it. */
static const char *const program_directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"};

int try_program(struct trial *trial)
{
    const struct program_trial *program = trial->capability->argument;
    for (size_t i = 0; i < ARRAY_SIZE(program_directories); i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", program_directories[i], program->name);
        if (access(path, X_OK) == 0) {
            trial_backend(trial, "%s", path);
            return 0;
        }
    }
    trial_remedy(trial, "%s %s", trial_installer(), trial_package(program->debian, program->fedora, program->arch));
    return trial_failed(trial, ENOENT, "find %s below /usr", program->name);
}

/* ---- limits -------------------------------------------------------------------------------------------------- */

#define FEW_NODES 100 /* below this a lab of ordinary size may not fit */

int try_namespace_limit(struct trial *trial)
{
    static const char *const kinds[] = {"user", "mnt", "pid", "net", "uts", "ipc"};
    uint64_t least = UINT64_MAX, value;
    const char *which = "user";
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", kinds[i]);
        if (trial_read_number(path, &value) == 0 && value < least) {
            least = value;
            which = kinds[i];
        }
    }
    if (least == UINT64_MAX)
        return trial_failed(trial, ENOENT, "read /proc/sys/user/max_user_namespaces");
    if (least >= FEW_NODES) {
        trial_backend(trial, "%llu for each user", (unsigned long long)least);
        return 0;
    }
    trial_fallback(trial, "", "small labs only");
    trial_backend(trial, "%llu for each user (user.max_%s_namespaces)", (unsigned long long)least, which);
    trial_remedy(trial, "as root: sysctl -w user.max_%s_namespaces=65536", which);
    return 0;
}

int try_open_files(struct trial *trial)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return trial_failed(trial, errno, "read the limit of open files");
    if (limit.rlim_max < 4096)
        trial_fallback(trial, "", "small labs only");
    trial_backend(trial, "%llu (hard limit)", (unsigned long long)limit.rlim_max);
    return 0;
}

/* pids.max of the control group that this process is in; UINT64_MAX where there is none or no limit. */
static uint64_t group_limit(void)
{
    char line[512], path[600];
    uint64_t value;
    if (trial_read_line("/proc/self/cgroup", line, sizeof line) != 0 || !str_starts(line, "0::/"))
        return UINT64_MAX;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/pids.max", line + 3);
    return trial_read_number(path, &value) == 0 ? value : UINT64_MAX;
}

int try_processes(struct trial *trial)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NPROC, &limit) != 0)
        return trial_failed(trial, errno, "read the limit of processes");
    uint64_t group = group_limit(), own = limit.rlim_max == RLIM_INFINITY ? UINT64_MAX : limit.rlim_max;
    uint64_t least = group < own ? group : own;
    if (least == UINT64_MAX) {
        trial_backend(trial, "unlimited");
        return 0;
    }
    if (least < 1024) {
        trial_fallback(trial, "", "small labs only");
        if (group < own)
            trial_remedy(
                trial,
                "the control group allows no more: raise TasksMax of its unit, or --pids-limit of the container");
        else
            trial_remedy(trial,
                         "raise the hard limit: `ulimit -Hu 65536` as root, or a line 'USER hard nproc 65536' in "
                         "/etc/security/limits.conf");
    }
    trial_backend(trial, "%llu (%s)", (unsigned long long)least, group < own ? "control group" : "hard limit");
    return 0;
}

int try_memory(struct trial *trial)
{
    char line[128];
    unsigned long long kibibytes = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    if (!file)
        return trial_failed(trial, errno, "read /proc/meminfo");
    bool found = false;
    while (!found && fgets(line, sizeof line, file))
        found = sscanf(line, "MemAvailable: %llu kB", &kibibytes) == 1;
    fclose(file);
    if (!found)
        return trial_failed(trial, ENOENT, "find MemAvailable in /proc/meminfo");
    if (kibibytes < 64 * 1024)
        return trial_failed(trial, ENOMEM, "find 64 MiB that are free (%llu MiB)", kibibytes / 1024);
    trial_backend(trial, "%llu MiB available", kibibytes / 1024);
    return 0;
}

/* The table is one for the whole machine; a network namespace sees how full it is, but only the first one its limit. */
int try_neighbour_table(struct trial *trial)
{
    uint64_t limit = 1024; /* the kernel's default, where it cannot be seen */
    unsigned long entries = 0;
    char line[256];
    trial_read_number("/proc/sys/net/ipv4/neigh/default/gc_thresh3", &limit);
    FILE *file = fopen("/proc/net/stat/arp_cache", "re");
    if (!file)
        return trial_failed(trial, errno, "read /proc/net/stat/arp_cache");
    if (fgets(line, sizeof line, file) && fgets(line, sizeof line, file))
        entries = strtoul(line, NULL, 16);
    fclose(file);
    if (entries * 4 >= limit * 3)
        trial_fallback(trial, "", "permanent entries only: others may get 'No buffer space available'");
    trial_backend(trial, "%lu of %llu entries on the whole machine", entries, (unsigned long long)limit);
    return 0;
}

/* ---- the login manager --------------------------------------------------------------------------------------- */

/* Takes KillUserProcesses from one file of logind.conf(5); what is commented out there documents the built-in value. */
static void read_logind(const char *path, int *kill_set, int *kill_built_in)
{
    char line[256];
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        const char *text = line + strspn(line, " \t");
        bool comment = *text == '#';
        text += comment;
        if (!str_starts(text, "KillUserProcesses="))
            continue;
        text += strlen("KillUserProcesses=");
        int yes = strncasecmp(text, "yes", 3) == 0 || strncasecmp(text, "true", 4) == 0 ||
                  strncasecmp(text, "on", 2) == 0 || *text == '1';
        *(comment ? kill_built_in : kill_set) = yes;
    }
    fclose(file);
}

static int is_conf(const struct dirent *entry)
{
    return str_ends(entry->d_name, ".conf");
}

static bool logind_kills(void)
{
    static const char *const roots[] = {"/usr/lib/systemd", "/run/systemd", "/etc/systemd"}; /* the later wins */
    int set = -1, built_in = 0;
    char path[PATH_MAX];
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
        snprintf(path, sizeof path, "%s/logind.conf", roots[i]);
        read_logind(path, &set, &built_in);
    }
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
        struct dirent **entries = NULL;
        char directory[64];
        snprintf(directory, sizeof directory, "%s/logind.conf.d", roots[i]);
        int count = scandir(directory, &entries, is_conf, alphasort);
        for (int j = 0; j < count; j++) {
            snprintf(path, sizeof path, "%s/%s", directory, entries[j]->d_name);
            read_logind(path, &set, &built_in);
            free(entries[j]);
        }
        free(entries);
    }
    return (set >= 0 ? set : built_in) == 1;
}

int try_logout(struct trial *trial)
{
    char path[PATH_MAX];
    const struct passwd *user = getpwuid(trial->uid);
    if (access("/run/systemd/system", F_OK) != 0) {
        trial_backend(trial, "no systemd here");
        return 0;
    }
    if (!logind_kills()) {
        trial_backend(trial, "systemd-logind, KillUserProcesses=no");
        return 0;
    }
    snprintf(path, sizeof path, "/var/lib/systemd/linger/%s", user ? user->pw_name : "");
    if (user && access(path, F_OK) == 0) {
        trial_backend(trial, "systemd-logind, lingering");
        return 0;
    }
    trial_fallback(trial, "systemd-logind, KillUserProcesses=yes", "labs end when you log out");
    trial_remedy(trial, "loginctl enable-linger %s", user ? user->pw_name : "USER");
    return 0;
}
