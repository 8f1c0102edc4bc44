/* SHA-256 (FIPS 180-4), for the journal's chain. */
#pragma once

#include <stddef.h>

#define SHA256_TEXT 65 /* 64 hexadecimal digits and NUL */
void sha256_text(const void *data, size_t length, char out[static SHA256_TEXT]);
