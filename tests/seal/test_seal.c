/* A sealed text opens with its code alone, and tells what is wrong with anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "seal/seal.h"

#define CODE "open-sesame-42"
#define TEXT "scenario: drill\nfaults: [ the secret ]\n"

static const struct seal head = {"drill", "Names are\ngone"};

static struct str sealed(void)
{
    struct str file = STR_INIT;
    assert_int_equal(seal_close(&head, CODE, TEXT, strlen(TEXT), &file, NULL), 0);
    return file;
}

/* Opens it; nothing may come out where it fails. */
static int open_with(const struct str *file, const char *code, struct error *err)
{
    STR_AUTO text = STR_INIT;
    struct seal seal;
    uint8_t journal[SEAL_KEY];
    *err = (struct error)ERROR_INIT;
    int result = seal_open(str_text(file), file->length, code, &seal, &text, journal, err);
    if (result)
        assert_int_equal(text.length, 0);
    return result;
}

static void refused(const struct str *file, const char *code, enum error_kind kind, const char *says)
{
    struct error err;
    assert_int_equal(open_with(file, code, &err), -1);
    if (err.kind != kind || !strstr(err.text, says))
        fail_msg("'%s' is not \"%s\"", err.text, says);
    assert_null(strchr(err.text, '\n'));
    assert_null(strstr(err.text, "secret"));
}

static void test_opens(void **state)
{
    (void)state;
    STR_AUTO file = sealed();
    STR_AUTO again = sealed();
    STR_AUTO text = STR_INIT;
    STR_AUTO other = STR_INIT;
    struct seal seal;
    uint8_t journal[SEAL_KEY], second[SEAL_KEY];
    assert_true(seal_is(file.data, file.length));
    assert_null(memmem(file.data, file.length, "secret", 6));
    assert_int_equal(seal_open(file.data, file.length, " OPEN sesame42\n", &seal, &text, journal, NULL), 0);
    assert_string_equal(str_text(&text), TEXT);
    assert_string_equal(seal.name, "drill");
    assert_string_equal(seal.title, "Names are gone");
    /* The same text is sealed otherwise each time, and so is the journal's key. */
    assert_int_equal(seal_open(again.data, again.length, CODE, &seal, &other, second, NULL), 0);
    assert_memory_not_equal(journal, second, SEAL_KEY);
    assert_memory_not_equal(file.data + file.length - 100, again.data + again.length - 100, 36);
    assert_int_equal(seal_open(file.data, file.length, CODE, &seal, &other, second, NULL), 0);
    assert_memory_equal(journal, second, SEAL_KEY);
}

static void test_wrong_code(void **state)
{
    (void)state;
    STR_AUTO file = sealed();
    refused(&file, "open-sesame-43", ERR_USAGE, "this is not the start code of 'drill'");
    refused(&file, " - ", ERR_USAGE, "is empty");
    char longer[SEAL_CODE_MOST + 2];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    refused(&file, longer, ERR_USAGE, "at most 200");
}

static void test_cut_off(void **state)
{
    (void)state;
    STR_AUTO file = sealed();
    for (size_t length = 0; length < file.length; length += 7) {
        struct str part = {.data = file.data, .length = length};
        char kept = file.data[length];
        file.data[length] = 0;
        struct error err;
        assert_int_equal(open_with(&part, CODE, &err), -1);
        assert_int_equal(err.kind, ERR_FILE);
        if (length > 400)
            assert_non_null(strstr(err.text, "was cut off"));
        file.data[length] = kept;
    }
}

/* Every single byte counts. */
static void test_damaged(void **state)
{
    (void)state;
    STR_AUTO file = sealed();
    for (size_t i = 0; i < file.length; i++) {
        struct error err;
        file.data[i] ^= 1;
        assert_int_equal(open_with(&file, CODE, &err), -1);
        assert_int_equal(err.kind, ERR_FILE);
        file.data[i] ^= 1;
    }
    str_append(&file, "x");
    refused(&file, CODE, ERR_FILE, "damaged on its way");
}

/* Somebody who makes the sum fit again. */
static void changed(const char *old, const char *new, enum error_kind kind, const char *says)
{
    STR_AUTO file = sealed();
    char sum[SHA256_TEXT];
    char *place = memmem(file.data, file.length, old, strlen(old));
    assert_non_null(place);
    memcpy(place, new, strlen(new));
    sha256_text(file.data, file.length - 64, sum);
    memcpy(file.data + file.length - 64, sum, 64);
    refused(&file, CODE, kind, says);
}

static void test_changed(void **state)
{
    (void)state;
    changed("name: drill", "name: frill", ERR_FILE, "'frill' was changed after it was sealed");
    changed("title: Names", "title: Games", ERR_FILE, "was changed after it was sealed");
    changed("\n\n", "\n!", ERR_FILE, "its head cannot be read");
    changed("labctl-sealed 1", "labctl-sealed 2", ERR_FILE, "another version");
    changed("labctl-sealed", "labctl-season", ERR_FILE, "no sealed scenario");
    STR_AUTO file = sealed();
    char sum[SHA256_TEXT];
    file.data[file.length - 64 - 20] ^= 4; /* the text */
    sha256_text(file.data, file.length - 64, sum);
    memcpy(file.data + file.length - 64, sum, 64);
    refused(&file, CODE, ERR_FILE, "was changed after it was sealed");
}

static void test_codes(void **state)
{
    (void)state;
    char one[SEAL_CODE], other[SEAL_CODE];
    assert_int_equal(seal_code_new(one, NULL), 0);
    assert_int_equal(seal_code_new(other, NULL), 0);
    assert_int_equal(strlen(one), SEAL_CODE - 1);
    assert_int_equal(strspn(one, "23456789abcdefghjkmnpqrstuvwxyz-"), SEAL_CODE - 1);
    assert_true(one[4] == '-' && one[9] == '-' && one[14] == '-');
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens),   cmocka_unit_test(test_wrong_code), cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_damaged), cmocka_unit_test(test_changed),    cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
