/* Impairments without a kernel: the vocabulary, and what becomes of packets, over enough of them to be sure. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/units.h"
#include "link/distribution.h"
#include "link/impairment.h"
#include "link/profile.h"
#include "link/queue.h"
#include "link/relay.h"
#include "link/wire.h"

#define PACKETS 100000
#define MS      INT64_C(1000000)

/* "delay=5ms loss=1%" */
static struct impairment parsed(const char *text)
{
    static char copies[16][512]; /* what a trace borrows */
    static unsigned next;
    char *copy = copies[next++ % 16];
    struct impairment is;
    strcpy(copy, text);
    assert_true(relay_impairment_parse(copy, &is));
    return is;
}

static struct wire wire_of(const char *text)
{
    struct wire wire;
    struct impairment is = parsed(text);
    wire_init(&wire, &is, is.seed ? is.seed : 42, 1);
    return wire;
}

/* 99 % of all samples of a share lie within this of it (normal approximation of the binomial). */
static void assert_share(double share, uint64_t hits, uint64_t of)
{
    double slack = 2.576 * sqrt(share * (1 - share) / (double)of), seen = (double)hits / (double)of;
    if (fabs(seen - share) > slack)
        fail_msg("%.5f of %llu, wanted %.5f +- %.5f", seen, (unsigned long long)of, share, slack);
}

static void texts_come_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "delay=20ms jitter=2ms delay_correlation=25% distribution=normal",
        "loss=0.5% loss_burst=5 duplicate=1% corrupt=0.1%",
        "loss_every=10",
        "loss_enter=1% loss_leave=20% loss_bad=90% loss_good=0.1%",
        "loss_enter=1% loss_leave=0% loss_bad=0% loss_good=0.1%",
        "loss_enter=1% loss_leave=100% loss_bad=100%",
        "delay=10ms reorder=25% reorder_gap=5",
        "rate=50mbit limit=100 seed=7",
        "trace=0,5,5,12",
        "delay=8ms jitter=2ms distribution_table=-8192,0,32767",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        STR_AUTO out = STR_INIT;
        struct impairment is = parsed(texts[i]);
        impairment_format(&is, "=", " ", &out);
        assert_string_equal(str_text(&out), texts[i]);
        assert_true(impairment_any(&is));
        assert_null(impairment_contradiction(&is, NULL));
    }
}

static void bad_values_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"delay", "5"},
        {"delay", "-5ms"},
        {"loss", "101%"},
        {"loss", "1"},
        {"rate", "10"},
        {"loss_every", "0"},
        {"limit", "-1"},
        {"trace", "5,3"},
        {"trace", "0"},
        {"trace", ""},
        {"distribution_table", ""},
        {"distribution_table", "1,,2"},
        {"distribution_table", "32768"},
        {"distribution_table", "1,+2"},
        {"distribution_table", "1,2,"},
        {"distribution", "x"},
        {"limit", "1e3"},
        {"loss_burst", "0"},
        {"seed", "4294967296"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct impairment is = {0};
        assert_non_null(impairment_set(&is, impairment_row(bad[i][0]), bad[i][1]));
    }
}

static void contradictions_are_found(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"jitter=1ms", "jitter"},
        {"reorder=5%", "reorder"},
        {"loss_burst=4", "loss_burst"},
        {"loss=1% loss_enter=1%", "loss_enter"},
        {"loss=90% loss_burst=8", "loss_burst"},
        {"distribution=normal delay=1ms", "distribution"},
        {"rate=1mbit trace=5", "trace"},
        {"distribution_table=1 delay=1ms", "distribution_table"},
        {"distribution_table=1 distribution=normal delay=1ms jitter=1ms", "distribution_table"},
        {"delay=61m", "delay"},
        {"delay=1h jitter=61m", "jitter"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct impairment_row *row = NULL;
        struct impairment is = parsed(bad[i][0]);
        assert_non_null(impairment_contradiction(&is, &row));
        assert_string_equal(row->key, bad[i][1]);
    }
}

