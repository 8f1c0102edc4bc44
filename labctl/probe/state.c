/* The node's own state: read from its kernel and its files, never by its programs.  An attempt is over when it began.
 */
#include "probe/state.h"

#include "base/arena.h"
#include "base/table.h"
#include "model/topology.h"

static void put(struct attempt *attempt, struct words *entry, enum word_manner manner, const char *key,
                const char *value)
{
    words_add(attempt->arena, entry, manner, key, arena_strdup(attempt->arena, value));
}

struct words *state_entry(struct attempt *attempt, const char *key, const char *value)
{
    struct words *entry = ARENA_PUSH(attempt->arena, attempt->fact.entries, attempt->fact.entry_count);
    put(attempt, entry, WORD_BARE, key, value);
    return entry;
}

void state_word(struct attempt *attempt, struct words *entry, const char *key, const char *value)
{
    put(attempt, entry, WORD_KEYED, key, value);
}

void state_bare(struct attempt *attempt, struct words *entry, const char *key, const char *value)
{
    put(attempt, entry, WORD_BARE, key, value);
}

void state_quiet(struct attempt *attempt, struct words *entry, const char *key, const char *value)
{
    put(attempt, entry, WORD_QUIET, key, value);
}

void state_addr(struct attempt *attempt, struct words *entry, const char *key, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    if (addr_is_set(addr))
        state_word(attempt, entry, key, addr_format(addr, text));
}

void state_number(struct attempt *attempt, struct words *entry, const char *key, unsigned long number)
{
    words_add(attempt->arena, entry, WORD_KEYED, key, arena_printf(attempt->arena, "%lu", number));
}

void state_end(struct attempt *attempt)
{
    attempt_end(attempt, OUTCOME_ANSWERED, "at %s", attempt->check->from->name);
}

static void state_start(struct attempt *attempt)
{
    static const struct {
        enum check_kind kind;
        void (*read)(struct attempt *attempt, int netns);
    } readers[] = {
        {CHECK_SOCKET, state_read_socket},       {CHECK_ROUTE, state_read_route},
        {CHECK_NEIGHBOUR, state_read_neighbour}, {CHECK_ADDRESS, state_read_address},
        {CHECK_LINK, state_read_link},           {CHECK_SYSCTL, state_read_sysctl},
        {CHECK_CONNTRACK, state_read_conntrack}, {CHECK_RESOLVER, state_read_resolver},
        {CHECK_FILE, state_read_file},           {CHECK_PROCESS, state_read_process},
    };
    int netns = attempt_netns(attempt);
    for (size_t i = 0; i < ARRAY_SIZE(readers) && netns >= 0; i++)
        if (readers[i].kind == attempt->check->kind)
            readers[i].read(attempt, netns);
}

static void state_expire(struct attempt *attempt)
{
    attempt_end(attempt, OUTCOME_ERROR, "the state of %s was not read in time", attempt->check->from->name);
}

static void state_release(struct attempt *attempt)
{
    (void)attempt;
}

/* One means for all of these kinds. */
const struct probe_kind probe_state = {.start = state_start, .expire = state_expire, .release = state_release};
