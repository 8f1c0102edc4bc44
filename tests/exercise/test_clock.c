/* The exercise's clock: pauses, lost time and grace, phases, deadlines, scheduled faults; nothing waits. */
#include "exercise/fixture.h"
#include "exercise/schedule.h"

#define TOPOLOGY                                                                                                       \
    "topology:\n  lab: shop\n  bridges: { lan: {} }\n  nodes:\n    web: { bridge: lan, address: 10.0.0.1/24 }\n"       \
    "    db: { bridge: lan, address: 10.0.0.2/24 }\n"

static const char simple[] =
    "scenario: simple\ntime: 10m\ngrace: 1m\npass: 70%\n" TOPOLOGY "faults:\n"
    "  - { id: steady, kind: loss, at: node/web/eth0, loss: 5% }\n"
    "  - { id: noise, kind: loss, at: node/db/eth0, loss: 5%, after: 2m, for: 30s, every: 3m }\n"
    "tasks: [ { id: t, checks: [ { id: c, from: web, ping: db, points: 100 } ] } ]\n";

static const char phased[] =
    "scenario: phased\npass: 70%\n" TOPOLOGY "phases:\n"
    "  - { id: build, time: 10m, tasks: [share] }\n"
    "  - { id: debug, time: 20m, draw: { pick: 1, from: [wire] } }\n"
    "  - { id: write, time: 5m }\n"
    "tasks: [ { id: share, kind: build, checks: [ { id: up, from: web, ping: db, points: 10 } ] } ]\n"
    "tickets:\n"
    "  wire:\n"
    "    faults: [ { id: burst, kind: loss, at: node/web/eth0, loss: 5%, after: 1m, for: 1m } ]\n"
    "    tasks: [ { id: clean, checks: [ { id: quiet, from: db, ping: web, points: 10 } ] } ]\n"
    "    hints: [ { task: clean, cost: 2, text: look } ]\n"
    "    questions: [ { id: who, points: 5, ask: \"Who?\", answer: web } ]\n";

static void a_pause_stops_the_clock(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    assert_true(session_left(&f.session, f.boot) == INT64_MAX);
    begin(&f, SESSION_PRACTICE);
    pass_time(&f, 4 * MINUTE);
    MUST(&f, session_pause(&f.session, NOW(&f)));
    assert_true(session_deadline(&f.session) == INT64_MAX);
    pass_time(&f, 60 * MINUTE);
    assert_int_equal(elapsed(&f), 4 * MINUTE);
    assert_int_equal(session_left(&f.session, f.boot), 6 * MINUTE);
    struct strings none = {0};
    REFUSED(&f, session_claim(&f.session, &none, NULL, true, NOW(&f)), ERR_BUSY, "paused");
    REFUSED(&f, session_pause(&f.session, NOW(&f)), ERR_BUSY, "paused");
    restart(&f); /* a director that was killed meanwhile */
    assert_int_equal(f.session.state, SESSION_PAUSED);
    MUST(&f, session_resume(&f.session, NOW(&f)));
    assert_int_equal(session_deadline(&f.session), f.boot + 6 * MINUTE);
    pass_time(&f, MINUTE);
    assert_int_equal(elapsed(&f), 5 * MINUTE);
    assert_int_equal(f.session.paused, 60 * MINUTE);
    REFUSED(&f, session_resume(&f.session, NOW(&f)), ERR_BUSY, "not paused");
}

static void an_exam_is_not_paused(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    begin(&f, SESSION_EXAM);
    REFUSED(&f, session_pause(&f.session, NOW(&f)), ERR_BUSY, "exam");
    restart(&f);
    assert_int_equal(f.session.mode, SESSION_EXAM);
}

static void lost_time_is_given_back_by_the_mode(void **state)
{
    (void)state;
    static const struct {
        enum session_mode mode;
        int64_t lost, elapsed;
    } rows[] = {
        {SESSION_PRACTICE, 5 * MINUTE, 2 * MINUTE}, /* all of it */
        {SESSION_EXAM, 40 * SECOND, 2 * MINUTE},    /* within grace */
        {SESSION_EXAM, 5 * MINUTE, 6 * MINUTE},     /* a minute of it */
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        FIXTURE_AUTO f;
        open_fixture(&f, simple);
        begin(&f, rows[i].mode);
        pass_time(&f, 2 * MINUTE);
        struct session_gap gap = {.reason = "the director was restarted", .alive_boot = f.boot, .alive_real = f.real};
        pass_time(&f, rows[i].lost);
        MUST(&f, session_lost(&f.session, &gap, NOW(&f)));
        assert_int_equal(elapsed(&f), rows[i].elapsed);
        assert_int_equal(f.session.lost, rows[i].lost);
        restart(&f);
        assert_int_equal(elapsed(&f), rows[i].elapsed);
        assert_int_equal(json_array_size(f.session.notes), 1);
    }
}

