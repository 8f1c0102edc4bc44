/* nftables, by libnftables in this process.
 *
 * Theory of operation.  A context's netlink socket is opened when it is made and stays in that namespace, so only the
 * making needs a visit.  Each load has a context of its own: libnftables 1.0.6 aborts in some sequences of a used one.
 * Text goes in by a memfd and its file name: from a buffer, error messages have no line numbers and quote the wrong
 * line.
 *
 * Closing a socket of nfnetlink waits until what was deleted in its namespace is freed, for a grace period of RCU (some
 * 20 ms), and keeps the namespace's next transaction waiting with it.  So for a while after a deletion contexts are not
 * closed but put into a queue, which a thread empties when the kernel has freed by itself. */
#include "kernel/nft.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "kernel/libnftables.h"
#include "kernel/link.h"
#include "kernel/namespace.h"
#include "kernel/netlink.h"

static struct nft_ctx *context_in(int netns, struct error *err)
{
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (libnftables_load(err) != 0 || netns_visit(netns, &visit, err) != 0)
        return NULL;
    struct nft_ctx *context = libnftables.ctx_new(NFT_CTX_DEFAULT);
    if (!context || libnftables.ctx_buffer_error(context) != 0 || libnftables.ctx_buffer_output(context) != 0) {
        if (context)
            libnftables.ctx_free(context);
        error_set(err, ERR_SYSTEM, "nftables: cannot open its netlink socket");
        return NULL;
    }
    return context;
}

/* ---- closing ---------------------------------------------------------------------------------------------------- */

#define FREED_AFTER (60 * NANOSECONDS_PER_SECOND / 1000) /* more than two grace periods */
#define LATE_MOST   64u                                  /* each has some tenths of a megabyte */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t never;
    struct {
        struct nft_ctx *context;
        int64_t due;
    } queue[LATE_MOST];
    unsigned first, count;
    bool running; /* its thread */
    int64_t deleted;
} late = {.lock = PTHREAD_MUTEX_INITIALIZER, .never = PTHREAD_COND_INITIALIZER, .deleted = INT64_MIN / 2};

/* Nobody signals that the kernel has freed something. */
static void await_freed(int64_t due)
{
    struct timespec at = {due / NANOSECONDS_PER_SECOND, due % NANOSECONDS_PER_SECOND};
    pthread_cond_clockwait(&late.never, &late.lock, CLOCK_MONOTONIC, &at);
}

static void *close_late(void *unused)
{
    pthread_mutex_lock(&late.lock);
    while (late.count) {
        if (late.queue[late.first].due > clock_monotonic()) {
            await_freed(late.queue[late.first].due);
            continue;
        }
        struct nft_ctx *context = late.queue[late.first].context;
        late.first = (late.first + 1) % LATE_MOST;
        late.count--;
        pthread_mutex_unlock(&late.lock);
        libnftables.ctx_free(context);
        pthread_mutex_lock(&late.lock);
    }
    late.running = false;
    pthread_mutex_unlock(&late.lock);
    return unused;
}

static bool start_closing(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, close_late, NULL) != 0)
        return false;
    pthread_detach(thread);
    return true;
}

static bool put_into_queue(struct nft_ctx *context, int64_t now)
{
    /* The lock is held for an instant only; by nobody in a child that was forked meanwhile. */
    if (pthread_mutex_trylock(&late.lock) != 0)
        return false;
    bool room = late.count < LATE_MOST && (late.running || (late.running = start_closing()));
    if (room) {
        unsigned at = (late.first + late.count++) % LATE_MOST;
        late.queue[at].context = context;
        late.queue[at].due = now + FREED_AFTER;
    }
    pthread_mutex_unlock(&late.lock);
    return room;
}

