/* Numbers with units: values, refusals with their sentences, and text that reads back as the same value. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "base/units.h"

#define DURATION "a duration such as 250ms, 2s, 5m or 3h"
#define RATE     "a rate such as 64kbit, 10mbit or 1gbit"
#define SIZE     "a size such as 1500b, 64k or 1m"
#define SHARE    "a share such as 0.5% or 100%"

/* A text, and the value it has or the sentence that refuses it. */
struct taken {
    const char *text;
    uint64_t value;
};
struct refused {
    const char *text, *rule;
};

/* The four parsers behind one signature, so that their tables are walked by one loop. */
static const char *parse_duration(const char *text, uint64_t *out)
{
    int64_t value = -1;
    const char *rule = duration_parse(text, &value);
    *out = (uint64_t)value;
    return rule;
}

static const char *parse_share(const char *text, uint64_t *out)
{
    uint32_t value = 0;
    const char *rule = share_parse(text, &value);
    *out = value;
    return rule;
}

typedef const char *(*parser)(const char *text, uint64_t *out);

static void assert_taken(parser parse, const struct taken *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;
        const char *rule = parse(cases[i].text, &value);
        if (rule != NULL || value != cases[i].value)
            fail_msg("%s: %s, %llu", cases[i].text, rule != NULL ? rule : "taken", (unsigned long long)value);
    }
}

static void assert_refused(parser parse, const struct refused *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        const char *rule = parse(cases[i].text, &value);
        if (!str_equal(rule, cases[i].rule))
            fail_msg("'%s': %s", cases[i].text, rule != NULL ? rule : "taken");
    }
}

static void durations(void **state)
{
    (void)state;
    static const struct taken taken[] = {
        {"0", 0},
        {"0s", 0},
        {"1ns", 1},
        {"250us", 250000},
        {"250ms", 250000000},
        {"2s", 2000000000},
        {"5m", UINT64_C(300000000000)},
        {"3h", UINT64_C(10800000000000)},
        {"1.5s", 1500000000},
        {"0.25ms", 250000},
        {"1.000000001s", 1000000001},
        {"1.50000000000000000000000000s", 1500000000},
        {"9223372036854775807ns", INT64_MAX},
    };
    static const struct refused refused[] = {
        {"", DURATION},
        {"5", DURATION},
        {"00", DURATION},
        {"-1s", DURATION},
        {"+1s", DURATION},
        {" 1s", DURATION},
        {"1s ", DURATION},
        {"1 s", DURATION},
        {"s", DURATION},
        {".5s", DURATION},
        {"1.s", DURATION},
        {"1..5s", DURATION},
        {"1,5s", DURATION},
        {"1S", DURATION},
        {"1sec", DURATION},
        {"1d", DURATION},
        {"1m30s", DURATION},
        {"1e3s", DURATION},
        {"0x1s", DURATION},
        {"0.5ns", "a duration of whole nanoseconds"},
        {"1.0000000001s", "a duration of whole nanoseconds"},
        {"1.0000000000000000000000001h", "a duration of whole nanoseconds"},
        {"9223372036854775808ns", "a duration below 292 years"},
        {"2562048h", "a duration below 292 years"},
        {"99999999999999999999999999999999999999999h", "a duration below 292 years"},
    };
    assert_taken(parse_duration, taken, ARRAY_SIZE(taken));
    assert_refused(parse_duration, refused, ARRAY_SIZE(refused));
}

static void rates(void **state)
{
    (void)state;
    static const struct taken taken[] = {
        {"0bit", 0},
        {"1bit", 1},
        {"64kbit", 64000},
        {"10mbit", 10000000},
        {"2.5gbit", UINT64_C(2500000000)},
        {"18446744073709551615bit", UINT64_MAX},
    };
    static const struct refused refused[] = {
        {"10", RATE},
        {"0", RATE},
        {"10m", RATE},
        {"10Mbit", RATE},
        {"10mbps", RATE},
        {"0.5bit", "a rate of whole bits per second"},
        {"18446744073709551616bit", "a rate below 18446744073 gbit"},
        {"18446744074gbit", "a rate below 18446744073 gbit"},
    };
    assert_taken(rate_parse, taken, ARRAY_SIZE(taken));
    assert_refused(rate_parse, refused, ARRAY_SIZE(refused));
}

