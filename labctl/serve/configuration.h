/* Configuration of the embedded services: lines of words, texts in double quotes with \n \r \t \" \\. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct arena;
struct error;

struct serve_route {
    const char *path, *body;
    const char *location; /* or NULL */
    unsigned status;
};

struct configuration {
    struct addr bind; /* family 0: every address */
    uint16_t port;
    /* httpd */
    unsigned status;
    int delay;         /* milliseconds */
    unsigned truncate; /* bytes of a body that are sent; 0 = all */
    const char *body;
    struct serve_route *routes;
    size_t route_count;
    /* tcpd */
    const char *banner; /* or NULL */
    /* echod */
    bool udp;
};

/* Reads and parses a file; "/dev/fd/N", "/proc/self/fd/N" and "/dev/stdin" are read from the descriptor itself. */
int configuration_load(const char *path, struct arena *arena, struct configuration *out, struct error *err);
