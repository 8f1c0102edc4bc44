/* The keeper: nodes, processes, terminals, cloud namespaces, restarts, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <termios.h>
#include <sys/ioctl.h>

#include "keeper/driver.h"

static struct driver lab;
static char out[65536];

/* Runs a command in node n<id> and returns its exit status; what it printed is in `out`. */
static int run(uint32_t node, const char *command)
{
    return driver_shell(&lab, node, command, out, sizeof out);
}

#define assert_prints(node, command, text)                                                                             \
    do {                                                                                                               \
        assert_int_equal(run(node, command), 0);                                                                       \
        assert_string_equal(out, text);                                                                                \
    } while (0)

static int setup(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    if (driver_start(&lab, "keeper", &err)) {
        print_error("%s\n", err.text);
        return -1;
    }
    struct driver_request view = {.verb = DRIVER_VIEW, .first = 7, .length = 32};
    memcpy(view.text, "127.0.0.1 localhost\n10.0.0.2 n1\n", 32);
    struct driver_answer answer;
    struct driver_request nodes = {.verb = DRIVER_NODES_MAKE, .first = 0, .count = 3, .target = 7};
    return driver_call(&lab, &view, NULL, 0, &answer) || driver_call(&lab, &nodes, NULL, 0, &answer);
}

static int teardown(void **state)
{
    (void)state;
    driver_stop(&lab);
    return 0;
}

static void a_node_is_a_machine_of_its_own(void **state)
{
    (void)state;
    assert_prints(0, "hostname; cat /etc/hostname; id -u; id -un; pwd; echo $HOME $USER $MARK $TERM",
                  "n0\nn0\n0\nroot\n/root\n/root root given xterm\n");
    assert_prints(1, "hostname; cat /proc/1/comm; tr '\\0' ' ' </proc/1/cmdline; ls /proc/self/fd | wc -l",
                  "n1\ninit\ninit 4\n");
    assert_prints(1, "set -- /proc/[0-9]*; echo $#", "2\n"); /* init and bash: nobody else */
    assert_prints(2, "ls /sys/class/net; cat /proc/net/dev | wc -l", "lo\n3\n");
    assert_prints(2, "stat -c %a / /tmp /root /etc/marker /var/www/deep /dev/shm /run/lock",
                  "755\n1777\n700\n600\n755\n1777\n1777\n");
    assert_prints(2, "cat /var/www/deep/index.html; getent hosts n1; readlink /etc/mtab",
                  "page\n10.0.0.2        n1\n"
                  "/proc/self/mounts\n");
}

static void settings_are_made_where_they_can_be(void **state)
{
    (void)state;
    assert_prints(0, "sysctl -n net.ipv4.ip_forward net.ipv4.ip_default_ttl net.ipv4.conf.default.log_martians",
                  "1\n64\n1\n");
}

static void long_files_arrive_whole(void **state)
{
    (void)state;
    assert_prints(0,
                  "python3 -c 'print(open(\"/root/long\").read() == \"abcdefghijklmnopqrstuvw\" * 869 + "
                  "\"abcdefghijklm\")'; stat -c '%a %s' /root/long",
                  "True\n644 20000\n");
}

static void it_has_the_powers_of_a_machine(void **state)
{
    (void)state;
    assert_prints(
        2, "ip netns add x && ip netns exec x ip netns exec x ls /sys/class/net && ip netns list && ip netns del x",
        "lo\nx\n");
    assert_prints(2, "mount -t tmpfs none /mnt && echo a >/mnt/b && umount /mnt && ls /mnt | wc -l", "0\n");
    assert_prints(2, "unshare -Urmpf --mount-proc sh -c 'echo $$; id -u'", "1\n0\n");
    assert_prints(2, "su -c 'echo $HOME'; hostname other && hostname; hostname n2", "/root\nother\n");
    assert_prints(
        2,
        "ip link add veth7 type veth peer name veth8 && ip link set veth7 up && ls /sys/class/net | tr '\\n' ' '; "
        "ip link del veth7",
        "lo veth7 veth8 ");
    assert_prints(2,
                  "sysctl -w net.ipv4.ip_forward=1; ip link set lo up && ping -q -c 1 127.0.0.1 | grep -o '1 received'",
                  "net.ipv4.ip_forward = 1\n1 received\n");
    assert_int_equal(run(2, "useradd bob && chown bob /tmp/. ; getent passwd bob nobody tcpdump"), 0);
}

