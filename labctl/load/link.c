/* Bridges and links.  A link is a name that exactly two interfaces share; `links:` gives properties to it. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "link/profile.h"
#include "load/loader.h"

/* ---- bridges --------------------------------------------------------------------------------------------------- */

static const char *const arp_words[] = {"permanent", "dynamic"};

static void decode_arp(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct bridge *bridge = target;
    int word;
    if (decode_word(decoder, field->key, value, arp_words, ARRAY_SIZE(arp_words), &word))
        bridge->arp_dynamic = word == 1;
}

static const struct field bridge_fields[] = {
    {.key = "stp",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct bridge, stp),
     .fallback = "false",
     .doc =
         "Whether the bridge speaks the spanning tree protocol; its ports forward after 4 s, and `up` waits for it."},
    {.key = "mtu",
     .type = FIELD_INTEGER,
     FIELD_AT(struct bridge, mtu),
     .least = 68,
     .most = 65535,
     .fallback = "that of defaults",
     .unit = "bytes",
     .doc = "The MTU of the segment and of interfaces in it."},
    {.key = "arp",
     .type = FIELD_CUSTOM,
     .decode = decode_arp,
     .wants = "permanent or dynamic",
     .json = "{\"enum\": [\"permanent\", \"dynamic\"]}",
     .fallback = "permanent",
     .doc = "Whether neighbours of a small segment are known from the start or found by ARP."},
    {.key = "vlan_filtering",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct bridge, vlan_filtering),
     .fallback = "false",
     .doc = "Whether the bridge keeps VLANs apart: each interface is in those that its vlan says, else in VLAN 1."},
    {.key = "vxlan",
     .type = FIELD_MAPPING,
     .schema = &vxlan_schema,
     .decode = decode_vxlan,
     .doc = "The segment is a tunnel between two nodes, over the networks that they share otherwise."},
};
const struct schema bridge_schema = SCHEMA("bridge", bridge_fields);

static void one_bridge(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct topology *topology = loader->topology;
    struct bridge *bridge = ARENA_NEW(loader->decoder.arena, struct bridge);
    *bridge = (struct bridge){.name = name, .mark = mark, .declared = true};
    schema_decode(&loader->decoder, &bridge_schema, name, mark, value, bridge);
    *ARENA_PUSH(loader->decoder.arena, topology->bridges, topology->bridge_count) = bridge;
    map_set(topology->bridge_by_name, name, bridge);
}

void decode_bridges(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "bridge", LABEL_MAX, one_bridge);
}

/* ---- links ----------------------------------------------------------------------------------------------------- */

/* One entry of a link's properties: for both directions, or for the one that `from` names. */
struct link_entry {
    uint32_t mtu;
    int profile; /* enum profile: what the other keys change */
    struct impairment impairment;
};

static void decode_from(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    const char *text;
    decode_text(decoder, field->key, value, &text); /* resolved when the ends are known */
}

/* `{ source: FILE }`, beside the YAML: its numbers, with commas between; NULL where it cannot be read (reported). */
static const char *list_of_file(struct decoder *decoder, const char *key, const struct value *value)
{
    STR_AUTO text = STR_INIT, list = STR_INIT;
    const struct entry *source = value_entry(value, "source");
    const char *name;
    for (size_t i = 0; i < value->entry_count; i++)
        if (&value->entries[i] != source)
            findings_add(decoder->findings, FINDING_ERROR, "unknown-key", value->entries[i].key_mark,
                         "unknown key '%s' in '%s'", value->entries[i].key, key)
                ->hint = "a list is '[ … ]', or '{ source: FILE }'";
    if (source == NULL)
        findings_add(decoder->findings, FINDING_ERROR, "missing-key", value->mark, "'%s' needs the key 'source'", key);
    if (source == NULL || !decode_text(decoder, "source", source->value, &name))
        return NULL;
    const char *path = document_path(LOADER(decoder)->document, source->value->mark, name);
    if (document_file(path, &text, IMPAIRMENT_FILE_MAX) != 0) {
        findings_add(decoder->findings, FINDING_ERROR, "file-source", source->value->mark, "cannot read '%s': %s", path,
                     errno == EINVAL  ? "it is no file"
                     : errno == EFBIG ? "it is larger than 1 MB"
                                      : strerror(errno));
        return NULL;
    }
    impairment_list_of_file(str_text(&text), &list);
    return arena_strdup(decoder->arena, str_text(&list));
}

/* A list of numbers, their text with commas, or a file of them. */
static const char *list_text(struct decoder *decoder, const char *key, const struct value *value)
{
    STR_AUTO text = STR_INIT;
    const char *one = NULL;
    if (value->kind == VALUE_MAP)
        return list_of_file(decoder, key, value);
    if (value->kind != VALUE_LIST && !decode_scalar(decoder, key, value, &one))
        return NULL;
    for (size_t i = 0; !one && i < value->item_count; i++) {
        const char *item;
        if (!decode_scalar(decoder, key, value->items[i], &item))
            return NULL;
        str_printf(&text, "%s%s", i ? "," : "", item);
    }
    return arena_strdup(decoder->arena, one ? one : str_text(&text));
}

