/* Words for completion that only a running lab knows. */
#include "cmd/common/words.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/common/changing.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "doc/doc.h"
#include "fault/fault.h"
#include "load/load.h"
#include "model/topology.h"

/* The running lab's topology, in `arena`; NULL where there is none. */
static struct topology *running(const char *lab, struct arena *arena)
{
    STR_AUTO text = STR_INIT;
    char name[80];
    int generation;
    struct context context = {.lab = lab, .quiet = true};
    struct findings findings;
    struct topology *topology = NULL;
    if (changing_fetch(&context, "dump", &text, name, sizeof name, &generation, NULL))
        return NULL;
    findings_init(&findings, arena);
    load_topology_text("lab", str_text(&text), text.length, sources_new(arena), &findings, &topology);
    return topology;
}

void words_things(const char *lab, const char *prefix, const char *suffix)
{
    ARENA_AUTO arena = arena_new();
    struct topology *topology = running(lab, arena);
    struct strings things = topology ? topology_things(topology, arena) : (struct strings){0};
    for (size_t i = 0; i < things.count; i++)
        if (str_starts(things.items[i], prefix))
            printf("%s%s\n", things.items[i] + strlen(prefix), suffix);
    topology_free(topology);
}

void words_wires(const char *lab)
{
    ARENA_AUTO arena = arena_new();
    struct topology *topology = running(lab, arena);
    struct strings things = topology ? topology_things(topology, arena) : (struct strings){0};
    for (size_t i = 0; i < things.count; i++) {
        enum thing_kind kind = topology_thing(topology, things.items[i], NULL).kind;
        if (kind == THING_LINK || kind == THING_INTERFACE)
            puts(things.items[i]);
    }
    topology_free(topology);
}

void words_faults(const char *lab)
{
    struct context context = {.lab = lab, .quiet = true};
    json_t *reply = NULL, *fault;
    size_t i;
    if (client_call(&context, "fault-status", NULL, &reply, NULL))
        return;
    json_array_foreach(json_object_get(reply, "faults"), i, fault)
    {
        printf("%s\t%s\n", client_text(fault, "id"), client_text(fault, "description"));
    }
    json_decref(reply);
}

void words_fault_kinds(void)
{
    for (size_t i = 0; i < fault_kind_count; i++)
        printf("%s\t%s\n", fault_kinds[i]->name, fault_kinds[i]->summary);
}

static json_t *status_of(const char *lab)
{
    struct context context = {.lab = lab, .quiet = true};
    json_t *status = NULL;
    exercise_choose_lab(&context);
    return client_call(&context, "exercise-status", json_pack("{s:b}", "measure", 0), &status, NULL) ? NULL : status;
}

void words_exercise(const char *lab, const char *member)
{
    json_t *status = status_of(lab), *item;
    size_t i;
    json_array_foreach(json_object_get(status, member), i, item)
    {
        const char *title = *client_text(item, "title") ? client_text(item, "title") : client_text(item, "ask");
        printf("%s%s%s\n", client_text(item, "id"), *title ? "\t" : "", title);
    }
    if (str_equal(member, "questions") && json_is_object(json_object_get(status, "articulate")))
        puts("articulate\ta text that a person marks");
    json_decref(status);
}

void words_choices(const char *lab, const char *question)
{
    json_t *status = status_of(lab), *item, *choice;
    size_t i, c;
    json_array_foreach(json_object_get(status, "questions"), i, item)
    {
        if (!str_equal(client_text(item, "id"), question))
            continue;
        json_array_foreach(json_object_get(item, "choices"), c, choice)
        {
            puts(json_string_value(choice));
        }
    }
    json_decref(status);
}
