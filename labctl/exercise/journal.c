/* An entry's hash is that of its own JSON text (keys sorted, no spaces) without the member "hash". */
#include "exercise/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"

#define JOURNAL_BYTES ((size_t)64 << 20)
#define CANONICAL     (JSON_SORT_KEYS | JSON_COMPACT)

static void hash_entry(const json_t *entry, char out[static SHA256_TEXT])
{
    char *text = json_dumps(entry, CANONICAL);
    sha256_text(text ? text : "", text ? strlen(text) : 0, out);
    free(text);
}

static void start(struct journal *journal)
{
    memset(journal->head, '0', sizeof journal->head - 1);
    journal->head[sizeof journal->head - 1] = 0;
    journal->count = 0;
}

/* One line: its place in the chain and its own hash must be right. */
static int verify(struct journal *journal, const char *line, size_t length, journal_entry *each, void *context,
                  struct error *err)
{
    char own[SHA256_TEXT], said[SHA256_TEXT] = "";
    json_t *entry = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    const char *previous = json_string_value(json_object_get(entry, "previous"));
    const char *hash = json_string_value(json_object_get(entry, "hash"));
    if (hash)
        snprintf(said, sizeof said, "%s", hash);
    bool right = previous && !strcmp(previous, journal->head) &&
                 json_integer_value(json_object_get(entry, "entry")) == (json_int_t)journal->count + 1;
    if (right) {
        json_object_del(entry, "hash");
        hash_entry(entry, own);
        right = !strcmp(own, said);
    }
    if (right) {
        journal->count++;
        memcpy(journal->head, own, sizeof own);
        if (each)
            each(context, entry);
    }
    json_decref(entry);
    return right ? 0
                 : error_set(err, ERR_FILE, "entry %llu of the journal does not follow from the one before it",
                             (unsigned long long)journal->count + 1);
}

static int read_entries(struct journal *journal, journal_entry *each, void *context, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (lseek(journal->fd, 0, SEEK_SET) < 0 || fd_read_all(journal->fd, &text, JOURNAL_BYTES))
        return error_set_errno(err, errno, "read the journal of the exercise");
    size_t at = 0;
    for (char *end; (end = memchr(str_text(&text) + at, '\n', text.length - at)) != NULL;) {
        size_t length = (size_t)(end - (text.data + at));
        if (verify(journal, text.data + at, length, each, context, err))
            return -1;
        at += length + 1;
    }
    if (at < text.length && ftruncate(journal->fd, (off_t)at))
        return error_set_errno(err, errno, "cut the journal's last line");
    return 0;
}

int journal_open(int fd, struct journal *journal, journal_entry *each, void *context, struct error *err)
{
    start(journal);
    journal->fd = fd;
    if (!read_entries(journal, each, context, err))
        return 0;
    journal_close(journal);
    return -1;
}

void journal_close(struct journal *journal)
{
    fd_close(&journal->fd);
}

int journal_append(struct journal *journal, json_t *entry, int64_t boot, int64_t real, struct error *err)
{
    char time[CLOCK_TEXT_MAX], own[SHA256_TEXT];
    json_object_set_new(entry, "entry", json_integer((json_int_t)journal->count + 1));
    json_object_set_new(entry, "time", json_string(clock_format_real(real, time)));
    json_object_set_new(entry, "boot", json_integer(boot));
    json_object_set_new(entry, "previous", json_string(journal->head));
    hash_entry(entry, own);
    json_object_set_new(entry, "hash", json_string(own));
    char *text = json_dumps(entry, CANONICAL);
    json_decref(entry);
    STR_AUTO line = STR_INIT;
    str_append(&line, text ? text : "{}");
    str_append_char(&line, '\n');
    free(text);
    if (fd_write_all(journal->fd, line.data, line.length) || fdatasync(journal->fd))
        return error_set_errno(err, errno, "write the journal of the exercise");
    journal->count++;
    memcpy(journal->head, own, sizeof own);
    return 0;
}