static void files_can_be_written_and_are_ones_own(void **state)
{
    (void)state;
    assert_int_equal(
        run(0, "set -e; for d in /etc /var /root /run /tmp /home /srv /mnt /dev /dev/shm /var/log /opt/..; do "
               "echo mine >$d/own; done; mkdir /data; rmdir /var/mail; mv /var/www /var/web; "
               "echo 'x:x:1:1::/:/bin/sh' >>/etc/passwd; rm /etc/services; mkdir /etc/services.d"),
        0);
    assert_int_equal(run(1, "for d in /etc /var /root /run /tmp /home /srv /mnt /dev /dev/shm /var/log /; do "
                            "[ -e $d/own ] && exit 1; done; [ -d /var/mail ] && [ -s /etc/services ]"),
                     0);
    assert_int_not_equal(run(0, "touch /usr/x"), 0);
    assert_non_null(strstr(out, "Read-only file system"));
    assert_int_not_equal(run(0, "touch /opt/x"), 0);
    assert_int_equal(run(0, "test -x /opt/httpd && test -x /opt/echod"), 0);
    assert_int_equal(run(0, "echo x >/dev/null && head -c 4 /dev/urandom | wc -c && ls /dev/pts/ptmx"), 0);
}

static void the_size_of_a_node_is_bounded(void **state)
{
    (void)state;
    assert_int_not_equal(run(2, "head -c 200000000 /dev/zero >/tmp/big"), 0);
    assert_non_null(strstr(out, "No space left on device"));
    assert_int_equal(run(2, "s=$(stat -c %s /tmp/big); rm /tmp/big; [ $s -lt 135000000 ]"), 0);
    assert_int_not_equal(run(2, "mkdir /tmp/many; cd /tmp/many; for i in $(seq 60000); do : >$i || exit 3; done"), 0);
    assert_int_equal(run(2, "rm -rf /tmp/many"), 0);
    assert_int_equal(run(1, "echo fits >/tmp/small"), 0); /* another's is its own */
}

static void exit_statuses_are_told(void **state)
{
    (void)state;
    assert_int_equal(run(0, "exit 0"), 0);
    assert_int_equal(run(0, "exit 7"), 7);
    assert_int_equal(run(0, "kill -TERM $$"), 128 + SIGTERM);
    const char *const missing[] = {"nosuchprogram", NULL}, *const directory[] = {"/etc", NULL};
    struct driver_answer answer;
    struct driver_request wait = {.verb = DRIVER_WAIT};
    wait.first = (uint32_t)driver_spawn_in(&lab, KEEPER_TARGET_NODE, 0, missing, NULL, 0);
    assert_int_equal(driver_call(&lab, &wait, NULL, 0, &answer), 0);
    assert_int_equal(answer.end, KEEPER_NOT_STARTED);
    assert_int_equal(answer.value, ENOENT);
    assert_string_equal(answer.text, "execute nosuchprogram");
    wait.first = (uint32_t)driver_spawn_in(&lab, KEEPER_TARGET_NODE, 0, directory, NULL, 0);
    assert_int_equal(driver_call(&lab, &wait, NULL, 0, &answer), 0);
    assert_int_equal(answer.value, EACCES);
    wait.first = (uint32_t)driver_spawn_in(&lab, KEEPER_TARGET_NODE, 999, missing, NULL, 0);
    assert_int_equal(driver_call(&lab, &wait, NULL, 0, &answer), 0);
    assert_int_equal(answer.value, ESRCH);
    assert_string_equal(answer.text, "enter the node");
}