static void two_wires_add_up(void **state)
{
    (void)state;
    struct impairment one = parsed("delay=5ms loss=50% rate=10mbit"), two = parsed("delay=7ms loss=50% rate=20mbit"),
                      sum = impairment_add(&one, &two);
    assert_int_equal(sum.delay, 12 * MS);
    struct impairment states = parsed("loss_enter=2% loss_leave=20% loss_bad=80%"),
                      with = impairment_add(&states, &one);
    assert_int_equal(with.loss, 0); /* it is lost in either state */
    assert_int_equal(with.loss_bad, 900000000);
    assert_int_equal(with.loss_good, 500000000);
    states = parsed("loss_enter=2% loss_bad=0%"), with = impairment_add(&states, &one);
    assert_int_equal(with.loss_bad, 500000000);
    assert_null(impairment_contradiction(&with, NULL));
    assert_int_equal(sum.loss, 750000000);
    assert_int_equal(sum.rate, 10000000);
}

static void shares_are_what_they_say(void **state)
{
    (void)state;
    struct wire wire = wire_of("loss=5% duplicate=2% corrupt=3%");
    for (int i = 0; i < PACKETS; i++)
        wire.held -= wire_enter(&wire, 100, i * 1000).copies;
    uint64_t copies = wire.counters.entered * 102 / 100;
    assert_int_equal(wire.counters.entered, PACKETS);
    assert_int_equal(wire.held, 0);
    assert_share(0.05, wire.counters.lost, copies);
    assert_share(0.02 * 0.95 * 0.95, wire.counters.duplicated, PACKETS); /* both copies survive */
    assert_share(0.03 * 0.95, wire.counters.corrupted, copies);
}

static void every_nth_is_exact(void **state)
{
    (void)state;
    struct wire wire = wire_of("loss_every=10");
    for (int i = 1; i <= 1000; i++)
        assert_int_equal(wire_enter(&wire, 100, 0).copies, i % 10 != 0);
    assert_int_equal(wire.counters.lost, 100);
}

/* Share and mean length of the bursts. */
static void bursts_of(const char *text, double *share, double *length)
{
    struct wire wire = wire_of(text);
    unsigned bursts = 0, lost = 0;
    bool before = false;
    for (int i = 0; i < 10 * PACKETS; i++) {
        bool now = wire_enter(&wire, 100, 0).copies == 0;
        bursts += now && !before;
        lost += now;
        before = now;
    }
    *share = lost / (10.0 * PACKETS);
    *length = (double)lost / bursts;
}

static void bursts_have_their_length(void **state)
{
    (void)state;
    double share, length;
    bursts_of("loss=2% loss_burst=8", &share, &length);
    assert_true(fabs(share - 0.02) < 0.002);
    assert_true(fabs(length - 8) < 0.8);
    bursts_of("loss_enter=1% loss_leave=20%", &share, &length);
    assert_true(fabs(share - 0.01 / 0.21) < 0.005);
    assert_true(fabs(length - 5) < 0.5);
    bursts_of("loss=75% loss_burst=3", &share, &length); /* one packet between two bursts */
    assert_true(share > 0.74 && share < 0.76 && length > 2.9 && length < 3.1);
    bursts_of("loss=90% loss_burst=2", &share, &length); /* of two wires that add up: the share counts */
    assert_true(share > 0.89 && share < 0.91);
    bursts_of("loss=2%", &share, &length);
    assert_true(length < 1.1);
    bursts_of("loss_enter=50% loss_leave=50% loss_bad=0% loss_good=100%", &share, &length); /* 0% is a value, too */
    assert_true(share > 0.49 && share < 0.51 && length > 1.9 && length < 2.1);
    bursts_of("loss_enter=100% loss_leave=0%", &share, &length); /* there is no way back from the bad state */
    assert_true(share > 0.999);
}

