/* A node's root cannot see, enter or damage another node, the fabric, the keeper or the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keeper/attacks.h"
#include "keeper/driver.h"

static struct driver lab;
static char out[1 << 20];

static int run(uint32_t node, const char *command)
{
    return driver_shell(&lab, node, command, out, sizeof out);
}

/* Runs a process and gathers what it prints. */
static void gather(enum keeper_target target, uint32_t id, const char *const *argv, int input)
{
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    int64_t process = driver_spawn_in(&lab, target, id, argv, (int[]){input, pipes[1], pipes[1]}, 3);
    close(pipes[1]);
    assert_true(process > 0);
    size_t used = 0;
    ssize_t count;
    while ((count = read(pipes[0], out + used, sizeof out - 1 - used)) > 0)
        used += (size_t)count;
    out[used] = 0;
    close(pipes[0]);
    driver_do(&lab, DRIVER_WAIT, (uint32_t)process, 0);
}

static void fabric(const char *command)
{
    const char *const argv[] = {"/bin/bash", "-c", command, NULL};
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    gather(KEEPER_TARGET_FABRIC, 0, argv, null);
    close(null);
}

static int setup(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    syscall(SYS_add_key, "user", ATTACK_KEY, "x", 1ul, KEY_SPEC_SESSION_KEYRING);
    if (driver_start(&lab, "isolation", &err)) {
        print_error("%s\n", err.text);
        return -1;
    }
    if (driver_do(&lab, DRIVER_NODES_MAKE, 0, 2))
        return -1;
    char command[400];
    snprintf(command, sizeof command,
             "ip link add v0 type veth peer name eth0 netns %d && ip link add v1 type veth peer name eth0 netns %d && "
             "ip link set v0 up && ip link set v1 up && echo linked",
             (int)driver_do(&lab, DRIVER_NODE_PID, 0, 0), (int)driver_do(&lab, DRIVER_NODE_PID, 1, 0));
    fabric(command);
    if (strcmp(out, "linked\n")) {
        print_error("%s", out);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    driver_stop(&lab);
    return 0;
}

/* What another node has, to be looked for. */
static void victim_is_ready(void)
{
    char key[200];
    snprintf(
        key, sizeof key,
        "python3 -c 'import ctypes; print(ctypes.CDLL(None).shmget(%d, 4096, 0o1666) >= 0)'; echo x >/dev/shm/attack",
        ATTACK_SHM_KEY);
    assert_int_equal(run(1, key), 0);
    assert_string_equal(out, "True\n");
}

static void attacks_are_refused(void **state)
{
    (void)state;
    victim_is_ready();
    int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    const char *const argv[] = {"/proc/self/fd/0", "attack", NULL};
    gather(KEEPER_TARGET_NODE, 0, argv, program);
    close(program);
    size_t refused = 0;
    for (const char *line = out; (line = strstr(line, "refused ")); line++)
        refused++;
    if (strstr(out, "BREACH") || refused != ATTACK_COUNT)
        print_error("%s\n", out);
    assert_null(strstr(out, "BREACH"));
    assert_int_equal(refused, ATTACK_COUNT);
    /* And nothing is the worse for it. */
    fabric("ip -o link show type veth | grep -c UP");
    assert_string_equal(out, "2\n");
    assert_int_equal(run(1, "test -e /dev/shm/attack && hostname"), 0);
    assert_string_equal(out, "n1\n");
}

/* The attacks can succeed: where there is nothing to refuse them they do. */
static void attacks_can_succeed(void **state)
{
    (void)state;
    int shared = shmget(ATTACK_SHM_KEY, 4096, IPC_CREAT | 0600);
    assert_true(shared >= 0);
    assert_non_null(attack_ipc());
    shmctl(shared, IPC_RMID, NULL);
    int fd = open("/dev/null", O_RDONLY);
    int high = fcntl(fd, F_DUPFD, 200);
    assert_non_null(attack_descriptors());
    close(high);
    close(fd);
    if (syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1) >= 0 || errno != ENOSYS)
        assert_non_null(attack_keyrings());
    assert_non_null(attack_sockets()); /* the lab's own */
    if (geteuid() == 0)
        assert_non_null(attack_sysctls()); /* which only opens them */
}