static void context_close(struct nft_ctx *context, bool deleted)
{
    int64_t now = clock_monotonic();
    if (deleted)
        __atomic_store_n(&late.deleted, now, __ATOMIC_RELAXED);
    if (now - __atomic_load_n(&late.deleted, __ATOMIC_RELAXED) > FREED_AFTER || !put_into_queue(context, now))
        libnftables.ctx_free(context);
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

/* nft names the memfd ("/proc/self/fd/6:5:5-9: Error: …"): what the caller calls it says more. */
static void rename_source(struct str *out, const char *text, const char *path, const char *what)
{
    for (const char *found; (found = strstr(text, path)); text = found + strlen(path)) {
        str_append_bytes(out, text, (size_t)(found - text));
        str_append(out, what);
    }
    str_append(out, text);
    while (out->length && out->data[out->length - 1] == '\n')
        out->data[--out->length] = '\0';
}

static int run(struct nft_ctx *context, const char *what, const char *text, struct error *err)
{
    char path[40];
    FD_AUTO fd = fd_memory("nft", text, strlen(text));
    if (fd < 0)
        return error_set_errno(err, errno, "%s: memory file", what);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    errno = 0;
    if (libnftables.run_cmd_from_filename(context, path) == 0)
        return 0;
    int number = errno;
    STR_AUTO message = STR_INIT;
    rename_source(&message, libnftables.ctx_get_error_buffer(context), path, what);
    if (message.length == 0)
        return error_set_errno(err, number ? number : EIO, "%s: load into nftables", what);
    /* What nft cannot read stands in the file: this machine is not what lacks. */
    bool unreadable = strstr(str_text(&message), "syntax error") != NULL;
    error_set(err, unreadable ? ERR_FILE : ERR_SYSTEM, "%s", str_text(&message));
    if (err)
        err->number = strstr(str_text(&message), "No such file or directory") ? ENOENT : number;
    return -1;
}

static int run_in(int netns, const char *what, const char *text, bool deletes, struct error *err)
{
    struct nft_ctx *context = context_in(netns, err);
    if (!context)
        return -1;
    int result = run(context, what, text, err);
    context_close(context, deletes);
    return result;
}

int nft_load(int netns, const char *what, const char *text, struct error *err)
{
    bool deletes = strstr(text, "delete") || strstr(text, "flush") || strstr(text, "destroy");
    return run_in(netns, what, text, deletes, err);
}

int nft_parse(const char *what, const char *text, struct error *err)
{
    struct error problem = ERROR_INIT;
    if (libnftables_load(err) != 0)
        return -1;
    struct nft_ctx *context = libnftables.ctx_new(NFT_CTX_DEFAULT);
    if (!context)
        return 0;
    libnftables.ctx_set_dry_run(context, true);
    bool refused = libnftables.ctx_buffer_error(context) == 0 && libnftables.ctx_buffer_output(context) == 0 &&
                   run(context, what, text, &problem) != 0;
    libnftables.ctx_free(context);
    /* Behind the syntax begins what only the node's own namespace can answer. */
    return refused && problem.kind == ERR_FILE ? error_set(err, ERR_FILE, "%s", problem.text) : 0;
}

int nft_replace(int netns, const char *what, const char *family, const char *table, const char *body, struct error *err)
{
    /* The body's first line is the first line of the text, so that nft's numbers are those of the body. */
    STR_AUTO text = STR_INIT;
    str_printf(&text, "table %s %s; delete table %s %s; table %s %s { %s\n}\n", family, table, family, table, family,
               table, body);
    return run_in(netns, what, str_text(&text), true, err);
}

static int list(int netns, unsigned flags, const char *command, struct str *out, struct error *err)
{
    struct nft_ctx *context = context_in(netns, err);
    if (!context)
        return -1;
    libnftables.ctx_output_set_flags(context, flags);
    int result = run(context, "nftables", command, err);
    if (result == 0)
        str_append(out, libnftables.ctx_get_output_buffer(context));
    context_close(context, false);
    return result;
}

/* Copies a listing without the elements of sets whose flags say that packets put them there. */
static void without_dynamic(const char *text, struct str *out)
{
    bool dynamic = false, elements = false;
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n"), indent = strspn(line, "\t ");
        const char *word = line + indent;
        if (!strncmp(word, "flags ", 6))
            dynamic = memmem(word, length - indent, "dynamic", 7) != NULL;
        else if (*word == '}' && !elements)
            dynamic = false;
        if (dynamic && !strncmp(word, "elements = {", 12))
            elements = true;
        bool last = elements && length > 0 && line[length - 1] == '}';
        length += line[length] == '\n';
        if (!elements)
            str_append_bytes(out, line, length);
        elements = elements && !last;
        line += length;
    }
}

