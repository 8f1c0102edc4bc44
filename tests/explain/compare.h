/* A topology's questions, what the model answers, and what packets answer. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "doc/doc.h"
#include "explain/explain.h"
#include "generate.h"
#include "load/load.h"
#include "rules/rules.h"

#define QUESTIONS_MAX 160

struct question {
    struct explain_query query;
    struct explanation explanation;
    enum view seen;   /* VIEW_COUNT: not measured */
    const char *told; /* in the prober's words */
};

struct trial {
    struct arena *arena;
    struct sources *sources;
    struct findings findings;
    struct topology *topology;
    struct explainer *explainer;
    struct question *questions;
    size_t count;
    const char *name; /* of its lab */
};

/* ---- questions ---------------------------------------------------------------------------------------------- */

static inline void ask(struct trial *trial, const struct node *from, const struct node *to, struct addr addr,
                       enum protocol protocol, uint16_t port)
{
    if (trial->count == QUESTIONS_MAX)
        return;
    struct question *question = &trial->questions[trial->count++];
    *question = (struct question){.seen = VIEW_COUNT,
                                  .query = {.node = from,
                                            .target = to,
                                            .destination = addr,
                                            .protocol = protocol,
                                            .port = port,
                                            .from = from->name,
                                            .to = to ? to->name : "endpoint"}};
    explain(trial->explainer, &question->query, NULL, &question->explanation);
}

static inline void ask_all(struct trial *trial, const struct node *from, const struct node *to, struct addr addr,
                           struct dice *dice)
{
    ask(trial, from, to, addr, PROTOCOL_TCP, 80);
    if (chance(dice, 60))
        ask(trial, from, to, addr, addr.family == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP, 0);
    if (chance(dice, 40))
        ask(trial, from, to, addr, PROTOCOL_TCP, 81);
    if (chance(dice, 40))
        ask(trial, from, to, addr, PROTOCOL_UDP, 7);
}

/* Every pair, by the address that the asker would use and, now and then, by others that the target has. */
static inline void ask_pair(struct trial *trial, const struct node *from, const struct node *to, struct dice *dice)
{
    struct addr usual = topology_address_of(trial->topology, from, to, NULL, 0);
    if (addr_is_set(&usual))
        ask_all(trial, from, to, usual, dice);
    for (size_t i = 0; i < to->interface_count; i++) {
        const struct interface *interface = to->interfaces[i];
        for (size_t a = 0; a < interface->address_count; a++)
            if (!addr_equal(&interface->addresses[a].addr, &usual) && chance(dice, 40))
                ask_all(trial, from, to, interface->addresses[a].addr, dice);
        if (addr_is_set(&interface->public_ip) && !addr_equal(&interface->public_ip, &usual) && chance(dice, 60))
            ask_all(trial, from, to, interface->public_ip, dice);
    }
}

static inline void ask_endpoints(struct trial *trial, const struct node *from, struct dice *dice)
{
    for (size_t v = 0; v < trial->topology->vpc_count; v++)
        for (size_t e = 0; e < trial->topology->vpcs[v]->endpoint_count; e++) {
            const struct endpoint *endpoint = trial->topology->vpcs[v]->endpoints[e];
            for (size_t i = 0; i < endpoint->interface_count; i++)
                if (endpoint->interfaces[i]->address_count && chance(dice, 60))
                    ask_all(trial, from, NULL, endpoint->interfaces[i]->addresses[0].addr, dice);
        }
}

/* False where the text is no valid topology. */
static inline bool trial_load(struct trial *trial, const char *text, uint64_t seed, const char *name)
{
    struct dice dice = {seed * 7919 + 17};
    *trial = (struct trial){.arena = arena_new(), .name = name};
    trial->sources = sources_new(trial->arena);
    findings_init(&trial->findings, trial->arena);
    load_topology_text("random.yaml", text, strlen(text), trial->sources, &trial->findings, &trial->topology);
    if (trial->topology)
        rules_check(trial->topology, &trial->findings);
    if (!trial->topology || trial->findings.errors)
        return false;
    trial->explainer = explainer_new(trial->topology, trial->arena);
    trial->questions = arena_alloc(trial->arena, QUESTIONS_MAX * sizeof trial->questions[0]);
    for (size_t i = 0; i < trial->topology->node_count; i++) {
        for (size_t j = 0; j < trial->topology->node_count; j++)
            if (i != j)
                ask_pair(trial, trial->topology->nodes[i], trial->topology->nodes[j], &dice);
        ask_endpoints(trial, trial->topology->nodes[i], &dice);
    }
    return true;
}

static inline void trial_free(struct trial *trial)
{
    topology_free(trial->topology);
    arena_free(trial->arena);
}

/* ---- packets ------------------------------------------------------------------------------------------------ */

static inline const char *labctl_program(void)
{
    const char *given = getenv("LABCTL");
    return given && *given ? given : LABCTL_SOURCE "/build/labctl";
}

/* Runs labctl; its output in `out`.  The exit status, or -1. */
static inline int labctl_run(struct str *out, const char *const *arguments)
{
    int ends[2], status = -1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        const char *argv[16] = {labctl_program()};
        for (size_t i = 0; arguments[i] && i < 14; i++)
            argv[i + 1] = arguments[i];
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, 0);
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(ends[1]);
    fd_read_all(ends[0], out, 16u << 20);
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* True where the model and the packets do not agree: what it does not claim to know is passed over.  Who is told late
 * that a neighbour does not answer may give up before, and a router sends only so many ICMP errors. */