static void killing_everything_kills_only_ones_own(void **state)
{
    (void)state;
    const char *const sleeper[] = {"/bin/sleep", "4444", NULL};
    uint32_t other = (uint32_t)driver_spawn_in(&lab, KEEPER_TARGET_NODE, 1, sleeper, NULL, 0);
    int64_t init = driver_do(&lab, DRIVER_NODE_PID, 0, 0);
    run(0, "sleep 3 & kill -9 -1; kill -9 1; for i in $(seq 64); do kill -$i 1; kill -$i -1; done");
    assert_int_equal(run(0, "for i in $(seq 31); do [ $i = 9 ] || kill -$i 1; done; kill -9 1; cat /proc/1/comm"), 0);
    assert_string_equal(out, "init\n");
    assert_int_equal(driver_do(&lab, DRIVER_NODE_PID, 0, 0), init);
    assert_int_equal(run(1, "pgrep -c sleep"), 0);
    driver_do(&lab, DRIVER_KILL, other, SIGKILL);
    driver_do(&lab, DRIVER_WAIT, other, 0);
}

static void a_fork_bomb_stays_in_its_node(void **state)
{
    (void)state;
    const char *const bomb[] = {
        "/bin/bash", "-c", "f() { sleep 20 & f 2>/dev/null; }; for i in $(seq 3000); do sleep 30 & done; wait", NULL};
    uint32_t process = (uint32_t)driver_spawn_in(&lab, KEEPER_TARGET_NODE, 0, bomb, NULL, 0);
    assert_int_equal(run(1, "for i in $(seq 20); do /bin/true || exit 1; done; echo fine"), 0);
    assert_string_equal(out, "fine\n");
    assert_int_equal(driver_do(&lab, DRIVER_NODE_RESTART, 0, 0), 0);
    driver_do(&lab, DRIVER_WAIT, process, 0);
    assert_true(driver_do(&lab, DRIVER_NODE_PID, 0, 0) > 0);
    assert_int_equal(run(0, "ls /proc | grep -c '^[0-9]'"), 0);
    assert_true(atoi(out) < 8);
}

/* No name of ours, no path and no name of the host, in anything that a node can read about itself. */
static void nothing_tells_of_the_lab_or_the_host(void **state)
{
    (void)state;
    assert_int_equal(
        run(0, "cat /proc/self/mountinfo /proc/mounts /proc/self/cgroup /proc/net/unix; "
               "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ /proc/[0-9]*/comm 2>/dev/null | tr '\\0' '\\n'; "
               "env; readlink /proc/[0-9]*/exe /proc/self/root /proc/self/cwd; "
               "find / -path /usr -prune -o -path /proc -prune -o -path /sys -prune -o -print; "
               "cd /etc; grep -rIl . . | xargs cat"),
        0);
    char host[256], directory[4096];
    gethostname(host, sizeof host);
    assert_non_null(getcwd(directory, sizeof directory));
    assert_true(strlen(out) > 10000); /* it did look */
    assert_null(strstr(out, "labctl"));
    assert_null(strstr(out, lab.lab));
    if (strlen(directory) > 4)
        assert_null(strstr(out, directory));
    char entry[300];
    snprintf(entry, sizeof entry, "\n%s\n", host);
    assert_null(strstr(out, entry));
}

static void a_stranger_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct sockaddr_un address;
    struct error err = ERROR_INIT;
    int length = keeper_address(lab.lab, &address, &err);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGPIPE, SIG_IGN);
        if (setresgid(61358, 61358, 61358) || setresuid(61358, 61358, 61358))
            _exit(9);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, (socklen_t)length))
            _exit(8);
        /* The keeper is not its own, as far as it can tell… */
        if (credentials_keeper(fd, NULL, &err) == 0)
            _exit(7);
        /* … nor can it prove itself. */
        char greeting = 0, wrong[KEEPER_NONCE_SIZE] = {0};
        if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, DRIVER_TIMEOUT) != 1 || read(fd, &greeting, 1) != 1 ||
            greeting != CREDENTIALS_PROVE)
            _exit(6);
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/root/state/.nonce", (int)lab.keeper);
        if (open(path, O_RDONLY) >= 0)
            _exit(5);
        if (write(fd, wrong, sizeof wrong) != (ssize_t)sizeof wrong)
            _exit(4);
        struct driver_request request = {.magic = DRIVER_MAGIC, .verb = DRIVER_PID};
        struct driver_answer answer;
        (void)!write(fd, &request, sizeof request);
        _exit(read(fd, &answer, sizeof answer) > 0 ? 3 : 0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(driver_do(&lab, DRIVER_PID, 0, 0) > 0);
}

int main(int argc, char **argv)
{
    if (argc > 0 && !strcmp(argv[0], "director"))
        return driver_director();
    if (argc > 1 && !strcmp(argv[1], "attack"))
        return attack_main();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attacks_are_refused),
        cmocka_unit_test(attacks_can_succeed),
        cmocka_unit_test(killing_everything_kills_only_ones_own),
        cmocka_unit_test(a_fork_bomb_stays_in_its_node),
        cmocka_unit_test(nothing_tells_of_the_lab_or_the_host),
        cmocka_unit_test(a_stranger_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
