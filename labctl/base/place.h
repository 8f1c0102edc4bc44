/* Where the program's own things lie beside it: a tree that was installed may be moved as a whole. */
#pragma once

#include <limits.h>
#include <stdbool.h>

/* The directory of the running program; false where the system does not say. */
bool place_program(char out[static PATH_MAX]);
/* `what` under the prefix of a program in PREFIX/bin ("libexec/labctl"); false where the program lies elsewhere. */
bool place_installed(const char *what, char out[static PATH_MAX]);
