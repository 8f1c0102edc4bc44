/* JSON writer: streams well-formed JSON (RFC 8259) into a text.  Reading JSON is jansson's work, elsewhere. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define JSON_DEPTH_MAX 64

struct json {
    struct str *out;
    bool pretty; /* two-space indentation, one member a line; else one line */
    unsigned depth;
    bool first[JSON_DEPTH_MAX + 1];  /* by depth: nothing written there yet */
    bool object[JSON_DEPTH_MAX + 1]; /* by depth: an object, not an array; the top is neither */
    bool after_key;
};

void json_init(struct json *json, struct str *out, bool pretty);
void json_object(struct json *json);
void json_object_end(struct json *json);
void json_array(struct json *json);
void json_array_end(struct json *json);
void json_key(struct json *json, const char *key);
void json_string(struct json *json, const char *text); /* NULL writes null; invalid UTF-8 becomes U+FFFD */
void json_integer(struct json *json, int64_t value);
void json_number(struct json *json, double value); /* NaN and infinities write null */
void json_boolean(struct json *json, bool value);
void json_null(struct json *json);
/* key and value in one call */
void json_string_member(struct json *json, const char *key, const char *text);
void json_integer_member(struct json *json, const char *key, int64_t value);
void json_number_member(struct json *json, const char *key, double value);
void json_boolean_member(struct json *json, const char *key, bool value);
