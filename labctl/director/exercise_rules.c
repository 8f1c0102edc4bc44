/* What may be done when: one row for each verb that an exercise does not simply allow. */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "director/exercise.h"
#include "link/impairment.h"
#include "model/scenario.h"
#include "model/topology.h"

enum when { ON_RUNNING = 1, ON_PAUSED = 2, ON_BETWEEN = 4, ON_ENDED = 8, ON_NEVER = 0, ON_ALL = 15 };

/* A verb that stands here may be used in these states, and where `allow` names it if it has a word; one that does not
 * stands for itself while the clock runs. */
static const struct rule {
    const char *verb, *command;
    unsigned when;
    const char *allow;
} rules[] = {
    {"apply", "apply", ON_RUNNING, "apply"},
    {"difference", "apply", ON_RUNNING, "apply"},
    {"exercise-abandon", "abandon", ON_RUNNING | ON_PAUSED | ON_BETWEEN, NULL},
    {"exercise-begin", "start", ON_NEVER, NULL},
    {"exercise-break", "start", ON_NEVER, NULL},
    {"exercise-build", "start", ON_NEVER, NULL},
    {"exercise-look", "start", ON_NEVER, NULL},
    {"exercise-prove", "start", ON_NEVER, NULL},
    {"exercise-restore", "resume", ON_NEVER, NULL},
    {"exercise-resume", "resume", ON_RUNNING | ON_PAUSED, NULL},
    {"exercise-status", "status", ON_ALL, NULL},
    {"exercise-submit", "submit", ON_RUNNING | ON_PAUSED, NULL},
    {"explain", "explain", ON_RUNNING, "explain"},
    {"fault-clear", "fault", ON_NEVER, NULL},
    {"fault-inject", "fault", ON_NEVER, NULL},
    {"fault-status", "fault", ON_NEVER, NULL},
    {"inspect", "inspect", ON_ALL, NULL},
    {"link-set", "link", ON_NEVER, NULL},
    {"link-show", "link", ON_NEVER, NULL},
    {"log", "log", ON_ALL, NULL},
    {"look", "prove", ON_NEVER, NULL}, /* it shows what no learner may read, too */
    {"matrix", "matrix", ON_RUNNING, "matrix"},
    {"nodes", "nodes", ON_ALL, NULL},
    {"plan", "plan", ON_NEVER, NULL},
    {"prove", "prove", ON_NEVER, NULL},
};

static const struct rule *rule_of(const char *verb)
{
    static const struct rule other = {.when = ON_RUNNING};
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (str_equal(rules[i].verb, verb))
            return &rules[i];
    return &other;
}

static bool allowed(const struct scenario *scenario, const char *word)
{
    for (size_t i = 0; i < scenario->allow.count; i++)
        if (str_equal(scenario->allow.items[i], word))
            return true;
    return false;
}

static enum when now(const struct exercise *exercise)
{
    if (exercise->scoring)
        return ON_ENDED;
    switch (exercise->session.state) {
    case SESSION_PAUSED:
        return ON_PAUSED;
    case SESSION_BETWEEN:
        return ON_BETWEEN;
    case SESSION_ENDED:
    case SESSION_ABANDONED:
        return ON_ENDED;
    default: /* a deadline that is not on record yet has come all the same */
        return session_left(&exercise->session, clock_boot()) ? ON_RUNNING : ON_BETWEEN;
    }
}

static int refuse_now(const struct exercise *exercise, const char *command, struct error *err)
{
    const char *name = exercise->scenario->name;
    switch (now(exercise)) {
    case ON_PAUSED:
        return error_set(err, ERR_BUSY, "exercise '%s' is paused; `labctl resume` lets its clock run on", name);
    case ON_BETWEEN:
        return error_set(
            err, ERR_BUSY,
            "the time of exercise '%s' or of its phase is over, and it is being measured; a moment, please", name);
    case ON_ENDED:
        return error_set(err, ERR_BUSY, "exercise '%s' has ended and is being scored", name);
    default:
        return error_set(err, ERR_BUSY, "'%s' is refused during exercise '%s'", command, name);
    }
}

