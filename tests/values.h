/* Addresses and prefixes as tests write them. */
#pragma once

#include "base/addr.h"

static inline struct prefix prefix(const char *text)
{
    struct prefix out;
    assert_true(prefix_parse(text, &out));
    return out;
}

static inline struct addr addr(const char *text)
{
    struct addr out;
    assert_true(addr_parse(text, &out));
    return out;
}
