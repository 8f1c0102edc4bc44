/* Certificates that a service or a node has: asked for in the plan, made by authority/.
 *
 * The dates are fixed: the same file gives the same certificates on every machine and in every year of use. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "service/lowering.h"

#define YEAR_2024   INT64_C(1704067200)
#define YEAR_2050   INT64_C(2524608000)
#define YEAR_2060   INT64_C(2840140800)
#define NINETY_DAYS (INT64_C(90) * 86400)

/* "web", "web.shop.internal": what others call the node. */
static void default_names(struct arena *arena, const struct node *node, struct plan_certificate *out)
{
    *ARENA_PUSH(arena, out->names, out->name_count) = arena_strdup(arena, node->name);
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        const struct vpc *vpc = interface->attachment == ATTACH_SUBNET ? interface->subnet->vpc : NULL;
        if (!vpc || !vpc->zone)
            continue;
        const char *name = arena_printf(arena, "%s.%s", node->name, vpc->zone);
        if (!str_equal(name, out->names[out->name_count - 1]))
            *ARENA_PUSH(arena, out->names, out->name_count) = name;
    }
}

/* Those of another machine: "old-shop.test" for "shop.test". */
static void spoil_names(struct arena *arena, struct plan_certificate *certificate)
{
    for (size_t i = 0; i < certificate->name_count; i++) {
        const char *name = certificate->names[i];
        struct addr addr;
        if (addr_parse(name, &addr))
            certificate->names[i] = "old.example.org";
        else if (str_starts(name, "*."))
            certificate->names[i] = arena_printf(arena, "*.old-%s", name + 2);
        else
            certificate->names[i] = arena_printf(arena, "old-%s", name);
    }
}

void service_certificate(struct plan *plan, uint32_t ns, const struct node *node, const struct certificate *certificate,
                         const char *chain_path, const char *key_path, const char *origin)
{
    struct arena *arena = plan->arena;
    struct plan_certificate *out = ARENA_PUSH(arena, plan->certificates, plan->certificate_count);
    *out = (struct plan_certificate){.ns = ns,
                                     .chain_path = chain_path,
                                     .key_path = key_path,
                                     .not_before = YEAR_2024,
                                     .not_after = YEAR_2050,
                                     .origin = origin};
    for (size_t i = 0; i < certificate->names.count; i++)
        *ARENA_PUSH(arena, out->names, out->name_count) = arena_strdup(arena, certificate->names.items[i]);
    if (out->name_count == 0)
        default_names(arena, node, out);
    switch (certificate->state) {
    case CERTIFICATE_EXPIRED:
        out->not_before = YEAR_2024 - NINETY_DAYS;
        out->not_after = YEAR_2024;
        break;
    case CERTIFICATE_NOT_YET_VALID:
        out->not_before = YEAR_2050;
        out->not_after = YEAR_2060;
        break;
    case CERTIFICATE_WRONG_NAME:
        spoil_names(arena, out);
        break;
    case CERTIFICATE_SELF_SIGNED:
        out->self_signed = true;
        break;
    case CERTIFICATE_MISSING_INTERMEDIATE:
        out->alone = true;
        break;
    case CERTIFICATE_VALID:
    case CERTIFICATE_STATE_COUNT:
        break;
    }
}

void service_presents(struct service_context *context)
{
    const struct plan *plan = context->plan;
    const struct plan_certificate *certificate = &plan->certificates[plan->certificate_count - 1];
    STR_AUTO text = STR_INIT;
    str_append(&text, context->process->configuration);
    for (size_t i = 0; i < certificate->name_count; i++)
        str_printf(&text, "%s%s", i ? " " : "# ", certificate->names[i]);
    str_printf(&text, " from %lld to %lld%s%s\n", (long long)certificate->not_before, (long long)certificate->not_after,
               certificate->self_signed ? ", by its own key" : "", certificate->alone ? ", alone" : "");
    context->process->configuration = arena_strdup(plan->arena, str_text(&text));
}

void service_lower_certificates(struct plan *plan, uint32_t ns, const struct node *node)
{
    for (size_t i = 0; i < node->certificate_count; i++) {
        const char *name = node->certificates[i].name;
        service_certificate(plan, ns, node, &node->certificates[i],
                            arena_printf(plan->arena, "/etc/ssl/certs/%s.pem", name),
                            arena_printf(plan->arena, "/etc/ssl/private/%s.key", name),
                            arena_printf(plan->arena, "node/%s/certificate/%s", node->name, name));
    }
}