static void a_process_can_be_signalled(void **state)
{
    (void)state;
    const char *const argv[] = {"/bin/sleep", "1000", NULL};
    uint32_t process = (uint32_t)driver_spawn_in(&lab, KEEPER_TARGET_NODE, 0, argv, NULL, 0);
    assert_int_equal(driver_do(&lab, DRIVER_KILL, process, SIGINT), 0);
    struct driver_answer answer;
    struct driver_request wait = {.verb = DRIVER_WAIT, .first = process};
    assert_int_equal(driver_call(&lab, &wait, NULL, 0, &answer), 0);
    assert_int_equal(answer.end, KEEPER_SIGNALED);
    assert_int_equal(answer.value, SIGINT);
}

/* Waits for the status on a control socket. */
static struct keeper_status receive_status(int control)
{
    struct keeper_status status = {.end = 99};
    if (poll(&(struct pollfd){.fd = control, .events = POLLIN}, 1, DRIVER_TIMEOUT) == 1)
        assert_int_equal(recv(control, &status, sizeof status, 0), sizeof status);
    return status;
}

static void a_caller_signals_and_hears_the_end(void **state)
{
    (void)state;
    int pair[2], ready[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    char byte;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) | pipe2(ready, O_CLOEXEC), 0);
    const char *const argv[] = {"/bin/bash", "-c", "trap 'exit 42' USR1; echo; while :; do sleep 0.05; done", NULL};
    assert_true(driver_spawn_in(&lab, KEEPER_TARGET_NODE, 1, argv, (int[]){null, ready[1], null, pair[1]}, 4) > 0);
    close(pair[1]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1); /* until the trap is set the signal would kill */
    close(ready[0]);
    struct keeper_control control = {.kind = KEEPER_CONTROL_SIGNAL, .signal = SIGUSR1};
    assert_int_equal(send(pair[0], &control, sizeof control, 0), sizeof control);
    struct keeper_status status = receive_status(pair[0]);
    assert_int_equal(status.end, KEEPER_EXITED);
    assert_int_equal(status.value, 42);
    close(pair[0]);
    close(null);
}

/* Waits until nothing in the node has this word in its command line. */
static bool gone_from(uint32_t node, const char *word)
{
    char command[200];
    snprintf(command, sizeof command,
             "for i in $(seq 100); do pgrep -f '%c[%c]%s' >/dev/null || exit 0; sleep 0.05; done; exit 1", word[0],
             word[1], word + 2);
    return run(node, command) == 0;
}

static void a_caller_that_goes_takes_its_process_along(void **state)
{
    (void)state;
    /* The second one ignores the hang-up and is killed. */
    const char *const commands[] = {"exec sleep 7777", "trap '' HUP; sleep 7777; sleep 7777"};
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        int pair[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        const char *const argv[] = {"/bin/bash", "-c", commands[i], NULL};
        assert_true(driver_spawn_in(&lab, KEEPER_TARGET_NODE, 1, argv, (int[]){null, null, null, pair[1]}, 4) > 0);
        close(pair[1]);
        assert_int_equal(
            run(1, "for i in $(seq 100); do pgrep -f '7[7]77' >/dev/null && exit 0; sleep 0.05; done; exit 1"), 0);
        close(pair[0]);
        close(null);
        assert_true(gone_from(1, "7777"));
    }
}

/* A terminal, played by a pair of socket ends: what the test writes is typed. */
struct terminal {
    int typed, shown, control;
    char text[65536];
    size_t length;
};

static struct terminal open_terminal(uint32_t node, const char *const *argv)
{
    int in[2], shown[2], pair[2];
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(shown, O_CLOEXEC), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    struct driver_request request = {.verb = DRIVER_SPAWN, .first = node, .pty = 1, .rows = 33, .columns = 101};
    for (size_t i = 0; argv[i]; i++) {
        memcpy(request.text + request.length, argv[i], strlen(argv[i]) + 1);
        request.length += (uint32_t)strlen(argv[i]) + 1;
    }
    struct driver_answer answer;
    assert_int_equal(driver_call(&lab, &request, (int[]){in[0], shown[1], shown[1], pair[1]}, 4, &answer), 0);
    close(in[0]);
    close(shown[1]);
    close(pair[1]);
    return (struct terminal){.typed = in[1], .shown = shown[0], .control = pair[0]};
}

