/* An entry's hash is that of its own JSON text (keys sorted, no spaces) without the member "hash".  A line is that text
 * with the member in it, so that it is verified as it stands, without being written anew. */
#include "exercise/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"

#define JOURNAL_BYTES ((size_t)256 << 20)
#define CANONICAL     (JSON_SORT_KEYS | JSON_COMPACT)
#define HASH_KEY      "\"hash\":\""
#define HASH_MEMBER   (sizeof HASH_KEY - 1 + SHA256_TEXT - 1 + 2) /* "hash":"…", */

static void hash_text(const struct journal *journal, const char *text, size_t length, char out[static SHA256_TEXT])
{
    if (journal->key.length)
        sha256_keyed_text(journal->key.bytes, journal->key.length, text, length, out);
    else
        sha256_text(text, length, out);
}

static void start(struct journal *journal, const struct journal_key *key)
{
    *journal = (struct journal){.fd = -1};
    if (key)
        journal->key = *key;
    memset(journal->head, '0', sizeof journal->head - 1);
}

/* The hash of a line as it stands, without its own member; false where it has none such. */
static bool hash_line(const struct journal *journal, const char *line, size_t length, char own[static SHA256_TEXT],
                      char said[static SHA256_TEXT])
{
    const char *member = memmem(line, length, HASH_KEY, sizeof HASH_KEY - 1);
    size_t before = member ? (size_t)(member - line) : 0;
    if (!member || length - before < HASH_MEMBER || member[HASH_MEMBER - 1] != ',')
        return false;
    memcpy(said, member + sizeof HASH_KEY - 1, SHA256_TEXT - 1);
    said[SHA256_TEXT - 1] = 0;
    STR_AUTO rest = STR_INIT;
    str_append_bytes(&rest, line, before);
    str_append_bytes(&rest, member + HASH_MEMBER, length - before - HASH_MEMBER);
    hash_text(journal, str_text(&rest), rest.length, own);
    return true;
}

/* What is wrong with a line, or NULL; its hash is left in `own`. */
static const char *wrong_with(const struct journal *journal, const char *line, size_t length, const json_t *entry,
                              char own[static SHA256_TEXT])
{
    char said[SHA256_TEXT];
    const char *previous = json_string_value(json_object_get(entry, "previous"));
    if (!json_is_object(entry))
        return "it is no JSON object";
    if (json_integer_value(json_object_get(entry, "n")) != (json_int_t)journal->count + 1)
        return "its number does not follow from the one before it: lines are missing or were put in";
    if (!previous || strcmp(previous, journal->head))
        return "it does not follow from the line before it, which was changed or left out";
    if (!hash_line(journal, line, length, own, said))
        return "it has no hash";
    if (strcmp(own, said) && !journal->key.length && json_is_true(json_object_get(entry, "keyed")))
        return "it is an exam's, whose hashes are keyed: they are verified with its start code";
    if (strcmp(own, said))
        return journal->key.length
                   ? "its keyed hash is not that of its content: it was changed, or made without the key"
                   : "its hash is not that of its content: it was changed";
    return NULL;
}

/* One line: its place in the chain and its own hash must be right. */
static int verify(struct journal *journal, const char *line, size_t length, journal_entry *each, void *context,
                  struct error *err)
{
    char own[SHA256_TEXT];
    json_t *entry = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    const char *wrong = wrong_with(journal, line, length, entry, own);
    if (!wrong) {
        journal->count++;
        memcpy(journal->head, own, sizeof own);
        if (each)
            each(context, entry);
    }
    json_decref(entry);
    return wrong ? error_set(err, ERR_FILE, "corrupted journal: line %llu: %s", (unsigned long long)journal->count + 1,
                             wrong)
                 : 0;
}

/* Verifies the whole lines; *whole: their bytes. */
static int verify_lines(struct journal *journal, const char *text, size_t length, size_t *whole, journal_entry *each,
                        void *context, struct error *err)
{
    *whole = 0;
    for (const char *end; (end = memchr(text + *whole, '\n', length - *whole)) != NULL;) {
        size_t line = (size_t)(end - (text + *whole));
        if (verify(journal, text + *whole, line, each, context, err))
            return -1;
        *whole += line + 1;
    }
    return 0;
}

static int read_entries(struct journal *journal, journal_entry *each, void *context, struct error *err)
{
    STR_AUTO text = STR_INIT;
    size_t whole;
    if (lseek(journal->fd, 0, SEEK_SET) < 0 || fd_read_all(journal->fd, &text, JOURNAL_BYTES))
        return error_set_errno(err, errno, "read the journal of the exercise");
    if (verify_lines(journal, str_text(&text), text.length, &whole, each, context, err))
        return -1;
    if (whole < text.length && ftruncate(journal->fd, (off_t)whole))
        return error_set_errno(err, errno, "cut the journal's last line");
    return 0;
}

int journal_open(int fd, struct journal *journal, const struct journal_key *key, journal_entry *each, void *context,
                 struct error *err)
{
    start(journal, key);
    journal->fd = fd;
    if (!read_entries(journal, each, context, err))
        return 0;
    journal_close(journal);
    return -1;
}

int journal_read(const char *text, size_t length, struct journal *journal, const struct journal_key *key,
                 journal_entry *each, void *context, struct error *err)
{
    size_t whole;
    start(journal, key);
    return verify_lines(journal, text, length, &whole, each, context, err);
}

void journal_close(struct journal *journal)
{
    fd_close(&journal->fd);
    explicit_bzero(&journal->key, sizeof journal->key);
}

/* Writes a line whole or not at all. */
static int write_line(struct journal *journal, const struct str *line, struct error *err)
{
    struct stat before;
    if (fstat(journal->fd, &before))
        return error_set_errno(err, errno, "write the journal of the exercise");
    if (!fd_write_all(journal->fd, line->data, line->length) && !fdatasync(journal->fd))
        return 0;
    error_set_errno(err, errno, "write the journal of the exercise");
    if (ftruncate(journal->fd, before.st_size)) /* a part of a line is taken away by the next journal_open */
        return -1;
    return -1;
}

/* The line of an entry, with its hash. */
static void write_entry(const struct journal *journal, json_t *entry, char own[static SHA256_TEXT], struct str *line)
{
    char *text = json_dumps(entry, CANONICAL);
    hash_text(journal, text ? text : "", text ? strlen(text) : 0, own);
    free(text);
    json_object_set_new(entry, "hash", json_string(own));
    text = json_dumps(entry, CANONICAL);
    str_append(line, text ? text : "{}");
    str_append_char(line, '\n');
    free(text);
}

int journal_append(struct journal *journal, json_t *entry, int64_t boot, int64_t real, journal_entry *each,
                   void *context, struct error *err)
{
    char own[SHA256_TEXT];
    STR_AUTO line = STR_INIT;
    json_object_del(entry, "hash");
    json_object_set_new(entry, "n", json_integer((json_int_t)journal->count + 1));
    json_object_set_new(entry, "boot", json_integer(boot));
    json_object_set_new(entry, "real", json_integer(real));
    json_object_set_new(entry, "previous", json_string(journal->head));
    write_entry(journal, entry, own, &line);
    json_decref(entry);
    if (write_line(journal, &line, err))
        return -1;
    journal->count++;
    memcpy(journal->head, own, sizeof own);
    json_t *read = each ? json_loadb(str_text(&line), line.length - 1, 0, NULL) : NULL;
    if (read)
        each(context, read);
    json_decref(read);
    return 0;
}