/* Mean and deviation of the delay, in milliseconds. */
static void delays_of(const char *text, double *mean, double *deviation, double *least, double *most)
{
    struct wire wire = wire_of(text);
    double sum = 0, squares = 0;
    *least = INFINITY, *most = 0;
    for (int i = 0; i < PACKETS; i++) {
        double delay = (double)wire_enter(&wire, 100, 0).copy[0].due / MS;
        sum += delay, squares += delay * delay;
        *least = fmin(*least, delay), *most = fmax(*most, delay);
        wire.held--;
    }
    *mean = sum / PACKETS;
    *deviation = sqrt(squares / PACKETS - *mean * *mean);
}

static void delays_are_distributed(void **state)
{
    (void)state;
    double mean, deviation, least, most;
    delays_of("delay=20ms", &mean, &deviation, &least, &most);
    assert_true(least == 20 && most == 20);
    delays_of("delay=20ms jitter=4ms", &mean, &deviation, &least, &most);
    assert_true(least >= 16 && most <= 24 && fabs(mean - 20) < 0.1 && fabs(deviation - 4 / sqrt(3)) < 0.1);
    static const char *const shapes[] = {"normal", "pareto", "paretonormal"};
    for (size_t i = 0; i < 3; i++) {
        STR_AUTO text = STR_INIT;
        str_printf(&text, "delay=100ms jitter=4ms distribution=%s", shapes[i]);
        delays_of(str_text(&text), &mean, &deviation, &least, &most);
        assert_true(fabs(mean - 100) < 0.2);
        assert_true(deviation > 2.4 && deviation < 4.4); /* the table's ends are cut */
        assert_true(i == 0 ? least < 90 && most > 110 : least > 90 && most > 115);
    }
}

static void correlation_binds_neighbours(void **state)
{
    (void)state;
    struct wire loose = wire_of("delay=20ms jitter=4ms"),
                bound = wire_of("delay=20ms jitter=4ms delay_correlation=90%");
    double step[2] = {0}, last[2] = {0};
    for (int i = 0; i < PACKETS; i++) {
        double now[] = {(double)wire_enter(&loose, 100, 0).copy[0].due, (double)wire_enter(&bound, 100, 0).copy[0].due};
        for (int k = 0; i && k < 2; k++)
            step[k] += fabs(now[k] - last[k]);
        memcpy(last, now, sizeof last);
    }
    assert_true(step[1] < step[0] / 4);
}

static void overtaking_keeps_its_gap(void **state)
{
    (void)state;
    struct wire wire = wire_of("delay=10ms reorder=100% reorder_gap=5");
    for (int i = 1; i <= 100; i++)
        assert_int_equal(wire_enter(&wire, 100, 0).copy[0].due, i % 5 ? 10 * MS : 0);
    struct wire share = wire_of("delay=10ms reorder=25%");
    for (int i = 0; i < PACKETS; i++)
        wire_enter(&share, 100, 0);
    assert_share(0.25, share.counters.reordered, PACKETS);
}

static void a_rate_spaces_packets(void **state)
{
    (void)state;
    struct wire wire = wire_of("rate=8mbit delay=5ms"); /* a byte in a microsecond */
    for (int i = 1; i <= 10; i++)
        assert_int_equal(wire_enter(&wire, 1000, 0).copy[0].due, 5 * MS + i * MS);
    assert_int_equal(wire_enter(&wire, 1000, 100 * MS).copy[0].due, 106 * MS); /* an idle wire starts at once */
}

static void a_full_wire_drops_its_tail(void **state)
{
    (void)state;
    struct wire wire = wire_of("rate=8mbit limit=3");
    for (int i = 0; i < 10; i++)
        assert_int_equal(wire_enter(&wire, 1000, 0).copies, i < 3);
    assert_int_equal(wire.counters.overflowed, 7);
    wire.held--;
    assert_int_equal(wire_enter(&wire, 1000, 0).copies, 1);
    struct wire unlimited = wire_of("delay=1s");
    for (int i = 0; i < 5000; i++)
        assert_int_equal(wire_enter(&unlimited, 1000, 0).copies, 1);
    struct wire queue = wire_of("rate=1mbit");
    int passed = 0;
    for (int i = 0; i < 5000; i++)
        passed += (int)wire_enter(&queue, 1514, 0).copies;
    assert_true(passed >= 1000 && passed <= 1002);
}

