/* A view that stays until somebody has had enough: what `status --watch` and `top` share. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct context;
struct str;

struct live {
    bool terminal; /* standard output is one, and text is wanted: the view is drawn in place */
    bool keys;     /* keys are read as they are pressed */
    int signals;
    size_t lines; /* on the screen */
    sigset_t before;
};

/* From here to live_end Ctrl-C and its like end the view and not the process. */
void live_begin(struct live *live, const struct context *context);
void live_end(struct live *live);

/* Draws the text over the one before, with a last line that says how to leave, which is appended to it. */
void live_show(struct live *live, struct str *text);

/* Waits for so long, or for a new size of the window; false where q or Ctrl-C was pressed, or nobody reads any more. */
bool live_goes_on(const struct live *live, int milliseconds);
