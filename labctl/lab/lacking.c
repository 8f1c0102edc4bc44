/* Tells from the keeper's failed step, and from the machine's settings, which capability is missing and its remedy. */
#include "lab/lacking.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "keeper/stage.h"

/* A number from /proc/sys, or -1 where there is none. */
static long setting(const char *name)
{
    char path[128], text[32] = "";
    snprintf(path, sizeof path, "/proc/sys/%s", name);
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    bool read = fgets(text, sizeof text, file);
    fclose(file);
    return read ? strtol(text, NULL, 10) : -1;
}

static int apparmor(struct error *err)
{
    return error_set(err, ERR_CAPABILITY,
                     "user namespaces are restricted by AppArmor (kernel.apparmor_restrict_unprivileged_userns = 1)\n"
                     "install a profile that allows them to labctl-keeper, as root:\n"
                     "  cat >/etc/apparmor.d/labctl <<'END'\n"
                     "  abi <abi/4.0>,\n"
                     "  include <tunables/global>\n"
                     "  profile labctl-keeper /**/labctl-keeper flags=(unconfined) {\n"
                     "    userns,\n"
                     "  }\n"
                     "  END\n"
                     "  apparmor_parser -r /etc/apparmor.d/labctl");
}

static int no_user_namespaces(int number, struct error *err)
{
    if (setting("kernel/unprivileged_userns_clone") == 0 && geteuid() != 0)
        return error_set(err, ERR_CAPABILITY,
                         "user namespaces are refused to ordinary users (kernel.unprivileged_userns_clone = 0)\n"
                         "as root: sysctl -w kernel.unprivileged_userns_clone=1");
    if (setting("user/max_user_namespaces") == 0)
        return error_set(err, ERR_CAPABILITY,
                         "user namespaces are switched off (user.max_user_namespaces = 0)\n"
                         "as root: sysctl -w user.max_user_namespaces=65536");
    if (number == ENOSPC || number == EUSERS)
        return error_set(err, ERR_CAPABILITY,
                         "no more namespaces for this user: one of the limits user.max_*_namespaces is reached, or "
                         "user namespaces are nested too deep\n"
                         "see `sysctl user`; as root: sysctl -w user.max_user_namespaces=65536");
    if (setting("kernel/apparmor_restrict_unprivileged_userns") == 1 && geteuid() != 0)
        return apparmor(err);
    if (number == EINVAL)
        return error_set(err, ERR_CAPABILITY,
                         "this kernel lacks namespaces: labctl needs one with CONFIG_USER_NS, CONFIG_NET_NS, "
                         "CONFIG_PID_NS, CONFIG_UTS_NS and CONFIG_IPC_NS");
    if (number == ENOSYS)
        return error_set(err, ERR_CAPABILITY,
                         "the system call clone3 is missing or blocked: labctl needs Linux 5.12, "
                         "and in a container a seccomp profile that allows clone3 and unshare");
    return error_set(err, ERR_CAPABILITY,
                     "user namespaces are refused (%s): in a container, its seccomp profile blocks them\n"
                     "start it with --security-opt seccomp=unconfined (docker, podman) or --privileged",
                     strerror(number));
}

static int masked(const char *what, int number, struct error *err)
{
    return error_set(err, ERR_CAPABILITY,
                     "a new %s cannot be mounted (%s): in a container, parts of it are masked or read-only\n"
                     "start it with --security-opt systempaths=unconfined (docker), --security-opt unmask=ALL (podman) "
                     "or --privileged",
                     what, strerror(number));
}

int lacking_explain(const char *operation, int number, struct error *err)
{
    bool refused = number == EPERM || number == EACCES;
    if (str_equal(operation, STAGE_OP_NAMESPACES) && number == EAGAIN)
        return error_set(err, ERR_CAPABILITY, "no more processes for this user: the limit `ulimit -u` is reached");
    if (str_equal(operation, STAGE_OP_NAMESPACES) && number != ENOMEM)
        return no_user_namespaces(number, err);
    bool early = str_equal(operation, STAGE_OP_MAP) || str_equal(operation, STAGE_OP_TAKE_MOUNTS) ||
                 str_equal(operation, STAGE_OP_ROOT);
    if (early && refused && setting("kernel/apparmor_restrict_unprivileged_userns") == 1)
        return apparmor(err);
    if (str_equal(operation, STAGE_OP_MAP) && refused)
        return error_set(
            err, ERR_CAPABILITY,
            "user ids cannot be mapped (%s): as root this needs the capabilities CAP_SETUID and CAP_SETGID, "
            "which a container may have dropped",
            strerror(number));
    if (early && refused)
        return error_set(err, ERR_CAPABILITY,
                         "mounts are refused in a user namespace (%s): a security module forbids them",
                         strerror(number));
    if (str_equal(operation, STAGE_OP_PROC) && refused)
        return masked("/proc", number, err);
    if (str_equal(operation, STAGE_OP_SYS) && refused)
        return masked("/sys", number, err);
    if (str_equal(operation, STAGE_OP_READ_ONLY) && number == ENOSYS)
        return error_set(err, ERR_CAPABILITY, "the system call mount_setattr is missing: labctl needs Linux 5.12");
    error_set_errno(err, number, "start the keeper: %s", operation);
    return 0;
}
