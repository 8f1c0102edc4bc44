/* Rows that the tables of several kinds of services share.  Inside the room only. */
#pragma once

#include "load/loader.h"

/* `kind:` was read before its table was chosen. */
field_decode decode_kind;
/* `tls:` of a service: into its struct service_tls, at the row's offset (certificate.c). */
field_decode decode_tls;

#define KIND_FIELD                                                                                                     \
    {                                                                                                                  \
        .key = "kind", .type = FIELD_CUSTOM, .decode = decode_kind, .wants = "a kind of service",                      \
        .json = "{\"type\": \"string\"}", .fallback = "the service's name", .doc = "What the service is."              \
    }
#define PORT_FIELD(default_text, ...)                                                                                  \
    {                                                                                                                  \
        .key = "port", .type = FIELD_INTEGER, FIELD_AT(struct service, port), .least = 1, .most = 65535,               \
        .fallback = default_text, .doc = "The port at which it listens.", __VA_ARGS__                                  \
    }
#define BIND_FIELD                                                                                                     \
    {                                                                                                                  \
        .key = "bind", .type = FIELD_ADDRESS, FIELD_AT(struct service, bind), .fallback = "every address",             \
        .doc = "The address at which it listens."                                                                      \
    }

#define TLS_FIELD(text)                                                                                                \
    {                                                                                                                  \
        .key = "tls", .type = FIELD_MAPPING, .schema = &tls_service_schema, FIELD_AT(struct service, tls),             \
        .decode = decode_tls, .doc = (text)                                                                            \
    }
