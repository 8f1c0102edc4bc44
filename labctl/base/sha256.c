/* SHA-256 as FIPS 180-4 describes it (sections 4.1.2, 5.1.1, 6.2), over a message that follows a first block or not:
 * the keyed form is two hashes that each begin with a block made of the key. */
#include "base/sha256.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, DIGEST = 32 };

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

/* One round; the eight words do not move, their names do. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                                               \
    do {                                                                                                               \
        uint32_t first =                                                                                               \
            h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i];           \
        d += first;                                                                                                    \
        h = first + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));                    \
    } while (0)

static void compress(uint32_t state[8], const uint8_t block[BLOCK])
{
    uint32_t w[64];
    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
               block[4 * i + 3];
    for (unsigned i = 16; i < 64; i++) {
        uint32_t low = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t high = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + low + w[i - 7] + high;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (unsigned i = 0; i < 64; i += 8) {
        ROUND(a, b, c, d, e, f, g, h, i);
        ROUND(h, a, b, c, d, e, f, g, i + 1);
        ROUND(g, h, a, b, c, d, e, f, i + 2);
        ROUND(f, g, h, a, b, c, d, e, i + 3);
        ROUND(e, f, g, h, a, b, c, d, i + 4);
        ROUND(d, e, f, g, h, a, b, c, i + 5);
        ROUND(c, d, e, f, g, h, a, b, i + 6);
        ROUND(b, c, d, e, f, g, h, a, i + 7);
    }
    const uint32_t added[8] = {a, b, c, d, e, f, g, h};
    for (unsigned i = 0; i < 8; i++)
        state[i] += added[i];
}

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* Ends a hash with `length` bytes, after `before` bytes that are in the state already. */
static void finish(uint32_t state[8], size_t before, const void *data, size_t length, uint8_t out[DIGEST])
{
    uint8_t tail[2 * BLOCK] = {0};
    const uint8_t *bytes = data;
    size_t whole = length / BLOCK * BLOCK, rest = length - whole;
    for (size_t at = 0; at < whole; at += BLOCK)
        compress(state, bytes + at);
    if (rest)
        memcpy(tail, bytes + whole, rest);
    tail[rest] = 0x80;
    size_t padded = rest + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    uint64_t bits = (uint64_t)(before + length) * 8;
    for (unsigned i = 0; i < 8; i++)
        tail[padded - 1 - i] = (uint8_t)(bits >> 8 * i);
    for (size_t at = 0; at < padded; at += BLOCK)
        compress(state, tail + at);
    for (unsigned i = 0; i < DIGEST; i++)
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static void hash(const uint8_t *first, const void *data, size_t length, uint8_t out[DIGEST])
{
    uint32_t state[8];
    memcpy(state, initial, sizeof state);
    if (first)
        compress(state, first);
    finish(state, first ? BLOCK : 0, data, length, out);
}

static void write_text(const uint8_t digest[DIGEST], char out[static SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < DIGEST; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * DIGEST] = 0;
}

void sha256(const void *data, size_t length, uint8_t out[static SHA256_SIZE])
{
    hash(NULL, data, length, out);
}

void sha256_text(const void *data, size_t length, char out[static SHA256_TEXT])
{
    uint8_t digest[DIGEST];
    hash(NULL, data, length, digest);
    write_text(digest, out);
}

void sha256_keyed(const void *key, size_t key_length, const void *data, size_t length, uint8_t out[static SHA256_SIZE])
{
    uint8_t block[BLOCK] = {0}, inner[BLOCK], outer[BLOCK];
    if (key_length > BLOCK)
        hash(NULL, key, key_length, block);
    else
        memcpy(block, key, key_length);
    for (unsigned i = 0; i < BLOCK; i++) {
        inner[i] = block[i] ^ 0x36;
        outer[i] = block[i] ^ 0x5c;
    }
    hash(inner, data, length, out);
    hash(outer, out, DIGEST, out);
    explicit_bzero(block, sizeof block);
    explicit_bzero(inner, sizeof inner);
    explicit_bzero(outer, sizeof outer);
}

void sha256_keyed_text(const void *key, size_t key_length, const void *data, size_t length,
                       char out[static SHA256_TEXT])
{
    uint8_t digest[DIGEST];
    sha256_keyed(key, key_length, data, length, digest);
    write_text(digest, out);
}
