/* Death at any moment: of the command line, the keeper, the director, a node's init.  Nothing may be left but zombies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "host.h"
#include "keeper/driver.h"

static unsigned seed;

static unsigned pick(unsigned limit)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % limit;
}

static ino_t inode_of(const char *pid, const char *kind)
{
    char path[300];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, kind);
    return stat(path, &status) ? 0 : status.st_ino;
}

/* The namespaces of a lab: of its keeper and of what descends from it.  Their numbers are soon used again, so each
 * round remembers its own. */
#define SPACES_MAX 256
static ino_t spaces[SPACES_MAX];
static size_t space_count;

/* The parent of a process; 0 for a zombie, which holds nothing. */
static pid_t parent_of(const char *pid)
{
    char path[300], text[512];
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[length] = 0;
    const char *after = strrchr(text, ')');
    int parent = 0;
    char state;
    bool read = after && sscanf(after + 1, " %c %d", &state, &parent) == 2;
    return read && state != 'Z' && state != 'X' ? parent : 0;
}

static void remember_process(const char *pid)
{
    static const char *const kinds[] = {"user", "pid"};
    for (size_t i = 0; i < 2; i++) {
        ino_t inode = inode_of(pid, kinds[i]);
        if (inode && inode != inode_of("self", kinds[i]) && space_count < SPACES_MAX)
            spaces[space_count++] = inode;
    }
}

static void remember(pid_t keeper)
{
    char name[16];
    space_count = 0;
    snprintf(name, sizeof name, "%d", (int)keeper);
    remember_process(name);
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    while ((entry = readdir(proc)))
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && parent_of(entry->d_name) == keeper)
            remember_process(entry->d_name);
    closedir(proc);
}

/* Processes that live in the remembered namespaces. */
static unsigned living(void)
{
    unsigned count = 0;
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    while ((entry = readdir(proc))) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        ino_t user = inode_of(entry->d_name, "user"), pid = inode_of(entry->d_name, "pid");
        for (size_t i = 0; i < space_count; i++)
            if ((user == spaces[i] || pid == spaces[i]) && parent_of(entry->d_name)) {
                count++;
                break;
            }
    }
    closedir(proc);
    return count;
}

static bool nothing_lives(void)
{
    for (int i = 0; i < 200; i++) {
        if (living() == 0)
            return true;
        poll(NULL, 0, 10);
    }
    return false;
}

