/* Piece by piece from the tables of one topology to those of another: what nft lists then is what the whole table would
 * be.  In a namespace of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "doc/doc.h"
#include "kernel/namespace.h"
#include "kernel/nft.h"
#include "load/load.h"
#include "lower/lower.h"
#include "model/topology.h"
#include "plan/nft_change.h"
#include "plan/plan.h"
#include "load/generate.h"
#include "sandbox.h"

static struct plan *plan_of(uint64_t seed)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    struct plan *plan = NULL;
    findings_init(&findings, arena);
    generate_topology(seed, &text);
    assert_int_equal(load_topology_text("t", str_text(&text), text.length, sources, &findings, &topology), 0);
    assert_int_equal(lower_topology(topology, &plan, NULL), 0);
    topology_free(topology);
    return plan;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The pieces of a listing in an order of their own: nft lists them in that of their making. */
static const char *sorted(struct arena *arena, const struct str *listing)
{
    char *rest = arena_strdup(arena, str_text(listing));
    char **pieces = NULL;
    size_t count = 0;
    STR_AUTO out = STR_INIT;
    for (char *at = rest; (at = strstr(at, "\n\t")) != NULL;) {
        char *end = strstr(at, "\n\t}\n");
        if (end == NULL)
            break;
        *end = '\0';
        *ARENA_PUSH(arena, pieces, count) = at + 1;
        at = end + strlen("\n\t}");
    }
    assert_true(count > 0);
    qsort(pieces, count, sizeof *pieces, by_text);
    for (size_t i = 0; i < count; i++)
        str_printf(&out, "%s\n\t}\n", pieces[i]);
    return arena_strdup(arena, str_text(&out));
}

static const struct plan_nft *same_table(const struct plan *plan, const struct plan *other, const struct plan_nft *nft)
{
    for (size_t i = 0; i < other->nft_count; i++)
        if (strcmp(other->nfts[i].family, nft->family) == 0 && strcmp(other->nfts[i].table, nft->table) == 0 &&
            strcmp(other->namespaces[other->nfts[i].ns].name, plan->namespaces[nft->ns].name) == 0)
            return &other->nfts[i];
    return NULL;
}

static void leads_there(uint64_t seed, const struct plan_nft *before, const struct plan_nft *after,
                        const char *commands)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO whole = STR_INIT, seen = STR_INIT, wanted = STR_INIT;
    struct error err = ERROR_INIT;
    FD_AUTO netns = netns_new(&err);
    assert_true(netns >= 0);
    str_printf(&whole, "table %s %s {\n%s}\n", before->family, before->table, before->body);
    if (nft_load(netns, "before", str_text(&whole), &err) != 0 || nft_load(netns, "commands", commands, &err) != 0)
        fail_msg("seed %llu, %s %s: %s\n%s", (unsigned long long)seed, after->family, after->table, err.text, commands);
    assert_int_equal(nft_list(netns, after->family, after->table, true, &seen, &err), 0);
    assert_int_equal(nft_list_of(after->family, after->table, after->body, true, &wanted, &err), 0);
    assert_string_equal(sorted(arena, &seen), sorted(arena, &wanted));
}

static void every_way_leads_there(void **state)
{
    size_t ways = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct plan *before = plan_of(seed), *after = plan_of(seed + 1);
        for (size_t i = 0; i < after->nft_count; i++) {
            const struct plan_nft *new = &after->nfts[i], *old = same_table(after, before, new);
            STR_AUTO commands = STR_INIT;
            if (after->namespaces[new->ns].kind != NAMESPACE_CLOUD || !old || strcmp(old->body, new->body) == 0)
                continue;
            if (!nft_change(old, new, &commands))
                continue; /* another type of set: the whole table */
            leads_there(seed, old, new, str_text(&commands));
            ways++;
        }
        plan_free(before);
        plan_free(after);
    }
    assert_true(ways > 40); /* groups, ACLs, route tables of two VPCs */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_way_leads_there)};
    if (sandbox_enter() != 0) {
        print_message("[  SKIPPED ] every_way_leads_there: no user namespaces here\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