static void a_trace_gives_opportunities(void **state)
{
    (void)state;
    struct wire wire = wire_of("trace=10,20,20,40"); /* 4 in 40 ms */
    static const int due[] = {10, 20, 20, 40, 50, 60, 60, 80};
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        assert_int_equal(wire_enter(&wire, 1504, 1).copy[0].due, 1 + due[i] * MS);
    wire_end(&wire);
    wire = wire_of("trace=10");
    assert_int_equal(wire_enter(&wire, 752, 1).copy[0].due, 1 + 10 * MS); /* two share one */
    assert_int_equal(wire_enter(&wire, 752, 1).copy[0].due, 1 + 10 * MS);
    assert_int_equal(wire_enter(&wire, 752, 1).copy[0].due, 1 + 20 * MS);
    wire_end(&wire);
}

/* Four values, as likely as each other; none but these. */
static void a_table_spreads_delays(void **state)
{
    (void)state;
    struct wire wire = wire_of("delay=10ms jitter=4ms distribution_table=-8192,0,4096,16384");
    static const int64_t expected[] = {6 * MS, 10 * MS, 12 * MS, 18 * MS};
    unsigned seen[4] = {0};
    for (int i = 0; i < PACKETS; i++) {
        int64_t due = wire_enter(&wire, 100, 0).copy[0].due;
        size_t k = 0;
        while (k < 4 && expected[k] != due)
            k++;
        assert_in_range(k, 0, 3);
        seen[k]++;
    }
    for (size_t k = 0; k < 4; k++)
        assert_share(0.25, seen[k], PACKETS);
    struct impairment normal = parsed("delay=10ms jitter=4ms distribution=normal");
    wire_change(&wire, &normal, 1, 1);
    assert_null(wire.own_distribution);
    wire_end(&wire);
}

static void lists_come_from_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *list;
    } cases[] = {
        {"0\n5\n5\n12\n", "0,5,5,12"},
        {"# a table\n -8192 0\t8192 # three\r\n\n7", "-8192,0,8192,7"},
        {"", ""},
        {"# nothing", ""},
        {"five", "five"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        STR_AUTO list = STR_INIT;
        impairment_list_of_file(cases[i].text, &list);
        assert_string_equal(str_text(&list), cases[i].list);
    }
    struct impairment is = parsed("trace=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20");
    STR_AUTO shown = STR_INIT;
    impairment_format(&is, " ", ", ", &shown);
    assert_string_equal(str_text(&shown), "trace 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,... (20)");
}

static void a_trace_takes_the_place_of_a_rate(void **state)
{
    (void)state;
    struct impairment is = parsed("delay=1ms jitter=1ms rate=5mbit distribution=normal");
    impairment_make_room(&is, impairment_row("trace"));
    impairment_make_room(&is, impairment_row("distribution_table"));
    assert_int_equal(is.rate, 0);
    assert_int_equal(is.distribution, DISTRIBUTION_UNIFORM);
    is = parsed("delay=1ms jitter=1ms trace=5 distribution_table=1");
    impairment_make_room(&is, impairment_row("rate"));
    impairment_make_room(&is, impairment_row("distribution"));
    assert_null(is.trace);
    assert_null(is.distribution_table);
}

static void one_seed_one_fate(void **state)
{
    (void)state;
    static const char text[] = "delay=20ms jitter=5ms loss=10% duplicate=5% seed=7";
    struct wire one = wire_of(text), same = wire_of(text),
                other = wire_of("delay=20ms jitter=5ms loss=10% duplicate=5% seed=8");
    bool differs = false;
    for (int i = 0; i < 1000; i++) {
        struct wire_verdict a = wire_enter(&one, 100, i), b = wire_enter(&same, 100, i), c = wire_enter(&other, 100, i);
        assert_memory_equal(&a, &b, sizeof a);
        differs |= memcmp(&a, &c, sizeof a) != 0;
    }
    assert_true(differs);
}