static void sizes(void **state)
{
    (void)state;
    static const struct taken taken[] = {
        {"0b", 0}, {"1500b", 1500}, {"64k", 65536}, {"1m", 1048576}, {"1.5k", 1536}, {"2g", UINT64_C(2147483648)},
    };
    static const struct refused refused[] = {
        {"1500", SIZE},
        {"1kb", SIZE},
        {"1K", SIZE},
        {"1.3k", "a size of whole bytes"},
        {"17179869184g", "a size below 17179869184g"},
    };
    assert_taken(size_parse, taken, ARRAY_SIZE(taken));
    assert_refused(size_parse, refused, ARRAY_SIZE(refused));
}

static void shares(void **state)
{
    (void)state;
    static const struct taken taken[] = {
        {"0%", 0},         {"0.5%", 5000000},          {"100%", SHARE_WHOLE}, {"100.0%", SHARE_WHOLE},
        {"0.0000001%", 1}, {"33.3333333%", 333333333},
    };
    static const struct refused refused[] = {
        {"5", SHARE},
        {"0", SHARE},
        {"%", SHARE},
        {"5 %", SHARE},
        {"-5%", SHARE},
        {"5%%", SHARE},
        {"0.00000001%", "a share with at most seven decimals"},
        {"101%", "a share from 0% to 100%"},
        {"100.0000001%", "a share from 0% to 100%"},
    };
    assert_taken(parse_share, taken, ARRAY_SIZE(taken));
    assert_refused(parse_share, refused, ARRAY_SIZE(refused));
}

static void the_shortest_form_is_written(void **state)
{
    (void)state;
    char out[UNITS_TEXT_MAX];
    assert_string_equal(duration_format(0, out), "0");
    assert_string_equal(duration_format(1, out), "1ns");
    assert_string_equal(duration_format(250000000, out), "250ms");
    assert_string_equal(duration_format(100000000, out), "100ms");
    assert_string_equal(duration_format(1500000000, out), "1.5s");
    assert_string_equal(duration_format(2000000000, out), "2s");
    assert_string_equal(duration_format(90 * NANOSECONDS_PER_SECOND, out), "90s");
    assert_string_equal(duration_format(5 * 60 * NANOSECONDS_PER_SECOND, out), "5m");
    assert_string_equal(duration_format(90 * 60 * NANOSECONDS_PER_SECOND, out), "90m");
    assert_string_equal(duration_format(3 * 3600 * NANOSECONDS_PER_SECOND, out), "3h");
    assert_string_equal(duration_format(1000000001, out), "1000000001ns");
    assert_string_equal(duration_format(-1500000000, out), "-1.5s");
    assert_string_equal(rate_format(0, out), "0bit");
    assert_string_equal(rate_format(10000000, out), "10mbit");
    assert_string_equal(rate_format(UINT64_C(2500000000), out), "2.5gbit");
    assert_string_equal(rate_format(1500, out), "1500bit");
    assert_string_equal(size_format(1500, out), "1500b");
    assert_string_equal(size_format(65536, out), "64k");
    assert_string_equal(size_format(1536, out), "1.5k");
    assert_string_equal(size_format(1 << 20, out), "1m");
    assert_string_equal(share_format(5000000, out), "0.5%");
    assert_string_equal(share_format(SHARE_WHOLE, out), "100%");
    assert_string_equal(share_format(1, out), "0.0000001%");
    assert_string_equal(share_format(0, out), "0%");
}

/* Formats and parses `value` in each of the vocabularies that can hold it. */
static void assert_reads_back(uint64_t value)
{
    char out[UNITS_TEXT_MAX];
    uint64_t back;
    if (value <= INT64_MAX) {
        assert_null(parse_duration(duration_format((int64_t)value, out), &back));
        assert_true(back == value);
    }
    assert_null(rate_parse(rate_format(value, out), &back));
    assert_true(back == value);
    assert_null(size_parse(size_format(value, out), &back));
    assert_true(back == value);
    uint32_t parts = (uint32_t)(value % (SHARE_WHOLE + 1));
    assert_null(parse_share(share_format(parts, out), &back));
    assert_true(back == parts);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    char out[UNITS_TEXT_MAX];
    for (uint64_t value = 0; value < 5000; value++)
        assert_reads_back(value);
    for (uint64_t value = 1; value < UINT64_MAX / 3; value = value * 3 + 1) {
        assert_reads_back(value);
        assert_reads_back(value / 1000 * 1000);
        assert_reads_back(value / 1500000000 * 1500000000);
        assert_reads_back(value & ~UINT64_C(511));
    }
    assert_reads_back(UINT64_MAX);
    assert_reads_back(INT64_MAX);
    assert_string_equal(duration_format(INT64_MIN, out), "-9223372036854775808ns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(rates),
        cmocka_unit_test(sizes),
        cmocka_unit_test(shares),
        cmocka_unit_test(the_shortest_form_is_written),
        cmocka_unit_test(what_is_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
