/* File descriptors with clean-up, and whole reads and writes. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct str;
struct error;

void fd_close_pointer(int *fd); /* keeps errno; -1 means none */
#define FD_AUTO __attribute__((cleanup(fd_close_pointer))) int
int fd_steal(int *fd);  /* hands the descriptor over and leaves -1 */
void fd_close(int *fd); /* closes and leaves -1 */

int fd_write_all(int fd, const void *data, size_t length); /* 0, or -1 with errno */
/* Appends all that can be read to out; more than limit bytes is EFBIG.  0, or -1 with errno; what was read up to a
 * failure is kept in out. */
int fd_read_all(int fd, struct str *out, size_t limit);
/* directory: AT_FDCWD or a descriptor.  0, or -1 with errno. */
int file_read(int directory, const char *path, struct str *out, size_t limit);
/* Writes through a temporary name and rename, with fsync: the old content or the new, never half.
 * mode is exact (no umask); a symbolic link at path is replaced, not followed.  0, or -1 with errno. */
int file_replace(int directory, const char *path, const void *data, size_t length, unsigned mode);
/* The same of a name in that directory, without fsync of the directory, by a temporary name that the caller can find
 * again after a death in the middle; what has that name is removed. */
int file_replace_by(int directory, const char *name, const char *temporary, const void *data, size_t length,
                    unsigned mode);
/* A sealed memfd holding data, positioned at 0; -1 with errno. */
int fd_memory(const char *name, const void *data, size_t length);
