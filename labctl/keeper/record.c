/* The recording of a session: lines of an asciicast (version 2) below a header that the director wrote.
 *
 * A line is written whole or not at all.  Where it cannot be written (the disk is full) the session goes on; a mark
 * stands where something is missing, as soon as it can be written, and the keeper hears of it at the end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "keeper/keeper.h"

#define PIECE       4096 /* bytes of a session in one line at most */
#define LINE        (PIECE * 6 + 128)
#define HEAD        64             /* of a line, at most */
#define MARK_ROOM   256            /* kept free for the marks at the end */
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static int64_t microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void record_begin(struct recording *record, int fd)
{
    struct stat status;
    *record = (struct recording){.fd = fd, .began = microseconds()};
    if (fd >= 0 && !fstat(fd, &status))
        record->size = (size_t)status.st_size;
}

/* ---- text ---- */

/* The length of the UTF-8 character at the start; 0: it is none; negative: so far it could become one. */
static int character(const unsigned char *text, size_t length)
{
    unsigned char first = text[0];
    int size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    for (int i = 1; i < size; i++) {
        if ((size_t)i == length)
            return -1;
        unsigned char least = 0x80, most = 0xbf;
        if (i == 1 && first == 0xe0)
            least = 0xa0;
        else if (i == 1 && first == 0xed)
            most = 0x9f;
        else if (i == 1 && first == 0xf0)
            least = 0x90;
        else if (i == 1 && first == 0xf4)
            most = 0x8f;
        if (text[i] < least || text[i] > most)
            return 0;
    }
    return size;
}

/* Six bytes at the most, and no end of a string behind them. */
static size_t put_ascii(char *out, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char letter = byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte == '\t' ? 't' : '\0';
    if (byte == '"' || byte == '\\')
        letter = (char)byte;
    if (letter) {
        out[0] = '\\';
        out[1] = letter;
        return 2;
    }
    if (byte < 0x20 || byte == 0x7f) {
        memcpy(out, "\\u00", 4);
        out[4] = digits[byte >> 4];
        out[5] = digits[byte & 0xf];
        return 6;
    }
    out[0] = (char)byte;
    return 1;
}

/* As the inside of a JSON string; what is no UTF-8 becomes a replacement.  Returns the length; *rest: bytes at the end
 * that may be the beginning of a character. */
static size_t quote(const char *text, size_t length, char *out, size_t *rest)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t used = 0;
    for (*rest = 0; length > 0;) {
        int size = character(at, length);
        if (size < 0) {
            *rest = length;
            break;
        }
        if (size == 1) {
            used += put_ascii(out + used, *at);
        } else if (size == 0) {
            memcpy(out + used, REPLACEMENT, sizeof REPLACEMENT - 1);
            used += sizeof REPLACEMENT - 1;
            size = 1;
        } else {
            memcpy(out + used, at, (size_t)size);
            used += (size_t)size;
        }
        at += size;
        length -= (size_t)size;
    }
    return used;
}

/* ---- lines ---- */

static bool write_whole(struct recording *record, const char *line, size_t length)
{
    ssize_t count = write(record->fd, line, length);
    if (count == (ssize_t)length) {
        record->size += length;
        return true;
    }
    record->problem = count < 0 ? errno : ENOSPC;
    record->missing = true;
    if (count > 0 && ftruncate(record->fd, (off_t)record->size))
        record->fd = -1; /* half a line stands at its end: nothing can follow it */
    return false;
}

static size_t head(const struct recording *record, char line[static HEAD], char kind)
{
    int64_t now = microseconds() - record->began;
    return (size_t)snprintf(line, HEAD, "[%lld.%06lld, \"%c\", \"", (long long)(now / 1000000),
                            (long long)(now % 1000000), kind);
}

static bool write_mark(struct recording *record, const char *text)
{
    char line[MARK_ROOM / 2];
    size_t length = head(record, line, 'm');
    length += (size_t)snprintf(line + length, sizeof line - length, "%s\"]\n", text);
    return write_whole(record, line, length);
}

/* The line's text is `length` bytes behind its head. */
static void write_event(struct recording *record, char kind, const char *text, size_t length)
{
    static char line[LINE];
    if (record->fd < 0 || record->full)
        return;
    size_t used = head(record, line, kind);
    memcpy(line + used, text, length);
    memcpy(line + used + length, "\"]\n", 3);
    used += length + 3;
    if (record->size + used > RECORD_MAX - MARK_ROOM) {
        record->full = true;
        record->problem = EFBIG;
        write_mark(record, "the recording ends here: it is as long as one may be");
        return;
    }
    if (record->missing) {
        record->missing = !write_mark(record, "some of the session is missing here: it could not be written");
        if (record->missing)
            return;
    }
    write_whole(record, line, used);
}

void record_data(struct recording *record, enum record_source source, const char *data, size_t length)
{
    static char piece[PIECE], text[PIECE * 6];
    struct record_rest *rest = &record->rests[source];
    char kind = source == RECORD_INPUT ? 'i' : 'o';
    while (record->fd >= 0 && length > 0) {
        size_t take = length < PIECE - rest->length ? length : PIECE - rest->length, left;
        memcpy(piece, rest->bytes, rest->length);
        memcpy(piece + rest->length, data, take);
        size_t whole = rest->length + take, used = quote(piece, whole, text, &left);
        memcpy(rest->bytes, piece + whole - left, left);
        rest->length = left;
        if (used > 0)
            write_event(record, kind, text, used);
        data += take;
        length -= take;
    }
}

void record_window(struct recording *record, uint16_t rows, uint16_t columns)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%ux%u", columns, rows);
    write_event(record, 'r', text, (size_t)length);
}

const char *record_end(struct recording *record)
{
    for (size_t i = 0; i < RECORD_SOURCES; i++)
        for (; record->rests[i].length > 0; record->rests[i].length--)
            write_event(record, i == RECORD_INPUT ? 'i' : 'o', REPLACEMENT, sizeof REPLACEMENT - 1);
    if (record->fd >= 0 && record->missing)
        write_mark(record, "some of the session is missing here: it could not be written");
    if (record->fd >= 0)
        close(record->fd);
    record->fd = -1;
    return record->problem ? strerror(record->problem) : "";
}
