/* Capabilities: the table is sound, trials do what they say, and what is made impossible is reported with its remedy.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "kernel/capability.h"
#include "kernel/capability_trial.h"

static int write_file(const char *path, const char *text)
{
    FD_AUTO fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 ? fd_write_all(fd, text, strlen(text)) : -1;
}

/* Runs the function in a child with its own user and mount namespace; it returns NULL or what was wrong. */
static void in_child(const char *(*function)(void))
{
    int answer[2], status;
    char text[4096] = "";
    assert_int_equal(pipe(answer), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char uid_map[32], gid_map[32];
        snprintf(uid_map, sizeof uid_map, "0 %u 1", (unsigned)geteuid());
        snprintf(gid_map, sizeof gid_map, "0 %u 1", (unsigned)getegid());
        const char *wrong = "no user namespace";
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_file("/proc/self/setgroups", "deny") == 0 &&
            write_file("/proc/self/uid_map", uid_map) == 0 && write_file("/proc/self/gid_map", gid_map) == 0)
            wrong = function();
        if (wrong)
            fd_write_all(answer[1], wrong, strlen(wrong));
        _exit(wrong ? 1 : 0);
    }
    close(answer[1]);
    ssize_t length = read(answer[0], text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    close(answer[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_string_equal(text, "");
    assert_int_equal(status, 0);
}

static char complaint[4096]; /* what a child found wrong */

/* NULL where the capability is in that state and its remedy holds the words. */
static const char *expect(const char *name, enum capability_state state, const char *remedy)
{
    struct capability_result result;
    capability_probe(capability_find(name), &result);
    if (result.state == state && strstr(result.remedy, remedy))
        return NULL;
    snprintf(complaint, sizeof complaint, "%s is %s (%s), remedy: %s", name, capability_state_name(result.state),
             result.detail, result.remedy);
    return complaint;
}

static void the_table_is_sound(void **state)
{
    (void)state;
    assert_true(capability_count > 40);
    unsigned area = 0;
    for (size_t i = 0; i < capability_count; i++) {
        const struct capability *row = &capabilities[i];
        assert_ptr_equal(capability_find(row->name), row); /* so no name stands twice */
        assert_non_null(row->try);
        assert_true(row->purpose && *row->purpose);
        assert_true(row->area >= area); /* doctor prints a heading for each */
        area = row->area;
        assert_true(row->area < CAPABILITY_AREA_COUNT && row->need < CAPABILITY_NEED_COUNT &&
                    row->place < TRIAL_PLACE_COUNT);
        if (!row->requires)
            continue;
        const struct capability *first = capability_find(row->requires);
        assert_non_null(first);
        assert_true(first < row);
        if (row->need == CAPABILITY_REQUIRED)
            assert_int_equal(first->need, CAPABILITY_REQUIRED);
    }
    assert_null(capability_find("nonsense"));
}

static void names_are_words(void **state)
{
    (void)state;
    for (int i = 0; i < CAPABILITY_AREA_COUNT; i++)
        assert_true(strlen(capability_area_name(i)) > 0);
    assert_string_equal(capability_state_name(CAPABILITY_FALLBACK), "fallback");
    assert_string_equal(capability_need_name(CAPABILITY_RECOMMENDED), "recommended");
}

static size_t read_whole(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t length = fread(out, 1, size - 1, file);
    fclose(file);
    out[length] = '\0';
    return length;
}

/* What a lab needs is here (these tests could not run elsewhere), and looking for it leaves no trace. */
static void trying_everything_changes_nothing(void **state)
{
    (void)state;
    static char before[65536], after[65536], links_before[16384], links_after[16384];
    struct capability_result *results = calloc(capability_count, sizeof *results);
    assert_non_null(results);
    read_whole("/proc/self/mountinfo", before, sizeof before);
    read_whole("/proc/net/dev_mcast", links_before, sizeof links_before);
    struct rlimit files_before, files_after;
    getrlimit(RLIMIT_NOFILE, &files_before);
    capability_probe_all(results);
    getrlimit(RLIMIT_NOFILE, &files_after);
    read_whole("/proc/self/mountinfo", after, sizeof after);
    read_whole("/proc/net/dev_mcast", links_after, sizeof links_after);
    assert_string_equal(before, after);
    assert_string_equal(links_before, links_after);
    assert_memory_equal(&files_before, &files_after, sizeof files_before);
    assert_int_equal(if_nametoindex("v0"), 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    assert_int_equal(errno, ECHILD);
    for (size_t i = 0; i < capability_count; i++) {
        assert_ptr_equal(results[i].capability, &capabilities[i]);
        if (results[i].state == CAPABILITY_MISSING)
            assert_true(results[i].detail[0] && results[i].number > 0);
        else
            assert_true(results[i].backend[0]);
        if (results[i].state == CAPABILITY_MISSING && capabilities[i].need == CAPABILITY_REQUIRED)
            fail_msg("%s: %s", capabilities[i].name, results[i].detail);
    }
    free(results);
}

static void what_labs_are_made_of_works(void **state)
{
    (void)state;
    static const char *const names[] = {"user-namespace", "nested-user-namespace", "veth", "bridge", "nft-nat", "loss"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error err = ERROR_INIT;
        if (capability_try(names[i], &err) != 0)
            fail_msg("%s", err.text);
    }
}

/* Whether this kernel has netem or not, the answer is the kernel's and the remedy fits. */
static void a_missing_qdisc_names_its_module(void **state)
{
    (void)state;
    struct capability_result result;
    capability_probe(capability_find("netem"), &result);
    if (result.state == CAPABILITY_OK) {
        assert_string_equal(result.backend, "qdisc netem");
        return;
    }
    assert_int_equal(result.state, CAPABILITY_MISSING);
    assert_int_equal(result.number, ENOENT);
    assert_non_null(strstr(result.detail, "add qdisc netem"));
    assert_non_null(strstr(result.remedy, "modprobe sch_netem"));
    struct error err = ERROR_INIT;
    assert_int_equal(capability_try("netem", &err), -1);
    assert_int_equal(err.kind, ERR_CAPABILITY);
    assert_int_equal(error_exit_status(&err), 3);
    assert_non_null(strstr(err.text, "capability 'netem'"));
    assert_non_null(strstr(err.text, "remedy: as root: modprobe sch_netem"));
}

/* ---- made impossible ----------------------------------------------------------------------------------------- */

static const char *without_user_namespaces(void)
{
    if (write_file("/proc/sys/user/max_user_namespaces", "0") != 0)
        return "max_user_namespaces cannot be set";
    const char *wrong = expect("user-namespace", CAPABILITY_MISSING, "sysctl -w user.max_user_namespaces=");
    struct error err = ERROR_INIT;
    if (!wrong &&
        (capability_try("overlay", &err) == 0 || err.kind != ERR_CAPABILITY ||
         !strstr(err.text, "capability 'user-namespace'") || !strstr(err.text, "user.max_user_namespaces is 0")))
        return "trying an overlay does not name what it stands on";
    return wrong;
}

static void no_user_namespace_is_reported(void **state)
{
    (void)state;
    in_child(without_user_namespaces);
}

/* The rest is not tried one by one when the ground is missing. */
static const char *all_without_network(void)
{
    if (write_file("/proc/sys/user/max_net_namespaces", "0") != 0)
        return "max_net_namespaces cannot be set";
    struct capability_result *results = calloc(capability_count, sizeof *results);
    if (!results)
        return "no memory";
    capability_probe_all(results);
    size_t veth = (size_t)(capability_find("veth") - capabilities),
           loss = (size_t)(capability_find("loss") - capabilities);
    if (results[0].state != CAPABILITY_OK)
        return "a user namespace needs no network namespace";
    if (strcmp(results[veth].detail, "not tried: it needs namespaces") != 0)
        return results[veth].detail;
    if (strcmp(results[loss].detail, "not tried: it needs nft-netdev-ingress") != 0)
        return results[loss].detail;
    return expect("namespaces", CAPABILITY_MISSING, "sysctl -w user.max_net_namespaces=");
}

static void no_network_namespace_is_reported(void **state)
{
    (void)state;
    in_child(all_without_network);
}

/* As in a container: a part of /proc is hidden, so a new user namespace may not mount another. */
static const char *masked_proc(void)
{
    if (mount("tmpfs", "/proc/sys", "tmpfs", 0, NULL) != 0)
        return "/proc/sys cannot be covered";
    return expect("mount-proc", CAPABILITY_MISSING, "systempaths=unconfined");
}

static void a_masked_proc_is_reported(void **state)
{
    (void)state;
    in_child(masked_proc);
}

/* As on Ubuntu: the setting says that AppArmor restricts user namespaces, and they are refused. */
static const char *restricted_by_apparmor(void)
{
    if (write_file("/proc/sys/user/max_user_namespaces", "0") != 0 ||
        mount("tmpfs", "/proc/sys", "tmpfs", 0, NULL) != 0 || mkdir("/proc/sys/kernel", 0755) != 0 ||
        file_replace(AT_FDCWD, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", 2, 0644) != 0)
        return "the setting cannot be made up";
    const char *wrong = expect("user-namespace", CAPABILITY_MISSING, "/test_capability,");
    if (!wrong)
        wrong = expect("user-namespace", CAPABILITY_MISSING, "/labctl-keeper}\" flags=(unconfined) {\n      userns,\n");
    return wrong ? wrong : expect("user-namespace", CAPABILITY_MISSING, "apparmor_parser -r /etc/apparmor.d/labctl");
}

static void an_apparmor_rule_is_reported_with_the_profile(void **state)
{
    (void)state;
    in_child(restricted_by_apparmor);
}

static const char *few_files(void)
{
    struct rlimit limit = {256, 256};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return "the limit cannot be set";
    return expect("open-files", CAPABILITY_FALLBACK, "ulimit -Hn");
}

static void a_low_limit_of_files_is_reported(void **state)
{
    (void)state;
    in_child(few_files);
}

static const char *few_processes(void)
{
    struct rlimit limit = {300, 300};
    if (setrlimit(RLIMIT_NPROC, &limit) != 0)
        return "the limit cannot be set";
    return expect("processes", CAPABILITY_FALLBACK, "");
}

static void a_low_limit_of_processes_is_reported(void **state)
{
    (void)state;
    in_child(few_processes);
}

static const char *few_namespaces(void)
{
    if (write_file("/proc/sys/user/max_uts_namespaces", "20") != 0)
        return "max_uts_namespaces cannot be set";
    return expect("namespace-limit", CAPABILITY_FALLBACK, "user.max_uts_namespaces=65536");
}

static void a_low_limit_of_namespaces_is_reported(void **state)
{
    (void)state;
    in_child(few_namespaces);
}

static const char *no_dnsmasq(void)
{
    if (mount("tmpfs", "/usr/sbin", "tmpfs", 0, NULL) != 0 || mount("tmpfs", "/usr/bin", "tmpfs", 0, NULL) != 0)
        return "the programs cannot be covered";
    return expect("dnsmasq", CAPABILITY_MISSING, "dnsmasq");
}

static void a_missing_program_names_its_package(void **state)
{
    (void)state;
    in_child(no_dnsmasq);
}

/* ---- trials that go wrong ------------------------------------------------------------------------------------ */

static int hang(struct trial *trial)
{
    (void)trial;
    if (fork() < 0) /* what it started must go with it */
        return errno;
    poll(NULL, 0, -1);
    return 0;
}

static void a_hanging_trial_is_killed(void **state)
{
    (void)state;
    const struct capability row = {.name = "hang", .place = TRIAL_LAB, .try = hang, .milliseconds = 100};
    struct capability_result result;
    int64_t began = clock_monotonic();
    capability_probe(&row, &result);
    assert_true(clock_monotonic() - began < 20 * NANOSECONDS_PER_SECOND);
    assert_int_equal(result.state, CAPABILITY_MISSING);
    assert_int_equal(result.number, ETIMEDOUT);
    assert_non_null(strstr(result.detail, "within 100 ms"));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static int die(struct trial *trial)
{
    (void)trial;
    _exit(3);
}

static void a_dying_trial_is_missing(void **state)
{
    (void)state;
    const struct capability row = {.name = "die", .place = TRIAL_USER, .try = die, .remedy = "live"};
    struct capability_result result;
    capability_probe(&row, &result);
    assert_int_equal(result.state, CAPABILITY_MISSING);
    assert_int_equal(result.number, ECHILD);
    assert_string_equal(result.remedy, "live");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(names_are_words),
        cmocka_unit_test(trying_everything_changes_nothing),
        cmocka_unit_test(what_labs_are_made_of_works),
        cmocka_unit_test(a_missing_qdisc_names_its_module),
        cmocka_unit_test(no_user_namespace_is_reported),
        cmocka_unit_test(no_network_namespace_is_reported),
        cmocka_unit_test(a_masked_proc_is_reported),
        cmocka_unit_test(an_apparmor_rule_is_reported_with_the_profile),
        cmocka_unit_test(a_low_limit_of_files_is_reported),
        cmocka_unit_test(a_low_limit_of_processes_is_reported),
        cmocka_unit_test(a_low_limit_of_namespaces_is_reported),
        cmocka_unit_test(a_missing_program_names_its_package),
        cmocka_unit_test(a_hanging_trial_is_killed),
        cmocka_unit_test(a_dying_trial_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