static void a_change_keeps_counters(void **state)
{
    (void)state;
    struct wire wire = wire_of("delay=20ms");
    struct impairment is = parsed("delay=1ms");
    wire_enter(&wire, 100, 0);
    wire_change(&wire, &is, 1, 1);
    assert_int_equal(wire_enter(&wire, 100, 0).copy[0].due, MS);
    assert_int_equal(wire.counters.entered, 2);
    assert_int_equal(wire.held, 2);
}

static void one_bit_is_flipped(void **state)
{
    (void)state;
    for (uint64_t draw = 0; draw <= UINT32_MAX; draw += UINT32_MAX / 1000) {
        uint8_t frame[64] = {0};
        int bits = 0;
        wire_corrupt(frame, sizeof frame, 14, (uint32_t)draw);
        for (size_t i = 0; i < sizeof frame; i++) {
            assert_true(i >= 14 || frame[i] == 0);
            bits += __builtin_popcount(frame[i]);
        }
        assert_int_equal(bits, 1);
    }
}

static void the_queue_sorts(void **state)
{
    (void)state;
    struct queue queue = {0};
    static int items[1000];
    srand(1);
    for (int i = 0; i < 1000; i++) {
        items[i] = rand() % 50;
        assert_int_equal(queue_push(&queue, items[i], &items[i]), 0);
    }
    int *last = NULL;
    for (int i = 0; i < 1000; i++) {
        int64_t due = queue_due(&queue);
        int *item = queue_pop(&queue);
        assert_int_equal(due, *item);
        assert_true(!last || *last < *item || (*last == *item && last < item)); /* equals in their order */
        last = item;
    }
    assert_null(queue_pop(&queue));
    assert_true(queue_due(&queue) == INT64_MAX);
    queue_free(&queue);
}

static void lines_of_the_relay(void **state)
{
    (void)state;
    struct relay_wire wire = {.netns = "/netns/3",
                              .device = "a.eth0",
                              .relay_end = "ry-1",
                              .direction = RELAY_SENT,
                              .mtu = 1400,
                              .is = parsed("delay=3ms")},
                      back;
    STR_AUTO line = STR_INIT;
    relay_wire_format(&wire, &line);
    assert_string_equal(str_text(&line), "/netns/3 a.eth0 sent ry-1 1400 delay=3ms\n");
    assert_true(relay_wire_parse(line.data, &back));
    assert_string_equal(back.netns, "/netns/3");
    assert_int_equal(back.direction, RELAY_SENT);
    assert_int_equal(back.is.delay, 3 * MS);
    char bad[] = "- a sideways b 1500 delay=3ms";
    assert_false(relay_wire_parse(bad, &back));
}

static void lateness_is_told_by_its_bucket(void **state)
{
    (void)state;
    struct relay_statistics statistics = {0};
    for (int64_t late = 0; late < 1000000; late += 997) {
        unsigned bucket = relay_lateness_bucket(late);
        assert_true(late < relay_lateness_bound(bucket) + 2);
        assert_true(bucket == 0 || late >= relay_lateness_bound(bucket - 1) - 2);
    }
    for (int i = 0; i < 100; i++)
        statistics.lateness[relay_lateness_bucket(i < 99 ? 50000 : 5000000)]++;
    statistics.latest = 5000000;
    assert_true(relay_lateness_quantile(&statistics, 0.99) < 70000);
    assert_int_equal(relay_lateness_quantile(&statistics, 1), 5000000);
}

/* The manual's text without its backslashes. */
static void read_manual(struct str *out)
{
    FILE *file = fopen(LABCTL_SOURCE "/man/labctl-topology.5", "r");
    assert_non_null(file);
    for (int c; (c = fgetc(file)) != EOF;)
        if (c != '\\')
            str_append_char(out, (char)c);
    fclose(file);
}

