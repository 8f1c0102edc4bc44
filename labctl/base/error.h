/* Errors: a function that can fail returns 0 or a negative number and fills `struct error *`, its last parameter.
 * The maker of an error returns its code, so that the failing site is one line:
 * `return error_set(err, ERR_FILE, "…")`. */
#pragma once

#include <stdarg.h>

/* What sort of failure: decides the exit status (cli: 2, 2, 3, 4, 5, 3). */
enum error_kind {
    ERR_NONE = 0,
    ERR_USAGE,      /* wrong usage                                            exit 2 */
    ERR_FILE,       /* a bad, unreadable or vanished file                     exit 2 */
    ERR_CAPABILITY, /* this machine cannot: names the missing capability      exit 3 */
    ERR_ABSENT,     /* no such lab, node, thing                               exit 4 */
    ERR_BUSY,       /* name taken, lab busy (by whom)                         exit 4 */
    ERR_PROBE,      /* a check or prober failed by itself: no verdict         exit 5 */
    ERR_SYSTEM,     /* the kernel or a library refused: operation, object, node, reason   exit 3 */
    ERR_KIND_COUNT
};

struct error {
    enum error_kind kind;
    int number;      /* errno value where there is one, else 0 */
    char text[2000]; /* one or more lines, no trailing newline */
};
#define ERROR_INIT                                                                                                     \
    {                                                                                                                  \
        0                                                                                                              \
    }

/* Sets err (which must not hold an error yet: asserted) and returns -1.  err may be NULL. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Same for a system error: appends ": " and strerror(number). */
int error_set_errno(struct error *err, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts context in front of a set error: the formatted text ("lab 'x'", "while reading a.yaml") and ": "; returns -1. */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_clear(struct error *err);
int error_exit_status(const struct error *err);         /* by kind; 0 for ERR_NONE */
const char *error_kind_name(enum error_kind kind);      /* "usage", "file", "capability", … as in JSON output */
enum error_kind error_kind_from_name(const char *name); /* ERR_NONE where unknown */
