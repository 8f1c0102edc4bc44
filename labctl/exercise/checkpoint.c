/* Files of a checkpoint: enciphered by a key stream (the keyed hash of salt and block number), then hashed. */
#include "exercise/checkpoint.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/sha256.h"

#define MAGIC      "labctl-checkpoint 1"
#define ALIVE      "labctl-alive 2"
#define LINE_MAX   256
#define ALIVE_LINE 192 /* padded with spaces */
#define BLOCK      32  /* of the key stream */

const char *const checkpoint_files[CHECKPOINT_FILES] = {CHECKPOINT_FILE_1, CHECKPOINT_FILE_2};

enum { PART_KNOWN = 1, PART_NODE };
struct part {
    uint32_t kind, zero;
    uint64_t length; /* then the bytes, then zeros up to a multiple of 8 */
};

/* ---- hashes --------------------------------------------------------------------------------------------------------
 */

static const struct journal_key *or_open(const struct journal_key *key)
{
    static const struct journal_key open = {.bytes = "labctl", .length = 6};
    return key && key->length ? key : &open;
}

static void hash(const struct journal_key *key, const void *data, size_t length, char out[static SHA256_TEXT])
{
    sha256_keyed_text(or_open(key)->bytes, or_open(key)->length, data, length, out);
}

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Enciphers and deciphers. */
static void cipher(const struct journal_key *key, int64_t salt, char *data, size_t length)
{
    for (size_t at = 0; at < length; at += BLOCK) {
        char name[64], text[SHA256_TEXT];
        int size = snprintf(name, sizeof name, "stream %" PRId64 " %zu", salt, at / BLOCK);
        hash(key, name, (size_t)size, text);
        for (size_t i = 0; i < BLOCK && at + i < length; i++)
            data[at + i] = (char)((uint8_t)data[at + i] ^ (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1])));
    }
}

/* ---- writing -------------------------------------------------------------------------------------------------------
 */

static void put(struct str *content, uint32_t kind, const char *name, const char *data, size_t length)
{
    static const char zeros[8];
    size_t named = name ? strlen(name) + 1 : 0;
    struct part part = {.kind = kind, .length = named + length};
    str_append_bytes(content, (const char *)&part, sizeof part);
    if (named)
        str_append_bytes(content, name, named);
    str_append_bytes(content, data, length);
    str_append_bytes(content, zeros, (8 - (named + length) % 8) % 8);
}

void checkpoint_put_known(struct str *content, const json_t *known)
{
    char *text = json_dumps(known, JSON_COMPACT | JSON_SORT_KEYS);
    put(content, PART_KNOWN, NULL, text ? text : "{}", text ? strlen(text) : 2);
    free(text);
}

void checkpoint_put_node(struct str *content, const char *name, const char *snapshot, size_t length)
{
    put(content, PART_NODE, name, snapshot, length);
}

/* The hash of the line up to it, and of the bytes. */
static void hash_file(const struct journal_key *key, const char *line, const char *data, size_t length,
                      char out[static SHA256_TEXT])
{
    STR_AUTO all = STR_INIT;
    str_append(&all, line);
    str_append_bytes(&all, data, length);
    hash(key, str_text(&all), all.length, out);
}

void checkpoint_seal(const struct str *content, uint64_t number, int64_t written, const struct journal_key *key,
                     struct str *out)
{
    char own[SHA256_TEXT], line[LINE_MAX];
    STR_AUTO bytes = STR_INIT;
    str_append_bytes(&bytes, str_text(content), content->length);
    if (bytes.length)
        cipher(key, written, bytes.data, bytes.length);
    snprintf(line, sizeof line, MAGIC " %" PRIu64 " %" PRId64 " %zu", number, written, bytes.length);
    hash_file(key, line, str_text(&bytes), bytes.length, own);
    str_printf(out, "%s %s\n", line, own);
    str_append_bytes(out, str_text(&bytes), bytes.length);
}

/* ---- reading -------------------------------------------------------------------------------------------------------
 */

static int damaged(struct error *err, const char *what)
{
    return error_set(err, ERR_FILE, "the checkpoint is damaged: %s", what);
}

static int read_parts(struct checkpoint *checkpoint, struct error *err)
{
    const char *at = str_text(&checkpoint->bytes), *end = at + checkpoint->bytes.length;
    while (at < end) {
        struct part part;
        if ((size_t)(end - at) < sizeof part)
            return damaged(err, "a part is cut off");
        memcpy(&part, at, sizeof part);
        at += sizeof part;
        if (part.length > (size_t)(end - at))
            return damaged(err, "a part is cut off");
        const char *name_end = part.kind == PART_NODE ? memchr(at, 0, part.length) : NULL;
        if (part.kind == PART_KNOWN && !checkpoint->known) {
            checkpoint->known = json_loadb(at, part.length, 0, NULL);
        } else if (name_end) {
            checkpoint->nodes = realloc(checkpoint->nodes, (checkpoint->node_count + 1) * sizeof *checkpoint->nodes);
            if (!checkpoint->nodes)
                arena_exhausted();
            checkpoint->nodes[checkpoint->node_count++] =
                (struct checkpoint_node){at, name_end + 1, (size_t)(at + part.length - (name_end + 1))};
        }
        at += (part.length + 7) & ~(uint64_t)7;
    }
    return json_is_object(checkpoint->known) ? 0 : damaged(err, "it does not say what the exercise is");
}

