/* Linked into what is built with sanitizers, so that no report is lost: what can reach the folder REPORTS writes its
 * report there, whoever started it and whatever became of its stderr; what cannot, because it runs in a lab (the
 * director, the prober), writes to the lab's log, which is a file in that folder instead of memory.  tests/run looks
 * there. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A status that no command of the program has: a sanitized process that a lab runs ends with it. */
#define FINDING "exitcode=99"

const char *__asan_default_options(void);
int memfd_create(const char *name, unsigned flags);

/* Called before the C library is set up: system calls only. */
const char *__asan_default_options(void)
{
    if (syscall(SYS_faccessat, AT_FDCWD, REPORTS, W_OK) == 0)
        return FINDING ":log_path=" REPORTS "/report";
    return FINDING;
}

int memfd_create(const char *name, unsigned flags)
{
    if (strcmp(name, "log") == 0) {
        char path[] = REPORTS "/lab-XXXXXX";
        int fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return (int)syscall(SYS_memfd_create, name, flags);
}
