/* resolver-wrong, resolver-first-dead, search-domain-wrong, search-list-long, hosts-override, nsswitch-without-dns: how
 * a machine looks names up. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define NSSWITCH    "/etc/nsswitch.conf"

enum { SERVERS_MAX = 8 };

/* The file of that path in a node's plan, made (empty) where there is none. */
static struct plan_file *file_of(struct plan *plan, uint32_t ns, const char *path, const char *origin)
{
    for (size_t i = 0; i < plan->file_count; i++)
        if (plan->files[i].ns == ns && str_equal(plan->files[i].path, path))
            return &plan->files[i];
    struct plan_file *file = ARENA_PUSH(plan->arena, plan->files, plan->file_count);
    *file = (struct plan_file){.ns = ns, .path = path, .content = "", .mode = 0644, .origin = origin};
    return file;
}

static void set_content(struct plan *plan, struct plan_file *file, const struct str *content)
{
    file->length = content->length;
    file->content = arena_strndup(plan->arena, str_text(content), content->length);
}

/* The lines of a file that do not begin with one of the words. */
static void append_others(struct str *out, const struct plan_file *file, const char *const *words, size_t count)
{
    const char *line = file->content;
    for (size_t left = file->length; left > 0;) {
        const char *end = memchr(line, '\n', left);
        size_t length = end ? (size_t)(end - line) + 1 : left;
        bool hit = false;
        for (size_t i = 0; i < count; i++)
            hit = hit || (length > strlen(words[i]) && !memcmp(line, words[i], strlen(words[i])));
        if (!hit)
            str_append_bytes(out, line, length);
        line += length;
        left -= length;
    }
}

/* ---- resolv.conf ---- */

/* Which lines a kind writes, and which it replaces. */
struct lines {
    const struct fault_kind *kind;
    const char *replaced[2];
    size_t replaced_count;
    bool first; /* they stand before what stays */
    void (*write)(struct str *out, const struct fault *fault);
};

static void write_servers(struct str *out, const struct fault *fault)
{
    struct addr servers[SERVERS_MAX];
    char text[ADDR_TEXT_MAX];
    const char *list = fault_text(fault, "servers");
    size_t count = fault_read_addresses(list ? list : fault_text(fault, "server"), servers, SERVERS_MAX);
    for (size_t i = 0; i < count; i++)
        str_printf(out, "nameserver %s\n", addr_format(&servers[i], text));
}

static void write_search(struct str *out, const struct fault *fault)
{
    str_printf(out, "search %s\n", fault_text(fault, "domain"));
}

/* Every name is tried in each of these domains before it is taken as it stands (resolv.conf(5), ndots). */
static void write_long_list(struct str *out, const struct fault *fault)
{
    const char *domain = fault_text(fault, "domain");
    str_printf(out, "search default.svc.%s svc.%s %s corp.%s office.%s\noptions ndots:5\n", domain, domain, domain,
               domain, domain);
}

static const struct lines resolver_lines[] = {
    {&fault_resolver_wrong, {"nameserver"}, 1, true, write_servers},
    {&fault_resolver_first_dead, {""}, 0, true, write_servers},
    {&fault_search_domain_wrong, {"search", "domain"}, 2, false, write_search},
    {&fault_search_list_long, {"search", "options"}, 2, false, write_long_list},
};

static int rewrite_resolver(struct plan *plan, const struct topology *topology, const struct fault *fault,
                            const struct thing *things, struct error *err)
{
    STR_AUTO content = STR_INIT;
    uint32_t ns;
    const struct lines *lines = resolver_lines;
    while (!str_equal(lines->kind->name, fault->kind))
        lines++;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    struct plan_file *file = file_of(plan, ns, RESOLV_CONF, thing_name(topology, &things[0]));
    if (lines->first)
        lines->write(&content, fault);
    append_others(&content, file, lines->replaced, lines->replaced_count);
    if (!lines->first)
        lines->write(&content, fault);
    set_content(plan, file, &content);
    return 0;
}

