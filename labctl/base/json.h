/* JSON writer: streams well-formed JSON (RFC 8259) into a text.  Reading JSON is jansson's work, elsewhere; its names
 * begin with json_ as well, so the writers here are all called json_put_…. */
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
void json_put_object(struct json *json);
void json_put_object_end(struct json *json);
void json_put_array(struct json *json);
void json_put_array_end(struct json *json);
void json_put_key(struct json *json, const char *key);
void json_put_string(struct json *json, const char *text); /* NULL writes null; invalid UTF-8 becomes U+FFFD */
void json_put_integer(struct json *json, int64_t value);
void json_put_number(struct json *json, double value); /* NaN and infinities write null */
void json_put_boolean(struct json *json, bool value);
void json_put_null(struct json *json);
/* key and value in one call */
void json_put_string_member(struct json *json, const char *key, const char *text);
void json_put_integer_member(struct json *json, const char *key, int64_t value);
void json_put_number_member(struct json *json, const char *key, double value);
void json_put_boolean_member(struct json *json, const char *key, bool value);
