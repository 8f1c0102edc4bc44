/* The registry: the labs of this user that run, as their sockets tell. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "lab/channel.h"
#include "lab/control.h"
#include "lab/credentials.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add(char ***names, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*names)[i], name) == 0)
            return 0; /* each connection shows the same name once more */
    char **grown = realloc(*names, (*count + 1) * sizeof *grown);
    if (!grown)
        return -1;
    *names = grown;
    grown[*count] = strdup(name);
    return grown[*count] ? (int)(++*count, 0) : -1;
}

/* The lab's name in a line of /proc/net/unix that is a listening socket of this user, or NULL. */
static char *lab_in_line(char *line)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, " @" CHANNEL_PREFIX "%u/", (unsigned)geteuid());
    char *name = strstr(line, prefix);
    if (!name)
        return NULL;
    unsigned flags;
    if (sscanf(line, "%*[^:]: %*x %*x %x", &flags) != 1 || !(flags & 0x10000)) /* __SO_ACCEPTCON */
        return NULL;
    name += strlen(prefix);
    name[strcspn(name, "\n")] = '\0';
    return *name && !strchr(name, '.') ? name : NULL; /* with a dot: a lab of a proof, which is nobody's business */
}

int registry_list(char ***names, size_t *count, struct error *err)
{
    *names = NULL;
    *count = 0;
    FILE *file = fopen("/proc/net/unix", "re");
    if (!file)
        return error_set_errno(err, errno, "read /proc/net/unix, where running labs show");
    char *line = NULL;
    size_t size = 0;
    int result = 0;
    while (result == 0 && getline(&line, &size, file) > 0) {
        char *name = lab_in_line(line);
        if (!name)
            continue;
        int fd;
        if (channel_connect(name, &fd, NULL) != 0)
            continue;                                /* ended meanwhile */
        if (credentials_keeper(fd, NULL, NULL) == 0) /* else another user's, under our name */
            result = add(names, count, name);
        close(fd);
    }
    free(line);
    fclose(file);
    if (result != 0)
        return error_set(err, ERR_SYSTEM, "out of memory");
    if (*count > 1)
        qsort(*names, *count, sizeof **names, by_name);
    return 0;
}
