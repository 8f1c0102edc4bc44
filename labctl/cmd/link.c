/* labctl link: what a wire does to packets, changed and shown live. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/changing.h"
#include "cmd/common/client.h"
#include "cmd/common/reading.h"
#include "doc/doc.h"
#include "link/impairment.h"
#include "link/profile.h"
#include "load/edit.h"
#include "load/load.h"
#include "model/topology.h"

static const struct option_spec options[] = {
    {"--from", "END", "for 'set': only what this end of the link sends (node/a, or node/a/eth0)"},
};

/* ---- the new properties of a link -------------------------------------------------------------------------------- */

static bool end_matches(const struct interface *end, const char *text)
{
    STR_AUTO full = STR_INIT;
    if (str_starts(text, "node/"))
        text += strlen("node/");
    str_printf(&full, "%s/%s", end->node->name, end->name);
    return str_equal(text, end->node->name) || str_equal(text, str_text(&full));
}

#define PROFILE "profile"

/* profile=NAME: all that such a line does, and nothing else; later words change it. */
static int take_profile(struct context *context, const char *name, struct impairment *is, enum profile *profile)
{
    const char *near = str_nearest(name, profile_names, PROFILE_COUNT);
    STR_AUTO all = STR_INIT;
    for (size_t i = 0; i < PROFILE_COUNT; i++)
        str_printf(&all, "%s%s", i ? ", " : "", profile_names[i]);
    if (profile_find(name) == PROFILE_NONE && !str_equal(name, profile_names[PROFILE_NONE]))
        return cmd_usage(context, "no profile is called '%s'%s%s%s (one of %s)", name, near ? "; did you mean '" : "",
                         near ? near : "", near ? "'?" : "", str_text(&all));
    *profile = profile_find(name);
    *is = *profile_impairment(*profile);
    return 0;
}

