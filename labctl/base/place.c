/* Where the program's own things lie beside it. */
#include "base/place.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

bool place_program(char out[static PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[length > 0 ? length : 0] = 0;
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = 0;
    return slash != NULL;
}

bool place_installed(const char *what, char out[static PATH_MAX])
{
    char program[PATH_MAX];
    if (!place_program(program) || !str_ends(program, "/bin"))
        return false;
    program[strlen(program) - strlen("/bin")] = 0;
    return snprintf(out, PATH_MAX, "%s/%s", program, what) < PATH_MAX;
}
