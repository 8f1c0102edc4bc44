/* Judges of a node's own state.
 *
 * Present: each thing that is wanted was seen.  Absent: none was.  Exact: each was seen, and nothing else of its own
 * sort: no other route to the same destination in the same table, no other address on the same interface, no other
 * listener of the same protocol, … */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "facts/facts.h"
#include "model/check.h"
#include "score/judging.h"

#define SHOWN_MAX 4 /* things named in a judgement */

/* ---- what belongs together ----------------------------------------------------------------------------------------
 */

/* For each kind the words in which two things of one sort agree. */
static const struct sort {
    enum check_kind kind;
    const char *words[3];
} sorts[] = {
    {CHECK_SOCKET, {"protocol"}},   {CHECK_ROUTE, {"destination", "table"}},
    {CHECK_NEIGHBOUR, {"address"}}, {CHECK_ADDRESS, {"dev"}},
    {CHECK_LINK, {NULL}},           {CHECK_SYSCTL, {"key"}},
    {CHECK_CONNTRACK, {"from"}},    {CHECK_RESOLVER, {NULL}},
    {CHECK_PROCESS, {"name"}},
};

static const struct sort *sort_of(enum check_kind kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(sorts); i++)
        if (sorts[i].kind == kind)
            return &sorts[i];
    return NULL;
}

/* A wanted thing may leave a word of the sort open: then it agrees with all. */
static bool same_sort(const struct sort *sort, const struct words *wanted, const struct words *seen)
{
    for (size_t i = 0; i < ARRAY_SIZE(sort->words) && sort->words[i]; i++) {
        const char *value = words_get(wanted, sort->words[i]);
        if (value && !str_equal(value, words_get(seen, sort->words[i])))
            return false;
    }
    return true;
}

/* A neighbour whose address nobody has answered for is none, unless its state was asked for. */
static bool counts(const struct check *check, const struct words *wanted, const struct words *seen)
{
    if (check->kind == CHECK_NEIGHBOUR && !words_get(wanted, "state") && !words_get(seen, "mac"))
        return false;
    return words_match(wanted, seen);
}

static size_t count_of(const struct check *check, const struct words *wanted, const struct fact *fact)
{
    size_t count = 0;
    for (size_t i = 0; i < fact->entry_count; i++)
        count += counts(check, wanted, &fact->entries[i]);
    return count;
}

static bool is_wanted(const struct check *check, const struct words *seen)
{
    for (size_t i = 0; i < check->state.wanted_count; i++)
        if (counts(check, &check->state.wanted[i], seen))
            return true;
    return false;
}

/* ---- what is said -------------------------------------------------------------------------------------------------
 */

static void say(struct judgement *out, const struct words *words, const char *before)
{
    char text[200];
    words_format(words, text, sizeof text);
    SEEN(out, "%s%s", before, *text ? text : "any");
}

/* Names what was seen of the sorts that are wanted (all: and matches), in front of where. */
static void show(const struct check *check, const struct fact *fact, bool matching, struct judgement *out)
{
    const struct sort *sort = sort_of(check->kind);
    size_t shown = 0;
    out->seen[0] = '\0';
    for (size_t i = 0; i < fact->entry_count; i++) {
        bool near = false;
        for (size_t k = 0; k < check->state.wanted_count && !near; k++)
            near = matching ? counts(check, &check->state.wanted[k], &fact->entries[i])
                            : same_sort(sort, &check->state.wanted[k], &fact->entries[i]) &&
                                  !str_equal(words_get(&fact->entries[i], "scope"), "own");
        if (!near)
            continue;
        if (shown++ < SHOWN_MAX)
            say(out, &fact->entries[i], shown > 1 ? ", " : "");
    }
    if (shown > SHOWN_MAX)
        SEEN(out, " and %zu more", shown - SHOWN_MAX);
    SEEN(out, "%s%s", shown ? " " : "nothing of the kind ", fact->detail);
}

