/* A text that only a start code opens: an exam's scenario, handed out before its time.
 *
 * A sealed file is a head for anybody to read, "key: value" lines up to an empty one; the text, encrypted; and the
 * SHA-256 of both.  Keys come from the code by scrypt, so that guessing one is slow; AES-256-GCM holds the head to the
 * text.  The journal's key comes from the same code, but tells nothing of the other. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct str;

#define SEAL_KEY       32
#define SEAL_NAME      64  /* with NUL */
#define SEAL_TITLE     256 /* likewise */
#define SEAL_CODE      20  /* of a code that was made: "k7mp-x2wq-9drt-hf3b" */
#define SEAL_CODE_MOST 200 /* bytes */

/* What stands in the head. */
struct seal {
    char name[SEAL_NAME], title[SEAL_TITLE];
};

/* Whether these bytes begin as a sealed file does. */
bool seal_is(const char *bytes, size_t length);
/* A code for people to read out: 16 letters and digits, none of which is taken for another, by chance. */
int seal_code_new(char code[static SEAL_CODE], struct error *err);
/* Encrypts; the file is appended to `out`.  Case, spaces and dashes of the code do not matter. */
int seal_close(const struct seal *seal, const char *code, const char *text, size_t length, struct str *out,
               struct error *err);
/* Decrypts and verifies; nothing is appended to `text` where anything is wrong.  journal: the key of the journal of an
 * exercise that is started with this file.  ERR_FILE: it is no sealed file, was cut off, damaged, or changed;
 * ERR_USAGE: not its code. */
int seal_open(const char *bytes, size_t length, const char *code, struct seal *seal, struct str *text,
              uint8_t journal[static SEAL_KEY], struct error *err);