static inline bool differs(const struct question *question)
{
    const struct explanation *e = &question->explanation;
    if (e->verdict == OPINION_AMBIGUOUS || e->verdict == OPINION_UNDETERMINED)
        return false;
    if ((e->late || e->icmp) && question->seen == VIEW_TIMEOUT)
        return false;
    return question->seen != e->view;
}

/* all: of all questions; else of those that differ, so that nothing else gets in their way: the kernel sends only so
 * many ICMP errors at a time. */
static inline void write_checks(const struct trial *trial, bool all, unsigned timeout, struct str *out)
{
    char addr[ADDR_TEXT_MAX];
    str_append(out, "checks:\n");
    for (size_t i = 0; i < trial->count; i++) {
        const struct explain_query *query = &trial->questions[i].query;
        if (!all && !differs(&trial->questions[i]))
            continue;
        str_printf(out, "  - { id: q%zu, from: %s, timeout: %ums, ", i, query->node->name, timeout);
        addr_format(&query->destination, addr);
        if (query->protocol == PROTOCOL_TCP || query->protocol == PROTOCOL_UDP)
            str_printf(out, "%s: { to: \"%s\", port: %u } }\n", protocol_name(query->protocol), addr, query->port);
        else
            str_printf(out, "ping: { to: \"%s\" } }\n", addr);
    }
}

/* How the prober's words tell the outcome. */
static inline enum view view_of(const char *verdict, const char *seen)
{
    static const struct {
        const char *begin;
        enum view view;
    } words[] = {{"connected to", VIEW_ANSWERED},
                 {"answered by", VIEW_ANSWERED},
                 {"no answer in", VIEW_TIMEOUT},
                 {"refused", VIEW_REFUSED}};
    if (!strcmp(verdict, "error"))
        return VIEW_COUNT;
    if (!strcmp(verdict, "pass"))
        return VIEW_ANSWERED;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_starts(seen, words[i].begin))
            return words[i].view;
    return VIEW_UNREACHABLE;
}

static inline void read_checks(struct trial *trial, const char *text)
{
    json_t *root = json_loads(text, 0, NULL), *check;
    size_t i;
    json_array_foreach(json_object_get(root, "checks"), i, check)
    {
        const char *id = json_string_value(json_object_get(check, "id"));
        size_t n = id && id[0] == 'q' ? strtoul(id + 1, NULL, 10) : trial->count;
        if (n >= trial->count)
            continue;
        trial->questions[n].told = arena_strdup(trial->arena, json_string_value(json_object_get(check, "seen")));
        trial->questions[n].seen =
            view_of(json_string_value(json_object_get(check, "verdict")), trial->questions[n].told);
    }
    json_decref(root);
}

static inline size_t differences(const struct trial *trial)
{
    size_t count = 0;
    for (size_t i = 0; i < trial->count; i++)
        count += differs(&trial->questions[i]);
    return count;
}

static inline int write_file(const char *path, const struct str *text)
{
    FD_AUTO fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return fd < 0 ? -1 : fd_write_all(fd, str_text(text), text->length);
}

/* A machine that is too busy to start a service in time gets another chance. */
static inline int build(const struct trial *trial, const char *path, struct str *out)
{
    for (int i = 0; i < 3; i++) {
        str_clear(out);
        if (labctl_run(out, (const char *[]){"-q", "up", path, "--name", trial->name, NULL}) == 0)
            return 0;
        if (!strstr(str_text(out), "does not answer"))
            break;
    }
    return -1;
}

/* Builds the lab, measures, ends it.  A difference is measured again with more patience (so many times at most), as a
 * machine that is busy answers late.  0, or -1 with what labctl said in `out`. */
static inline int trial_measure(struct trial *trial, const char *yaml, const char *path, size_t times, struct str *out)
{
    static const unsigned patience[] = {250, 1000, 3000};
    int result = -1;
    STR_AUTO file = STR_INIT;
    str_printf(&file, "%s\n", yaml);
    write_checks(trial, true, patience[0], &file);
    if (write_file(path, &file) != 0 || build(trial, path, out) != 0)
        return -1;
    for (size_t i = 0; i < times && i < sizeof patience / sizeof patience[0]; i++) {
        if (i > 0) {
            str_clear(&file);
            str_printf(&file, "%s\n", yaml);
            write_checks(trial, false, patience[i], &file);
            str_clear(out);
            if (write_file(path, &file) != 0 ||
                labctl_run(out, (const char *[]){"-q", "--lab", trial->name, "apply", path, NULL}) != 0)
                break;
        }
        str_clear(out);
        int status = labctl_run(out, (const char *[]){"-q", "--lab", trial->name, "--format", "json", "check", NULL});
        if (status < 0 || status == 4)
            break;
        read_checks(trial, str_text(out));
        result = 0;
        if (differences(trial) == 0)
            break;
    }
    STR_AUTO unread = STR_INIT;
    labctl_run(&unread, (const char *[]){"-q", "down", trial->name, NULL});
    return result;
}
