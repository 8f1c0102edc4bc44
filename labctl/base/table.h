/* Counted tables: every vocabulary is one. */
#pragma once

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