static void validate_dead(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    struct addr server;
    addr_parse(fault_text(fault, "server"), &server);
    (void)things;
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->service_count; i++) {
            const struct node *node = topology->nodes[n];
            if (node->services[i]->kind != SERVICE_DNS)
                continue;
            for (size_t f = 0; f < node->interface_count; f++)
                for (size_t a = 0; a < node->interfaces[f]->address_count; a++)
                    if (addr_equal(&node->interfaces[f]->addresses[a].addr, &server))
                        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "server"),
                                     "%s is a name server of node '%s': it answers", fault_text(fault, "server"),
                                     node->name);
        }
}

/* ---- hosts, nsswitch.conf ---- */

/* Copies the lines of a hosts file; `line` stands in the place of what they say of a name.  Whether they do. */
static bool put_instead(struct str *out, const char *lines, const char *name, const char *line)
{
    ARENA_AUTO arena = arena_new();
    bool there = false;
    for (char *rest = arena_strdup(arena, lines), *old; (old = strsep(&rest, "\n")) != NULL;) {
        const char *address = strsep(&old, " \t");
        bool here = false;
        STR_AUTO names = STR_INIT;
        for (char *word; (word = strsep(&old, " \t")) != NULL;) {
            if (!strcasecmp(word, name))
                here = true;
            else if (*word)
                str_printf(&names, "%s%s", names.length ? " " : "\t", word);
        }
        if (here && !there)
            str_append(out, line);
        there = there || here;
        if (names.length)
            str_printf(out, "%s%s\n", address, str_text(&names));
    }
    return there;
}

/* Programs get every line for a name (hosts(5)): what somebody wrote there stands where the name stood, or after
 * localhost.  The node sees a file of its own from now on. */
static int rewrite_hosts(struct plan *plan, const struct topology *topology, const struct fault *fault,
                         const struct thing *things, struct error *err)
{
    STR_AUTO content = STR_INIT;
    uint32_t ns;
    (void)topology;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    if (plan->namespaces[ns].hosts_view >= plan->hosts_view_count)
        return error_set(err, ERR_ABSENT, "node '%s' has no hosts file", things[0].node->name);
    const char *whole = plan->hosts_views[plan->namespaces[ns].hosts_view].content, *rest = whole;
    const char *line = arena_printf(plan->arena, "%s\t%s\n", fault_text(fault, "address"), fault_text(fault, "name"));
    while (str_starts(rest, "127.") || str_starts(rest, "::1")) {
        const char *end = strchr(rest, '\n');
        rest = end ? end + 1 : rest + strlen(rest);
    }
    str_append_bytes(&content, whole, (size_t)(rest - whole));
    if (!put_instead(&content, rest, fault_text(fault, "name"), line)) {
        content.length = (size_t)(rest - whole);
        str_printf(&content, "%s%s", line, rest);
    }
    if (str_equal(str_text(&content), whole))
        return 0;
    plan->namespaces[ns].hosts_view = (uint32_t)plan->hosts_view_count;
    struct plan_hosts_view *view = ARENA_PUSH(plan->arena, plan->hosts_views, plan->hosts_view_count);
    view->content = arena_strndup(plan->arena, str_text(&content), content.length);
    return 0;
}

static int rewrite_nsswitch(struct plan *plan, const struct topology *topology, const struct fault *fault,
                            const struct thing *things, struct error *err)
{
    STR_AUTO content = STR_INIT;
    uint32_t ns;
    (void)fault;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    str_append(&content, "passwd: files\ngroup: files\nshadow: files\nhosts: files\nnetworks: files\nprotocols: files\n"
                         "services: files\n");
    set_content(plan, file_of(plan, ns, NSSWITCH, thing_name(topology, &things[0])), &content);
    return 0;
}

