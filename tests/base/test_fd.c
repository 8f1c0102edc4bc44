/* Descriptors and files: closing, whole reads and writes, replacing at once, sealed memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

/* Each test has a directory of its own: a path, and a descriptor of it. */
struct place {
    char path[32];
    int fd;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    *state = place;
    if (place == NULL)
        return -1;
    strcpy(place->path, "/tmp/test_fd.XXXXXX");
    if (mkdtemp(place->path) == NULL)
        return -1;
    place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return place->fd < 0 ? -1 : 0;
}

/* The number of entries of the directory; removes them where asked. */
static int entries(const struct place *place, bool clear)
{
    DIR *directory = opendir(place->path);
    assert_non_null(directory);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (clear && unlinkat(place->fd, entry->d_name, 0) < 0)
            unlinkat(place->fd, entry->d_name, AT_REMOVEDIR);
    }
    closedir(directory);
    return count;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    entries(place, true);
    close(place->fd);
    int failed = rmdir(place->path);
    free(place);
    return failed;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void closing_leaves_none_and_keeps_errno(void **state)
{
    (void)state;
    int fd = dup(0), copy = fd;
    errno = EDOM;
    fd_close(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(errno, EDOM);
    assert_false(is_open(copy));
    errno = EDOM;
    fd_close(&fd); /* none: nothing to do */
    fd_close_pointer(&fd);
    assert_int_equal(errno, EDOM);
}

static void automatic_descriptors_close_unless_stolen(void **state)
{
    (void)state;
    int closed, kept;
    {
        FD_AUTO a = dup(0);
        FD_AUTO b = dup(0);
        closed = a;
        kept = fd_steal(&b);
        assert_int_equal(b, -1);
    }
    assert_false(is_open(closed));
    assert_true(is_open(kept));
    close(kept);
}

static void a_file_is_written_and_read_whole(void **state)
{
    struct place *place = *state;
    STR_AUTO data = STR_INIT;
    STR_AUTO back = STR_INIT;
    for (int i = 0; i < 30000; i++)
        str_append_bytes(&data, &i, sizeof i); /* many times the buffer, with zeros in it */
    assert_int_equal(file_replace(place->fd, "state", data.data, data.length, 0640), 0);
    str_append(&back, "front ");
    assert_int_equal(file_read(place->fd, "state", &back, data.length), 0);
    assert_int_equal(back.length, data.length + 6);
    assert_memory_equal(back.data, "front ", 6);
    assert_memory_equal(back.data + 6, data.data, data.length);
}

static void reading_stops_at_the_limit(void **state)
{
    struct place *place = *state;
    assert_int_equal(file_replace(place->fd, "f", "0123456789", 10, 0600), 0);
    for (size_t limit = 0; limit <= 11; limit++) {
        STR_AUTO out = STR_INIT;
        int result = file_read(place->fd, "f", &out, limit);
        assert_int_equal(result, limit < 10 ? -1 : 0);
        if (result < 0)
            assert_int_equal(errno, EFBIG);
        assert_int_equal(out.length, limit < 10 ? limit : 10);
    }
    STR_AUTO out = STR_INIT;
    assert_int_equal(file_read(place->fd, "f", &out, SIZE_MAX), 0);
    assert_string_equal(str_text(&out), "0123456789");
    assert_int_equal(file_replace(place->fd, "empty", NULL, 0, 0600), 0);
    str_clear(&out);
    assert_int_equal(file_read(place->fd, "empty", &out, 0), 0);
    assert_string_equal(str_text(&out), "");
}

static void reading_reports_what_the_kernel_says(void **state)
{
    struct place *place = *state;
    STR_AUTO out = STR_INIT;
    assert_int_equal(file_read(place->fd, "absent", &out, 10), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(file_read(AT_FDCWD, place->path, &out, 10), -1);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(fd_read_all(-1, &out, 10), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(fd_write_all(-1, "x", 1), -1);
    assert_int_equal(errno, EBADF);
}

static void a_pipe_is_read_to_its_end_in_pieces(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        char block[1000];
        memset(block, 'x', sizeof block);
        int failed = 0;
        for (int i = 0; i < 300; i++) /* more than a pipe holds */
            failed |= fd_write_all(ends[1], block, sizeof block);
        _exit(failed != 0);
    }
    close(ends[1]);
    STR_AUTO out = STR_INIT;
    assert_int_equal(fd_read_all(ends[0], &out, 1000000), 0);
    assert_int_equal(out.length, 300000);
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void what_was_read_before_a_failure_is_kept(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    STR_AUTO out = STR_INIT;
    assert_int_equal(fd_write_all(ends[1], "part", 4), 0);
    assert_int_equal(fd_read_all(ends[0], &out, 100), -1);
    assert_int_equal(errno, EAGAIN);
    assert_string_equal(str_text(&out), "part");
    close(ends[0]);
    close(ends[1]);
}

static void replacing_swaps_content_and_mode(void **state)
{
    struct place *place = *state;
    STR_AUTO out = STR_INIT;
    mode_t before = umask(077);
    assert_int_equal(file_replace(place->fd, "f", "old", 3, 0600), 0);
    FD_AUTO old = openat(place->fd, "f", O_RDONLY | O_CLOEXEC);
    assert_int_equal(file_replace(place->fd, "f", "new!", 4, 0644), 0);
    umask(before);
    assert_int_equal(file_read(place->fd, "f", &out, 100), 0);
    assert_string_equal(str_text(&out), "new!");
    struct stat status;
    assert_int_equal(fstatat(place->fd, "f", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    str_clear(&out);
    assert_int_equal(fd_read_all(old, &out, 100), 0); /* who has the old one open goes on reading it */
    assert_string_equal(str_text(&out), "old");
    assert_int_equal(entries(place, false), 1);
}

static void paths_of_every_form_are_replaced(void **state)
{
    struct place *place = *state;
    STR_AUTO out = STR_INIT;
    char path[300];
    assert_int_equal(mkdirat(place->fd, "sub", 0700), 0);
    assert_int_equal(file_replace(place->fd, "sub/f", "1", 1, 0600), 0);
    assert_int_equal(file_read(place->fd, "sub/f", &out, 100), 0);
    assert_int_equal(unlinkat(place->fd, "sub/f", 0), 0);
    snprintf(path, sizeof path, "%s/f", place->path);
    assert_int_equal(file_replace(AT_FDCWD, path, "2", 1, 0600), 0);
    assert_int_equal(file_read(-1, path, &out, 100), 0); /* absolute: the directory does not matter */
    assert_string_equal(str_text(&out), "12");
    memset(path, 'n', 255);
    path[255] = '\0';
    assert_int_equal(file_replace(place->fd, path, "3", 1, 0600), 0); /* the longest name there is */
    path[255] = 'n';
    path[256] = '\0';
    assert_int_equal(file_replace(place->fd, path, "3", 1, 0600), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_int_equal(entries(place, false), 3);
}

static void a_symbolic_link_is_replaced_not_followed(void **state)
{
    struct place *place = *state;
    STR_AUTO out = STR_INIT;
    assert_int_equal(file_replace(place->fd, "target", "target", 6, 0600), 0);
    assert_int_equal(symlinkat("target", place->fd, "f"), 0);
    assert_int_equal(file_replace(place->fd, "f", "f", 1, 0600), 0);
    assert_int_equal(file_read(place->fd, "target", &out, 100), 0);
    assert_string_equal(str_text(&out), "target");
}

static void a_failed_replacement_leaves_nothing_behind(void **state)
{
    struct place *place = *state;
    static const char *const bad[] = {"", ".", "..", "d/", "d/..", "absent/f", "d"};
    static const int reasons[] = {EISDIR, EISDIR, EISDIR, EISDIR, EISDIR, ENOENT, EISDIR};
    assert_int_equal(mkdirat(place->fd, "d", 0700), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(file_replace(place->fd, bad[i], "x", 1, 0600), -1);
        assert_int_equal(errno, reasons[i]);
    }
    assert_int_equal(entries(place, false), 1);
    char path[5000];
    memset(path, 'n', sizeof path);
    path[4500] = '/';
    path[sizeof path - 1] = '\0';
    assert_int_equal(file_replace(place->fd, path, "x", 1, 0600), -1);
    assert_int_equal(errno, ENAMETOOLONG);
}

static void memory_is_sealed_and_at_its_start(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    FD_AUTO fd = fd_memory("config", "hello", 5);
    assert_true(fd >= 0);
    assert_int_equal(fd_read_all(fd, &out, 100), 0);
    assert_string_equal(str_text(&out), "hello");
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(ftruncate(fd, 100), -1);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    FD_AUTO empty = fd_memory("empty", NULL, 0);
    str_clear(&out);
    assert_int_equal(fd_read_all(empty, &out, 100), 0);
    assert_string_equal(str_text(&out), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_leaves_none_and_keeps_errno),
        cmocka_unit_test(automatic_descriptors_close_unless_stolen),
        cmocka_unit_test_setup_teardown(a_file_is_written_and_read_whole, make_place, remove_place),
        cmocka_unit_test_setup_teardown(reading_stops_at_the_limit, make_place, remove_place),
        cmocka_unit_test_setup_teardown(reading_reports_what_the_kernel_says, make_place, remove_place),
        cmocka_unit_test(a_pipe_is_read_to_its_end_in_pieces),
        cmocka_unit_test(what_was_read_before_a_failure_is_kept),
        cmocka_unit_test_setup_teardown(replacing_swaps_content_and_mode, make_place, remove_place),
        cmocka_unit_test_setup_teardown(paths_of_every_form_are_replaced, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_symbolic_link_is_replaced_not_followed, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_failed_replacement_leaves_nothing_behind, make_place, remove_place),
        cmocka_unit_test(memory_is_sealed_and_at_its_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