static void grace_is_given_once(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    begin(&f, SESSION_EXAM);
    for (size_t i = 0; i < 3; i++) {
        pass_time(&f, MINUTE);
        struct session_gap gap = {.reason = "a crash", .alive_boot = f.boot, .alive_real = f.real};
        pass_time(&f, 40 * SECOND);
        MUST(&f, session_lost(&f.session, &gap, NOW(&f)));
    }
    assert_int_equal(f.session.given, MINUTE);
    assert_int_equal(elapsed(&f), 3 * MINUTE + 3 * 40 * SECOND - MINUTE);
}

static void what_did_not_come_back_is_told(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    begin(&f, SESSION_PRACTICE);
    pass_time(&f, 3 * MINUTE);
    struct session_gap gap = {.reason = "the machine was restarted",
                              .alive_boot = f.boot,
                              .alive_real = f.real,
                              .rebooted = true,
                              .checkpoint_age = 65 * SECOND,
                              .restored = json_pack("[s]", "web: /root/large was not kept")};
    f.boot = 20 * SECOND;
    f.real -= MINUTE; /* and the wall clock was set back */
    MUST(&f, session_lost(&f.session, &gap, NOW(&f)));
    assert_int_equal(elapsed(&f), 3 * MINUTE);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(json_array_size(f.session.notes), 4);
        const char *back = json_string_value(json_array_get(f.session.notes, 0));
        const char *built = json_string_value(json_array_get(f.session.notes, 1));
        assert_non_null(strstr(back, "was set back by 1m over its restart"));
        assert_non_null(strstr(built, "put back as it was 65s before; what was changed in it after that"));
        assert_non_null(strstr(built, "programs that the learner had started, connections and conntrack entries"));
        assert_string_equal(json_string_value(json_array_get(f.session.notes, 2)),
                            "not put back: web: /root/large was not kept");
        restart(&f);
    }
}

static void a_restarted_machine_goes_by_the_wall(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    begin(&f, SESSION_EXAM);
    pass_time(&f, 3 * MINUTE);
    struct session_gap gap = {
        .reason = "the machine was restarted", .alive_boot = f.boot, .alive_real = f.real, .rebooted = true};
    pass_time(&f, 90 * SECOND);
    f.boot = 20 * SECOND; /* time since boot begins anew */
    MUST(&f, session_lost(&f.session, &gap, NOW(&f)));
    assert_int_equal(elapsed(&f), 3 * MINUTE + 30 * SECOND);
    pass_time(&f, MINUTE);
    restart(&f);
    assert_int_equal(elapsed(&f), 4 * MINUTE + 30 * SECOND);
    assert_int_equal(session_deadline(&f.session), f.boot + 10 * MINUTE - elapsed(&f));
    assert_int_equal(json_array_size(f.session.notes), 1); /* the lost time; no clock is said to have been set */
}

static void a_pause_over_a_restart_costs_nothing(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    begin(&f, SESSION_PRACTICE);
    pass_time(&f, MINUTE);
    MUST(&f, session_pause(&f.session, NOW(&f)));
    pass_time(&f, 10 * MINUTE);
    struct session_gap gap = {
        .reason = "the machine was restarted", .alive_boot = f.boot, .alive_real = f.real, .rebooted = true};
    pass_time(&f, 60 * MINUTE);
    f.boot = 5 * SECOND;
    MUST(&f, session_lost(&f.session, &gap, NOW(&f)));
    pass_time(&f, MINUTE);
    MUST(&f, session_resume(&f.session, NOW(&f)));
    assert_int_equal(elapsed(&f), MINUTE);
    assert_int_equal(f.session.paused, 71 * MINUTE);
}

static void the_deadline_is_never_passed(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    begin(&f, SESSION_PRACTICE);
    int64_t real = f.real;
    pass_time(&f, 14 * MINUTE); /* nobody was there at the deadline */
    assert_int_equal(session_left(&f.session, f.boot), 0);
    MUST(&f, session_stop(&f.session, SESSION_SUBMITTED, NOW(&f)));
    assert_int_equal(f.session.end, SESSION_DEADLINE);
    assert_int_equal(elapsed(&f), 10 * MINUTE);
    assert_int_equal(f.session.ended_real, real + 10 * MINUTE);
    assert_int_equal(json_array_size(f.session.notes), 1); /* what was measured is of later */
    assert_non_null(strstr(json_string_value(json_array_get(f.session.notes, 0)), "noticed 4m late"));
}