/* Reads until `text` is shown. */
static bool shows_within(struct terminal *terminal, const char *text, int64_t microseconds)
{
    int64_t deadline = driver_clock() + microseconds;
    while (!strstr(terminal->text, text)) {
        int left = (int)((deadline - driver_clock()) / 1000);
        if (left <= 0 || poll(&(struct pollfd){.fd = terminal->shown, .events = POLLIN}, 1, left) != 1)
            return false;
        ssize_t count =
            read(terminal->shown, terminal->text + terminal->length, sizeof terminal->text - 1 - terminal->length);
        if (count <= 0)
            return strstr(terminal->text, text);
        terminal->length += (size_t)count;
        terminal->text[terminal->length] = 0;
    }
    return true;
}

static bool shows(struct terminal *terminal, const char *text)
{
    return shows_within(terminal, text, 10000000);
}

static void type(struct terminal *terminal, const char *text)
{
    terminal->length = 0;
    terminal->text[0] = 0;
    assert_int_equal(write(terminal->typed, text, strlen(text)), strlen(text));
}

static void a_shell_has_a_terminal(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/bash", "-l", NULL};
    struct terminal terminal = open_terminal(2, argv);
    type(&terminal, "echo rea''dy\n");
    assert_true(shows(&terminal, "ready"));
    assert_true(shows(&terminal, "\033[01;32m")); /* a prompt with colours */
    type(&terminal, "tty; stty size; echo d''one\n");
    assert_true(shows(&terminal, "done"));
    assert_non_null(strstr(terminal.text, "/dev/pts/0"));
    assert_non_null(strstr(terminal.text, "33 101"));

    type(&terminal, "trap 'echo ch''anged; stty size' WINCH; echo ar''med\n");
    assert_true(shows(&terminal, "armed"));
    /* The shell runs its trap when it has read a line; the signal may come after the line that was meant for it, or
     * while the shell hands the terminal over between two commands, where bash forgets it: so each line has its own. */
    bool seen = false;
    for (uint16_t line = 0; line < 20 && !seen; line++) {
        const struct keeper_control window = {
            .kind = KEEPER_CONTROL_WINDOW, .rows = (uint16_t)(44 + line), .columns = 55};
        assert_int_equal(send(terminal.control, &window, sizeof window, 0), sizeof window);
        assert_int_equal(write(terminal.typed, "\n", 1), 1);
        seen = shows_within(&terminal, "changed", 500000);
    }
    assert_true(seen);
    assert_true(shows(&terminal, " 55"));
    close(terminal.typed);
    struct keeper_status status = receive_status(terminal.control); /* end of input: the shell leaves */
    assert_int_equal(status.end, KEEPER_EXITED);
    close(terminal.control);
    close(terminal.shown);
}

static void job_control_works(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/bash", "--norc", NULL};
    struct terminal terminal = open_terminal(2, argv);
    type(&terminal, "sleep 500\n");
    assert_int_equal(run(2, "for i in $(seq 100); do pgrep -x sleep >/dev/null && exit 0; sleep 0.02; done; exit 1"),
                     0);
    type(&terminal, "\032"); /* ^Z */
    assert_true(shows(&terminal, "Stopped"));
    type(&terminal, "bg; jobs\n");
    assert_true(shows(&terminal, "Running"));
    type(&terminal, "fg\n");
    assert_true(shows(&terminal, "sleep 500"));
    assert_int_equal(
        run(2, "for i in $(seq 100); do case $(ps -o stat= -C sleep) in S*+) exit 0; esac; sleep 0.02; done; exit 1"),
        0);
    type(&terminal, "\003"); /* ^C */
    type(&terminal, "echo status=$?\n");
    assert_true(shows(&terminal, "status=130"));
    type(&terminal, "exit 9\n");
    struct keeper_status status = receive_status(terminal.control);
    assert_int_equal(status.end, KEEPER_EXITED);
    assert_int_equal(status.value, 9);
    close(terminal.control);
    close(terminal.typed);
    close(terminal.shown);
}

