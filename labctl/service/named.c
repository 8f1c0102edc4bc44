/* BIND, which tells different askers different things: a view for each of the service's, in their order, and a last one
 * for everybody else, with the service's own zones. */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "service/lowering.h"

#define DIRECTORY "/etc/bind"

struct named {
    struct service_context *context;
    struct str *text, *all;
};

static void put_options(struct str *out, const struct service *service)
{
    char text[ADDR_TEXT_MAX];
    bool v6 = service->bind.family == 6, any = !addr_is_set(&service->bind);
    str_append(out, "options {\n    directory \"" DIRECTORY "\";\n    managed-keys-directory \"/tmp\";\n"
                    "    pid-file none;\n    lock-file none;\n    session-keyfile none;\n");
    str_printf(out, "    listen-on port %u { %s; };\n", service->port,
               any  ? "any"
               : v6 ? "none"
                    : addr_format(&service->bind, text));
    str_printf(out, "    listen-on-v6 port %u { %s; };\n", service->port,
               any  ? "any"
               : v6 ? addr_format(&service->bind, text)
                    : "none");
    str_append(out, "    allow-query { any; };\n    dnssec-validation no;\n    empty-zones-enable no;\n"
                    "    minimal-responses yes;\n    check-integrity no;\n    notify no;\n    version none;\n");
    str_printf(out, "    recursion %s;\n", service->recursion ? "yes" : "no");
    if (service->recursion)
        str_append(out, "    allow-recursion { any; };\n    allow-query-cache { any; };\n");
    if (service->recursion && service->forward_count > 0) {
        str_append(out, "    forward only;\n    forwarders {");
        for (size_t i = 0; i < service->forward_count; i++)
            str_printf(out, " %s;", addr_format(&service->forward[i], text));
        str_append(out, " };\n");
    }
    str_append(out, "};\ncontrols { };\n");
}

static void put_zone(struct named *n, const char *view, const struct dns_zone *zone)
{
    STR_AUTO text = STR_INIT;
    const struct service *service = n->context->service;
    struct arena *arena = n->context->plan->arena;
    const char *file = arena_printf(arena, "%s.%s.%s.zone", service->name, view, zone->name);
    zone_write_service(&text, n->context, zone);
    service_file(n->context, arena_printf(arena, DIRECTORY "/%s", file), arena_strdup(arena, str_text(&text)));
    str_append(n->all, str_text(&text));
    str_printf(n->text, "    zone \"%s\" { type primary; file \"%s\"; };\n", zone->name, file);
}

static bool has_zone(const struct dns_view *view, const char *name)
{
    for (size_t i = 0; i < view->zone_count; i++)
        if (str_equal(view->zones[i].name, name))
            return true;
    return false;
}

/* A view; NULL: everybody else. */
static void put_view(struct named *n, const struct dns_view *view)
{
    char text[ADDR_TEXT_MAX];
    const struct service *service = n->context->service;
    const char *name = view ? view->name : "everybody";
    str_printf(n->text, "view \"%s\" {\n    match-clients {", name);
    for (size_t i = 0; view && i < view->from_count; i++)
        str_printf(n->text, " %s;", prefix_format(&view->from[i], text));
    str_append(n->text, view ? " };\n" : " any; };\n");
    for (size_t i = 0; view && i < view->zone_count; i++)
        put_zone(n, name, &view->zones[i]);
    for (size_t i = 0; i < service->zone_count; i++)
        if (!view || !has_zone(view, service->zones[i].name))
            put_zone(n, name, &service->zones[i]);
    str_append(n->text, "};\n");
}

void service_lower_named(struct service_context *context)
{
    STR_AUTO text = STR_INIT;
    STR_AUTO all = STR_INIT;
    struct named n = {context, &text, &all};
    struct arena *arena = context->plan->arena;
    const char *path = service_dns_path(arena, context->service, DIRECTORY "/named");
    put_options(&text, context->service);
    for (size_t i = 0; i < context->service->view_count; i++)
        put_view(&n, &context->service->views[i]);
    put_view(&n, NULL);
    str_append(&all, str_text(&text));
    const char *const argv[] = {"named", "-g", "-n", "1", "-c", path};
    service_argv(context, argv, ARRAY_SIZE(argv));
    context->process->configuration = arena_strdup(arena, str_text(&all));
    service_file(context, path, arena_strdup(arena, str_text(&text)));
}