int checkpoint_open(const char *text, size_t length, const struct journal_key *key, struct checkpoint *out,
                    struct error *err)
{
    char line[LINE_MAX], own[SHA256_TEXT];
    size_t bytes;
    *out = (struct checkpoint){0};
    const char *end = memchr(text, '\n', length < LINE_MAX ? length : LINE_MAX);
    if (!end || end - text < SHA256_TEXT)
        return damaged(err, length ? "it does not begin as one" : "it is empty");
    size_t before = (size_t)(end - text) - SHA256_TEXT; /* a blank and the hash */
    snprintf(line, sizeof line, "%.*s", (int)before, text);
    if (text[before] != ' ' ||
        sscanf(line, MAGIC " %" SCNu64 " %" SCNd64 " %zu", &out->number, &out->written, &bytes) != 3)
        return damaged(err, "it does not begin as one");
    if (bytes != length - (size_t)(end + 1 - text))
        return damaged(err, "it is cut off");
    hash_file(key, line, end + 1, bytes, own);
    if (memcmp(own, text + before + 1, SHA256_TEXT - 1) != 0)
        return damaged(err, key && key->length ? "its hash is not that of its content, or not made with this code"
                                               : "its hash is not that of its content");
    str_append_bytes(&out->bytes, end + 1, bytes);
    if (bytes)
        cipher(key, out->written, out->bytes.data, bytes);
    if (!read_parts(out, err))
        return 0;
    checkpoint_free(out);
    return -1;
}

int checkpoint_latest(const struct str *texts, const struct journal_key *key, struct checkpoint *out, struct error *err)
{
    struct error first = ERROR_INIT;
    bool found = false;
    for (size_t i = 0; i < CHECKPOINT_FILES; i++) {
        struct checkpoint other;
        struct error problem = ERROR_INIT;
        if (checkpoint_open(str_text(&texts[i]), texts[i].length, key, &other, &problem)) {
            if (!first.kind || texts[i].length) /* what a file with content says says more */
                first = problem;
            continue;
        }
        if (found && other.number < out->number) {
            checkpoint_free(&other);
            continue;
        }
        if (found)
            checkpoint_free(out);
        *out = other;
        out->file = i;
        found = true;
    }
    return found ? 0 : error_set(err, ERR_FILE, "%s", first.text);
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    json_decref(checkpoint->known);
    free(checkpoint->nodes);
    str_free(&checkpoint->bytes);
    *checkpoint = (struct checkpoint){0};
}

/* ---- alive ---------------------------------------------------------------------------------------------------------
 */

void alive_now(struct alive *alive)
{
    STR_AUTO id = STR_INIT;
    *alive = (struct alive){.boot = clock_boot(), .real = clock_real(), .boot_id = "-"};
    if (!file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &id, 128) && id.length > 8)
        snprintf(alive->boot_id, sizeof alive->boot_id, "%.*s", (int)strcspn(str_text(&id), "\n "), str_text(&id));
}

/* Its line, without the hash. */
static int alive_print(const struct alive *alive, char line[static ALIVE_LINE + 1])
{
    return snprintf(line, ALIVE_LINE + 1, ALIVE " %" PRId64 " %" PRId64 " %s %" PRIu64 " %" PRId64, alive->boot,
                    alive->real, alive->boot_id, alive->checkpoint, alive->age);
}

int alive_write(int fd, const struct alive *alive, const struct journal_key *key)
{
    char line[ALIVE_LINE + 1], own[SHA256_TEXT];
    int length = alive_print(alive, line);
    hash(key, line, (size_t)length, own);
    int more = snprintf(line + length, sizeof line - (size_t)length, " %s", own);
    if (more < 0 || length + more >= ALIVE_LINE)
        return -1;
    memset(line + length + more, ' ', (size_t)(ALIVE_LINE - length - more));
    line[ALIVE_LINE - 1] = '\n';
    return pwrite(fd, line, ALIVE_LINE, 0) == ALIVE_LINE ? 0 : -1;
}

int alive_read(const char *text, size_t length, const struct journal_key *key, struct alive *out)
{
    char line[ALIVE_LINE + 1], own[SHA256_TEXT], said[SHA256_TEXT];
    if (length < ALIVE_LINE)
        return -1;
    snprintf(line, sizeof line, "%.*s", ALIVE_LINE, text);
    if (sscanf(line, ALIVE " %" SCNd64 " %" SCNd64 " %39s %" SCNu64 " %" SCNd64 " %64s", &out->boot, &out->real,
               out->boot_id, &out->checkpoint, &out->age, said) != 6)
        return -1;
    int size = alive_print(out, line);
    hash(key, line, (size_t)size, own);
    return strcmp(own, said) ? -1 : 0;
}

int64_t checkpoint_age(const struct checkpoint *checkpoint, const struct alive *alive, int64_t real)
{
    bool known = alive && alive->checkpoint == checkpoint->number && alive->age >= 0;
    int64_t age = known ? real - alive->real + alive->age : real - checkpoint->written;
    return age > 0 ? age : 0;
}
