/* System calls that a node's programs meet differently.
 *
 * Key rings (keyrings(7)) are the kernel's one store that no namespace divides by lab: a node's root has the user id of
 * whoever started the lab, and could read and leave keys in that user's rings.  So a node has no key rings, as on a
 * kernel built without them.
 *
 * Supplementary groups: an ordinary user's lab has one user and one group, and the kernel refuses setgroups(2) there
 * (user_namespaces(7)).  Programs that give up rights as they start (tcpdump, servers) take that for a failure and end.
 * So in such a node the call succeeds and does nothing.
 *
 * Everything else is let through. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "keeper/keeper.h"

/* The numbers of add_key, request_key and keyctl follow each other on all of these; 32-bit programs have their own. */
#if defined(__x86_64__)
#define ARCHITECTURE    AUDIT_ARCH_X86_64
#define ARCHITECTURE_32 AUDIT_ARCH_I386
#define KEYS_32         286        /* arch/x86/entry/syscalls/syscall_32.tbl */
#define SETGROUPS_32    206        /* setgroups32 */
#define NUMBER_MASK     0xbfffffff /* x32 calls carry bit 30 */
#elif defined(__aarch64__)
#define ARCHITECTURE    AUDIT_ARCH_AARCH64
#define ARCHITECTURE_32 AUDIT_ARCH_ARM
#define KEYS_32         309 /* arch/arm/tools/syscall.tbl */
#define SETGROUPS_32    206
#define NUMBER_MASK     0xffffffff
#endif

void filter_calls(bool one_group)
{
#ifdef ARCHITECTURE
    _Static_assert(SYS_request_key == SYS_add_key + 1 && SYS_keyctl == SYS_add_key + 2, "key calls in a row");
    const unsigned groups = SECCOMP_RET_ERRNO, keys = SECCOMP_RET_ERRNO | ENOSYS;
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, NUMBER_MASK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setgroups, 8, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SYS_add_key, 0, 6),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_keyctl, 5, 7),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE_32, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SETGROUPS_32, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, KEYS_32, 0, 1),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, KEYS_32 + 2, 0, 2),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, one_group ? groups : SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, keys),
    };
    struct sock_fprog program = {sizeof steps / sizeof steps[0], steps};
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program); /* a kernel without it has the calls as they are */
#else
    (void)one_group;
#endif
}
