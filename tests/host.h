/* A host of a test's own: pid, mount and network namespaces in which no process is anybody else's. */
#pragma once

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "sandbox.h"

/* The first process: what is left without a parent comes to it, and goes. */
static void host_reap(pid_t tests)
{
    for (;;) {
        int status;
        pid_t gone = wait(&status);
        if (gone == tests)
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
}

/* Continues in a process of that host; the caller's ends with its status.  Where this machine allows none, the tests
 * run where they are.  An ordinary user's host needs a user namespace, in which the user's id is the same. */
static inline void host_enter(void)
{
    char map[64];
    unsigned uid = getuid(), gid = getgid();
    if (unshare((uid ? CLONE_NEWUSER : 0) | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET))
        return;
    if (uid) {
        sandbox_write("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "%u %u 1", uid, uid);
        sandbox_write("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "%u %u 1", gid, gid);
        sandbox_write("/proc/self/gid_map", map);
    }
    pid_t first = fork();
    if (first > 0) {
        int status;
        waitpid(first, &status, 0);
        /* Whose children are of another pid namespace can have no threads, which a leak check at exit would want. */
        fflush(NULL);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (first < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) {
        perror("a host of its own");
        exit(1);
    }
    pid_t tests = fork();
    if (tests)
        host_reap(tests);
}
