/* What a new network namespace takes over from the machine and must not.
 *
 * The kernel copies the machine's IPv4 settings into every new namespace (net.core.devconf_inherit_init_net).  On a
 * machine that runs containers every node would forward, under systemd every node would filter reverse paths: the same
 * file must give the same lab.  So what differs from the kernel's own defaults is put back, before the sysctls.  The
 * machine's TCP congestion control is another such thing: bbr does not heed loss. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "kernel/sysctl.h"
#include "lab/internal.h"

#define CONGESTION_CONTROL "net/ipv4/tcp_congestion_control"

/* Of the namespace itself.  The first needs the kernel's lock of all links: where that is taken, the write spins, so it
 * is not for many nodes at once. */
#define OWN_LOCKED 1
static const struct {
    const char *key, *value;
} own[] = {
    {"net/ipv4/ip_forward", "0"},
    {"net/ipv4/conf/all/rp_filter", "0"},
    {"net/ipv4/conf/all/arp_ignore", "0"},
    {"net/ipv4/conf/all/arp_announce", "0"},
};

/* Of "default" and of each interface. */
static const struct {
    const char *name, *value;
} each[] = {
    {"rp_filter", "0"},
    {"arp_ignore", "0"},
    {"arp_announce", "0"},
};

_Static_assert(ARRAY_SIZE(own) + ARRAY_SIZE(each) <= 32, "a bit for each");

static const char *each_key(size_t i, const char *interface, char key[static 96])
{
    snprintf(key, 96, "net/ipv4/conf/%s/%s", interface, each[i].name);
    return key;
}

/* Is this namespace's value another one?  What cannot be read is no setting of this kernel. */
static bool differs(const char *key, const char *value)
{
    STR_AUTO now = STR_INIT;
    struct error unread = ERROR_INIT;
    return sysctl_read_here(key, &now, &unread) == 0 && !sysctl_value_equal(str_text(&now), value);
}

uint32_t inherited_find(void)
{
    char key[96];
    uint32_t found = 0;
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (differs(own[i].key, own[i].value))
            found |= 1U << i;
    for (size_t i = 0; i < ARRAY_SIZE(each); i++)
        if (differs(each_key(i, "default", key), each[i].value))
            found |= 1U << (ARRAY_SIZE(own) + i);
    return found;
}

bool inherited_control(struct lab *lab, const char *wanted)
{
    if (!wanted)
        return false;
    if (!lab->control[0]) {
        STR_AUTO now = STR_INIT;
        struct error unread = ERROR_INIT;
        sysctl_read(space_netns(lab->fabric, NULL), CONGESTION_CONTROL, &now, &unread);
        snprintf(lab->control, sizeof lab->control, "%s", now.length ? now.data : "unknown");
    }
    return !str_equal(lab->control, wanted);
}

/* What routes that somebody adds by hand use.  A namespace may choose only among what the machine allows to everybody:
 * where the wanted one is not, reno always is, and heeds loss like it. */
static const char *control_of(const struct plan *plan, const struct plan_index *index, uint32_t ns)
{
    struct plan_group routes = plan_index_group(index, ns, ITEM_ROUTE);
    const char *wanted = NULL;
    for (size_t g = 0; g < routes.count && !wanted; g++)
        wanted = plan->routes[routes.items[g]].congestion_control;
    return wanted;
}

static void set_control(const struct configuration *c, uint32_t ns, int proc_sys)
{
    const char *wanted = control_of(c->plan, c->index, ns);
    if (inherited_control(c->lab, wanted) && sysctl_write_here(proc_sys, CONGESTION_CONTROL, wanted, NULL) != 0)
        sysctl_write_here(proc_sys, CONGESTION_CONTROL, "reno", NULL);
}

int inherited_undo(const struct configuration *c, uint32_t ns, int proc_sys)
{
    char key[96];
    struct plan_group links = plan_index_group(c->index, ns, ITEM_LINK);
    if (ns == 0) /* the fabric routes nothing, and stays as the witness for a later look */
        return 0;
    bool node = c->plan->namespaces[ns].kind == NAMESPACE_NODE;
    if (!node || c->anew)
        set_control(c, ns, proc_sys);
    for (size_t i = 0; i < (node ? OWN_LOCKED : ARRAY_SIZE(own)); i++)
        if (c->inherited & 1U << i && sysctl_write_here(proc_sys, own[i].key, own[i].value, c->err) != 0)
            return -1;
    for (size_t i = 0; !node && i < ARRAY_SIZE(each); i++) {
        if (!(c->inherited & 1U << (ARRAY_SIZE(own) + i)))
            continue;
        if (sysctl_write_here(proc_sys, each_key(i, "default", key), each[i].value, c->err) != 0)
            return -1;
        for (size_t g = 0; g < links.count; g++) {
            const char *name = c->plan->links[links.items[g] / 2].end[links.items[g] % 2].name;
            if (sysctl_write_here(proc_sys, each_key(i, name, key), each[i].value, c->err) != 0)
                return -1;
        }
    }
    return 0;
}

static struct keeper_file_spec setting(struct arena *arena, const char *key, const char *value)
{
    return (struct keeper_file_spec){.path = arena_strdup(arena, key), .content = value, .length = strlen(value)};
}

size_t inherited_settings(struct lab *lab, const struct plan *plan, const struct plan_index *index, uint32_t ns,
                          uint32_t inherited, struct arena *arena, const struct keeper_file_spec **out)
{
    char key[96];
    struct keeper_file_spec *settings = NULL;
    size_t count = 0;
    const char *control = control_of(plan, index, ns);
    if (inherited_control(lab, control)) {
        *ARENA_PUSH(arena, settings, count) = setting(arena, CONGESTION_CONTROL, "reno");
        *ARENA_PUSH(arena, settings, count) = setting(arena, CONGESTION_CONTROL, control);
    }
    for (size_t i = OWN_LOCKED; i < ARRAY_SIZE(own); i++)
        if (inherited & 1U << i)
            *ARENA_PUSH(arena, settings, count) = setting(arena, own[i].key, own[i].value);
    for (size_t i = 0; i < ARRAY_SIZE(each); i++)
        if (inherited & 1U << (ARRAY_SIZE(own) + i))
            *ARENA_PUSH(arena, settings, count) = setting(arena, each_key(i, "default", key), each[i].value);
    *out = settings;
    return count;
}