static void profiles_are_as_the_manual_says(void **state)
{
    (void)state;
    STR_AUTO manual = STR_INIT;
    read_manual(&manual);
    assert_false(impairment_any(profile_impairment(PROFILE_NONE)));
    assert_int_equal(profile_find("none"), PROFILE_NONE);
    assert_int_equal(profile_find("isdn"), PROFILE_NONE);
    for (int i = PROFILE_NONE + 1; i < PROFILE_COUNT; i++) {
        const struct impairment *is = profile_impairment((enum profile)i);
        const struct impairment_row *row;
        STR_AUTO entry = STR_INIT;
        assert_int_equal(profile_find(profile_names[i]), i);
        assert_true(impairment_any(is));
        assert_null(impairment_contradiction(is, &row));
        str_printf(&entry, ".B %s\n%s:\n", profile_names[i], profile_docs[i]);
        impairment_format(is, " ", ", ", &entry);
        size_t doc = strlen(".B ") + strlen(profile_names[i]) + 1;
        entry.data[doc] = (char)(entry.data[doc] - 'a' + 'A');
        if (!strstr(str_text(&manual), str_text(&entry)))
            fail_msg("labctl-topology(5) does not say:\n%s", str_text(&entry));
    }
}

/* What stands in a file beside a profile's name, joined. */
static void written_as(enum profile profile, const struct impairment *is, struct str *out)
{
    for (size_t i = 0; i < impairment_row_count; i++) {
        STR_AUTO value = STR_INIT;
        if (profile_member(profile, is, &impairment_rows[i], &value))
            str_printf(out, "%s%s: %s", out->length ? ", " : "", impairment_rows[i].key, str_text(&value));
    }
}

static void a_profile_is_written_by_its_name_and_what_differs(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    struct impairment is = *profile_impairment(PROFILE_STARLINK);
    written_as(PROFILE_STARLINK, &is, &text);
    assert_string_equal(str_text(&text), "");
    is.rate = 5000000;
    is.delay = 0;
    is.jitter = 0;
    is.distribution = DISTRIBUTION_UNIFORM;
    is.loss = 0;
    is.loss_burst = 1;
    is.duplicate = 10000000;
    is.trace = "0,5";
    written_as(PROFILE_STARLINK, &is, &text);
    assert_string_equal(str_text(&text), "delay: 0, jitter: 0, distribution: uniform, loss: 0%, loss_burst: 1, "
                                         "duplicate: 1%, rate: 5mbit, trace: 0,5");
    assert_true(profile_describes(PROFILE_STARLINK, &is));
    is.rate = 0; /* no key says so */
    assert_false(profile_describes(PROFILE_STARLINK, &is));
    assert_true(profile_describes(PROFILE_NONE, &is));
    assert_true(profile_describes(PROFILE_NONE, profile_impairment(PROFILE_NONE)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles_are_as_the_manual_says),
        cmocka_unit_test(a_profile_is_written_by_its_name_and_what_differs),
        cmocka_unit_test(texts_come_back),
        cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(contradictions_are_found),
        cmocka_unit_test(two_wires_add_up),
        cmocka_unit_test(shares_are_what_they_say),
        cmocka_unit_test(every_nth_is_exact),
        cmocka_unit_test(bursts_have_their_length),
        cmocka_unit_test(delays_are_distributed),
        cmocka_unit_test(correlation_binds_neighbours),
        cmocka_unit_test(overtaking_keeps_its_gap),
        cmocka_unit_test(a_rate_spaces_packets),
        cmocka_unit_test(a_full_wire_drops_its_tail),
        cmocka_unit_test(a_trace_gives_opportunities),
        cmocka_unit_test(a_table_spreads_delays),
        cmocka_unit_test(lists_come_from_files),
        cmocka_unit_test(a_trace_takes_the_place_of_a_rate),
        cmocka_unit_test(one_seed_one_fate),
        cmocka_unit_test(a_change_keeps_counters),
        cmocka_unit_test(one_bit_is_flipped),
        cmocka_unit_test(the_queue_sorts),
        cmocka_unit_test(lines_of_the_relay),
        cmocka_unit_test(lateness_is_told_by_its_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