static void decode_numbers(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct link_entry *entry = target;
    const struct impairment_row *row = impairment_row(field->key);
    const char *text = list_text(decoder, field->key, value);
    const char *wrong = text ? impairment_set(&entry->impairment, row, text) : NULL;
    if (wrong && value->kind == VALUE_MAP)
        findings_add(decoder->findings, FINDING_ERROR, "bad-value", value_entry(value, "source")->value->mark,
                     "'%s' wants %s; the file begins with '%.20s'", field->key, wrong, text);
    else if (wrong)
        decode_bad(decoder, field->key, wrong, value);
}
#define FIELD_TRACE FIELD_CUSTOM
#define FIELD_TABLE FIELD_CUSTOM
#define FIELD_REST  FIELD_SHARE

#define ROW(member, type_, least_, most_, fallback_, doc_)                                                             \
    {.key = #member,                                                                                                   \
     .type = FIELD_##type_,                                                                                            \
     FIELD_AT(struct link_entry, impairment.member),                                                                   \
     .least = (least_),                                                                                                \
     .most = (most_),                                                                                                  \
     .words = FIELD_##type_ == FIELD_WORD ? distribution_names : NULL,                                                 \
     .word_count = FIELD_##type_ == FIELD_WORD ? DISTRIBUTION_COUNT : 0,                                               \
     .decode = FIELD_##type_ == FIELD_CUSTOM ? decode_numbers : NULL,                                                  \
     .wants = FIELD_##type_ == FIELD_CUSTOM ? "a list of numbers, or a file of them" : NULL,                           \
     .json = FIELD_##type_ == FIELD_CUSTOM ? "{\"type\": [\"array\", \"string\", \"integer\", \"object\"]}" : NULL,    \
     .fallback = (fallback_),                                                                                          \
     .doc = (doc_)},
static const struct field link_fields[] = {
    {.key = "mtu",
     .type = FIELD_INTEGER,
     FIELD_AT(struct link_entry, mtu),
     .least = 68,
     .most = 65535,
     .fallback = "that of defaults",
     .unit = "bytes",
     .doc = "The MTU of both ends."},
    {.key = "from",
     .type = FIELD_CUSTOM,
     .decode = decode_from,
     .wants = "a node, or a node's interface",
     .json = "{\"type\": \"string\"}",
     .doc = "In a list of entries: the node, or its interface, whose packets the entry is about."},
    {.key = "profile",
     .type = FIELD_WORD,
     FIELD_AT(struct link_entry, profile),
     .words = profile_names,
     .word_count = PROFILE_COUNT,
     .fallback = "none",
     .doc = "A line of a kind that everybody knows, in each direction; keys beside it change it."},
    IMPAIRMENT_ROWS(ROW)};
#undef ROW
const struct schema link_schema = SCHEMA("link", link_fields);

/* The index of the end that "node/a", "a" or "a/eth1" names, or -1. */
static int end_of(const struct link *link, const char *text)
{
    if (str_starts(text, "node/"))
        text += strlen("node/");
    size_t length = strcspn(text, "/");
    for (size_t i = 0; i < link->end_count && i < 2; i++) {
        const struct interface *end = link->ends[i];
        if (strlen(end->node->name) == length && strncmp(end->node->name, text, length) == 0 &&
            (text[length] == '\0' || strcmp(end->name, text + length + 1) == 0))
            return (int)i;
    }
    return -1;
}

/* Gives the entry to the direction that its `from` names; runs when all ends are known. */
static void resolve_direction(struct loader *loader, const struct link_direction *direction)
{
    struct link *link = direction->link;
    const struct value *from = direction->from;
    const char *names[2];
    size_t count = 0;
    if (link->end_count != 2 || from->kind != VALUE_TEXT)
        return;
    int end = end_of(link, from->text);
    if (end < 0) {
        for (; count < 2; count++)
            names[count] = arena_printf(loader->decoder.arena, "node/%s", link->ends[count]->node->name);
        report_dangling(loader, "end", from->text, arena_printf(loader->decoder.arena, " of link '%s'", link->name),
                        from->mark, names, count);
        return;
    }
    if (link->from_declared[end]) {
        findings_add(loader->decoder.findings, FINDING_ERROR, "duplicate-key", from->mark,
                     "the direction from '%s' stands twice in link '%s'", from->text, link->name);
        return;
    }
    link->from_declared[end] = true;
    link->from_end[end] = direction->impairment;
    link->from_profile[end] = direction->profile;
}