static void expect(const struct check *check, struct judgement *out)
{
    const struct check_state *state = &check->state;
    char text[200];
    if (state->wanted_count)
        EXPECT(out, "%s", state->expect == STATE_ABSENT ? "no " : state->expect == STATE_EXACT ? "exactly " : "");
    for (size_t i = 0; i < state->wanted_count; i++) {
        words_format(&state->wanted[i], text, sizeof text);
        EXPECT(out, "%s%s", i ? (state->expect == STATE_ABSENT ? ", no " : ", ") : "", *text ? text : "any");
    }
    if (state->has_count)
        EXPECT(out, ", %u in number", state->count);
    if (state->has_time_wait_below)
        EXPECT(out, "%sfewer than %u in TIME-WAIT", *out->expected ? ", " : "", state->time_wait_below);
}

/* ---- judging ------------------------------------------------------------------------------------------------------
 */

/* The second one that is as wanted: of routes to one destination, say, only one decides. */
static const struct words *second(const struct check *check, const struct words *wanted, const struct fact *fact)
{
    bool first = true;
    for (size_t i = 0; i < fact->entry_count; i++) {
        if (counts(check, wanted, &fact->entries[i]) && !first)
            return &fact->entries[i];
        first = first && !counts(check, wanted, &fact->entries[i]);
    }
    return NULL;
}

/* Anything of a wanted sort that is not wanted; NULL where there is nothing. */
static const struct words *surplus(const struct check *check, const struct fact *fact)
{
    const struct sort *sort = sort_of(check->kind);
    bool single = check->kind == CHECK_ROUTE || check->kind == CHECK_NEIGHBOUR;
    for (size_t k = 0; single && k < check->state.wanted_count; k++) {
        const struct words *more = second(check, &check->state.wanted[k], fact);
        if (more)
            return more;
    }
    for (size_t i = 0; i < fact->entry_count; i++) {
        const struct words *seen = &fact->entries[i];
        bool own = str_equal(words_get(seen, "scope"), "own");
        for (size_t k = 0; k < check->state.wanted_count && !own; k++)
            if (same_sort(sort, &check->state.wanted[k], seen) && !is_wanted(check, seen))
                return seen;
    }
    return NULL;
}

/* Name servers and search domains are tried in turn: their order is part of what they are. */
static bool in_order(const struct check *check, const struct fact *fact, const char *key)
{
    size_t at = 0;
    bool any = false;
    for (size_t i = 0; i < check->state.wanted_count; i++) {
        const char *value = words_get(&check->state.wanted[i], key);
        if (!value)
            continue;
        any = true;
        while (at < fact->entry_count && !words_get(&fact->entries[at], key))
            at++;
        if (at == fact->entry_count || !str_equal(words_get(&fact->entries[at++], key), value))
            return false;
    }
    for (; any && at < fact->entry_count; at++)
        if (words_get(&fact->entries[at], key))
            return false;
    return true;
}

static bool all_there(const struct check *check, const struct fact *fact)
{
    for (size_t i = 0; i < check->state.wanted_count; i++)
        if (!count_of(check, &check->state.wanted[i], fact))
            return false;
    return true;
}

static bool none_there(const struct check *check, const struct fact *fact)
{
    for (size_t i = 0; i < fact->entry_count; i++)
        if (is_wanted(check, &fact->entries[i]))
            return false;
    return true;
}

/* Is the number of things right, where it matters? */
static bool count_fits(const struct check *check, const struct fact *fact)
{
    const struct check_state *state = &check->state;
    bool single = state->expect == STATE_EXACT && (check->kind == CHECK_PROCESS || check->kind == CHECK_CONNTRACK);
    if (!state->has_count && !single)
        return true;
    uint32_t wanted = state->has_count ? state->count : 1;
    for (size_t i = 0; i < state->wanted_count; i++)
        if (count_of(check, &state->wanted[i], fact) != wanted)
            return false;
    return true;
}

