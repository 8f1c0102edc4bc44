/* SHA-256 (FIPS 180-4) and its keyed form (HMAC, FIPS 198-1). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
void sha256(const void *data, size_t length, uint8_t out[static SHA256_SIZE]);
void sha256_keyed(const void *key, size_t key_length, const void *data, size_t length, uint8_t out[static SHA256_SIZE]);
#define SHA256_TEXT 65 /* 64 hexadecimal digits and NUL */
void sha256_text(const void *data, size_t length, char out[static SHA256_TEXT]);
void sha256_keyed_text(const void *key, size_t key_length, const void *data, size_t length,
                       char out[static SHA256_TEXT]);
