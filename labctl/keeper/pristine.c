/* Programs as they were when the lab began, for a process whose word counts.
 *
 * Whoever is root in a node can put other programs and libraries in the place of the right ones: by a mount, a link, a
 * preloaded library, the loader's cache.  Such a process gets a mount namespace of its own in which the keeper's copies
 * lie over them; everything else is the node's as it stands.  The copies are detached clones of the keeper's mounts,
 * taken before the node is entered and laid inside. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/keeper.h"

/* From linux/mount.h, which does not go with sys/mount.h everywhere. */
#define CLONE_TREE         1      /* OPEN_TREE_CLONE */
#define FROM_DESCRIPTOR    0x4    /* MOVE_MOUNT_F_EMPTY_PATH */
#define FOLLOW_DESTINATION 0x40   /* MOVE_MOUNT_T_SYMLINKS */
#define WHOLE_TREE         0x8000 /* AT_RECURSIVE */

static const struct {
    const char *from, *to;
} beside[] = {
    {"/etc/alternatives", "/etc/alternatives"},
    {"/etc/ld.so.cache", "/etc/ld.so.cache"},
    {"/dev/null", "/etc/ld.so.preload"},
};
_Static_assert(ARRAY_SIZE(((struct pristine *)0)->beside) == ARRAY_SIZE(beside), "a tree for each");

static int clone_tree(const char *path)
{
    return (int)syscall(SYS_open_tree, AT_FDCWD, path, CLONE_TREE | WHOLE_TREE | O_CLOEXEC);
}

bool pristine_take(struct pristine *pristine)
{
    char path[32];
    pristine->usr = clone_tree("/usr");
    for (size_t i = 0; i < ARRAY_SIZE(pristine->directories); i++) {
        snprintf(path, sizeof path, "/%s", tree_beside_usr[i]);
        pristine->directories[i] = clone_tree(path);
    }
    for (size_t i = 0; i < ARRAY_SIZE(beside); i++)
        pristine->beside[i] = clone_tree(beside[i].from);
    return pristine->usr >= 0;
}

static int lay(int tree, const char *path)
{
    return syscall(SYS_move_mount, tree, "", AT_FDCWD, path, FROM_DESCRIPTOR | FOLLOW_DESTINATION) ? errno : 0;
}

/* The usual case: a link into /usr, which is right already. */
static bool is_there(int tree, const char *path)
{
    struct stat wanted, there;
    return fstat(tree, &wanted) == 0 && stat(path, &there) == 0 && wanted.st_dev == there.st_dev &&
           wanted.st_ino == there.st_ino;
}

static void close_tree(int tree)
{
    if (tree >= 0)
        close(tree);
}

int pristine_lay(struct pristine *pristine)
{
    char path[32];
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return errno;
    int error = lay(pristine->usr, "/usr");
    close_tree(pristine->usr);
    for (size_t i = 0; i < ARRAY_SIZE(pristine->directories); i++) {
        int tree = pristine->directories[i];
        snprintf(path, sizeof path, "/%s", tree_beside_usr[i]);
        if (tree >= 0 && !error && !is_there(tree, path))
            error = lay(tree, path);
        close_tree(tree);
    }
    for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
        int failed = pristine->beside[i] >= 0 && !error ? lay(pristine->beside[i], beside[i].to) : 0;
        if (failed && failed != ENOENT) /* what is not there cannot deceive */
            error = failed;
        close_tree(pristine->beside[i]);
    }
    return error;
}