/* Keys of a link in the file that are no impairments. */
static int no_parameter(struct context *context, const char *key, const char *near)
{
    if (str_equal(key, "mtu"))
        return cmd_usage(context, "'mtu' is no impairment: `labctl set LINK/mtu VALUE` changes it");
    if (str_equal(key, "from"))
        return cmd_usage(context, "'from' is an option here: --from END");
    return cmd_usage(context, "a link has no parameter '%s'%s%s%s", key, near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

/* "none", or what the manual says of a parameter that is not given, takes it away. */
static bool takes_away(const struct impairment_row *row, const char *value)
{
    return str_equal(value, "none") || str_equal(value, row->fallback);
}

static int wrong_value(struct context *context, const struct impairment_row *row, const char *wrong, const char *value)
{
    const char *near = row->type == IMPAIRMENT_WORD ? str_nearest(value, distribution_names, DISTRIBUTION_COUNT) : NULL;
    return cmd_usage(context, "'%s' wants %s, got '%s'%s%s%s", row->key, wrong, value, near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

/* KEY=@FILE, as `{ source: FILE }` of a topology. */
static int take_file(struct context *context, struct arena *arena, const struct impairment_row *row, const char *path,
                     struct impairment *is)
{
    STR_AUTO text = STR_INIT, list = STR_INIT;
    if (file_read(AT_FDCWD, path, &text, IMPAIRMENT_FILE_MAX) != 0)
        return cmd_usage(context, "'%s' of '%s' cannot be read: %s", path, row->key, strerror(errno));
    impairment_list_of_file(str_text(&text), &list);
    const char *wrong = impairment_set(is, row, arena_strdup(arena, str_text(&list)));
    return wrong ? cmd_usage(context, "'%s' wants %s; '%s' begins with '%.20s'", row->key, wrong, path, str_text(&list))
                 : 0;
}

/* KEY=VALUE into an impairment: 0, or 2 with the complaint printed. */
static int take(struct context *context, struct arena *arena, const char *word, struct impairment *is,
                enum profile *profile)
{
    const char *keys[64] = {PROFILE}, *value = strchr(word, '=');
    STR_AUTO key = STR_INIT;
    str_append_bytes(&key, word, value ? (size_t)(value - word) : strlen(word));
    if (value && str_equal(str_text(&key), PROFILE))
        return take_profile(context, value + 1, is, profile);
    const struct impairment_row *row = impairment_row(str_text(&key));
    size_t count = 1;
    for (size_t i = 0; i < impairment_row_count && count < ARRAY_SIZE(keys); i++)
        keys[count++] = impairment_rows[i].key;
    const char *near = row ? NULL : str_nearest(str_text(&key), keys, count);
    if (!row)
        return no_parameter(context, str_text(&key), near);
    if (!value)
        return cmd_usage(context, "'%s' wants %s, as %s=VALUE", row->key, impairment_wants(row), row->key);
    if (takes_away(row, value + 1)) {
        impairment_clear(is, row);
        return 0;
    }
    if (impairment_is_list(row) && value[1] == '@')
        return take_file(context, arena, row, value + 2, is);
    const char *wrong = impairment_set(is, row, value + 1);
    return wrong ? wrong_value(context, row, wrong, value + 1) : 0;
}

static void put_entry(struct str *out, const char *from, uint32_t mtu, const struct impairment *is,
                      enum profile profile)
{
    STR_AUTO members = STR_INIT;
    if (from)
        str_printf(&members, "from: %s", from);
    if (mtu)
        str_printf(&members, "%smtu: %u", members.length ? ", " : "", mtu);
    if (!profile_describes(profile, is))
        profile = PROFILE_NONE;
    if (profile != PROFILE_NONE)
        str_printf(&members, "%s" PROFILE ": %s", members.length ? ", " : "", profile_names[profile]);
    for (size_t i = 0; i < impairment_row_count; i++) {
        STR_AUTO value = STR_INIT;
        bool quoted = impairment_is_list(&impairment_rows[i]);
        if (profile_member(profile, is, &impairment_rows[i], &value))
            str_printf(&members, "%s%s: %s%s%s", members.length ? ", " : "", impairment_rows[i].key, quoted ? "\"" : "",
                       str_text(&value), quoted ? "\"" : "");
    }
    str_printf(out, "{ %s }", str_text(&members));
}

static void put_link(struct str *out, const struct link *link)
{
    bool directed = link->from_declared[0] || link->from_declared[1];
    str_append(out, directed ? "[ " : "");
    put_entry(out, NULL, link->mtu, &link->both, link->profile);
    for (size_t e = 0; directed && e < 2; e++) {
        STR_AUTO from = STR_INIT;
        if (!link->from_declared[e])
            continue;
        str_printf(&from, "node/%s/%s", link->ends[e]->node->name, link->ends[e]->name);
        str_append(out, ", ");
        put_entry(out, str_text(&from), 0, &link->from_end[e], link->from_profile[e]);
    }
    str_append(out, directed ? " ]" : "");
}

/* For what "KEY=VALUE" gives. */
static void make_room(struct impairment *is, const char *word)
{
    STR_AUTO key = STR_INIT;
    size_t length = strcspn(word, "=");
    str_append_bytes(&key, word, length);
    const struct impairment_row *row = impairment_row(str_text(&key));
    if (row && word[length] && !takes_away(row, word + length + 1))
        impairment_make_room(is, row);
}

/* What `set` makes of a link: the words for both directions, or for the one that `from` names. */
static int change_link(struct context *context, struct arena *arena, struct link *link, const char *from)
{
    int result = 0;
    size_t e = 0;
    if (from) {
        while (e < 2 && !end_matches(link->ends[e], from))
            e++;
        if (e == 2)
            return cmd_usage(context, "link '%s' has no end '%s': its ends are node/%s and node/%s", link->name, from,
                             link->ends[0]->node->name, link->ends[1]->node->name);
        if (!link->from_declared[e]) {
            link->from_end[e] = link->both;
            link->from_profile[e] = link->profile;
        }
        link->from_declared[e] = true;
    }
    for (int i = 2; i < context->argc; i++) {
        for (size_t k = 0; k < 2; k++)
            if (from ? k == e : link->from_declared[k])
                make_room(&link->from_end[k], context->argv[i]);
        if (!from)
            make_room(&link->both, context->argv[i]);
    }
    for (int i = 2; i < context->argc && result == 0; i++) {
        for (size_t k = 0; k < 2 && result == 0; k++)
            if (from ? k == e : link->from_declared[k])
                result = take(context, arena, context->argv[i], &link->from_end[k], &link->from_profile[k]);
        if (!from && result == 0)
            result = take(context, arena, context->argv[i], &link->both, &link->profile);
    }
    return result;
}

static void reset_link(struct link *link)
{
    link->both = link->from_end[0] = link->from_end[1] = (struct impairment){0};
    link->profile = link->from_profile[0] = link->from_profile[1] = PROFILE_NONE;
    link->from_declared[0] = link->from_declared[1] = false;
}

/* "link/uplink", or the name alone: no other kind can stand there. */
static struct thing link_thing(const struct topology *topology, const char *name)
{
    STR_AUTO full = STR_INIT;
    struct thing thing = topology_thing(topology, name, NULL);
    str_printf(&full, "link/%s", name);
    return thing.kind == THING_NONE ? topology_thing(topology, str_text(&full), NULL) : thing;
}

static int no_link(struct context *context, const struct topology *topology, const char *name)
{
    const char *near = NULL;
    struct thing thing = topology_thing(topology, name, &near);
    struct error err = ERROR_INIT;
    if (thing.kind == THING_INTERFACE || thing.kind == THING_NODE)
        error_set(&err, ERR_USAGE,
                  "%s is no link; its wire is impaired by `labctl fault inject delay --at %s delay=20ms` "
                  "(`labctl fault list`: the kinds of family impairment)",
                  name, name);
    else
        error_set(&err, ERR_ABSENT, "there is no link '%s'%s%s%s", name, near ? " (did you mean '" : "",
                  near ? near : "", near ? "'?)" : "");
    return cmd_fail(context, &err);
}

/* ---- set and reset ------------------------------------------------------------------------------------------------
 */

static int changed_text(struct context *context, const char *running, size_t length, struct link *link,
                        struct str *path, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct error err = ERROR_INIT;
    STR_AUTO value = STR_INIT;
    findings_init(&findings, arena);
    struct document *document = document_parse(arena, sources_new(arena), "running lab", running, length, &findings);
    put_link(&value, link);
    str_printf(path, "link/%s", link->name);
    if (edit_set(document, str_text(path), str_text(&value), &err) != 0)
        return cmd_fail(context, &err);
    edit_write(document, out);
    return 0;
}

#define LAB_SIZE 80

/* The running lab: its text and its topology. */
static int fetch(const struct context *context, struct str *text, struct reading *reading, char lab[static LAB_SIZE],
                 int *generation)
{
    struct error err = ERROR_INIT;
    if (changing_fetch(context, "link-set", text, lab, LAB_SIZE, generation, &err) != 0)
        return cmd_fail(context, &err);
    struct context quiet = *context;
    quiet.quiet = true; /* the warnings were shown by `up` */
    return reading_changed(reading, &quiet, "running lab", text, text);
}

static int change(struct context *context, bool reset)
{
    STR_AUTO running = STR_INIT;
    STR_AUTO text = STR_INIT;
    STR_AUTO path = STR_INIT;
    char lab[LAB_SIZE];
    int generation;
    READING_AUTO before = READING_INIT;
    READING_AUTO after = READING_INIT;
    int status = fetch(context, &running, &before, lab, &generation);
    if (status != 0)
        return status;
    struct thing thing = link_thing(before.topology, context->argv[1]);
    if (thing.kind != THING_LINK)
        return no_link(context, before.topology, context->argv[1]);
    struct link *link = (struct link *)thing.link; /* of a topology that is nobody else's */
    if (reset)
        reset_link(link);
    else
        status = change_link(context, before.topology->arena, link, cmd_option(context, "--from"));
    if (status != 0 || (status = changed_text(context, str_text(&running), running.length, link, &path, &text)) != 0)
        return status;
    struct context quiet = *context;
    quiet.quiet = true;
    status = reading_changed(&after, &quiet, str_text(&path), &text, &running);
    if (status != 0)
        return status;
    context->lab = lab;
    struct changing changing = {
        .topology = after.topology, .sources = after.sources, .generation = generation, .path = str_text(&path)};
    return changing_apply(context, &changing);
}

/* ---- show ---------------------------------------------------------------------------------------------------------
 */

static bool is_about(const json_t *wire, const char *thing)
{
    const char *interface = client_text(wire, "interface"), *origin = client_text(wire, "origin");
    STR_AUTO with_kind = STR_INIT;
    str_printf(&with_kind, "%s%s", str_starts(thing, "node/") ? "" : "node/", thing);
    size_t length = with_kind.length;
    if (str_equal(origin, thing) || (str_starts(origin, "link/") && str_equal(origin + strlen("link/"), thing)))
        return true;
    return str_starts(interface, str_text(&with_kind)) && (interface[length] == '\0' || interface[length] == '/');
}

static void show_lateness(const json_t *statistics)
{
    printf("    late by %.3f ms (half of the packets), %.3f ms (99 %%), %.3f ms (all)\n",
           json_number_value(json_object_get(statistics, "late_us_50")) / 1000,
           json_number_value(json_object_get(statistics, "late_us_99")) / 1000,
           json_number_value(json_object_get(statistics, "late_us_most")) / 1000);
}

static void show_wire(const json_t *wire)
{
    const json_t *statistics = json_object_get(wire, "statistics");
    const char *key, *separator = "";
    json_t *value;
    printf("%s, %s", client_text(wire, "interface"), client_text(wire, "direction"));
    if (json_object_get(wire, "port"))
        printf(" for port %" JSON_INTEGER_FORMAT, client_integer(wire, "port"));
    printf(": ");
    json_object_foreach(json_object_get(wire, "impairment"), key, value)
    {
        printf("%s%s %s", separator, key, json_string_value(value));
        separator = ", ";
    }
    printf("\n    of %s, by %s (%s)\n", client_text(wire, "origin"), client_text(wire, "backend"),
           client_text(wire, "fidelity"));
    if (!statistics)
        return;
    static const char *const counters[] = {"passed",    "lost",       "duplicated", "corrupted",
                                           "reordered", "overflowed", "overrun",    "queue"};
    separator = "    ";
    for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
        if (!json_object_get(statistics, counters[i]))
            continue;
        printf("%s%s %" JSON_INTEGER_FORMAT, separator, counters[i], client_integer(statistics, counters[i]));
        separator = ", ";
    }
    printf("\n");
    if (json_object_get(statistics, "late_us_50"))
        show_lateness(statistics);
}

/* Nothing is impaired at a thing of that name: is there one?  0, or the status with the complaint printed. */
static int must_be_there(struct context *context, const char *name)
{
    STR_AUTO running = STR_INIT;
    READING_AUTO reading = READING_INIT;
    struct error err = ERROR_INIT;
    char lab[LAB_SIZE];
    int generation, status = fetch(context, &running, &reading, lab, &generation);
    if (status != 0 || link_thing(reading.topology, name).kind != THING_NONE)
        return status;
    const char *near = NULL;
    topology_thing(reading.topology, name, &near);
    error_set(&err, ERR_ABSENT, "there is no link and no interface '%s'%s%s%s", name, near ? " (did you mean '" : "",
              near ? near : "", near ? "'?)" : "");
    return cmd_fail(context, &err);
}

static int show(struct context *context)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL, *wire;
    const char *thing = context->argc > 1 ? context->argv[1] : NULL;
    size_t i;
    if (client_call(context, "link-show", NULL, &reply, &err) != 0)
        return cmd_fail(context, &err);
    json_t *wires = json_array();
    json_array_foreach(json_object_get(reply, "wires"), i, wire)
    {
        if (!thing || is_about(wire, thing))
            json_array_append(wires, wire);
    }
    int status = thing && !json_array_size(wires) ? must_be_there(context, thing) : 0;
    if (status != 0) {
        json_decref(wires);
        json_decref(reply);
        return status;
    }
    if (context->format == FORMAT_JSON) {
        json_t *result = json_pack("{s:i, s:O}", "version", 1, "wires", wires);
        client_print_json(result);
        json_decref(result);
    } else {
        if (!json_array_size(wires))
            printf("%s%s: not impaired\n", thing ? thing : "all links", "");
        json_array_foreach(wires, i, wire) show_wire(wire);
    }
    json_decref(wires);
    json_decref(reply);
    return 0;
}

static int run(struct context *context)
{
    const char *word = context->argc > 0 ? context->argv[0] : "";
    bool set = str_equal(word, "set"), reset = str_equal(word, "reset");
    static const char *const words[] = {"set", "show", "reset"};
    const char *near = str_nearest(word, words, ARRAY_SIZE(words));
    if (!set && !reset && !str_equal(word, "show"))
        return cmd_usage(context, "'link' needs one of set, show, reset%s%s%s", near ? "; did you mean '" : "",
                         near ? near : "", near ? "'?" : "");
    if (!set && cmd_option(context, "--from"))
        return cmd_usage(context, "--from is for 'link set'");
    if (cmd_operands(context, set ? 3 : reset ? 2 : 1, set ? -1 : 2) != 0)
        return 2;
    return set || reset ? change(context, reset) : show(context);
}

const struct command command_link = {
    .name = "link",
    .group = "its nodes",
    .synopsis = "link set THING KEY=VALUE… [--from END]|show [THING]|reset THING",
    .summary = "Impair a link of the running lab: delay, loss, rate and the like",
    .description =
        "set       changes parameters of a link (labctl-topology(5), \"Keys: link\"); those not named stay,\n"
        "          and KEY=none takes one away\n"
        "show      what each wire does, by which mechanism, and what it has counted\n"
        "reset     takes all impairments of a link away\n"
        "\n"
        "  labctl link set link/uplink delay=20ms jitter=2ms loss=0.5%\n"
        "  labctl link set link/uplink --from node/isp rate=50mbit\n"
        "  labctl link set link/uplink profile=lte loss=1%\n"
        "  labctl link set link/uplink trace=@lte-driving.down\n"
        "\n"
        "Packets on their way stay on it. In an exercise 'link' is refused.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