static void a_shell_ends_with_its_caller(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/bash", "--norc", NULL};
    struct terminal terminal = open_terminal(2, argv);
    type(&terminal, "sleep 8888\n");
    assert_int_equal(run(2, "for i in $(seq 100); do pgrep -f '8[8]88' >/dev/null && exit 0; sleep 0.05; done; exit 1"),
                     0);
    close(terminal.control);
    close(terminal.typed);
    close(terminal.shown);
    assert_true(gone_from(2, "8888"));
}

static void much_output_arrives_whole(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/bash", "-c", "stty -opost; seq 1 20000; echo end", NULL};
    struct terminal terminal = open_terminal(1, argv);
    size_t total = 0;
    for (;;) {
        char part[8192];
        if (poll(&(struct pollfd){.fd = terminal.shown, .events = POLLIN}, 1, DRIVER_TIMEOUT) != 1)
            break;
        ssize_t count = read(terminal.shown, part, sizeof part);
        if (count <= 0)
            break;
        total += (size_t)count;
    }
    assert_int_equal(total, 108894 + 4); /* seq 1 20000, "end\n" */
    close(terminal.control);
    close(terminal.typed);
    close(terminal.shown);
}

static void views_are_shared_and_can_change(void **state)
{
    (void)state;
    assert_int_equal(run(0, "echo 10.9.9.9 mine >>/etc/hosts"), 0);
    struct driver_request view = {.verb = DRIVER_VIEW, .first = 7, .length = 34};
    memcpy(view.text, "10.0.0.9 changed\n10.0.0.10 another\n", 34);
    struct driver_answer answer;
    assert_int_equal(driver_call(&lab, &view, NULL, 0, &answer), 0);
    assert_prints(1, "getent hosts changed", "10.0.0.9        changed\n");
    assert_prints(0, "tail -n 1 /etc/hosts", "10.9.9.9 mine\n"); /* the learner's own file stays */
}

static void cloud_namespaces_are_networks_without_power(void **state)
{
    (void)state;
    assert_int_equal(driver_do(&lab, DRIVER_CLOUDS, 0, 20), 0);
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    const char *const argv[] = {"/bin/bash", "-c",
                                "ip -o link | wc -l; ls -A /state /netns /views | grep -v : | grep .; "
                                "umount /state 2>&1; grep CapEff /proc/self/status; "
                                "cat /proc/[0-9]*/comm | grep -cE 'init|director'; "
                                "unshare -n true; hostname",
                                NULL};
    assert_true(driver_spawn_in(&lab, KEEPER_TARGET_CLOUD, 13, argv, (int[]){pipes[1], pipes[1], pipes[1]}, 3) > 0);
    close(pipes[1]);
    size_t used = 0;
    ssize_t count;
    while ((count = read(pipes[0], out + used, sizeof out - 1 - used)) > 0)
        used += (size_t)count;
    out[used] = 0;
    close(pipes[0]);
    assert_string_equal(out, "1\numount: /state: must be superuser to unmount.\nCapEff:\t000000000000342b\n0\n"
                             "unshare: unshare failed: Operation not permitted\nlab\n");
    struct driver_answer answer;
    struct driver_request again = {.verb = DRIVER_CLOUDS, .first = 5, .count = 1};
    assert_int_equal(driver_call(&lab, &again, NULL, 0, &answer), -1);
    assert_string_equal(answer.text, "create a network namespace of the cloud: File exists");
}

static void a_node_whose_init_dies_is_rebuilt(void **state)
{
    (void)state;
    assert_int_equal(run(1, "touch /tmp/before; sleep 5555 >/dev/null 2>&1 &"), 0);
    int64_t before = driver_do(&lab, DRIVER_NODE_PID, 1, 0);
    assert_int_equal(driver_do(&lab, DRIVER_NODE_RESTART, 1, 0), 0);
    int64_t after = driver_do(&lab, DRIVER_NODE_PID, 1, 0);
    assert_true(after > 0 && after != before);
    assert_prints(1, "hostname; cat /etc/marker; ls /tmp; pgrep -c sleep || sysctl -n net.ipv4.ip_forward",
                  "n1\nmade\n0\n1\n");
}

