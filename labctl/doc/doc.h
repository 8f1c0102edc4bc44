/* A document: YAML text as a tree of values, each with its mark.  The only room that knows libyaml. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mark.h"

struct arena;
struct str;
struct json;

/* What a hostile file cannot exceed. */
#define DOCUMENT_BYTES_MAX  ((size_t)10 << 20)
#define DOCUMENT_DEPTH_MAX  64
#define DOCUMENT_VALUES_MAX 1000000 /* aliases counted as often as they are used */
#define DOCUMENT_FILES_MAX  256     /* included ones together */

/* ---- sources: the texts that marks point into ---------------------------------------------------------------- */

struct source {
    const char *name; /* as the author named the file */
    const char *text; /* NULL where it could not be read */
    size_t length;
    bool secret;   /* included, and for fewer people to read than what includes it: its lines are never shown */
    size_t *lines; /* offset of each line, made when first needed */
    size_t line_count;
};

struct sources {
    struct arena *arena;
    struct source *items; /* indexed by mark.file */
    size_t count;
};

struct sources *sources_new(struct arena *arena);
/* Adds a text (copied; NULL for a file that could not be read) and returns its number for marks. */
uint32_t sources_add(struct sources *sources, const char *name, const char *text, size_t length);
/* The text of a line (not terminated) without its line break; false where there is no such line, or where it is not to
 * be shown. */
bool sources_line(struct sources *sources, struct mark mark, const char **out_text, size_t *out_length);

/* ---- the tree ------------------------------------------------------------------------------------------------ */

enum value_kind { VALUE_NULL, VALUE_BOOLEAN, VALUE_INTEGER, VALUE_FLOAT, VALUE_TEXT, VALUE_LIST, VALUE_MAP };

struct value;
struct entry {
    const char *key;
    struct mark key_mark;
    struct value *value;
};

/* Values may be shared (aliases): treat them as constant; load/edit.h changes trees by copying. */
struct value {
    enum value_kind kind; /* by the core schema of YAML 1.2: `no` and `on` are texts, 0o17 and 0x1f integers */
    bool quoted;          /* a scalar that was not plain */
    bool broken;          /* reported already: stands for what could not be read; decoders pass over it in silence */
    bool drawn;           /* a scalar that stands for a variable: it fits where a text is wanted, too */
    uint16_t height;      /* levels below it, aliases expanded */
    struct mark mark;
    const char *text; /* scalars: as written, unescaped, NUL-terminated; never NULL for scalars */
    size_t length;    /* of text, which may hold NUL bytes ("\0") */
    size_t weight;    /* values in it with itself, aliases expanded */
    union {
        bool boolean;
        int64_t integer; /* saturated where it does not fit; text tells */
        double number;
        struct {
            struct value **items;
            size_t item_count;
        };
        struct { /* in the order of the file, without duplicates, merge keys applied */
            struct entry *entries;
            size_t entry_count;
        };
    };
};

struct document {
    struct arena *arena;
    struct sources *sources;
    struct findings *findings;
    uint32_t file;      /* in sources */
    struct value *root; /* a mapping, or NULL where the text could not be read as one (there is a finding then) */
};

/* Reads a file into a document that lives in `arena`.  Never NULL; problems are findings. */
struct document *document_read(struct arena *arena, struct sources *sources, const char *path,
                               struct findings *findings);
/* Same from text; name stands in messages, and `include` and other files are looked for beside it. */
struct document *document_parse(struct arena *arena, struct sources *sources, const char *name, const char *text,
                                size_t length, struct findings *findings);
/* Same, but any value may be the root (`set THING/KEY VALUE`); an empty text is a null. */
struct document *document_parse_value(struct arena *arena, struct sources *sources, const char *name, const char *text,
                                      size_t length, struct findings *findings);

/* Merges the files that `map` names under `include` into it: maps key by key, lists of the top level one behind the
 * other; anything else that stands in two files is an error with both places.  Takes the key away.  Returns the merged
 * mapping (map itself where nothing is included). */
struct value *document_include(struct document *document, struct value *map);

/* The path of a file named in the document: relative to the file in which the mark stands.  In the arena. */
const char *document_path(const struct document *document, struct mark mark, const char *path);

/* Reads a file that a document names (not the one that the user named: that may be a pipe).  0, or -1 with errno; what
 * is no regular file is EINVAL. */
int document_file(const char *path, struct str *out, size_t limit);

/* The value under a key of a mapping; NULL where absent or where map is no mapping (or NULL). */
struct value *value_get(const struct value *map, const char *key);
const struct entry *value_entry(const struct value *map, const char *key);
bool value_is_scalar(const struct value *value);
/* "the number 5", "'abc'", "a list", "a mapping", "nothing": what an author wrote, for messages. */
const char *value_describe(const struct value *value, struct arena *arena);
/* The kind that the core schema gives to a plain scalar. */
enum value_kind scalar_kind(const char *text, size_t length);
/* Fills kind and the number of a scalar whose text and length are set, from its plain text. */
void scalar_resolve(struct value *value);

/* ---- diagnostics --------------------------------------------------------------------------------------------- */

/* Writes findings for a person: "file:line:column: error: text [rule]", the line, a caret, the hint, the other place.
 */
void findings_print(const struct findings *findings, struct sources *sources, bool color, struct str *out);
/* Writes a JSON array of {level, file, line, column, rule, text, hint?, other?: {file, line, column, text}}. */
void findings_json(const struct findings *findings, const struct sources *sources, struct json *json);
/* The first error as one line "file:line:column: text [rule]" for an error text; NULL where there is none. */
const char *findings_first(const struct findings *findings, const struct sources *sources, struct arena *arena);

/* ---- rules of reading ---------------------------------------------------------------------------------------- */

/* The rules that a room's findings name, each with a sentence (labctl-topology(5) lists them). */
struct rule_name {
    const char *name;
    const char *doc;
};
extern const struct rule_name doc_rules[];
extern const size_t doc_rule_count;
