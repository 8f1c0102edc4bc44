/* The journal: what was changed shows, with its line; a key; clocks that were set; a disk that is full. */
#include "base/sha256.h"
#include "exercise/fixture.h"
#include "exercise/record.h"

#define TOPOLOGY                                                                                                       \
    "topology:\n  lab: shop\n  bridges: { lan: {} }\n  nodes:\n    web: { bridge: lan, address: 10.0.0.1/24 }\n"       \
    "    db: { bridge: lan, address: 10.0.0.2/24 }\n"

static const char simple[] = "scenario: simple\ntime: 10m\npass: 70%\n" TOPOLOGY
                             "faults: [ { id: steady, kind: loss, at: node/web/eth0, loss: 5% } ]\n"
                             "tasks: [ { id: t, checks: [ { id: c, from: web, ping: db, points: 100 } ] } ]\n";

static const struct journal_key key = {.bytes = "the start code's key", .length = 20},
                                other_key = {.bytes = "another one", .length = 11};

static void keyed_hashes_are_as_the_standard_says(void **state)
{
    (void)state;
    char text[SHA256_TEXT];
    uint8_t long_key[131];
    sha256_keyed_text("Jefe", 4, "what do ya want for nothing?", 28, text); /* RFC 4231, case 2 */
    assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(long_key, 0xaa, sizeof long_key);
    const char *data = "Test Using Larger Than Block-Size Key - Hash Key First"; /* case 6 */
    sha256_keyed_text(long_key, sizeof long_key, data, strlen(data), text);
    assert_string_equal(text, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* A journal of four entries. */
static void record(struct fixture *f)
{
    begin(f, SESSION_PRACTICE);
    pass_time(f, MINUTE);
    check(f, "c-");
    pass_time(f, MINUTE);
    claim(f, "web", "loss");
    MUST(f, session_stop(&f->session, SESSION_SUBMITTED, NOW(f)));
}

static int verify(const char *text, size_t length, const struct journal_key *with, struct error *err)
{
    struct record read;
    error_clear(err);
    if (record_read(text, length, with, &read, err))
        return -1;
    int count = (int)read.journal.count;
    record_free(&read);
    return count;
}

static void every_changed_byte_shows(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    char line[40];
    open_fixture(&f, simple);
    record(&f);
    read_journal(&f, &text);
    assert_int_equal(verify(text.data, text.length, NULL, &err), 4);
    unsigned number = 1;
    for (size_t i = 0; i < text.length; i++) {
        char was = text.data[i];
        text.data[i] = was == '1' ? '2' : was == 'a' ? 'b' : '1';
        if (was == '\n' && i + 1 == text.length)
            break; /* without its end the last line counts as cut off */
        assert_int_equal(verify(text.data, text.length, NULL, &err), -1);
        snprintf(line, sizeof line, "corrupted journal: line %u: ", number);
        if (!str_starts(err.text, line))
            fail_msg("byte %zu: %s", i, err.text);
        text.data[i] = was;
        number += was == '\n';
    }
}

static const char *line_of(const struct str *text, size_t index, size_t *length)
{
    const char *at = str_text(text);
    for (; index; index--)
        at = strchr(at, '\n') + 1;
    *length = (size_t)(strchr(at, '\n') + 1 - at);
    return at;
}

/* The journal with its lines in this order. */
static int verify_order(const struct str *text, const char *order, struct error *err)
{
    STR_AUTO changed = STR_INIT;
    for (; *order; order++) {
        size_t length;
        const char *line = line_of(text, (size_t)(*order - '0'), &length);
        str_append_bytes(&changed, line, length);
    }
    return verify(str_text(&changed), changed.length, NULL, err);
}

static void lines_keep_their_place(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    open_fixture(&f, simple);
    record(&f);
    read_journal(&f, &text);
    assert_int_equal(verify_order(&text, "0123", &err), 4);
    assert_int_equal(verify_order(&text, "023", &err), -1);
    assert_non_null(strstr(err.text, "line 2: its number"));
    assert_int_equal(verify_order(&text, "0213", &err), -1);
    assert_int_equal(verify_order(&text, "01123", &err), -1);
    assert_non_null(strstr(err.text, "line 3"));
    assert_int_equal(verify_order(&text, "123", &err), -1);
    assert_int_equal(verify_order(&text, "012", &err), 3); /* an end left out: the head that was handed out tells */
}

static void a_corrupted_journal_is_not_gone_on_with(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO text = STR_INIT;
    open_fixture(&f, simple);
    record(&f);
    read_journal(&f, &text);
    char *what = strstr(text.data, "\"what\":\"loss\"");
    assert_non_null(what);
    assert_int_equal(pwrite(f.journal, "{\"event\"", 8, 0), 8); /* appends, whatever the place */
    assert_int_equal(write(f.journal, "\n", 1), 1);
    session_close(&f.session);
    struct error err = ERROR_INIT;
    assert_int_equal(session_open(&f.session, f.scenario, fcntl(f.journal, F_DUPFD_CLOEXEC, 0), NULL, &err), -1);
    assert_int_equal(err.kind, ERR_FILE);
    assert_non_null(strstr(err.text, "corrupted journal: line 5: it is no JSON object"));
}

static void a_key_is_needed_to_go_on(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    open_fixture(&f, simple);
    session_close(&f.session);
    MUST(&f, session_open(&f.session, f.scenario, fcntl(f.journal, F_DUPFD_CLOEXEC, 0), &key, &f.err));
    record(&f);
    read_journal(&f, &text);
    assert_int_equal(verify(text.data, text.length, &key, &err), 4);
    assert_int_equal(verify(text.data, text.length, &other_key, &err), -1);
    assert_non_null(strstr(err.text, "keyed hash"));
    assert_int_equal(verify(text.data, text.length, NULL, &err), -1);
    assert_non_null(strstr(err.text, "start code"));
}

static void without_a_key_nobody_can_make_keyed_entries(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    open_fixture(&f, simple);
    record(&f);
    read_journal(&f, &text);
    assert_int_equal(verify(text.data, text.length, &key, &err), -1);
    assert_non_null(strstr(err.text, "line 1"));
}

static void a_clock_that_was_set_is_stated(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    begin(&f, SESSION_PRACTICE);
    pass_time(&f, MINUTE);
    f.real -= 60 * MINUTE;
    check(&f, "c-");
    pass_time(&f, MINUTE);
    f.real += SECOND; /* a clock that is kept right moves a little */
    check(&f, "c-");
    pass_time(&f, MINUTE);
    f.real += 30 * MINUTE;
    check(&f, "c-");
    assert_int_equal(elapsed(&f), 3 * MINUTE);
    for (unsigned i = 0; i < 2; i++, restart(&f)) {
        assert_int_equal(json_array_size(f.session.notes), 2);
        assert_non_null(strstr(json_string_value(at(f.session.notes, 0)), "set back by 1h between entries 1 and 2"));
        assert_non_null(
            strstr(json_string_value(at(f.session.notes, 1)), "set forward by 30m between entries 3 and 4"));
    }
    f.boot = SECOND; /* boot time that goes back by itself */
    check(&f, "c-");
    assert_non_null(strstr(json_string_value(at(f.session.notes, 2)), "no restart was recorded"));
}

static void a_full_disk_loses_nothing(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, simple);
    close(f.journal);
    f.journal = memfd_create("journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(fcntl(f.journal, F_SETFL, O_APPEND), 0);
    restart(&f);
    begin(&f, SESSION_PRACTICE);
    assert_int_equal(fcntl(f.journal, F_ADD_SEALS, F_SEAL_GROW), 0); /* no byte more fits */
    const char *web = "web";
    struct strings where = {&web, 1};
    assert_int_equal(session_claim(&f.session, &where, "loss", false, NOW(&f)), -1);
    assert_int_equal(f.err.kind, ERR_SYSTEM);
    assert_int_equal(f.session.claim_count, 0);
    assert_int_equal(f.session.state, SESSION_RUNNING);
    restart(&f);
    assert_int_equal(f.session.journal.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keyed_hashes_are_as_the_standard_says),
        cmocka_unit_test(every_changed_byte_shows),
        cmocka_unit_test(lines_keep_their_place),
        cmocka_unit_test(a_corrupted_journal_is_not_gone_on_with),
        cmocka_unit_test(a_key_is_needed_to_go_on),
        cmocka_unit_test(without_a_key_nobody_can_make_keyed_entries),
        cmocka_unit_test(a_clock_that_was_set_is_stated),
        cmocka_unit_test(a_full_disk_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
