/* For the tests of exercises: a scenario from YAML, a journal in memory, a clock that is injected. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/mark.h"
#include "base/str.h"
#include "base/table.h"
#include "doc/doc.h"
#include "exercise/result.h"
#include "exercise/session.h"
#include "load/scenario.h"

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define REAL   (INT64_C(1767225600) * SECOND) /* 2026-01-01, when the machine was started */

struct fixture {
    struct arena *arena;
    struct scenario *scenario;
    int journal; /* a file in memory */
    int64_t boot, real;
    struct session session;
    struct error err;
};

static inline struct scenario *scenario_of(struct arena *arena, const char *text)
{
    struct scenario *scenario = NULL;
    struct findings findings;
    findings_init(&findings, arena);
    struct document *document = document_parse(arena, sources_new(arena), "test.yaml", text, strlen(text), &findings);
    load_scenario_document(document, NULL, &scenario);
    for (size_t i = 0; i < findings.count; i++)
        print_message("%s\n", findings.items[i].text);
    assert_int_equal(findings.errors, 0);
    return scenario;
}

/* As a director that was killed finds it again. */
static inline void take_up(struct fixture *f)
{
    error_clear(&f->err);
    int opened = session_open(&f->session, f->scenario, fcntl(f->journal, F_DUPFD_CLOEXEC, 0), NULL, &f->err);
    if (opened)
        fail_msg("%s", f->err.text);
}

static inline void open_fixture(struct fixture *f, const char *text)
{
    struct arena *arena = arena_new();
    *f = (struct fixture){
        .arena = arena, .scenario = scenario_of(arena, text), .boot = 1000 * SECOND, .real = REAL + 1000 * SECOND};
    f->journal = memfd_create("journal", MFD_CLOEXEC);
    assert_true(f->journal >= 0);
    assert_int_equal(fcntl(f->journal, F_SETFL, O_APPEND), 0);
    take_up(f);
}

static inline void close_fixture(struct fixture *f)
{
    session_close(&f->session);
    close(f->journal);
    arena_free(f->arena);
}
#define FIXTURE_AUTO __attribute__((cleanup(close_fixture))) struct fixture

static inline void restart(struct fixture *f)
{
    session_close(&f->session);
    take_up(f);
}

static inline void pass_time(struct fixture *f, int64_t time)
{
    f->boot += time;
    f->real += time;
}

/* Both clocks of a fixture, as the last arguments of a call. */
#define NOW(f) (f)->boot, (f)->real, &(f)->err
#define MUST(f, call)                                                                                                  \
    do {                                                                                                               \
        error_clear(&(f)->err);                                                                                        \
        if (call)                                                                                                      \
            fail_msg("%s", (f)->err.text);                                                                             \
    } while (0)
#define REFUSED(f, call, kind_wanted, words)                                                                           \
    do {                                                                                                               \
        error_clear(&(f)->err);                                                                                        \
        assert_int_equal(call, -1);                                                                                    \
        assert_int_equal((f)->err.kind, kind_wanted);                                                                  \
        if (!strstr((f)->err.text, words))                                                                             \
            fail_msg("'%s' is not in: %s", words, (f)->err.text);                                                      \
    } while (0)

static inline void begin(struct fixture *f, enum session_mode mode)
{
    MUST(f, session_begin(&f->session, mode, f->boot, f->real, NULL, &f->err));
}

static inline int64_t elapsed(const struct fixture *f)
{
    return session_elapsed(&f->session, f->boot);
}

/* "id+ id- id?": passes, fails, could not be judged.  In the arena of the scenario. */
static inline struct outcome *outcomes_of(struct fixture *f, const char *words, size_t *count)
{
    struct outcome *outcomes = NULL;
    char *copy = arena_strdup(f->scenario->arena, words), *rest = NULL;
    *count = 0;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *mark = word + strlen(word) - 1;
        enum verdict verdict = *mark == '+' ? VERDICT_PASS : *mark == '-' ? VERDICT_FAIL : VERDICT_ERROR;
        *mark = 0;
        struct outcome *outcome = ARENA_PUSH(f->scenario->arena, outcomes, *count);
        *outcome = (struct outcome){.id = word,
                                    .verdict = verdict,
                                    .asked = "ping a -> b",
                                    .expected = "reachable",
                                    .seen = verdict == VERDICT_PASS ? "a reply" : "no reply in 1 s",
                                    .duration = 4000000,
                                    .attempts = 1};
    }
    return outcomes;
}

static inline void check(struct fixture *f, const char *words)
{
    size_t count;
    json_t *verdicts = json_object();
    struct outcome *outcomes = outcomes_of(f, words, &count);
    for (size_t i = 0; i < count; i++)
        json_object_set_new(verdicts, outcomes[i].id, json_string(verdict_name(outcomes[i].verdict)));
    MUST(f, session_note(&f->session, "check", json_pack("{s:o}", "verdicts", verdicts), NOW(f)));
}

static inline void claim(struct fixture *f, const char *where, const char *what)
{
    struct strings places = {&where, where ? 1 : 0};
    MUST(f, session_claim(&f->session, &places, what, !where && !what, NOW(f)));
}

static inline void score(struct fixture *f, const char *words)
{
    size_t count;
    struct outcome *outcomes = outcomes_of(f, words, &count);
    MUST(f, session_score(&f->session, outcomes, count, NULL, NOW(f)));
}

static inline void read_journal(const struct fixture *f, struct str *out)
{
    lseek(f->journal, 0, SEEK_SET);
    assert_int_equal(fd_read_all(f->journal, out, 64 << 20), 0);
}

static inline json_t *at(const json_t *list, size_t index)
{
    return json_array_get(list, index);
}

static inline json_t *get(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static inline const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}
