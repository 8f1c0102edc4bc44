/* Looks at the nodes of a running lab. */
#include "cmd/common/looks.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "cmd/common/client.h"
#include "exercise/look.h"
#include "lab/control.h"

#define FILE_MAX ((size_t)1 << 20)

/* Whether a file of a node is the machine's own, byte for byte: then it tells what every node of every lab tells. */
static bool of_the_machine(const char *path, const char *content, size_t length)
{
    STR_AUTO raw = STR_INIT;
    STR_AUTO clean = STR_INIT;
    if (!str_starts(path, "/etc/") || file_read(AT_FDCWD, path, &raw, FILE_MAX))
        return false;
    look_clean(str_text(&raw), raw.length, &clean);
    bool ends = clean.length && str_text(&clean)[clean.length - 1] == '\n'; /* else the look ends it */
    return clean.length + !ends == length && !memcmp(str_text(&clean), content, clean.length);
}

/* A file in a look. */
struct shown {
    const char *head; /* "\002PATH" */
    struct str path;
    const char *content;
    size_t length;
};

/* The first file from there on; its path is to be freed.  False: there is none. */
static bool next_file(const char *look, struct shown *file)
{
    const char *head = strchr(look, '\002');
    if (!head)
        return false;
    size_t length = strcspn(head + 1, "\n");
    *file = (struct shown){.head = head, .content = head + 1 + length};
    str_append_bytes(&file->path, head + 1, length);
    file->content += *file->content == '\n';
    file->length = strcspn(file->content, "\001\002");
    return true;
}

/* {path: content} of what all nodes start with; what is the machine's own is not in it. */
static json_t *template_of(const char *look)
{
    json_t *files = json_object();
    struct shown file;
    for (; next_file(look, &file); look = file.content + file.length) {
        if (!of_the_machine(str_text(&file.path), file.content, file.length))
            json_object_set_new(files, str_text(&file.path), json_stringn(file.content, file.length));
        str_free(&file.path);
    }
    return files;
}

/* Appends a look without the content of files that are the machine's own, and with that of the template's. */
static void take_look(const char *look, const json_t *template, struct str *out)
{
    struct shown file;
    for (; next_file(look, &file); look = file.content + file.length) {
        const char *path = str_text(&file.path), *original = json_string_value(json_object_get(template, path));
        bool is_template = str_starts(file.content, "\004");
        str_append_bytes(out, look, (size_t)(file.head - look));
        if (is_template && original)
            str_printf(out, "\002%s\n%s", path, original);
        else if (!is_template && !of_the_machine(path, file.content, file.length))
            str_append_bytes(out, file.head, (size_t)(file.content + file.length - file.head));
        str_free(&file.path);
    }
    str_append(out, look);
}

/* Each node's look, of a text as "look" sends it. */
static json_t *looks_of(const char *text)
{
    json_t *looks = json_object(), *template = json_object();
    while (*text == '\003') {
        STR_AUTO node = STR_INIT;
        STR_AUTO clean = STR_INIT;
        STR_AUTO look = STR_INIT;
        size_t length = strcspn(++text, "\n");
        str_append_bytes(&node, text, length);
        text += length + (text[length] == '\n');
        const char *end = strchr(text, '\003');
        length = end ? (size_t)(end - text) : strlen(text);
        look_clean(text, length, &clean);
        if (node.length) {
            take_look(str_text(&clean), template, &look);
            json_object_set_new(looks, str_text(&node), json_stringn(str_text(&look), look.length));
        } else {
            json_decref(template);
            template = template_of(str_text(&clean));
        }
        text += length;
    }
    json_decref(template);
    return looks;
}

int looks_take(struct control *control, json_t *params, json_t **looks, struct error *err)
{
    STR_AUTO text = STR_INIT;
    json_t *reply = NULL;
    int fds[CONTROL_FDS_MAX];
    size_t count = 0;
    *looks = NULL;
    if (control_call(control, "look", params, NULL, 0, NULL, NULL, &reply, fds, &count, err))
        return -1;
    json_decref(reply);
    int result = count ? client_read_text(fds[0], &text, err) : error_set(err, ERR_SYSTEM, "the lab sent no looks");
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    if (!result)
        *looks = looks_of(str_text(&text));
    return result;
}
