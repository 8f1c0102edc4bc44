/* The director's state directory: what a killed director finds again, at every step of a change. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "director/state.h"

static char path[64];

static int make_directory(void **state)
{
    (void)state;
    char base[] = "/tmp/labctl-state-XXXXXX";
    assert_non_null(mkdtemp(base));
    snprintf(path, sizeof path, "%s/state", base);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    static const char *const names[] = {"current", "target", "since",  "1.yaml",      "1.json",      "2.yaml",
                                        "2.json",  "3.yaml", "3.json", "1.addresses", "2.addresses", "3.addresses"};
    int directory = open(path, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlinkat(directory, names[i], 0);
    close(directory);
    assert_int_equal(rmdir(path), 0); /* nothing else was left in it */
    *strrchr(path, '/') = '\0';
    rmdir(path);
    return 0;
}

static struct state reopen(struct state *old)
{
    struct state state;
    if (old)
        state_close(old);
    assert_int_equal(state_open(&state, path, NULL), 0);
    return state;
}

static void check(const struct generation *generation, unsigned number, const char *text, size_t faults)
{
    assert_int_equal(generation->number, number);
    assert_string_equal(str_text(&generation->text), text);
    assert_int_equal(json_array_size(generation->faults), faults);
}

static void from_nothing(void **unused)
{
    (void)unused;
    struct state state = reopen(NULL);
    check(&state.current, 0, "", 0);
    assert_int_equal(state_begin(&state, "lab: one\n", NULL, "node/a/eth0 10.0.0.9\n", NULL), 0);
    state = reopen(&state); /* killed while it builds */
    check(&state.current, 0, "", 0);
    check(&state.target, 1, "lab: one\n", 0);
    assert_string_equal(str_text(&state.target.allotments), "node/a/eth0 10.0.0.9\n");
    assert_int_equal(state_commit(&state, NULL), 0);
    assert_true(state.since > 0);
    int64_t since = state.since;
    state = reopen(&state);
    check(&state.current, 1, "lab: one\n", 0);
    check(&state.target, 0, "", 0);
    assert_int_equal(state.since, since);
    state_close(&state);
}

static void change(void **unused)
{
    (void)unused;
    struct state state = reopen(NULL);
    assert_int_equal(state_begin(&state, "lab: one\n", NULL, "node/a/eth0 10.0.0.9\n", NULL), 0);
    assert_int_equal(state_commit(&state, NULL), 0);
    json_t *faults = json_pack("[{s:s}]", "kind", "loss");
    assert_int_equal(state_begin(&state, "lab: two\n", faults, "", NULL), 0);
    json_decref(faults);
    state = reopen(&state); /* killed in the middle */
    check(&state.current, 1, "lab: one\n", 0);
    check(&state.target, 2, "lab: two\n", 1);
    assert_string_equal(str_text(&state.current.allotments), "node/a/eth0 10.0.0.9\n");
    assert_string_equal(str_text(&state.target.allotments), "");
    assert_int_equal(state_commit(&state, NULL), 0);
    state = reopen(&state);
    check(&state.current, 2, "lab: two\n", 1);
    check(&state.target, 0, "", 0);
    assert_int_equal(state_begin(&state, "lab: three\n", NULL, "node/a/eth0 10.0.0.9\n", NULL), 0);
    state_abandon(&state);
    state = reopen(&state);
    check(&state.current, 2, "lab: two\n", 1);
    check(&state.target, 0, "", 0);
    state_close(&state);
}

/* Killed after "current" was replaced and before "target" was taken away. */
static void between_two_steps(void **unused)
{
    (void)unused;
    struct state state = reopen(NULL);
    assert_int_equal(state_begin(&state, "lab: one\n", NULL, "node/a/eth0 10.0.0.9\n", NULL), 0);
    assert_int_equal(state_commit(&state, NULL), 0);
    int fd = openat(state.directory, "target", O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "1\n", 2), 2);
    close(fd);
    state = reopen(&state);
    check(&state.current, 1, "lab: one\n", 0);
    check(&state.target, 0, "", 0);
    assert_int_equal(faccessat(state.directory, "target", F_OK, 0), -1);
    state_close(&state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_nothing, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(change, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(between_two_steps, make_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
