/* What a text quotes is found in what was recorded, however it was broken, coloured or typed; and not where it is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "exercise/quotes.h"

#define CAST                                                                                                           \
    "{\"version\": 2, \"width\": 80, \"height\": 24}\n"                                                                \
    "[0.1, \"o\", \"\\u001b]0;web\\u0007root@web:~# pinx\\b\\u001b[K\"]\n"                                             \
    "[0.2, \"i\", \"never shown\"]\n"                                                                                  \
    "[0.3, \"o\", \"g -c 1 db\\r\\n\\u001b[1;3\"]\n"                                                                   \
    "[0.4, \"o\", \"1m3 packets\\u001b[0m transmitted, 0 recei\\r\\nved, 100% packet loss\\r\\n\"]\n"                  \
    "not JSON\n"

static const char text[] = "The way was lost:\n"
                           "> 3 packets transmitted, 0  received\n"
                           "and I tried\n"
                           "  ```sh\n"
                           "  $ ping -c 1 db\n"
                           "  ping -c 1 web\n"
                           "  ok\n"
                           "\n"
                           "  ```\n"
                           "> never shown\n"
                           ">\n"
                           "3 packets\n";

static void test_quotes(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    STR_AUTO seen = STR_INIT;
    struct quotes quotes = quotes_of(text, strlen(text), arena);
    assert_int_equal(quotes.count, 4);
    assert_string_equal(quotes.items[0].line, "3 packets transmitted, 0  received");
    assert_string_equal(quotes.items[1].line, "ping -c 1 db");
    assert_string_equal(quotes.items[2].line, "ping -c 1 web");
    quotes_transcript(CAST, strlen(CAST), &seen);
    assert_non_null(strstr(str_text(&seen), "root@web:~# ping -c 1 db\n"));
    assert_null(strchr(str_text(&seen), '\033'));
    quotes_look(&quotes, "a", str_text(&seen), seen.length, arena);
    assert_int_equal(quotes.found, 2);
    assert_string_equal(quotes.items[0].found, "a");
    assert_string_equal(quotes.items[1].found, "a");
    assert_null(quotes.items[2].found);
    assert_null(quotes.items[3].found);
    /* A second one finds the rest, and changes nothing of what is known. */
    quotes_look(&quotes, "b", "ping -c 1 web ping -c 1 db", 26, arena);
    assert_int_equal(quotes.found, 3);
    assert_string_equal(quotes.items[1].found, "a");
    assert_string_equal(quotes.items[2].found, "b");
}

static void test_nothing(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    STR_AUTO seen = STR_INIT;
    assert_int_equal(quotes_of("", 0, arena).count, 0);
    assert_int_equal(quotes_of("no quotes\n```", 13, arena).count, 0);
    struct quotes quotes = quotes_of("> abc", 5, arena);
    assert_int_equal(quotes.count, 1);
    quotes_look(&quotes, "a", "", 0, arena);
    assert_int_equal(quotes.found, 0);
    static const char *const nothing[] = {"{\"version\": 1}\n[0, \"o\", \"abc\"]\n", "abc\n", "",
                                          "{\"version\": 2}\n[0, \"o\", \"\\u001b\"]\n[1, \"o\", \"[\"]"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        quotes_transcript(nothing[i], strlen(nothing[i]), &seen);
    assert_int_equal(seen.length, 0);
}

static void test_journal(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    STR_AUTO seen = STR_INIT;
    static const char journal[] = "{\"event\": \"change\", \"hash\": \"abcdef\", \"text\": \"node/web/up: set up\"}\n"
                                  "{\"event\": \"score\", \"outcomes\": {\"a\": {\"seen\": \"got no answer in 1 s\"}}, "
                                  "\"scenario_text\": \"hidden\"}\n";
    quotes_journal(journal, strlen(journal), &seen);
    static const char cited[] = "> no answer in 1 s\n> hidden\n> abcdef\n> set up";
    struct quotes quotes = quotes_of(cited, strlen(cited), arena);
    quotes_look(&quotes, "journal", str_text(&seen), seen.length, arena);
    assert_int_equal(quotes.count, 4);
    assert_int_equal(quotes.found, 2);
    assert_non_null(quotes.items[0].found);
    assert_non_null(quotes.items[3].found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
