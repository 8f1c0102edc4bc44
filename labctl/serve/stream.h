/* Serving TCP connections, for tcpd and echod. */
#pragma once

#include <stdbool.h>

struct configuration;
struct error;

int stream_serve(const struct configuration *configuration, bool echo, struct error *err);
