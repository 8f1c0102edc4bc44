/* The program labctl-serve: argv[0] says which daemon it is; `-f FILE` is its configuration; the log is stderr. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "serve/configuration.h"
#include "serve/serve.h"

static const struct {
    const char *name;
    int (*run)(const struct configuration *configuration, struct error *err);
} daemons[] = {
    {"httpd", httpd},
    {"tcpd", tcpd},
    {"echod", echod},
    {"iperfd", iperfd},
};

int main(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
    struct configuration configuration;
    struct error err = ERROR_INIT;
    ARENA_AUTO arena = arena_new();
    if (argc != 3 || strcmp(argv[1], "-f") != 0) {
        fprintf(stderr, "usage: %s -f FILE\n", name);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stderr, NULL, _IOLBF, 0);
    int result = configuration_load(argv[2], arena, &configuration, &err);
    size_t i = 0;
    while (i < ARRAY_SIZE(daemons) && !str_equal(name, daemons[i].name))
        i++;
    if (result == 0)
        result = i < ARRAY_SIZE(daemons) ? daemons[i].run(&configuration, &err)
                                         : error_set(&err, ERR_USAGE, "nobody of that name lives here");
    if (result != 0)
        fprintf(stderr, "%s: %s\n", name, err.text);
    return result == 0 ? 0 : 1;
}