/* Keys that make no sense together are reported at the one that asks for another. */
static void report_contradiction(struct loader *loader, const struct link *link, const struct value *value,
                                 const struct impairment *impairment)
{
    const struct impairment_row *row = NULL;
    struct impairment left = *impairment; /* what was reported is taken out, to find the next */
    const struct value *delay = value_get(value, "delay");
    int64_t read;
    if (delay && (!value_is_scalar(delay) || duration_parse(delay->text, &read)))
        left.delay = 1; /* one that could not be read is there nevertheless */
    for (const char *text; (text = impairment_contradiction(&left, &row)) != NULL;) {
        const struct entry *at = value_entry(value, row->key);
        findings_add(loader->decoder.findings, FINDING_ERROR, "impairment", at ? at->key_mark : value->mark,
                     "'%s' of link '%s': %s", row->key, link->name, text);
        if (str_equal(row->key, "delay"))
            left.delay = 1; /* too long is there nevertheless */
        else
            impairment_clear(&left, row);
    }
}

/* Shares that are 100% where they are not given: 0% is something else than nothing. */
static void take_rests(const struct value *value, struct impairment *impairment)
{
    for (size_t i = 0; i < value->entry_count; i++) {
        const struct impairment_row *row = impairment_row(value->entries[i].key);
        if (row && row->type == IMPAIRMENT_REST && value->entries[i].value->kind == VALUE_TEXT)
            (void)impairment_set(impairment, row,
                                 value->entries[i].value->text); /* what is wrong is reported already */
    }
}

/* One entry of properties. */
static void one_entry(struct loader *loader, struct link *link, const struct value *value)
{
    const struct value *from = value_get(value, "from"), *profile = value_get(value, "profile");
    struct link_entry entry = {0};
    if (from == NULL)
        entry = (struct link_entry){link->mtu, (int)link->profile, link->both};
    if (profile != NULL && profile->kind == VALUE_TEXT)
        entry.impairment = *profile_impairment(profile_find(profile->text));
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++) {
        const struct impairment_row *row = impairment_row(value->entries[i].key);
        if (row)
            impairment_make_room(&entry.impairment, row);
    }
    if (!schema_decode(&loader->decoder, &link_schema, link->name, value->mark, value, &entry))
        return;
    take_rests(value, &entry.impairment);
    report_contradiction(loader, link, value, &entry.impairment);
    if (from == NULL) {
        link->mtu = entry.mtu;
        link->both = entry.impairment;
        link->profile = (enum profile)entry.profile;
        return;
    }
    const struct entry *mtu = value_entry(value, "mtu");
    if (mtu != NULL)
        findings_add(loader->decoder.findings, FINDING_ERROR, "misplaced-key", mtu->key_mark,
                     "'mtu' is of both ends of link '%s': it does not go with 'from'", link->name);
    *ARENA_PUSH(loader->decoder.arena, loader->directions, loader->direction_count) =
        (struct link_direction){link, from, entry.impairment, (enum profile)entry.profile};
}

static void one_link(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct topology *topology = loader->topology;
    struct link *link = ARENA_NEW(loader->decoder.arena, struct link);
    *link = (struct link){.name = name, .mark = mark, .declared = true};
    if (value->kind == VALUE_LIST)
        for (size_t i = 0; i < value->item_count; i++)
            one_entry(loader, link, value->items[i]);
    else
        one_entry(loader, link, value);
    *ARENA_PUSH(loader->decoder.arena, topology->links, topology->link_count) = link;
    map_set(topology->link_by_name, name, link);
}

void decode_links(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "link", LABEL_MAX, one_link);
}

struct link *link_use(struct loader *loader, const char *name, struct mark mark)
{
    struct topology *topology = loader->topology;
    struct link *link = topology_link(topology, name);
    if (link != NULL)
        return link;
    link = ARENA_NEW(loader->decoder.arena, struct link);
    *link = (struct link){.name = name, .mark = mark};
    *ARENA_PUSH(loader->decoder.arena, topology->links, topology->link_count) = link;
    map_set(topology->link_by_name, name, link);
    return link;
}

/* The nearest other link that lacks an end as well. */
static const char *lonely_neighbour(struct loader *loader, const struct link *link)
{
    const struct topology *topology = loader->topology;
    const char **names = NULL;
    size_t count = 0;
    for (size_t i = 0; i < topology->link_count; i++)
        if (topology->links[i] != link && topology->links[i]->end_count == 1)
            *ARENA_PUSH(loader->decoder.arena, names, count) = topology->links[i]->name;
    return decode_hint(&loader->decoder, link->name, names, count);
}

#define HINTS_MAX 50 /* a file with more wrong links than that is not helped by near names */

void finish_links(struct loader *loader)
{
    size_t hints = 0;
    for (size_t i = 0; i < loader->direction_count; i++)
        resolve_direction(loader, &loader->directions[i]);
    for (size_t i = 0; i < loader->topology->link_count; i++) {
        const struct link *link = loader->topology->links[i];
        if (link->end_count >= 2 || loader->unread_links > 0)
            continue; /* a third end is reported where it stands */
        struct finding *finding = findings_add(loader->decoder.findings, FINDING_ERROR, "link-ends", link->mark,
                                               "link '%s' has %s: exactly two interfaces share a link", link->name,
                                               link->end_count == 0 ? "no end" : "one end");
        if (hints++ < HINTS_MAX)
            finding->hint = lonely_neighbour(loader, link);
    }
}
