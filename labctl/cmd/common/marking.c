/* What whoever marks a text needs to see. */
#include "cmd/common/marking.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/sha256.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "exercise/journal.h"

#define SESSIONS       "sessions"
#define RECORDING      ".cast"
#define TEXT_BYTES     ((size_t)4 << 20)
#define SESSION_BYTES  ((size_t)256 << 20)
#define SESSIONS_BYTES ((size_t)1 << 30) /* together */

/* ---- the text ---- */

/* The sum of the text that was handed in last, by the journal; "" where there is none. */
static void handed_in(const struct str *journal, char sum[static SHA256_TEXT])
{
    *sum = 0;
    for (size_t i = 0; i < journal->length;) {
        const char *line = journal->data + i, *end = memchr(line, '\n', journal->length - i);
        size_t length = end ? (size_t)(end - line) : journal->length - i;
        i += length + 1;
        if (!memmem(line, length, "\"sha256\"", 8))
            continue;
        json_t *entry = json_loadb(line, length, 0, NULL);
        const char *text = json_string_value(json_object_get(entry, "sha256"));
        if (str_equal(client_text(entry, "event"), "answer") && text && strlen(text) == SHA256_TEXT - 1)
            memcpy(sum, text, SHA256_TEXT);
        json_decref(entry);
    }
}

static int read_text(struct marking *marking, const struct str *journal, struct error *err)
{
    char wanted[SHA256_TEXT], sum[SHA256_TEXT];
    STR_AUTO path = STR_INIT;
    if (!json_is_string(json_object_get(marking->asked, "file")))
        return error_set(err, ERR_ABSENT, "%s: no text was handed in", str_text(&marking->directory));
    str_printf(&path, "%s/%s", str_text(&marking->directory), client_text(marking->asked, "file"));
    if (file_read(AT_FDCWD, str_text(&path), &marking->text, TEXT_BYTES))
        return error_set(err, ERR_FILE, "read %s: %s", str_text(&path), strerror(errno));
    handed_in(journal, wanted);
    sha256_text(str_text(&marking->text), marking->text.length, sum);
    return str_equal(sum, wanted)
               ? 0
               : error_set(err, ERR_FILE, "%s is not the text that was handed in: its sum is not that of the journal",
                           str_text(&path));
}

/* ---- quotes ---- */

static void look_in(struct marking *marking, int directory, const char *name, size_t *bytes, struct arena *arena)
{
    STR_AUTO cast = STR_INIT;
    STR_AUTO seen = STR_INIT;
    STR_AUTO where = STR_INIT;
    if (file_read(directory, name, &cast, SESSION_BYTES))
        return;
    *bytes += cast.length;
    marking->recordings++;
    quotes_transcript(str_text(&cast), cast.length, &seen);
    str_printf(&where, SESSIONS "/%s", name);
    quotes_look(&marking->quotes, str_text(&where), str_text(&seen), seen.length, arena);
}

static void look_for_quotes(struct marking *marking, const struct str *journal, struct arena *arena)
{
    size_t bytes = 0;
    STR_AUTO path = STR_INIT;
    STR_AUTO told = STR_INIT;
    marking->quotes = quotes_of(str_text(&marking->text), marking->text.length, arena);
    str_printf(&path, "%s/" SESSIONS, str_text(&marking->directory));
    DIR *directory = marking->quotes.count ? opendir(str_text(&path)) : NULL;
    for (struct dirent *entry; directory && bytes < SESSIONS_BYTES && (entry = readdir(directory)) != NULL;)
        if (str_ends(entry->d_name, RECORDING))
            look_in(marking, dirfd(directory), entry->d_name, &bytes, arena);
    if (directory)
        closedir(directory);
    quotes_journal(str_text(journal), journal->length, &told);
    quotes_look(&marking->quotes, JOURNAL_FILE, str_text(&told), told.length, arena);
}

/* ---- all ---- */

int marking_read(struct marking *marking, const char *name, struct arena *arena, struct error *err)
{
    STR_AUTO path = STR_INIT;
    STR_AUTO journal = STR_INIT;
    *marking = (struct marking){0};
    if (exercise_report_read(name, &path, &marking->result, err))
        return -1;
    str_append_bytes(&marking->directory, str_text(&path), (size_t)(strrchr(str_text(&path), '/') - str_text(&path)));
    marking->asked = json_object_get(marking->result, "articulate");
    if (!json_is_object(marking->asked))
        return error_set(err, ERR_ABSENT, "%s: this exercise asked for no text", str_text(&marking->directory));
    str_clear(&path);
    if (exercise_journal_read(name, &path, &journal, err) || read_text(marking, &journal, err))
        return -1;
    look_for_quotes(marking, &journal, arena);
    return 0;
}

void marking_free(struct marking *marking)
{
    str_free(&marking->directory);
    str_free(&marking->text);
    json_decref(marking->result);
}

void marking_length(const struct marking *marking, struct str *out)
{
    long long words = client_integer(marking->asked, "words"), wanted = client_integer(marking->asked, "words_wanted");
    if (wanted && words * 10 < wanted * 9)
        str_printf(out, "short by %lld", wanted - words);
    else if (wanted && words * 10 > wanted * 11)
        str_printf(out, "long by %lld", words - wanted);
}
