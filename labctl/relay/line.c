#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/str.h"
#include "relay/relay.h"

static uint64_t drawn_seed(void)
{
    uint64_t seed = 0;
    return getrandom(&seed, sizeof seed, 0) == sizeof seed ? seed : (uint64_t)pump_now();
}

/* Wires of one seed go different ways: by their device's name and direction (FNV-1a). */
static uint64_t stream(const struct relay_wire *spec)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = spec->device; *c; c++)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    return (hash ^ spec->direction) * UINT64_C(0x100000001b3);
}

static uint64_t seed_of(const struct impairment *is)
{
    return is->seed ? is->seed : drawn_seed();
}

/* Remembered as text: what a specification borrows ends with it. */
static char *text_of(const struct impairment *is)
{
    STR_AUTO text = STR_INIT;
    impairment_format(is, "=", " ", &text);
    return str_steal(&text);
}

/* Its packets come in at its end, and go on by: */
static int find_devices(struct line *line, struct error *err)
{
    const struct relay_wire *spec = &line->spec;
    int home, found = tap_enter(spec->netns, &home, err);
    if (found == 0) {
        line->device_index = (int)if_nametoindex(spec->device);
        line->end_index = (int)if_nametoindex(spec->relay_end);
        line->to = spec->direction == RELAY_SENT ? line->end_index : line->device_index;
        if (!line->device_index || !line->end_index)
            found = error_set_errno(err, errno, "find %s", line->device_index ? spec->relay_end : spec->device);
    }
    tap_leave(&home);
    return found;
}

static void begin_statistics(const struct relay_wire *spec, struct relay_statistics *statistics)
{
    memset(statistics, 0, sizeof *statistics);
    memcpy(statistics->netns, spec->netns, sizeof statistics->netns);
    memcpy(statistics->device, spec->device, sizeof statistics->device);
    memcpy(statistics->relay_end, spec->relay_end, sizeof statistics->relay_end);
    statistics->direction = spec->direction;
    __atomic_store_n(&statistics->in_use, 1, __ATOMIC_RELEASE);
}

struct line *line_open(const struct relay_wire *spec, struct tap **taps, struct relay_statistics *statistics,
                       struct error *err)
{
    struct line *line = calloc(1, sizeof *line);
    if (!line) {
        error_set_errno(err, ENOMEM, "serve %s", spec->device);
        return NULL;
    }
    *line = (struct line){.spec = *spec, .is_text = text_of(&spec->is), .statistics = statistics};
    struct tap *tap = find_devices(line, err) == 0 ? tap_for(taps, spec->netns, spec->mtu, err) : NULL;
    if (!tap) {
        error_wrap(err, "serve %s (%s)", spec->device, relay_direction_names[spec->direction]);
        line_close(line);
        return NULL;
    }
    wire_init(&line->wire, &spec->is, seed_of(&spec->is), stream(spec));
    tap_add(tap, line);
    begin_statistics(spec, statistics);
    return line;
}

void line_close(struct line *line)
{
    line->statistics->in_use = 0;
    if (line->tap)
        tap_remove(line->tap, line);
    wire_end(&line->wire);
    free(line->is_text);
    free(line);
}

bool line_stands(const struct line *line)
{
    int home;
    if (tap_enter(line->spec.netns, &home, NULL)) {
        tap_leave(&home);
        return false;
    }
    bool stands = (int)if_nametoindex(line->spec.device) == line->device_index &&
                  (int)if_nametoindex(line->spec.relay_end) == line->end_index;
    tap_leave(&home);
    return stands;
}

void line_change(struct line *line, const struct impairment *is)
{
    char *text = text_of(is);
    if (str_equal(text, line->is_text)) {
        free(text);
        return;
    }
    free(line->is_text);
    line->is_text = text;
    wire_change(&line->wire, is, seed_of(is), stream(&line->spec));
}