static void a_reboot_inside_is_a_rebuild(void **state)
{
    (void)state;
    int64_t before = driver_do(&lab, DRIVER_NODE_PID, 2, 0), lost = driver_do(&lab, DRIVER_LOST, 0, 0);
    run(2, "python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x1234567)'"); /* its status is of no interest */
    for (int i = 0; i < 200 && driver_do(&lab, DRIVER_LOST, 0, 0) == lost; i++)
        poll(NULL, 0, 10);
    int64_t after = driver_do(&lab, DRIVER_NODE_PID, 2, 0);
    assert_true(after > 0 && after != before);
    assert_prints(2, "hostname", "n2\n");
}

static void nodes_come_and_go(void **state)
{
    (void)state;
    assert_int_equal(driver_do(&lab, DRIVER_NODES_MAKE, 100, 40), 0);
    assert_prints(139, "hostname", "n139\n");
    for (uint32_t i = 100; i < 140; i++)
        assert_int_equal(driver_do(&lab, DRIVER_NODE_DELETE, i, 0), 0);
    const char *const argv[] = {"true", NULL};
    struct driver_answer answer;
    struct driver_request wait = {.verb = DRIVER_WAIT};
    wait.first = (uint32_t)driver_spawn_in(&lab, KEEPER_TARGET_NODE, 139, argv, NULL, 0);
    assert_int_equal(driver_call(&lab, &wait, NULL, 0, &answer), 0);
    assert_int_equal(answer.value, ESRCH);
    assert_int_equal(driver_do(&lab, DRIVER_NODES_MAKE, 100, 1), 0); /* the number is free again */
}

static void a_director_that_dies_finds_its_lab_again(void **state)
{
    (void)state;
    int64_t pid = driver_do(&lab, DRIVER_NODE_PID, 0, 0), director = driver_do(&lab, DRIVER_PID, 0, 0);
    const char *const argv[] = {"/bin/sleep", "3333", NULL};
    uint32_t process = (uint32_t)driver_spawn_in(&lab, KEEPER_TARGET_NODE, 0, argv, NULL, 0);
    int memory = fd_memory("stored", "Z", 1);
    struct driver_request store = {.verb = DRIVER_STORE, .text = "the-tag"};
    struct driver_answer answer;
    assert_int_equal(driver_call(&lab, &store, &memory, 1, &answer), 0);
    close(memory);
    for (int i = 0; i < 3; i++) {
        driver_call(&lab, &(struct driver_request){.verb = DRIVER_CRASH}, NULL, 0, &answer);
        close(lab.socket);
        struct error err = ERROR_INIT;
        assert_int_equal(driver_connect(&lab, &err), 0);
    }
    assert_int_not_equal(driver_do(&lab, DRIVER_PID, 0, 0), director);
    assert_int_equal(driver_do(&lab, DRIVER_NODE_PID, 0, 0), pid);
    assert_int_equal(driver_do(&lab, DRIVER_RUNS, 0, 0), 1);
    struct driver_request stored = {.verb = DRIVER_STORED, .text = "the-tag"};
    assert_int_equal(driver_call(&lab, &stored, NULL, 0, &answer), 0);
    assert_int_equal(answer.value, 'Z');
    assert_int_equal(driver_do(&lab, DRIVER_KILL, process, SIGTERM), 0);
    struct driver_request wait = {.verb = DRIVER_WAIT, .first = process};
    assert_int_equal(driver_call(&lab, &wait, NULL, 0, &answer), 0);
    assert_int_equal(answer.value, SIGTERM);
}

