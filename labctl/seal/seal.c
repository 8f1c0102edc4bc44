/* Sealing and opening.
 *
 * code ── scrypt, salt ──▶ master ── HMAC, one label each ──▶ key of the text, key of the journal, check
 *
 * The check stands in the head, so that a wrong code is told from a file that was changed; it is a few bits of a keyed
 * hash, and guesses at the code are no cheaper for it.  The SHA-256 at the end needs no code: it tells damage on the
 * way from a change that somebody made on purpose, which the authenticated encryption finds. */
#include "seal/seal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "seal/libcrypto.h"

#define MAGIC      "labctl-sealed 1\n"
#define MAGIC_ANY  "labctl-sealed "
#define HEAD_MOST  ((size_t)4096)
#define TEXT_MOST  ((size_t)128 << 20)
#define SALT       16
#define NONCE      12
#define TAG        16
#define SUM        (SHA256_TEXT - 1)
#define CHECK_TEXT 16 /* hexadecimal digits of the check that are written */
#define BYTES_TEXT 65

/* 32 MiB and a tenth of a second for each guess. */
#define SCRYPT_N      32768
#define SCRYPT_R      8
#define SCRYPT_P      1
#define SCRYPT_MEMORY ((uint64_t)64 << 20)

struct keys {
    uint8_t content[SEAL_KEY], journal[SEAL_KEY];
    char check[CHECK_TEXT + 1];
};

/* A file, taken apart. */
struct parts {
    struct seal seal;
    uint8_t salt[SALT], nonce[NONCE];
    char check[CHECK_TEXT + 1];
    size_t head, length; /* of the head, of the text */
};

/* ---- bytes as text ---- */

static void to_hex(const uint8_t *bytes, size_t count, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = 0;
}