static void a_deadline_in_time_is_nothing_to_tell(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    begin(&f, SESSION_PRACTICE);
    pass_time(&f, 10 * MINUTE + SECOND);
    MUST(&f, session_stop(&f.session, SESSION_DEADLINE, NOW(&f)));
    assert_int_equal(json_array_size(f.session.notes), 0);
}

static void phases_follow_each_other(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    size_t count;
    open_fixture(&f, phased);
    begin(&f, SESSION_PRACTICE);
    assert_string_equal(session_phase(&f.session)->id, "build");
    assert_false(session_last_phase(&f.session));
    assert_int_equal(session_left(&f.session, f.boot), 10 * MINUTE);
    assert_null(session_next_hint(&f.session, NULL)); /* of a task that is not to be seen yet */
    REFUSED(&f, session_answer(&f.session, "who", "web", NOW(&f)), ERR_ABSENT, "who");
    pass_time(&f, 4 * MINUTE);
    MUST(&f, session_end_phase(&f.session, SESSION_SUBMITTED, NOW(&f)));
    assert_int_equal(f.session.state, SESSION_BETWEEN);
    pass_time(&f, 30 * SECOND); /* measuring costs no time */
    assert_int_equal(elapsed(&f), 4 * MINUTE);
    restart(&f);
    struct outcome *outcomes = outcomes_of(&f, "up+", &count);
    MUST(&f, session_next_phase(&f.session, outcomes, count, NOW(&f)));
    assert_string_equal(session_phase(&f.session)->id, "debug");
    assert_int_equal(session_deadline(&f.session), f.boot + 20 * MINUTE);
    assert_non_null(session_next_hint(&f.session, "clean"));
    MUST(&f, session_answer(&f.session, "who", "web", NOW(&f)));
    pass_time(&f, 25 * MINUTE);
    MUST(&f, session_end_phase(&f.session, SESSION_SUBMITTED, NOW(&f))); /* too late to submit */
    assert_int_equal(f.session.phases[1].end, SESSION_DEADLINE);
    assert_int_equal(elapsed(&f), 24 * MINUTE);
    MUST(&f, session_next_phase(&f.session, NULL, 0, NOW(&f)));
    assert_true(session_last_phase(&f.session));
    REFUSED(&f, session_end_phase(&f.session, SESSION_SUBMITTED, NOW(&f)), ERR_BUSY, "last phase");
    pass_time(&f, MINUTE);
    MUST(&f, session_stop(&f.session, SESSION_SUBMITTED, NOW(&f)));
    restart(&f);
    assert_int_equal(f.session.state, SESSION_ENDED);
    assert_int_equal(f.session.phases[0].ended - f.session.phases[0].began, 4 * MINUTE);
    assert_int_equal(f.session.phases[1].ended - f.session.phases[1].began, 20 * MINUTE);
    assert_int_equal(f.session.phases[2].ended - f.session.phases[2].began, MINUTE);
}

static void schedules_are_a_function_of_the_clock(void **state)
{
    (void)state;
    const struct fault once = {.after = 10, .lasts = 2}, again = {.after = 10, .lasts = 2, .every = 5},
                       stays = {.after = 10}, always = {0}, from_zero = {.lasts = 3, .every = 4};
    static const struct {
        int64_t at;
        bool once, again, stays;
        int64_t once_next, again_next;
    } rows[] = {
        {0, false, false, false, 10, 10},        {9, false, false, false, 10, 10},
        {10, true, true, true, 12, 12},          {11, true, true, true, 12, 12},
        {12, false, false, true, INT64_MAX, 15}, {15, false, true, true, INT64_MAX, 17},
        {19, false, false, true, INT64_MAX, 20},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(schedule_in_force(&once, rows[i].at), rows[i].once);
        assert_int_equal(schedule_in_force(&again, rows[i].at), rows[i].again);
        assert_int_equal(schedule_in_force(&stays, rows[i].at), rows[i].stays);
        assert_true(schedule_change(&once, rows[i].at) == rows[i].once_next);
        assert_true(schedule_change(&again, rows[i].at) == rows[i].again_next);
    }
    assert_true(schedule_in_force(&always, 0));
    assert_true(schedule_change(&always, 7) == INT64_MAX);
    assert_true(schedule_in_force(&from_zero, 4));
    assert_true(schedule_change(&from_zero, 0) == 3);
    assert_true(schedule_change(&from_zero, 3) == 4);
}