static size_t count_lines(const char *path)
{
    FILE *file = fopen(path, "re");
    size_t lines = 0;
    int c;
    while (file && (c = fgetc(file)) != EOF)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

/* Mounts, links and addresses of the host, before and after. */
struct snapshot {
    size_t mounts, links, addresses;
};

static bool has_socket(const char *lab)
{
    FILE *file = fopen("/proc/net/unix", "re");
    char line[512];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = strstr(line, lab);
    if (file)
        fclose(file);
    return found;
}

static struct snapshot take_snapshot(void)
{
    return (struct snapshot){.mounts = count_lines("/proc/self/mountinfo"),
                             .links = count_lines("/proc/net/dev"),
                             .addresses = count_lines("/proc/net/fib_trie")};
}

static void same_as(const struct snapshot *before)
{
    struct snapshot after = take_snapshot();
    assert_int_equal(before->mounts, after.mounts);
    assert_int_equal(before->links, after.links);
    assert_int_equal(before->addresses, after.addresses);
}

/* Starts a lab in a child, which does something for ever; the child or its keeper is killed at a random moment. */
static void play(const char *name, int report) __attribute__((noreturn));
static void play(const char *name, int report)
{
    struct driver lab;
    struct error err = ERROR_INIT;
    static char out[1024];
    if (driver_start(&lab, name, &err)) {
        fprintf(stderr, "%s\n", err.text);
        _exit(1);
    }
    (void)!write(report, &lab.keeper, sizeof lab.keeper);
    driver_do(&lab, DRIVER_NODES_MAKE, 0, 6);
    driver_do(&lab, DRIVER_CLOUDS, 0, 2);
    for (;;)
        driver_shell(&lab, pick(6),
                     "sleep 5 & ip link add a type veth peer name b; mount -t tmpfs x /mnt; setsid sleep 9 &", out,
                     sizeof out);
}

static void killing_the_command_line_ends_the_lab(void **state)
{
    (void)state;
    struct snapshot before = take_snapshot();
    const int rounds = 60;
    for (int round = 0; round < rounds; round++) {
        char name[32];
        snprintf(name, sizeof name, "line%d", round);
        int pipes[2];
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        pid_t child = fork();
        if (child == 0)
            play(name, pipes[1]);
        close(pipes[1]);
        unsigned wait = pick(60);
        pid_t keeper = 0;
        space_count = 0;
        if (poll(&(struct pollfd){.fd = pipes[0], .events = POLLIN}, 1, (int)wait) == 1 &&
            read(pipes[0], &keeper, sizeof keeper) == (ssize_t)sizeof keeper) {
            poll(NULL, 0, (int)pick(30)); /* the moment is random: this wait is the test */
            remember(keeper);
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        close(pipes[0]);
        char full[64];
        snprintf(full, sizeof full, "/t-%s-%d", name, (int)child);
        bool gone = false;
        for (int i = 0; i < 300 && !gone; i++) {
            gone = !has_socket(full);
            if (!gone)
                poll(NULL, 0, 10);
        }
        assert_true(gone);
        assert_true(nothing_lives());
    }
    same_as(&before);
}

static void killing_the_keeper_ends_the_lab(void **state)
{
    (void)state;
    struct snapshot before = take_snapshot();
    static char out[1024];
    for (int round = 0; round < 60; round++) {
        struct driver lab;
        struct error err = ERROR_INIT;
        if (driver_start(&lab, "keeper", &err))
            fail_msg("%s", err.text);
        struct keeper_process process;
        assert_int_equal(keeper_find(lab.lab, &process, &err), 0);
        assert_int_equal(process.pid, lab.keeper);
        struct driver_request request = {
            .magic = DRIVER_MAGIC, .verb = DRIVER_NODES_MAKE, .count = 8, .target = UINT32_MAX};
        if (round % 3 == 0) { /* in the middle of making nodes */
            (void)!write(lab.socket, &request, sizeof request);
            poll(NULL, 0, (int)pick(8));
        } else {
            struct driver_answer answer;
            assert_int_equal(driver_call(&lab, &request, NULL, 0, &answer), 0);
            const char *const argv[] = {"/bin/bash", "-c", "sleep 100 & setsid sleep 100 & sleep 100", NULL};
            for (uint32_t i = 0; i < 8; i++)
                driver_spawn_in(&lab, KEEPER_TARGET_NODE, i, argv, NULL, 0);
            if (round % 3 == 1)
                driver_shell(&lab, 0, "true", out, sizeof out);
        }
        remember(lab.keeper);
        if (round % 2)
            assert_int_equal(keeper_commit(lab.start, &err), 0);
        int64_t from = driver_clock();
        assert_int_equal(keeper_end(&process, 10000, &err), 0);
        assert_true(driver_clock() - from < 2000000);
        /* When its end is seen, nothing of it lives, and its name is free. */
        assert_int_equal(living(), 0);
        assert_false(has_socket(lab.lab));
        keeper_process_close(&process);
        driver_stop(&lab);
    }
    same_as(&before);
}

static void the_lab_outlives_its_director_and_inits(void **state)
{
    (void)state;
    struct driver lab;
    struct error err = ERROR_INIT;
    static char out[1024];
    assert_int_equal(driver_start(&lab, "outlives", &err), 0);
    assert_int_equal(driver_do(&lab, DRIVER_NODES_MAKE, 0, 4), 0);
    assert_int_equal(keeper_commit(lab.start, &err), 0);
    for (int round = 0; round < 12; round++) {
        uint32_t node = pick(4);
        if (round % 3 == 0) {
            int director = (int)syscall(SYS_pidfd_open, lab.director, 0);
            assert_true(director >= 0);
            kill(lab.director, SIGKILL);
            assert_int_equal(poll(&(struct pollfd){.fd = director, .events = POLLIN}, 1, DRIVER_TIMEOUT), 1);
            close(director);
            close(lab.socket);
            assert_int_equal(driver_connect(&lab, &err), 0);
        } else {
            assert_int_equal(driver_do(&lab, DRIVER_NODE_RESTART, node, 0), 0);
        }
        assert_true(driver_do(&lab, DRIVER_NODE_PID, node, 0) > 0);
        assert_int_equal(driver_shell(&lab, node, "cat /etc/hostname", out, sizeof out), 0);
        assert_int_equal(atoi(out + 1), (int)node);
    }
    remember(lab.keeper);
    struct keeper_process process;
    assert_int_equal(keeper_find(lab.lab, &process, &err), 0);
    assert_int_equal(keeper_end(&process, 10000, &err), 0);
    keeper_process_close(&process);
    assert_true(nothing_lives());
    driver_stop(&lab);
}

static void a_lab_that_is_not_committed_ends_with_finish(void **state)
{
    (void)state;
    struct driver lab;
    struct error err = ERROR_INIT;
    assert_int_equal(driver_start(&lab, "finish", &err), 0);
    assert_int_equal(driver_do(&lab, DRIVER_NODES_MAKE, 0, 3), 0);
    remember(lab.keeper);
    char name[LAB_NAME_MAX + 1];
    memcpy(name, lab.lab, sizeof name);
    driver_stop(&lab);
    assert_int_equal(living(), 0);
    assert_false(has_socket(name));
}

static void a_keeper_heeds_the_signal_to_end(void **state)
{
    (void)state;
    struct driver lab;
    struct error err = ERROR_INIT;
    struct keeper_process process;
    assert_int_equal(driver_start(&lab, "term", &err), 0);
    assert_int_equal(driver_do(&lab, DRIVER_NODES_MAKE, 0, 2), 0);
    assert_int_equal(keeper_commit(lab.start, &err), 0);
    assert_int_equal(keeper_find(lab.lab, &process, &err), 0);
    remember(process.pid);
    assert_int_equal(kill(process.pid, SIGTERM), 0);
    assert_int_equal(poll(&(struct pollfd){.fd = process.pidfd, .events = POLLIN}, 1, DRIVER_TIMEOUT), 1);
    assert_int_equal(living(), 0);
    keeper_process_close(&process);
    driver_stop(&lab);
}

static void nothing_outside_holds_the_lab(void **state)
{
    (void)state;
    struct driver lab;
    struct error err = ERROR_INIT;
    assert_int_equal(driver_start(&lab, "outside", &err), 0);
    assert_int_equal(driver_do(&lab, DRIVER_NODES_MAKE, 0, 2), 0);
    char keeper[16];
    snprintf(keeper, sizeof keeper, "%d", (int)lab.keeper);
    /* Stage 0 has gone: the keeper's parent is none of ours, and every process of its namespaces has it as ancestor. */
    ino_t user = inode_of(keeper, "user"), space = inode_of(keeper, "pid");
    assert_true(user && space);
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    while ((entry = readdir(proc))) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || !strcmp(entry->d_name, keeper))
            continue;
        if (inode_of(entry->d_name, "user") != user)
            continue;
        assert_int_equal(inode_of(entry->d_name, "pid"), space);
    }
    closedir(proc);
    driver_stop(&lab);
}

int main(int argc, char **argv)
{
    if (argc > 0 && !strcmp(argv[0], "director"))
        return driver_director();
    const char *given = getenv("LABCTL_TEST_SEED");
    seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid();
    printf("seed %u\n", seed);
    fflush(stdout);
    host_enter(); /* namespaces are known by their numbers, which other labs use again */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killing_the_command_line_ends_the_lab),
        cmocka_unit_test(killing_the_keeper_ends_the_lab),
        cmocka_unit_test(the_lab_outlives_its_director_and_inits),
        cmocka_unit_test(a_lab_that_is_not_committed_ends_with_finish),
        cmocka_unit_test(a_keeper_heeds_the_signal_to_end),
        cmocka_unit_test(nothing_outside_holds_the_lab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