static bool from_hex(const char *text, size_t length, uint8_t *out, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    if (length != 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *high = memchr(digits, text[2 * i], 16), *low = memchr(digits, text[2 * i + 1], 16);
        if (!high || !low)
            return false;
        out[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return true;
}

/* ---- codes ---- */

int seal_code_new(char code[static SEAL_CODE], struct error *err)
{
    static const char letters[] = "23456789abcdefghjkmnpqrstuvwxyz"; /* no 0 o 1 l i */
    const size_t count = sizeof letters - 1;
    for (size_t i = 0; i < SEAL_CODE - 1;) {
        uint8_t byte;
        if ((i + 1) % 5 == 0) {
            code[i++] = '-';
            continue;
        }
        if (getrandom(&byte, 1, 0) != 1)
            return error_set_errno(err, errno, "ask the kernel for random numbers");
        if (byte < 256 / count * count)
            code[i++] = letters[byte % count];
    }
    code[SEAL_CODE - 1] = 0;
    return 0;
}

/* As it is compared: what is lost or added when it is read out or typed does not matter. */
static int plain_code(const char *code, char out[static SEAL_CODE_MOST], size_t *length, struct error *err)
{
    *length = 0;
    for (; *code; code++) {
        unsigned char c = (unsigned char)*code;
        if (c == '-' || isspace(c))
            continue;
        if (*length == SEAL_CODE_MOST)
            return error_set(err, ERR_USAGE, "a start code has at most %d characters", SEAL_CODE_MOST);
        out[(*length)++] = (char)(c < 128 ? tolower(c) : c);
    }
    return *length ? 0 : error_set(err, ERR_USAGE, "the start code is empty");
}

/* HMAC-SHA-256 of a label. */
static void derive(const uint8_t master[static SEAL_KEY], const char *label, uint8_t out[static SEAL_KEY])
{
    char text[SHA256_TEXT];
    sha256_keyed_text(master, SEAL_KEY, label, strlen(label), text);
    from_hex(text, SHA256_TEXT - 1, out, SEAL_KEY);
    explicit_bzero(text, sizeof text);
}

static int make_keys(const char *code, const uint8_t salt[static SALT], struct keys *keys, struct error *err)
{
    char plain[SEAL_CODE_MOST], text[BYTES_TEXT];
    uint8_t master[SEAL_KEY], check[SEAL_KEY];
    size_t length;
    if (libcrypto_load(err) || plain_code(code, plain, &length, err))
        return -1;
    int made = libcrypto.EVP_PBE_scrypt(plain, length, salt, SALT, SCRYPT_N, SCRYPT_R, SCRYPT_P, SCRYPT_MEMORY, master,
                                        sizeof master);
    explicit_bzero(plain, sizeof plain);
    if (made != 1)
        return error_set(err, ERR_SYSTEM, "derive keys from the start code: OpenSSL refused (scrypt)");
    derive(master, "labctl sealed text", keys->content);
    derive(master, "labctl journal", keys->journal);
    derive(master, "labctl check", check);
    to_hex(check, sizeof check, text);
    memcpy(keys->check, text, CHECK_TEXT);
    keys->check[CHECK_TEXT] = 0;
    explicit_bzero(master, sizeof master);
    return 0;
}

/* ---- the cipher ---- */

static bool pass_through(EVP_CIPHER_CTX *cipher, const uint8_t *key, const struct parts *parts, const char *head,
                         const char *in, char *out, uint8_t tag[static TAG], bool encrypt)
{
    int done = 0;
    uint8_t none[1];
    return libcrypto.EVP_CipherInit_ex(cipher, libcrypto.EVP_aes_256_gcm(), NULL, key, parts->nonce, encrypt) == 1 &&
           libcrypto.EVP_CipherUpdate(cipher, NULL, &done, (const uint8_t *)head, (int)parts->head) == 1 &&
           libcrypto.EVP_CipherUpdate(cipher, (uint8_t *)out, &done, (const uint8_t *)in, (int)parts->length) == 1 &&
           (encrypt || libcrypto.EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1) &&
           libcrypto.EVP_CipherFinal_ex(cipher, none, &done) == 1 &&
           (!encrypt || libcrypto.EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1);
}

static bool crypt_text(const uint8_t *key, const struct parts *parts, const char *head, const char *in, char *out,
                       uint8_t tag[static TAG], bool encrypt)
{
    EVP_CIPHER_CTX *cipher = libcrypto.EVP_CIPHER_CTX_new();
    bool good = cipher && pass_through(cipher, key, parts, head, in, out, tag, encrypt);
    libcrypto.EVP_CIPHER_CTX_free(cipher);
    return good;
}

/* ---- sealing ---- */

/* One line: a title may have been written over several. */
static void put_line(struct str *out, const char *key, const char *value)
{
    str_printf(out, "%s: ", key);
    for (; *value; value++)
        str_append_char(out, (unsigned char)*value < ' ' ? ' ' : *value);
    str_append_char(out, '\n');
}

static void put_head(const struct parts *parts, struct str *out)
{
    char text[BYTES_TEXT];
    str_append(out, MAGIC);
    put_line(out, "name", parts->seal.name);
    put_line(out, "title", parts->seal.title);
    to_hex(parts->salt, SALT, text);
    put_line(out, "salt", text);
    to_hex(parts->nonce, NONCE, text);
    put_line(out, "nonce", text);
    put_line(out, "check", parts->check);
    str_printf(out, "length: %zu\n\n", parts->length);
}

int seal_close(const struct seal *seal, const char *code, const char *text, size_t length, struct str *out,
               struct error *err)
{
    struct parts parts = {.seal = *seal, .length = length};
    struct keys keys;
    uint8_t tag[TAG];
    char sum[SHA256_TEXT];
    STR_AUTO file = STR_INIT;
    if (length > TEXT_MOST)
        return error_set(err, ERR_FILE, "the scenario has %zu bytes; at most %zu can be sealed", length, TEXT_MOST);
    if (getrandom(parts.salt, SALT, 0) != SALT || getrandom(parts.nonce, NONCE, 0) != NONCE)
        return error_set_errno(err, errno, "ask the kernel for random numbers");
    if (make_keys(code, parts.salt, &keys, err))
        return -1;
    memcpy(parts.check, keys.check, sizeof parts.check);
    put_head(&parts, &file);
    parts.head = file.length;
    char *secret = malloc(length + 1);
    bool good = secret && crypt_text(keys.content, &parts, file.data, text, secret, tag, true);
    explicit_bzero(&keys, sizeof keys);
    if (good) {
        str_append_bytes(&file, secret, length);
        str_append_bytes(&file, tag, TAG);
        sha256_text(file.data, file.length, sum);
        str_append_bytes(&file, sum, SUM);
        str_append_bytes(out, file.data, file.length);
    }
    free(secret);
    return good ? 0 : error_set(err, ERR_SYSTEM, "seal the scenario: OpenSSL refused (AES-256-GCM)");
}

/* ---- opening ---- */

bool seal_is(const char *bytes, size_t length)
{
    return length >= sizeof MAGIC_ANY - 1 && !memcmp(bytes, MAGIC_ANY, sizeof MAGIC_ANY - 1);
}

/* The value of the next line, which must have this key; NULL where it has not. */
static const char *take_line(const char **at, const char *end, const char *key, size_t *length)
{
    size_t key_length = strlen(key);
    const char *line = *at, *newline = memchr(line, '\n', (size_t)(end - line));
    if (!newline || (size_t)(newline - line) < key_length + 2 || memcmp(line, key, key_length) ||
        memcmp(line + key_length, ": ", 2))
        return NULL;
    *at = newline + 1;
    *length = (size_t)(newline - line) - key_length - 2;
    return line + key_length + 2;
}

static bool take_text(const char **at, const char *end, const char *key, char *out, size_t size)
{
    size_t length;
    const char *value = take_line(at, end, key, &length);
    if (!value || length >= size)
        return false;
    memcpy(out, value, length);
    out[length] = 0;
    return true;
}

static bool take_bytes(const char **at, const char *end, const char *key, uint8_t *out, size_t count)
{
    size_t length;
    const char *value = take_line(at, end, key, &length);
    return value && from_hex(value, length, out, count);
}

static bool take_head(const char *bytes, size_t length, struct parts *parts)
{
    char number[24];
    const char *at = bytes + sizeof MAGIC - 1, *end = bytes + (length < HEAD_MOST ? length : HEAD_MOST);
    if (!take_text(&at, end, "name", parts->seal.name, SEAL_NAME) ||
        !take_text(&at, end, "title", parts->seal.title, SEAL_TITLE) ||
        !take_bytes(&at, end, "salt", parts->salt, SALT) || !take_bytes(&at, end, "nonce", parts->nonce, NONCE) ||
        !take_text(&at, end, "check", parts->check, sizeof parts->check) ||
        !take_text(&at, end, "length", number, sizeof number) || at == end || *at != '\n')
        return false;
    parts->head = (size_t)(at + 1 - bytes);
    parts->length = strtoull(number, NULL, 10);
    return *number && strspn(number, "0123456789") == strlen(number) && parts->length <= TEXT_MOST;
}

/* What can be said without the code. */
static int take_apart(const char *bytes, size_t length, struct parts *parts, struct error *err)
{
    char sum[SHA256_TEXT];
    if (!seal_is(bytes, length))
        return error_set(err, ERR_FILE, "this is no sealed scenario");
    if (length < sizeof MAGIC - 1 || memcmp(bytes, MAGIC, sizeof MAGIC - 1))
        return error_set(err, ERR_FILE,
                         "this scenario was sealed by another version of labctl, which this one does "
                         "not read");
    if (!take_head(bytes, length, parts))
        return error_set(err, ERR_FILE, "the sealed scenario was cut off or damaged: its head cannot be read");
    size_t whole = parts->head + parts->length + TAG + SUM;
    if (length < whole)
        return error_set(err, ERR_FILE, "the sealed scenario was cut off: it has %zu of %zu bytes", length, whole);
    sha256_text(bytes, whole - SUM, sum);
    if (length > whole || memcmp(bytes + whole - SUM, sum, SUM))
        return error_set(err, ERR_FILE, "the sealed scenario was damaged on its way: its sum is wrong; fetch it again");
    return 0;
}

int seal_open(const char *bytes, size_t length, const char *code, struct seal *seal, struct str *text,
              uint8_t journal[static SEAL_KEY], struct error *err)
{
    struct parts parts = {0};
    struct keys keys;
    uint8_t tag[TAG];
    if (take_apart(bytes, length, &parts, err) || make_keys(code, parts.salt, &keys, err))
        return -1;
    if (strcmp(keys.check, parts.check)) {
        explicit_bzero(&keys, sizeof keys);
        return error_set(err, ERR_USAGE, "this is not the start code of '%s'", parts.seal.name);
    }
    char *open = malloc(parts.length + 1);
    memcpy(tag, bytes + parts.head + parts.length, TAG);
    bool good = open && crypt_text(keys.content, &parts, bytes, bytes + parts.head, open, tag, false);
    if (good) {
        *seal = parts.seal;
        str_append_bytes(text, open, parts.length);
        memcpy(journal, keys.journal, SEAL_KEY);
    }
    if (open)
        explicit_bzero(open, parts.length);
    free(open);
    explicit_bzero(&keys, sizeof keys);
    return good ? 0
                : error_set(err, ERR_FILE, "the sealed scenario '%s' was changed after it was sealed", parts.seal.name);
}
