/* What helps: the setting that refuses namespaces, the package of a program, the module of a kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/place.h"
#include "base/str.h"
#include "base/table.h"
#include "kernel/capability_trial.h"

int trial_read_line(const char *path, char *out, size_t size)
{
    FD_AUTO fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, out, size - 1);
    if (length < 0)
        return -1;
    out[length] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return 0;
}

int trial_read_number(const char *path, uint64_t *out)
{
    char line[64];
    if (trial_read_line(path, line, sizeof line) != 0)
        return -1;
    char *end;
    errno = 0;
    *out = strtoull(line, &end, 10);
    if (end == line || errno != 0) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

/* ---- distributions ------------------------------------------------------------------------------------------- */

struct distribution {
    const char *id; /* in ID or ID_LIKE of os-release(5) */
    const char *installer;
    const char *kernel; /* the package whose kernel has all modules */
};
static const struct distribution distributions[] = {
    {"ubuntu", "apt-get install --no-install-recommends", "linux-modules-extra-$(uname -r)"},
    {"debian", "apt-get install --no-install-recommends", "linux-image-amd64 (in place of a -cloud kernel)"},
    {"fedora", "dnf install", "kernel-modules-extra"},
    {"rhel", "dnf install", "kernel-modules-extra"},
    {"arch", "pacman -S", "linux"},
};

/* The first row whose id stands in os-release(5); NULL where the distribution is another one. */
static const struct distribution *distribution(void)
{
    char line[256], ids[256] = " ";
    size_t used = 1;
    FILE *file = fopen("/etc/os-release", "re");
    if (!file)
        return NULL;
    while (fgets(line, sizeof line, file) && used + 2 < sizeof ids) {
        const char *value = str_starts(line, "ID=") ? line + 3 : str_starts(line, "ID_LIKE=") ? line + 8 : NULL;
        for (; value && *value && used + 2 < sizeof ids; value++)
            ids[used++] = *value == '"' || *value == '\'' || *value == '\n' ? ' ' : *value;
        ids[used] = '\0';
    }
    fclose(file);
    for (size_t i = 0; i < ARRAY_SIZE(distributions); i++) {
        char word[16];
        snprintf(word, sizeof word, " %s ", distributions[i].id);
        if (strstr(ids, word))
            return &distributions[i];
    }
    return NULL;
}

const char *trial_installer(void)
{
    const struct distribution *here = distribution();
    return here ? here->installer : "install the package";
}

const char *trial_package(const char *debian, const char *fedora, const char *arch)
{
    const struct distribution *here = distribution();
    if (here && str_starts(here->installer, "dnf"))
        return fedora;
    return here && str_starts(here->installer, "pacman") ? arch : debian;
}

void trial_remedy_module(struct trial *trial, const char *module)
{
    const struct distribution *here = distribution();
    if (here)
        trial_remedy(trial, "as root: modprobe %s; where the kernel has no such module: %s %s", module, here->installer,
                     here->kernel);
    else
        trial_remedy(trial, "as root: modprobe %s; where the kernel has no such module: a kernel that has it", module);
}

/* ---- namespaces ---------------------------------------------------------------------------------------------- */

/* labctl-keeper stands beside the program (as built) or in its own directory (as installed). */
static void keeper_path(const char *program, struct str *out)
{
    const char *slash = strrchr(program, '/');
    char installed[PATH_MAX];
    str_printf(out, "%.*s/labctl-keeper", slash ? (int)(slash - program) : 0, program);
    if (access(str_text(out), F_OK) == 0)
        return;
    str_clear(out);
    str_printf(out, "%s/labctl-keeper", place_installed("libexec/labctl", installed) ? installed : LABCTL_LIBEXEC);
}

/* A limit on namespaces that leaves no room; false where none does. */
static bool remedy_limit(struct trial *trial)
{
    static const char *const limits[] = {"user", "mnt", "pid", "net", "uts", "ipc"};
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        char path[64];
        uint64_t value;
        snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", limits[i]);
        if (trial_read_number(path, &value) != 0 || value >= 2)
            continue;
        trial_remedy(trial,
                     "user.max_%s_namespaces is %llu; as root: sysctl -w user.max_%s_namespaces=65536 (to keep it: the "
                     "same setting in /etc/sysctl.d/60-labctl.conf)",
                     limits[i], (unsigned long long)value, limits[i]);
        return true;
    }
    return false;
}

/* Ubuntu's rule: what is started by a program with this profile keeps it, so the keeper is named for its own sake only.
 */
static void remedy_apparmor(struct trial *trial)
{
    STR_AUTO path = STR_INIT;
    keeper_path(trial->program, &path);
    const char *keeper = str_text(&path);
    trial_remedy(trial,
                 "AppArmor allows user namespaces only to programs with a profile; as root write this to "
                 "/etc/apparmor.d/labctl:\n"
                 "    abi <abi/4.0>,\n"
                 "    include <tunables/global>\n"
                 "    profile labctl \"{%s,%s}\" flags=(unconfined) {\n"
                 "      userns,\n"
                 "    }\n"
                 "then: apparmor_parser -r /etc/apparmor.d/labctl",
                 trial->program, keeper);
}

void trial_remedy_ground(struct trial *trial)
{
    uint64_t value;
    if (trial_read_number("/proc/sys/kernel/unprivileged_userns_clone", &value) == 0 && value == 0 && trial->uid != 0)
        trial_remedy(trial, "as root: sysctl -w kernel.unprivileged_userns_clone=1 (to keep it: a line "
                            "'kernel.unprivileged_userns_clone=1' in /etc/sysctl.d/60-labctl.conf)");
    else if (remedy_limit(trial))
        return;
    else if (trial_read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", &value) == 0 && value != 0)
        remedy_apparmor(trial);
    else if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0)
        trial_remedy(trial,
                     "this is a container: start it with --security-opt seccomp=unconfined --security-opt "
                     "apparmor=unconfined --security-opt systempaths=unconfined (podman: --security-opt unmask=ALL)");
    else if (trial->result->number == ENOSPC || trial->result->number == EUSERS)
        trial_remedy(trial,
                     "all namespaces that this user may have are in use: end other labs or containers, or as root "
                     "raise user.max_user_namespaces");
    else
        trial_remedy(trial,
                     "user namespaces must be on in the kernel (CONFIG_USER_NS) and not be refused by a container, a "
                     "chroot or a security module");
}