static const struct fault_target_row targets[] = {{THING_NODE, FAULT_PLAN}};
static const struct fault_parameter_row servers_parameters[] = {
    {.key = "servers", .type = PARAMETER_ADDRESSES, .required = true, .doc = "the name servers that it asks instead"},
};
static const struct fault_parameter_row dead_parameters[] = {
    {.key = "server",
     .type = PARAMETER_ADDRESS,
     .required = true,
     .doc = "the address that is asked first: nobody answers there"},
};
static const struct fault_parameter_row domain_parameters[] = {
    {.key = "domain",
     .type = PARAMETER_NAME,
     .required = true,
     .doc = "the domain in which short names are looked up instead"},
};
static const struct fault_parameter_row list_parameters[] = {
    {.key = "domain",
     .type = PARAMETER_NAME,
     .fallback = "cluster.local",
     .doc = "the domain whose parts are tried first"},
};
static const struct fault_parameter_row hosts_parameters[] = {
    {.key = "name", .type = PARAMETER_NAME, .required = true, .doc = "the name that stands there"},
    {.key = "address", .type = PARAMETER_ADDRESS, .required = true, .doc = "the address that it has there"},
};
#define LOOKUP .family = FAMILY_DNS, .layer = 7, .things = 1, FAULT_TARGETS(targets)
const struct fault_kind fault_resolver_wrong = {
    .name = "resolver-wrong",
    .summary = "a machine asks the wrong name servers",
    LOOKUP,
    FAULT_PARAMETERS(servers_parameters),
    .symptom = "names do not resolve on that machine, or wrongly; others are well, and by address all is well",
    .tools = "cat /etc/resolv.conf, dig, dig @SERVER, tcpdump port 53",
    .rewrite_plan = rewrite_resolver,
};
const struct fault_kind fault_resolver_first_dead = {
    .name = "resolver-first-dead",
    .summary = "the first of a machine's name servers does not answer",
    LOOKUP,
    FAULT_PARAMETERS(dead_parameters),
    .symptom = "every name takes some seconds, then all is well",
    .tools = "cat /etc/resolv.conf, time getent hosts NAME, dig @SERVER, tcpdump port 53",
    .validate = validate_dead,
    .rewrite_plan = rewrite_resolver,
};
const struct fault_kind fault_search_domain_wrong = {
    .name = "search-domain-wrong",
    .summary = "a machine looks short names up in the wrong domain",
    LOOKUP,
    FAULT_PARAMETERS(domain_parameters),
    .symptom = "short names do not resolve, or to something else; full names do",
    .tools = "cat /etc/resolv.conf, getent hosts NAME, dig +search, tcpdump port 53",
    .rewrite_plan = rewrite_resolver,
};
const struct fault_kind fault_search_list_long = {
    .name = "search-list-long",
    .summary = "a machine tries every name in many domains first",
    LOOKUP,
    FAULT_PARAMETERS(list_parameters),
    .symptom = "names resolve slowly, or short ones not at all, and the name server is full of questions for names "
               "that do not exist",
    .tools = "cat /etc/resolv.conf (ndots), tcpdump port 53, dig (without the list)",
    .rewrite_plan = rewrite_resolver,
};
const struct fault_kind fault_hosts_override = {
    .name = "hosts-override",
    .summary = "a line in a machine's hosts file hides what DNS says",
    LOOKUP,
    FAULT_PARAMETERS(hosts_parameters),
    .symptom = "programs of that machine reach the wrong machine by the name, while dig is right",
    .tools = "getent hosts NAME, cat /etc/hosts, dig",
    .rewrite_plan = rewrite_hosts,
};
const struct fault_kind fault_nsswitch_without_dns = {
    .name = "nsswitch-without-dns",
    .summary = "a machine's programs do not ask DNS at all",
    LOOKUP,
    .symptom = "names do not resolve for any program; dig, which asks by itself, gets its answers",
    .tools = "getent hosts NAME, cat /etc/nsswitch.conf, dig, strace",
    .rewrite_plan = rewrite_nsswitch,
};
