/* The terminal: size, keys, secrets. */
#include "cmd/common/terminal.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/str.h"

#define INTERRUPT 3 /* Ctrl-C */

static struct termios before;
static bool changed;

static struct winsize size_of(int fd)
{
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) < 0)
        size = (struct winsize){0};
    return size;
}

unsigned terminal_width(int fd)
{
    return size_of(fd).ws_col;
}

unsigned terminal_height(int fd)
{
    return size_of(fd).ws_row;
}

bool terminal_keys_begin(void)
{
    if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &before) < 0)
        return false;
    struct termios keys = before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    changed = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
    return changed;
}

void terminal_keys_end(void)
{
    if (changed)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    changed = false;
}

bool terminal_ask_secret(const char *prompt, struct str *out)
{
    char line[512];
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
        return false;
    struct termios silent = before;
    /* Ctrl-C ends the line: a process that dies here would leave the terminal mute. */
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    silent.c_lflag |= ICANON | ECHONL;
    silent.c_cc[VEOL] = INTERRUPT;
    fputs(prompt, stderr);
    fflush(stderr);
    changed = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
    ssize_t got = changed ? read(STDIN_FILENO, line, sizeof line) : -1;
    terminal_keys_end();
    if (got > 0 && line[got - 1] == INTERRUPT)
        got = 0;
    while (got > 0 && (line[got - 1] == '\n' || line[got - 1] == '\r'))
        got--;
    if (got > 0)
        str_append_bytes(out, line, (size_t)got);
    explicit_bzero(line, sizeof line);
    return got > 0;
}
