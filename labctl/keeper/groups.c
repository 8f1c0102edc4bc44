/* Supplementary groups where there are none.
 *
 * An ordinary user's lab has one user and one group, and the kernel refuses setgroups(2) there (user_namespaces(7)).
 * Programs that give up rights as they start (tcpdump, servers) take that for a failure and end.  So in such a node the
 * call succeeds and does nothing: a seccomp filter answers it with 0.  Everything else is let through. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "keeper/keeper.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

void groups_pretend(void)
{
#ifdef ARCHITECTURE
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setgroups, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
    };
    struct sock_fprog program = {sizeof steps / sizeof steps[0], steps};
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program); /* a kernel without it: those programs fail, as they would */
#endif
}