/* Its faults can be seen in the lab before its clock runs. */
static int refuse_before(const struct rule *rule, struct error *err)
{
    const char *starting = start_pending();
    if (!starting || rule->when == ON_ALL || str_equal(rule->command, "start"))
        return 0;
    return error_set(err, ERR_BUSY, "exercise '%s' is being started; a moment, please", starting);
}

int exercise_refuse(struct director *director, const struct request *request, struct error *err)
{
    const struct exercise *exercise = exercise_current();
    const char *verb = request_verb(request);
    const struct rule *rule = rule_of(verb);
    const char *command = rule->command ? rule->command : verb;
    (void)director;
    if (!exercise)
        return refuse_before(rule, err);
    if (rule->when == ON_NEVER)
        return error_set(err, ERR_BUSY, "'%s' is refused during exercise '%s'", command, exercise->scenario->name);
    if (!(rule->when & now(exercise)))
        return refuse_now(exercise, command, err);
    /* `set`, `unset` and `edit` change what they have read: they name its generation, `apply FILE` does not. */
    if (str_equal(rule->allow, "apply") && json_object_get(request_params(request), "generation"))
        return 0;
    if (rule->allow && !allowed(exercise->scenario, rule->allow))
        return error_set(err, ERR_BUSY, "'%s' is refused during exercise '%s': it does not allow it", command,
                         exercise->scenario->name);
    return 0;
}

/* ---- what lines do to packets ------------------------------------------------------------------------------- */

/* Does THING/KEY name what a link does to packets?  Then the link's name, of that length. */
static const char *link_in(const char *path, size_t *length)
{
    if (!path || strncmp(path, "link/", 5) != 0)
        return NULL;
    const char *name = path + 5, *slash = strchr(name, '/');
    *length = slash ? (size_t)(slash - name) : strlen(name);
    /* `mtu` is a machine's as much as a line's. */
    return slash && str_equal(slash + 1, "mtu") ? NULL : name;
}

static bool names_link(const char *path, const char *link)
{
    size_t length;
    const char *name = link_in(path, &length);
    return name && strlen(link) == length && strncmp(name, link, length) == 0;
}

static bool is_solution(const struct scenario *scenario, const char *link)
{
    for (size_t i = 0; i < scenario->solution_count; i++)
        if (names_link(scenario->solution[i].path, link))
            return true;
    return false;
}

static bool same_end(const struct interface *a, const struct interface *b)
{
    return str_equal(a->node->name, b->node->name) && str_equal(a->name, b->name);
}

/* Ends stand in the order of the file's nodes, which says nothing: each is compared with itself, where it is there. */
static bool does_the_same(const struct link *a, const struct link *b)
{
    bool turned = same_end(a->ends[0], b->ends[1]) || same_end(a->ends[1], b->ends[0]);
    for (int end = 0; end < 2; end++) {
        int other = turned ? 1 - end : end;
        if (a->from_declared[end] != b->from_declared[other] ||
            !impairment_equal(&a->from_end[end], &b->from_end[other]))
            return false;
    }
    return impairment_equal(&a->both, &b->both);
}

/* The way round `link set`, which an exercise refuses: a line that is bad would be made good by one line.  It is the
 * author who says that it may be, by a solution that does it or by `allow: [apply]`. */
int exercise_permit(struct director *director, const char *path, const struct topology *wanted, struct error *err)
{
    const struct exercise *exercise = exercise_current();
    if (!exercise || allowed(exercise->scenario, "apply"))
        return 0;
    const struct topology *present = director_topology(director);
    for (size_t i = 0; i < present->link_count; i++) {
        const struct link *link = present->links[i], *changed = topology_link(wanted, link->name);
        if ((names_link(path, link->name) || !changed || !does_the_same(link, changed)) &&
            !is_solution(exercise->scenario, link->name))
            return error_set(err, ERR_BUSY,
                             "what 'link/%s' does to packets is not changed during exercise '%s', as with `link set`",
                             link->name, exercise->scenario->name);
    }
    return 0;
}
