/* SHA-256 (FIPS 180-4) and its keyed form (HMAC, FIPS 198-1). */
#pragma once

#include <stddef.h>

#define SHA256_TEXT 65 /* 64 hexadecimal digits and NUL */
void sha256_text(const void *data, size_t length, char out[static SHA256_TEXT]);
void sha256_keyed_text(const void *key, size_t key_length, const void *data, size_t length,
                       char out[static SHA256_TEXT]);
