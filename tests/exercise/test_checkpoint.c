/* Files of a checkpoint: read as they were written; any changed byte, a cut, another key show; the later one counts. */
#include "exercise/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/fd.h"

static const struct journal_key key = {.bytes = "the start code's key", .length = 20};

static void write_one(uint64_t number, const struct journal_key *with, struct str *out)
{
    STR_AUTO content = STR_INIT;
    json_t *known = json_pack("{s:s, s:i}", "scenario", "sesame", "number", (int)number);
    checkpoint_put_known(&content, known);
    checkpoint_put_node(&content, "web", "with\0zero", 9);
    checkpoint_put_node(&content, "db", "", 0);
    checkpoint_seal(&content, number, 4711, with, out);
    json_decref(known);
}

static int opens(const char *text, size_t length, const struct journal_key *with)
{
    struct checkpoint checkpoint;
    int result = checkpoint_open(text, length, with, &checkpoint, NULL);
    checkpoint_free(&checkpoint);
    return result;
}

static void it_is_read_as_it_was_written(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    struct checkpoint read;
    write_one(7, &key, &text);
    assert_int_equal(checkpoint_open(text.data, text.length, &key, &read, NULL), 0);
    assert_int_equal(read.number, 7);
    assert_string_equal(json_string_value(json_object_get(read.known, "scenario")), "sesame");
    assert_int_equal(read.node_count, 2);
    assert_string_equal(read.nodes[0].name, "web");
    assert_int_equal(read.nodes[0].length, 9);
    assert_memory_equal(read.nodes[0].snapshot, "with\0zero", 9);
    assert_int_equal(read.nodes[1].length, 0);
    checkpoint_free(&read);
}

static void what_it_says_cannot_be_read(void **state)
{
    (void)state;
    STR_AUTO keyed = STR_INIT;
    STR_AUTO open = STR_INIT;
    write_one(7, &key, &keyed);
    write_one(7, NULL, &open);
    assert_null(memmem(keyed.data, keyed.length, "sesame", 6));
    assert_null(memmem(open.data, open.length, "sesame", 6));
    assert_int_equal(opens(open.data, open.length, NULL), 0);
    assert_int_not_equal(opens(keyed.data, keyed.length, NULL), 0);
    assert_int_not_equal(opens(open.data, open.length, &key), 0);
}

static void every_changed_byte_shows(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    write_one(7, &key, &text);
    for (size_t i = 0; i < text.length; i++) {
        text.data[i] ^= 1;
        assert_int_not_equal(opens(text.data, text.length, &key), 0);
        text.data[i] ^= 1;
    }
    for (size_t length = 0; length < text.length; length++)
        assert_int_not_equal(opens(text.data, length, &key), 0);
    assert_int_equal(opens(text.data, text.length, &key), 0);
}

static void the_later_one_that_is_whole_counts(void **state)
{
    (void)state;
    struct str texts[CHECKPOINT_FILES] = {STR_INIT, STR_INIT};
    struct checkpoint read;
    struct error err = ERROR_INIT;
    write_one(8, &key, &texts[0]);
    write_one(7, &key, &texts[1]);
    assert_int_equal(checkpoint_latest(texts, &key, &read, NULL), 0);
    assert_int_equal(read.number, 8);
    assert_int_equal(read.file, 0);
    checkpoint_free(&read);
    texts[0].data[texts[0].length - 1] ^= 1;
    assert_int_equal(checkpoint_latest(texts, &key, &read, NULL), 0);
    assert_int_equal(read.number, 7);
    assert_int_equal(read.file, 1);
    checkpoint_free(&read);
    str_clear(&texts[1]);
    assert_int_equal(checkpoint_latest(texts, &key, &read, &err), -1);
    assert_non_null(strstr(err.text, "its hash is not that of its content"));
    for (size_t i = 0; i < CHECKPOINT_FILES; i++)
        str_free(&texts[i]);
}

static void a_sign_of_life(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    struct alive now, read;
    FILE *temporary = tmpfile();
    assert_non_null(temporary);
    alive_now(&now);
    now.checkpoint = 7;
    now.age = 1234567;
    assert_int_equal(alive_write(fileno(temporary), &now, &key), 0);
    assert_int_equal(alive_write(fileno(temporary), &now, &key), 0);
    rewind(temporary);
    assert_int_equal(fd_read_all(fileno(temporary), &text, 4096), 0);
    assert_int_equal(alive_read(text.data, text.length, &key, &read), 0);
    assert_int_equal(read.boot, now.boot);
    assert_int_equal(read.real, now.real);
    assert_string_equal(read.boot_id, now.boot_id);
    assert_int_equal(read.checkpoint, 7);
    assert_int_equal(read.age, 1234567);
    assert_int_equal(alive_read(text.data, text.length, NULL, &read), -1);
    assert_int_equal(alive_read(text.data, text.length / 2, &key, &read), -1);
    text.data[20] = text.data[20] == '1' ? '2' : '1';
    assert_int_equal(alive_read(text.data, text.length, &key, &read), -1);
    fclose(temporary);
}

static void how_old_a_checkpoint_is(void **state)
{
    (void)state;
    const struct checkpoint checkpoint = {.number = 7, .written = 1000};
    struct alive alive = {.real = 5000, .checkpoint = 7, .age = 300};
    assert_int_equal(checkpoint_age(&checkpoint, &alive, 6000), 1300); /* seen to be right long after it was written */
    alive.checkpoint = 8;                                              /* which is gone: this is the one before it */
    assert_int_equal(checkpoint_age(&checkpoint, &alive, 6000), 5000);
    assert_int_equal(checkpoint_age(&checkpoint, NULL, 6000), 5000);
    assert_int_equal(checkpoint_age(&checkpoint, NULL, 500), 0); /* the clock was set back */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_read_as_it_was_written),
        cmocka_unit_test(what_it_says_cannot_be_read),
        cmocka_unit_test(every_changed_byte_shows),
        cmocka_unit_test(the_later_one_that_is_whole_counts),
        cmocka_unit_test(a_sign_of_life),
        cmocka_unit_test(how_old_a_checkpoint_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
