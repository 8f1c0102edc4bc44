/* YAML writer: canonical block style, quoted only where it must be.  What it writes reads back as the same values. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;
struct value;

#define YAML_WRITE_DEPTH 80

struct yaml {
    struct str *out;
    unsigned depth;
    struct yaml_level {
        bool list, flow, empty;
        bool inline_first; /* stands behind a dash: its first line has no indentation of its own */
        unsigned indent;
    } levels[YAML_WRITE_DEPTH];
    bool after_key; /* a key was written; its value comes next */
};

void yaml_init(struct yaml *yaml, struct str *out);
/* An empty one is written "{}" or "[]".  A flow list stands on one line and holds scalars only. */
void yaml_map(struct yaml *yaml);
void yaml_map_end(struct yaml *yaml);
void yaml_list(struct yaml *yaml);
void yaml_flow_list(struct yaml *yaml);
void yaml_list_end(struct yaml *yaml);
void yaml_key(struct yaml *yaml, const char *key);
void yaml_text(struct yaml *yaml, const char *text);                 /* reads back as text */
void yaml_bytes(struct yaml *yaml, const char *text, size_t length); /* same; !!binary where it is no text */
void yaml_plain(struct yaml *yaml, const char *format, ...) __attribute__((format(printf, 2, 3))); /* as it is */
void yaml_scalar(struct yaml *yaml, const char *text); /* text that any scalar may stand for: a number stays plain */
/* key and value in one call */
void yaml_text_member(struct yaml *yaml, const char *key, const char *text);
void yaml_plain_member(struct yaml *yaml, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void yaml_boolean_member(struct yaml *yaml, const char *key, bool value);

/* The text in double quotes, on one line. */
void yaml_quoted(const char *text, size_t length, struct str *out);

/* A whole tree. */
void yaml_value(struct yaml *yaml, const struct value *value);
/* A value on one line in flow style (a scenario's `to:` as the text of `set`). */
void value_flow(const struct value *value, struct str *out);
