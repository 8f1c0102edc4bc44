/* The control channel's framing: messages, descriptors, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "lab/control.h"
#include "lab/credentials.h"

static int open_pair(void **state)
{
    int *pair = malloc(2 * sizeof *pair);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    *state = pair;
    return 0;
}

static int close_pair(void **state)
{
    int *pair = *state;
    close(pair[0]);
    if (pair[1] >= 0)
        close(pair[1]);
    free(pair);
    return 0;
}

static void message_with_descriptors(void **state)
{
    int *pair = *state, fds[CONTROL_FDS_MAX];
    size_t count;
    struct error err = ERROR_INIT;
    json_t *sent = json_pack("{s:s, s:{s:[i,i]}}", "verb", "echo", "params", "list", 1, 2), *got;
    FD_AUTO a = fd_memory("a", "first", 5);
    FD_AUTO b = fd_memory("b", "second", 6);
    int both[] = {a, b};
    assert_int_equal(control_send(pair[0], sent, both, 2, &err), 0);
    assert_int_equal(control_send(pair[0], sent, NULL, 0, &err), 0);
    assert_int_equal(control_receive(pair[1], &got, fds, &count, &err), 0);
    assert_true(json_equal(sent, got));
    assert_int_equal(count, 2);
    STR_AUTO text = STR_INIT;
    assert_int_equal(fd_read_all(fds[1], &text, 100), 0);
    assert_string_equal(str_text(&text), "second");
    assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    json_decref(got);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(control_receive(pair[1], &got, fds, &count, &err), 0);
    assert_int_equal(count, 0);
    json_decref(got);
    json_decref(sent);
}

/* Anybody may bind a lab's name: what somebody else made is not taken for a lab of ours. */
static void somebody_elses_socket(void **state)
{
    int *pair = *state, foreign[2];
    pid_t keeper = 0;
    struct error err = ERROR_INIT;
    assert_int_equal(credentials_keeper(pair[0], &keeper, &err), 0);
    assert_int_equal(keeper, getpid());
    if (geteuid() != 0)
        skip();
    assert_int_equal(seteuid(61358), 0);
    int made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, foreign);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(made, 0);
    assert_int_equal(credentials_keeper(foreign[0], &keeper, &err), -1);
    assert_int_equal(err.kind, ERR_BUSY);
    assert_string_equal(err.text, "the control socket belongs to user 61358, not to 0");
    close(foreign[0]);
    close(foreign[1]);
}

static void end_of_file(void **state)
{
    int *pair = *state;
    json_t *got;
    struct error err = ERROR_INIT;
    shutdown(pair[0], SHUT_WR);
    assert_int_equal(control_receive(pair[1], &got, NULL, NULL, &err), 1);
    assert_null(got);
}

static void refuse(int *pair, const char *bytes, size_t length, const char *text)
{
    json_t *got;
    struct error err = ERROR_INIT;
    assert_int_equal(send(pair[0], bytes, length, 0), (int)length);
    shutdown(pair[0], SHUT_WR);
    assert_int_equal(control_receive(pair[1], &got, NULL, NULL, &err), -1);
    assert_null(got);
    assert_non_null(strstr(err.text, text));
}

static void cut_message(void **state)
{
    refuse(*state, "\0\0\0\x10{\"verb\"", 11, "Connection reset");
}

static void oversized_message(void **state)
{
    refuse(*state, "\xff\xff\xff\xff", 4, "Message too long");
}

static void not_json(void **state)
{
    refuse(*state, "\0\0\0\x02[]", 6, "not a JSON object");
}

static void *read_one(void *argument)
{
    json_t *got = NULL;
    control_receive(*(int *)argument, &got, NULL, NULL, NULL);
    return got;
}

static void large_message(void **state)
{
    int *pair = *state;
    size_t size = 3 << 20; /* more than a socket holds: it goes in parts */
    char *text = malloc(size + 1);
    memset(text, 'x', size);
    text[size] = '\0';
    json_t *sent = json_pack("{s:s}", "text", text);
    pthread_t reader;
    void *got;
    assert_int_equal(pthread_create(&reader, NULL, read_one, &pair[1]), 0);
    assert_int_equal(control_send(pair[0], sent, NULL, 0, NULL), 0);
    pthread_join(reader, &got);
    assert_true(json_equal(sent, got));
    json_decref(sent);
    json_decref(got);
    free(text);
}

static void no_such_lab(void **state)
{
    (void)state;
    struct control *control = NULL;
    struct error err = ERROR_INIT;
    assert_int_equal(control_connect("surely-no-lab-of-this-name", &control, &err), -1);
    assert_int_equal(err.kind, ERR_ABSENT);
    assert_string_equal(err.text, "no lab 'surely-no-lab-of-this-name' is running");
    assert_null(control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(message_with_descriptors, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(somebody_elses_socket, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(end_of_file, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(cut_message, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(oversized_message, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(not_json, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(large_message, open_pair, close_pair),
        cmocka_unit_test(no_such_lab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