static void judge_things(const struct check *check, const struct fact *fact, struct judgement *out)
{
    const struct check_state *state = &check->state;
    bool counted = state->has_count || check->kind == CHECK_PROCESS || check->kind == CHECK_CONNTRACK;
    if (state->expect == STATE_ABSENT) {
        if (!none_there(check, fact))
            out->verdict = VERDICT_FAIL;
        show(check, fact, true, out);
        return;
    }
    if (!count_fits(check, fact) || (!state->has_count && !all_there(check, fact)))
        out->verdict = VERDICT_FAIL;
    show(check, fact, out->verdict == VERDICT_PASS, out);
    if (out->verdict == VERDICT_FAIL || state->expect != STATE_EXACT || counted)
        return;
    if (check->kind == CHECK_RESOLVER) {
        if (!in_order(check, fact, "server") || !in_order(check, fact, "search")) {
            show(check, fact, false, out);
            out->verdict = VERDICT_FAIL;
        }
        return;
    }
    const struct words *other = surplus(check, fact);
    char text[200];
    if (other)
        judging_fail(out, "%s as well", words_format(other, text, sizeof text));
}

void judge_state(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                 struct judgement *out)
{
    (void)context;
    const struct check_state *state = &check->state;
    expect(check, out);
    if (fact->outcome != OUTCOME_ANSWERED) {
        out->verdict = VERDICT_FAIL;
        return;
    }
    if (state->wanted_count)
        judge_things(check, fact, out);
    if (state->has_time_wait_below) {
        SEEN(out, ", %u in TIME-WAIT", fact->time_wait);
        if (fact->time_wait >= state->time_wait_below)
            judging_fail(out, "%u connections in TIME-WAIT", fact->time_wait);
    }
}

/* ---- files --------------------------------------------------------------------------------------------------------
 */

static bool body_has(const struct fact *fact, const char *part)
{
    return fact->body && memmem(fact->body, fact->body_length, part, strlen(part)) != NULL;
}

static void expect_file(const struct check_file *file, struct judgement *out)
{
    EXPECT(out, "%s%s", file->expect == STATE_ABSENT ? "no " : "", file->path);
    if (file->type)
        EXPECT(out, ", a %s", file->type);
    if (file->has_mode)
        EXPECT(out, ", mode %04o", file->mode);
    if (file->content)
        EXPECT(out, ", exactly '%.60s'", file->content);
    for (size_t i = 0; i < file->contains_count; i++)
        EXPECT(out, ", with '%.60s'", file->contains[i]);
    for (size_t i = 0; i < file->lacks_count; i++)
        EXPECT(out, ", without '%.60s'", file->lacks[i]);
}

static void judge_content(const struct check_file *file, const struct fact *fact, struct judgement *out)
{
    const char *body = fact->body ? fact->body : "";
    if (file->content && (fact->body_length != strlen(file->content) || !body_has(fact, file->content)))
        judging_fail(out, "it begins '%.*s'", (int)(strcspn(body, "\r\n") < 60 ? strcspn(body, "\r\n") : 60), body);
    for (size_t i = 0; i < file->contains_count; i++)
        if (!body_has(fact, file->contains[i]))
            judging_fail(out, "'%.60s' does not stand in it", file->contains[i]);
    for (size_t i = 0; i < file->lacks_count; i++)
        if (body_has(fact, file->lacks[i]))
            judging_fail(out, "'%.60s' stands in it", file->lacks[i]);
}

void judge_file(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                struct judgement *out)
{
    (void)context;
    const struct check_file *file = &check->file;
    expect_file(file, out);
    if (fact->outcome != OUTCOME_ANSWERED) {
        out->verdict = VERDICT_FAIL;
        return;
    }
    bool there = fact->entry_count > 0;
    out->seen[0] = '\0';
    if (there)
        say(out, &fact->entries[0], "");
    SEEN(out, "%s%s", there ? " " : "no such file ", fact->detail);
    if (there == (file->expect == STATE_ABSENT)) {
        out->verdict = VERDICT_FAIL;
        return;
    }
    if (!there)
        return;
    const char *type = words_get(&fact->entries[0], "type"), *mode = words_get(&fact->entries[0], "mode");
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%04o", file->mode);
    if (file->type && !str_equal(file->type, type))
        judging_fail(out, "a %s", type);
    else if (file->has_mode && !str_equal(mode, wanted))
        judging_fail(out, "mode %s", mode);
    else
        judge_content(file, fact, out);
}