static void a_pause_puts_scheduled_faults_off(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    const struct fault *noise = &f.scenario->faults[1];
    assert_false(session_fault_due(&f.session, noise, f.boot));
    begin(&f, SESSION_PRACTICE);
    assert_int_equal(session_fault_change(&f.session, noise, f.boot), f.boot + 2 * MINUTE);
    pass_time(&f, MINUTE);
    MUST(&f, session_pause(&f.session, NOW(&f)));
    assert_true(session_fault_change(&f.session, noise, f.boot) == INT64_MAX);
    pass_time(&f, 30 * MINUTE);
    assert_false(session_fault_due(&f.session, noise, f.boot));
    MUST(&f, session_resume(&f.session, NOW(&f)));
    assert_int_equal(session_fault_change(&f.session, noise, f.boot), f.boot + MINUTE);
    pass_time(&f, MINUTE);
    assert_true(session_fault_due(&f.session, noise, f.boot));
    assert_int_equal(session_fault_change(&f.session, noise, f.boot), f.boot + 30 * SECOND);
}

/* What was handed in before a scheduled fault came is not told as broken. */
static void a_fault_may_come_too_late(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        FIXTURE_AUTO f;
        open_fixture(&f, simple);
        begin(&f, SESSION_PRACTICE);
        pass_time(&f, late ? MINUTE : 3 * MINUTE);
        MUST(&f, session_stop(&f.session, SESSION_SUBMITTED, NOW(&f)));
        assert_true(session_fault_came(&f.session, &f.scenario->faults[0]));
        assert_int_equal(session_fault_came(&f.session, &f.scenario->faults[1]), !late);
    }
}

static void a_tickets_schedule_begins_with_its_phase(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, phased);
    const struct fault *burst = &f.scenario->faults[0];
    begin(&f, SESSION_PRACTICE);
    pass_time(&f, 90 * SECOND);
    assert_false(session_fault_due(&f.session, burst, f.boot));
    assert_true(session_fault_change(&f.session, burst, f.boot) == INT64_MAX);
    MUST(&f, session_end_phase(&f.session, SESSION_SUBMITTED, NOW(&f)));
    MUST(&f, session_next_phase(&f.session, NULL, 0, NOW(&f)));
    assert_int_equal(session_fault_change(&f.session, burst, f.boot), f.boot + MINUTE);
    pass_time(&f, 70 * SECOND);
    assert_true(session_fault_due(&f.session, burst, f.boot));
}

static void what_is_claimed_exists(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    begin(&f, SESSION_PRACTICE);
    const char *webb[] = {"node/webb"}, *twice[] = {"web", "node/web", "web/eth0"};
    const char *mistakes[] = {"node/webb", "web", "unheard-of"};
    struct strings both = {mistakes, 3}, none = {0}, wrong = {webb, 1}, places = {twice, 3};
    REFUSED(&f, session_claim(&f.session, &wrong, "loss", false, NOW(&f)), ERR_ABSENT, "did you mean 'node/web'?");
    REFUSED(&f, session_claim(&f.session, &places, "los", false, NOW(&f)), ERR_USAGE, "did you mean 'loss'?");
    REFUSED(&f, session_claim(&f.session, &both, "los", false, NOW(&f)), ERR_USAGE,
            "no kind of fault is called 'los'; did you mean 'loss'?\n"
            "nothing in this lab is called 'node/webb'; did you mean 'node/web'?\n"
            "nothing in this lab is called 'unheard-of'");
    REFUSED(&f, session_claim(&f.session, &places, "loss", true, NOW(&f)), ERR_USAGE, "not both");
    REFUSED(&f, session_claim(&f.session, &none, NULL, false, NOW(&f)), ERR_USAGE, "--where");
    assert_int_equal(f.session.claim_count, 0);
    MUST(&f, session_claim(&f.session, &places, "loss", false, NOW(&f)));
    assert_int_equal(f.session.claims[0].where.count, 2); /* full names, each once */
    assert_string_equal(f.session.claims[0].where.items[0], "node/web");
    assert_string_equal(f.session.claims[0].where.items[1], "node/web/eth0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_stops_the_clock),
        cmocka_unit_test(an_exam_is_not_paused),
        cmocka_unit_test(lost_time_is_given_back_by_the_mode),
        cmocka_unit_test(what_did_not_come_back_is_told),
        cmocka_unit_test(grace_is_given_once),
        cmocka_unit_test(a_restarted_machine_goes_by_the_wall),
        cmocka_unit_test(a_pause_over_a_restart_costs_nothing),
        cmocka_unit_test(the_deadline_is_never_passed),
        cmocka_unit_test(a_deadline_in_time_is_nothing_to_tell),
        cmocka_unit_test(phases_follow_each_other),
        cmocka_unit_test(schedules_are_a_function_of_the_clock),
        cmocka_unit_test(a_pause_puts_scheduled_faults_off),
        cmocka_unit_test(a_fault_may_come_too_late),
        cmocka_unit_test(a_tickets_schedule_begins_with_its_phase),
        cmocka_unit_test(what_is_claimed_exists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
