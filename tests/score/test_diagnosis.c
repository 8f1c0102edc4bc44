/* Claims against the truth: what is next to what, and what each claim is worth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/mark.h"
#include "doc/doc.h"
#include "load/load.h"
#include "model/adjacent.h"
#include "score/diagnosis.h"
#include "score/pairing.h"

static const char text[] = "lab: shop\n"
                           "vpcs:\n"
                           "  main:\n"
                           "    cidr: 10.0.0.0/16\n"
                           "    internet_gateway: true\n"
                           "    subnets:\n"
                           "      public: { cidr: 10.0.1.0/24, route_table: out }\n"
                           "      private: { cidr: 10.0.2.0/24, route_table: through }\n"
                           "    route_tables:\n"
                           "      out: [ { destination: 0.0.0.0/0, target: internet_gateway } ]\n"
                           "      through: [ { destination: 0.0.0.0/0, target: nat_gateway/nat } ]\n"
                           "    nat_gateways: { nat: { subnet: public } }\n"
                           "    security_groups:\n"
                           "      web: { ingress: [ { protocol: tcp, ports: 80, from: any4 } ] }\n"
                           "      db: { ingress: [ { protocol: tcp, ports: 5432, from: security_group/web } ] }\n"
                           "bridges: { lan: {} }\n"
                           "links: { uplink: {} }\n"
                           "nodes:\n"
                           "  app: { subnet: main/private, security_groups: [web],\n"
                           "         services: { http: {} } }\n"
                           "  store: { subnet: main/private, security_groups: [db] }\n"
                           "  desk: { bridge: lan, address: 10.9.0.1/24 }\n"
                           "  r1:\n"
                           "    interfaces:\n"
                           "      lan0: { bridge: lan, address: 10.9.0.2/24 }\n"
                           "      wan0: { link: uplink, address: 10.8.0.1/30 }\n"
                           "  r2: { link: uplink, address: 10.8.0.2/30 }\n";

struct fixture {
    struct arena *arena;
    struct topology *topology;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct findings findings;
    f.arena = arena_new();
    findings_init(&findings, f.arena);
    load_topology_text("test.yaml", text, strlen(text), sources_new(f.arena), &findings, &f.topology);
    for (size_t i = 0; i < findings.count; i++)
        print_message("%s\n", findings.items[i].text);
    *state = &f;
    return findings.errors ? -1 : 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    topology_free(f->topology);
    arena_free(f->arena);
    return 0;
}

/* ---- the graph ---- */

static bool adjacent(const struct fixture *f, const char *a, const char *b)
{
    struct thing one = topology_thing(f->topology, a, NULL), other = topology_thing(f->topology, b, NULL);
    assert_int_not_equal(one.kind, THING_NONE);
    assert_int_not_equal(other.kind, THING_NONE);
    assert_int_equal(things_adjacent(&one, &other), things_adjacent(&other, &one));
    return things_adjacent(&one, &other);
}