static void a_name_is_taken_once(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct keeper_start *start = NULL;
    struct keeper_options options = {.lab = lab.lab, .libexec = driver_libexec()};
    assert_int_equal(keeper_start(&options, &start, &err), -1);
    assert_int_equal(err.kind, ERR_BUSY);
    char expected[300];
    snprintf(expected, sizeof expected,
             "a lab named '%s' already runs (pid %d): `labctl apply FILE` changes it, `labctl down %s` ends it, --name "
             "gives this one another name",
             lab.lab, (int)lab.keeper, lab.lab);
    assert_string_equal(err.text, expected);
    assert_int_equal(lab.keeper, keeper_start_pid(lab.start));

    err = (struct error)ERROR_INIT;
    options.lab = "no/name";
    assert_int_equal(keeper_start(&options, &start, &err), -1);
    assert_int_equal(err.kind, ERR_USAGE);
    err = (struct error)ERROR_INIT;
    struct keeper_process process;
    assert_int_equal(keeper_find("nobody-is-here", &process, &err), -1);
    assert_int_equal(err.kind, ERR_ABSENT);
    assert_string_equal(err.text, "no lab named 'nobody-is-here' runs");
}

static void labs_stand_side_by_side_and_end_by_their_keeper(void **state)
{
    (void)state;
    struct driver other;
    struct error err = ERROR_INIT;
    assert_int_equal(driver_start(&other, "other", &err), 0);
    assert_int_equal(driver_do(&other, DRIVER_NODES_MAKE, 0, 2), 0);
    assert_int_equal(driver_shell(&other, 1, "hostname", out, sizeof out), 0);
    assert_string_equal(out, "n1\n");
    assert_int_equal(keeper_commit(other.start, &err), 0);
    struct keeper_process process;
    assert_int_equal(keeper_find(other.lab, &process, &err), 0);
    assert_int_equal(process.pid, other.keeper);
    assert_int_equal(keeper_end(&process, 10000, &err), 0);
    keeper_process_close(&process);
    assert_int_equal(keeper_find(other.lab, &process, &err), -1);
    assert_int_equal(err.kind, ERR_ABSENT);
    driver_stop(&other);
    assert_prints(0, "hostname", "n0\n");
}

static void a_missing_program_is_named(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct keeper_start *start = NULL;
    struct keeper_options options = {.lab = "t-missing", .libexec = "/usr/share"};
    assert_int_equal(keeper_start(&options, &start, &err), -1);
    assert_int_equal(err.kind, ERR_CAPABILITY);
    assert_string_equal(err.text, "the program labctl-keeper is missing: looked in /usr/share");
}

int main(int argc, char **argv)
{
    if (argc > 0 && !strcmp(argv[0], "director"))
        return driver_director();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_a_machine_of_its_own),
        cmocka_unit_test(settings_are_made_where_they_can_be),
        cmocka_unit_test(long_files_arrive_whole),
        cmocka_unit_test(it_has_the_powers_of_a_machine),
        cmocka_unit_test(files_can_be_written_and_are_ones_own),
        cmocka_unit_test(the_size_of_a_node_is_bounded),
        cmocka_unit_test(exit_statuses_are_told),
        cmocka_unit_test(a_process_can_be_signalled),
        cmocka_unit_test(a_caller_signals_and_hears_the_end),
        cmocka_unit_test(a_caller_that_goes_takes_its_process_along),
        cmocka_unit_test(a_shell_has_a_terminal),
        cmocka_unit_test(job_control_works),
        cmocka_unit_test(a_shell_ends_with_its_caller),
        cmocka_unit_test(much_output_arrives_whole),
        cmocka_unit_test(views_are_shared_and_can_change),
        cmocka_unit_test(cloud_namespaces_are_networks_without_power),
        cmocka_unit_test(a_node_whose_init_dies_is_rebuilt),
        cmocka_unit_test(a_reboot_inside_is_a_rebuild),
        cmocka_unit_test(nodes_come_and_go),
        cmocka_unit_test(a_director_that_dies_finds_its_lab_again),
        cmocka_unit_test(a_name_is_taken_once),
        cmocka_unit_test(labs_stand_side_by_side_and_end_by_their_keeper),
        cmocka_unit_test(a_missing_program_is_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
