/* The terminal, where there is one: its size, and keys that come without Enter. */
#pragma once

#include <stdbool.h>

struct str;

/* Columns and lines of the window behind a descriptor; 0 where it is no terminal. */
unsigned terminal_width(int fd);
unsigned terminal_height(int fd);

/* Keys are read as they are pressed and not shown, until terminal_keys_end; false where standard input is no terminal
 * of this process (a pipe, a job in the background). */
bool terminal_keys_begin(void);
void terminal_keys_end(void);

/* Asks for a line that is not shown while it is typed; false where standard input is no terminal, or nothing came. */
bool terminal_ask_secret(const char *prompt, struct str *out);