static void neighbours_are_what_a_drawing_connects(void **state)
{
    static const char *const pairs[][2] = {
        {"node/app/eth0", "node/app"},
        {"node/app/service/http", "node/app"},
        {"node/app", "vpc/main/subnet/private"},
        {"node/app/eth0", "vpc/main/subnet/private"},
        {"node/app", "vpc/main/security_group/web"},
        {"vpc/main/security_group/web", "vpc/main/security_group/db"},
        {"vpc/main/subnet/private", "vpc/main/route_table/through"},
        {"vpc/main/route_table/through", "vpc/main/nat_gateway/nat"},
        {"vpc/main/route_table/out", "vpc/main/internet_gateway"},
        {"vpc/main/nat_gateway/nat", "vpc/main/subnet/public"},
        {"vpc/main/nat_gateway/nat", "vpc/main/internet_gateway"},
        {"vpc/main/subnet/public", "vpc/main"},
        {"node/desk", "bridge/lan"},
        {"node/r1", "link/uplink"},
        {"node/r2/eth0", "link/uplink"},
        {"node/r1", "node/r2"},
        {"node/r1/wan0", "node/r2/eth0"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (!adjacent(*state, pairs[i][0], pairs[i][1]))
            fail_msg("%s and %s", pairs[i][0], pairs[i][1]);
}

static void others_are_not(void **state)
{
    static const char *const pairs[][2] = {
        {"node/app", "node/app"},
        {"node/app", "node/store"},
        {"node/desk", "node/r1"},
        {"node/r1/lan0", "link/uplink"},
        {"node/r1/lan0", "node/r1/wan0"},
        {"vpc/main/subnet/public", "vpc/main/route_table/through"},
        {"vpc/main/route_table/out", "vpc/main/nat_gateway/nat"},
        {"node/app", "vpc/main/security_group/db"},
        {"node/app", "vpc/main"},
        {"vpc/main/nat_gateway/nat", "vpc/main/subnet/private"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (adjacent(*state, pairs[i][0], pairs[i][1]))
            fail_msg("%s and %s", pairs[i][0], pairs[i][1]);
}

/* ---- claims ---- */

#define NAT  "vpc/main/nat_gateway/nat"
#define LINK "link/uplink"

/* "PLACE PLACE… KIND FAMILY", "-" where there is none of them; or "none". */
static struct claim claim_of(struct fixture *f, const char *words)
{
    struct claim claim = {0};
    const char *parts[20];
    size_t count = 0;
    if (!strcmp(words, "none"))
        return (struct claim){.none = true};
    char *copy = arena_strdup(f->arena, words), *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        parts[count++] = strcmp(word, "-") ? word : NULL;
    claim.family = parts[--count];
    claim.what = parts[--count];
    for (size_t i = 0; i < count; i++)
        if (parts[i])
            *ARENA_PUSH(f->arena, claim.where.items, claim.where.count) = parts[i];
    return claim;
}

static struct truth truth_of(struct fixture *f, const char *words)
{
    struct claim claim = claim_of(f, words);
    return (struct truth){.places = claim.where, .kind = claim.what, .family = claim.family};
}

static const struct strings nothing;

/* The credit of claims (up to NULL) against truths. */
static struct diagnosis credit(struct fixture *f, struct truth *truths, size_t truth_count, const char *const *words,
                               const struct strings *accept)
{
    struct claim *claims = NULL;
    size_t count = 0;
    for (; words[count];) {
        struct claim claim = claim_of(f, words[count]);
        *ARENA_PUSH(f->arena, claims, count) = claim;
    }
    return diagnosis_score(f->topology, 100, accept ? accept : &nothing, truths, truth_count, claims, count);
}

static void assert_credit(struct fixture *f, const char *truth, const char *claim, const char *expected)
{
    char exact[RATIO_TEXT_MAX];
    struct truth truths[] = {truth_of(f, truth)};
    struct diagnosis diagnosis = credit(f, truths, 1, (const char *const[]){claim, NULL}, NULL);
    if (strcmp(ratio_exact(diagnosis.credit, exact), expected))
        fail_msg("%s: %s, not %s", claim, exact, expected);
}

static void one_claim_is_worth_where_and_what(void **state)
{
    const char *truth = NAT " nat-gateway-misplaced nat";
    assert_credit(*state, truth, NAT " nat-gateway-misplaced nat", "1");
    assert_credit(*state, truth, NAT " - -", "1/2");
    assert_credit(*state, truth, "- nat-gateway-misplaced nat", "1/2"); /* no place */
    assert_credit(*state, truth, NAT " nat-exhausted nat", "3/4");
    assert_credit(*state, truth, "vpc/main/subnet/public nat-gateway-misplaced nat", "3/4");
    assert_credit(*state, truth, "vpc/main/subnet/public loss impairment", "1/4");
    assert_credit(*state, truth, "node/desk loss impairment", "0");
    assert_credit(*state, truth, "none", "0");
    /* Divided by the number of places. */
    assert_credit(*state, truth, NAT " node/desk nat-gateway-misplaced nat", "3/4");
    assert_credit(*state, truth, NAT " node/desk node/r1 node/r2 - -", "1/8");
    assert_credit(*state, truth, "vpc/main/subnet/public node/desk node/r1 - -", "1/12");
}

static void both_places_of_a_fault_count_as_one(void **state)
{
    const char *truth = "node/r1 node/desk asymmetric-routing routing";
    assert_credit(*state, truth, "node/r1 node/desk asymmetric-routing routing", "1");
    assert_credit(*state, truth, "node/desk asymmetric-routing routing", "1");
    assert_credit(*state, truth, "node/desk node/r1 node/app asymmetric-routing routing", "3/4");
}

static void accepted_places_are_as_good(void **state)
{
    struct fixture *f = *state;
    const char *accepted[] = {"vpc/main/subnet/private"};
    struct strings accept = {accepted, 1};
    struct truth truths[] = {truth_of(f, NAT " nat-gateway-misplaced nat")};
    const char *const claims[] = {"vpc/main/subnet/private nat-gateway-misplaced nat", NULL};
    struct diagnosis diagnosis = credit(f, truths, 1, claims, &accept);
    assert_int_equal(ratio_compare(diagnosis.credit, ratio_whole(1)), 0);
}

static void assert_total(struct fixture *f, struct truth *truths, size_t count, const char *const *claims,
                         const char *expected, size_t counted)
{
    char exact[RATIO_TEXT_MAX];
    struct diagnosis diagnosis = credit(f, truths, count, claims, NULL);
    assert_string_equal(ratio_exact(diagnosis.credit, exact), expected);
    assert_int_equal(diagnosis.counted, counted);
}

static void the_last_claim_counts(void **state)
{
    struct fixture *f = *state;
    struct truth truths[] = {truth_of(f, NAT " nat-gateway-misplaced nat")};
    const char *right = NAT " nat-gateway-misplaced nat", *wrong = "node/desk loss impairment";
    assert_total(f, truths, 1, (const char *const[]){wrong, right, NULL}, "1", 1);
    assert_total(f, truths, 1, (const char *const[]){right, wrong, NULL}, "0", SIZE_MAX);
    assert_total(f, truths, 1, (const char *const[]){right, "none", NULL}, "0", SIZE_MAX);
    assert_total(f, truths, 1, (const char *const[]){NULL}, "0", SIZE_MAX);
}

static void several_faults_share_the_points(void **state)
{
    struct fixture *f = *state;
    struct truth truths[] = {truth_of(f, NAT " nat-gateway-misplaced nat"), truth_of(f, LINK " loss impairment")};
    const char *nat = NAT " nat-gateway-misplaced nat", *loss = LINK " loss impairment";
    assert_total(f, truths, 2, (const char *const[]){nat, loss, NULL}, "1", 1);
    assert_total(f, truths, 2, (const char *const[]){loss, NULL}, "1/2", 0);
    /* A correction replaces what was said of the same place; it pushes nothing out. */
    assert_total(f, truths, 2, (const char *const[]){nat, LINK " link-down link", loss, NULL}, "1", 2);
    /* As many stand as there are faults: trying everything out does not pay. */
    assert_total(f, truths, 2, (const char *const[]){nat, loss, "node/desk loss impairment", NULL}, "1/2", 1);
    assert_total(f, truths, 2, (const char *const[]){nat, "none", loss, NULL}, "1/2", 2);
}

static void a_claim_counts_for_one_fault(void **state)
{
    struct fixture *f = *state;
    const char *accepted[] = {"vpc/main/subnet/private"};
    struct strings accept = {accepted, 1};
    char exact[RATIO_TEXT_MAX];
    /* Both are of one kind: a claim of that kind is not half of each. */
    struct truth twice[] = {truth_of(f, NAT " loss impairment"), truth_of(f, LINK " loss impairment")};
    assert_total(f, twice, 2, (const char *const[]){"- loss impairment", NULL}, "1/4", 0);
    assert_total(f, twice, 2, (const char *const[]){NAT " loss impairment", "- loss impairment", NULL}, "3/4", 0);
    /* A place that is as good for any of them earns its half once. */
    struct diagnosis diagnosis =
        credit(f, twice, 2, (const char *const[]){"vpc/main/subnet/private - -", NULL}, &accept);
    assert_string_equal(ratio_exact(diagnosis.credit, exact), "1/4");
    /* What belongs to one fault is nothing for the other. */
    struct truth own[] = {truth_of(f, NAT " nat-gateway-misplaced nat"), truth_of(f, LINK " loss impairment")};
    own[0].accept = accept;
    assert_total(f, own, 2, (const char *const[]){"vpc/main/subnet/private nat-gateway-misplaced nat", NULL}, "1/2", 0);
    assert_total(f, own, 2, (const char *const[]){"vpc/main/subnet/private loss impairment", NULL}, "1/4", 0);
    assert_int_equal(own[1].claim == SIZE_MAX, own[0].claim == 0);
}

static void claims_are_paired_so_that_they_earn_most(void **state)
{
    struct fixture *f = *state;
    /* The second claim fits both faults; were it taken for the first, which it fits as well as the first claim does,
     * the first claim would earn nothing. */
    struct truth truths[] = {truth_of(f, NAT " loss impairment"), truth_of(f, LINK " loss impairment")};
    assert_total(f, truths, 2, (const char *const[]){NAT " - -", NAT " " LINK " loss impairment", NULL}, "5/8", 1);
    assert_int_equal(truths[0].claim, 0);
    assert_int_equal(truths[1].claim, 1);
    assert_total(f, truths, 2, (const char *const[]){NAT " " LINK " loss impairment", NAT " - -", NULL}, "5/8", 0);
}

/* All ways to pair rows with columns, against the one that is not tried out. */
static int64_t best_by_trying(const int64_t *worth, size_t row, size_t rows, size_t columns, unsigned used)
{
    int64_t best = 0;
    for (size_t c = 0; row < rows && c < columns; c++) {
        if (used & 1U << c)
            continue;
        int64_t sum = worth[row * columns + c] + best_by_trying(worth, row + 1, rows, columns, used | 1U << c);
        best = sum > best ? sum : best;
    }
    return best;
}

static void no_pairing_is_better(void **state)
{
    (void)state;
    unsigned random = 1;
    for (size_t n = 0; n < 2000; n++) {
        int64_t worth[36], sum = 0;
        size_t columns = 1 + n % 6, rows = n / 6 % (columns + 1), pairs[6];
        unsigned used = 0;
        for (size_t i = 0; i < rows * columns; i++)
            worth[i] = (random = random * 1103515245U + 12345U) >> 16 & 7;
        pairing_best(worth, rows, columns, pairs);
        for (size_t r = 0; r < rows; r++) {
            assert_false(used & 1U << pairs[r]);
            used |= 1U << pairs[r];
            sum += worth[r * columns + pairs[r]];
        }
        assert_int_equal(sum, best_by_trying(worth, 0, rows, columns, 0));
    }
}

static void noise_neither_helps_nor_harms(void **state)
{
    struct fixture *f = *state;
    struct truth truths[] = {truth_of(f, NAT " nat-gateway-misplaced nat"), truth_of(f, LINK " loss impairment")};
    const char *nat = NAT " nat-gateway-misplaced nat", *loss = LINK " loss impairment";
    truths[1].scheduled = true;
    assert_total(f, truths, 2, (const char *const[]){nat, NULL}, "1", 0);
    assert_total(f, truths, 2, (const char *const[]){nat, loss, NULL}, "1", 0);
    assert_total(f, truths, 2, (const char *const[]){loss, NULL}, "0", SIZE_MAX);
    /* Where nothing else is broken, it is what is to be found. */
    assert_total(f, &truths[1], 1, (const char *const[]){loss, NULL}, "1", 0);
}

static void in_a_healthy_control_nothing_is_right(void **state)
{
    struct fixture *f = *state;
    assert_total(f, NULL, 0, (const char *const[]){"none", NULL}, "1", 0);
    assert_total(f, NULL, 0, (const char *const[]){"none", "node/desk loss impairment", NULL}, "0", SIZE_MAX);
    assert_total(f, NULL, 0, (const char *const[]){NULL}, "0", SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(neighbours_are_what_a_drawing_connects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_are_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_claim_is_worth_where_and_what, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both_places_of_a_fault_count_as_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(accepted_places_are_as_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_claim_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_faults_share_the_points, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_claim_counts_for_one_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(claims_are_paired_so_that_they_earn_most, set_up, tear_down),
        cmocka_unit_test(no_pairing_is_better),
        cmocka_unit_test_setup_teardown(noise_neither_helps_nor_harms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_a_healthy_control_nothing_is_right, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