int nft_set_json(int netns, const char *family, const char *table, const char *set, struct str *out, struct error *err)
{
    STR_AUTO command = STR_INIT;
    str_printf(&command, "list set %s %s %s\n", family, table, set);
    return list(netns, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_PROTO, str_text(&command), out, err);
}

int nft_list(int netns, const char *family, const char *table, bool with_elements, struct str *out, struct error *err)
{
    STR_AUTO command = STR_INIT;
    if (family)
        str_printf(&command, "list table %s %s\n", family, table);
    else
        str_append(&command, "list ruleset\n");
    unsigned flags = NFT_CTX_OUTPUT_STATELESS | (with_elements ? 0 : NFT_CTX_OUTPUT_TERSE);
    STR_AUTO listing = STR_INIT;
    if (list(netns, flags, str_text(&command), &listing, err))
        return -1;
    without_dynamic(str_text(&listing), out);
    return 0;
}

int nft_list_chain(int netns, const char *family, const char *table, const char *chain, struct str *out,
                   struct error *err)
{
    STR_AUTO command = STR_INIT;
    str_printf(&command, "list chain %s %s %s\n", family, table, chain);
    return list(netns, 0, str_text(&command), out, err);
}

bool nft_has_chain(int netns, const char *family, const char *table, const char *chain)
{
    STR_AUTO command = STR_INIT;
    STR_AUTO unread = STR_INIT;
    str_printf(&command, "list chain %s %s %s\n", family, table, chain);
    return list(netns, NFT_CTX_OUTPUT_STATELESS, str_text(&command), &unread, NULL) == 0;
}

int nft_list_tables(int netns, struct str *out, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (list(netns, 0, "list tables\n", &text, err) != 0)
        return -1;
    for (const char *at = str_text(&text); *at;) {
        size_t length = strcspn(at, "\n");
        if (length > 6 && strncmp(at, "table ", 6) == 0) {
            str_append_bytes(out, at + 6, length - 6);
            str_append_char(out, '\n');
        }
        at += length + (at[length] == '\n');
    }
    return 0;
}

/* Makes a device for each that the text names ("device x", "iif x", "oif x"), so that it can be loaded. */
static int make_devices(int netns, const char *text, struct error *err)
{
    static const char *const words[] = {"device", "iif", "oif"};
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    if (netlink_open(netns, &netlink, err) != 0)
        return -1;
    for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
        for (const char *at = text; (at = strstr(at, words[w]));) {
            char name[16];
            at += strlen(words[w]);
            if (*at != ' ')
                continue;
            at += strspn(at, " \"");
            size_t length = strcspn(at, " \";}{\n\t");
            if (length == 0 || length >= sizeof name)
                continue;
            memcpy(name, at, length);
            name[length] = '\0';
            link_bridge(&batch, 0, 0, name, 0, false);
        }
    }
    return netlink_commit(&netlink, &batch, err); /* the same name twice is refused, and that is well */
}

int nft_tables_of(const char *text, struct str *out, struct error *err)
{
    FD_AUTO scratch = netns_new(err);
    if (scratch < 0 || make_devices(scratch, text, err) != 0)
        return -1;
    return nft_load(scratch, "nftables", text, NULL) == 0 ? nft_list_tables(scratch, out, err) : 0;
}

int nft_list_of(const char *family, const char *table, const char *body, bool with_elements, struct str *out,
                struct error *err)
{
    FD_AUTO scratch = netns_new(err);
    STR_AUTO text = STR_INIT;
    str_printf(&text, "table %s %s { %s\n}\n", family, table, body);
    if (scratch < 0 || make_devices(scratch, body, err) != 0 ||
        nft_load(scratch, "nftables", str_text(&text), err) != 0)
        return -1;
    return nft_list(scratch, family, table, with_elements, out, err);
}
