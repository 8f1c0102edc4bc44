/* The second opinion against packets: random topologies from seeds, each built as a lab; for every pair of nodes and a
 * sample of ports the model says how the asker will see it, and a probe looks.  Where they differ, one of them is
 * wrong: the seed is printed, and the smallest topology that shows it.
 *
 * EXPLAIN_TOPOLOGIES: how many; EXPLAIN_SEED: the first one; EXPLAIN_JOBS: so many labs at a time; EXPLAIN_SECONDS:
 * when to begin no more (a machine that is busy tries fewer); EXPLAIN_SHRINK: seconds for making a case small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "base/units.h"
#include "quick.h"
#include "shrink.h"

#define TOPOLOGIES 200
#define JOBS       6
#define SECONDS    60
#define SHRINK     60 /* s for the smallest case of a difference */

static unsigned long number(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

static void describe(const struct trial *trial, struct str *out)
{
    for (size_t i = 0; i < trial->count; i++) {
        const struct question *question = &trial->questions[i];
        struct explanation explanation;
        if (!differs(question))
            continue;
        str_printf(out, "the model says %s, the packets %s (%s):\n", view_name(question->explanation.view),
                   question->seen < VIEW_COUNT ? view_name(question->seen) : "nothing",
                   question->told ? question->told : "");
        explain(trial->explainer, &question->query, trial->arena, &explanation);
        explain_write(&question->query, &explanation, NULL, false, out);
    }
}

/* What the jobs count together. */
static struct tally {
    atomic_ulong topologies, questions;
} * tally;

/* A report in `out` where the seed shows a difference, or where its lab could not be built. */
static void try_seed(uint64_t seed, const char *yaml, const char *name, const char *path, struct str *out)
{
    struct trial trial;
    STR_AUTO said = STR_INIT;
    if (!trial_load(&trial, yaml, seed, name)) {
        trial_free(&trial);
        return;
    }
    if (trial_measure(&trial, yaml, path, 3, &said) != 0) {
        str_printf(out, "seed %llu: no lab: %s\n%s", (unsigned long long)seed, str_text(&said), yaml);
    } else if (differences(&trial) > 0) {
        STR_AUTO smallest = STR_INIT;
        str_printf(out, "seed %llu: %zu of %zu questions are answered otherwise\n", (unsigned long long)seed,
                   differences(&trial), trial.count);
        describe(&trial, out);
        str_append(&smallest, yaml);
        shrink(&smallest, seed, name, path,
               clock_monotonic() + (int64_t)number("EXPLAIN_SHRINK", SHRINK) * NANOSECONDS_PER_SECOND);
        str_printf(out, "the smallest topology found:\n%s", str_text(&smallest));
    }
    atomic_fetch_add(&tally->topologies, 1);
    atomic_fetch_add(&tally->questions, trial.count);
    trial_free(&trial);
}

/* The job's part of the seeds; its reports go to `fd`. */
static void job(unsigned long first, unsigned long count, unsigned index, unsigned jobs, int fd)
{
    char name[40], path[64];
    snprintf(path, sizeof path, "/tmp/explain-%d-XXXXXX", (int)getpid());
    int file = mkstemp(path);
    snprintf(name, sizeof name, "explain-%d", (int)getpid());
    int64_t deadline = clock_monotonic() + (int64_t)number("EXPLAIN_SECONDS", SECONDS) * NANOSECONDS_PER_SECOND;
    for (unsigned long i = index; i < count && file >= 0 && clock_monotonic() < deadline; i += jobs) {
        STR_AUTO yaml = STR_INIT;
        STR_AUTO report = STR_INIT;
        generate_topology(first + i, &yaml);
        try_seed(first + i, str_text(&yaml), name, path, &report);
        fd_write_all(fd, str_text(&report), report.length);
    }
    unlink(path);
    _exit(0);
}

static void test_model_and_packets_agree(void **state)
{
    (void)state;
    unsigned long first = number("EXPLAIN_SEED", 1), count = number("EXPLAIN_TOPOLOGIES", TOPOLOGIES);
    unsigned jobs = (unsigned)number("EXPLAIN_JOBS", JOBS);
    int ends[2];
    STR_AUTO report = STR_INIT;
    if (!times_count())
        count = count > 20 ? 20 : count;
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(tally, MAP_FAILED);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    for (unsigned i = 0; i < jobs; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            job(first, count, i, jobs, ends[1]);
    }
    close(ends[1]);
    assert_int_equal(fd_read_all(ends[0], &report, 64u << 20), 0);
    close(ends[0]);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    if (report.length)
        fputs(str_text(&report), stdout); /* cmocka's own printing is cut after 1,024 characters */
    print_message("%lu topologies from seed %lu on, %lu questions\n", (unsigned long)tally->topologies, first,
                  (unsigned long)tally->questions);
    assert_int_equal(report.length, 0);
    assert_true(count == 0 || tally->topologies > 0);
}

/* What differed once: cases/NAME.yaml, each with a comment that says why. */
static void test_cases_of_before_agree(void **state)
{
    (void)state;
    glob_t found;
    STR_AUTO report = STR_INIT;
    char name[40], path[64];
    struct tally counted = {0};
    tally = &counted;
    assert_int_equal(glob(LABCTL_SOURCE "/tests/explain/cases/*.yaml", 0, NULL, &found), 0);
    snprintf(path, sizeof path, "/tmp/explain-%d-XXXXXX", (int)getpid());
    FD_AUTO file = mkstemp(path);
    snprintf(name, sizeof name, "explain-%d", (int)getpid());
    assert_true(file >= 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        STR_AUTO yaml = STR_INIT;
        size_t before = report.length;
        assert_int_equal(file_read(AT_FDCWD, found.gl_pathv[i], &yaml, 1 << 20), 0);
        try_seed(1, str_text(&yaml), name, path, &report);
        if (report.length > before)
            str_printf(&report, "(%s)\n", found.gl_pathv[i]);
    }
    unlink(path);
    fputs(str_text(&report), stdout);
    assert_int_equal(report.length, 0);
    assert_int_equal(counted.topologies, found.gl_pathc); /* each is valid */
    globfree(&found);
}

/* Most of what is drawn must be worth measuring. */
static void test_random_topologies_are_valid(void **state)
{
    (void)state;
    size_t valid = 0, questions = 0, views[VIEW_COUNT] = {0};
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct trial trial;
        STR_AUTO yaml = STR_INIT;
        generate_topology(seed, &yaml);
        bool loaded = trial_load(&trial, str_text(&yaml), seed, "");
        if (!loaded && getenv("EXPLAIN_SHOW")) {
            STR_AUTO text = STR_INIT;
            findings_print(&trial.findings, trial.sources, false, &text);
            print_message("seed %d:\n%s%s", (int)seed, str_text(&yaml), str_text(&text));
        }
        valid += loaded;
        questions += trial.count;
        for (size_t i = 0; i < trial.count; i++)
            views[trial.questions[i].explanation.view]++;
        trial_free(&trial);
    }
    print_message("%zu of 200 valid, %zu questions: %zu answered, %zu refused, %zu timeout, %zu unreachable\n", valid,
                  questions, views[VIEW_ANSWERED], views[VIEW_REFUSED], views[VIEW_TIMEOUT], views[VIEW_UNREACHABLE]);
    assert_true(valid >= 150);
    assert_true(views[VIEW_ANSWERED] > questions / 10 && views[VIEW_TIMEOUT] > questions / 8);
    assert_true(views[VIEW_REFUSED] > 0 && views[VIEW_UNREACHABLE] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_topologies_are_valid),
        cmocka_unit_test(test_cases_of_before_agree),
        cmocka_unit_test(test_model_and_packets_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
