/* Files of a node: its resolver, and those of the author, who has the last word.  (Its name it has from the start.) */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"
#include "model/public_names.h"

const struct addr link_local_resolver = {.family = 4, .bytes = {169, 254, 169, 253}};

static bool declares_file(const struct node *node, const char *path)
{
    for (size_t i = 0; i < node->file_count; i++)
        if (str_equal(node->files[i].path, path))
            return true;
    return false;
}

static void write_resolver(struct str *out, const struct resolver *resolver)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < resolver->server_count; i++)
        str_printf(out, "nameserver %s\n", addr_format(&resolver->servers[i], text));
    for (size_t i = 0; i < resolver->search.count; i++)
        str_printf(out, "%s%s%s", i ? " " : "search ", resolver->search.items[i],
                   i + 1 == resolver->search.count ? "\n" : "");
    for (size_t i = 0; i < resolver->options.count; i++)
        str_printf(out, "%s%s%s", i ? " " : "options ", resolver->options.items[i],
                   i + 1 == resolver->options.count ? "\n" : "");
}

/* What a VPC tells its instances by DHCP: of the first interface in a VPC that has a resolver. */
static void write_vpc_resolver(struct str *out, const struct node *node)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        const struct vpc *vpc = interface->attachment == ATTACH_SUBNET ? interface->subnet->vpc : NULL;
        if (!vpc || !vpc->dns_support)
            continue;
        struct addr resolver = vpc_resolver(vpc);
        str_printf(out, "nameserver %s\nsearch %s\n", addr_format(&resolver, text), vpc->zone);
        return;
    }
}

static bool is_on_internet(const struct node *node)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->attachment == ATTACH_INTERNET)
            return true;
    return false;
}

/* A member of a Docker-like network asks its own name service; `servers` are whom that one asks (network.c). */
static void write_embedded(struct str *out, const struct resolver *resolver)
{
    struct resolver own = *resolver;
    struct addr servers[] = {embedded_resolver};
    const char *ndots[] = {"ndots:0"}; /* as Docker writes it */
    own.servers = servers;
    own.server_count = 1;
    if (own.options.count == 0)
        own.options = (struct strings){ndots, 1};
    write_resolver(out, &own);
}

/* Its own, that of its VPC, or on the internet the public one. */
void lower_resolver(struct lowering *l, const struct node *node, uint32_t ns)
{
    char resolver[ADDR_TEXT_MAX];
    STR_AUTO text = STR_INIT;
    if (declares_file(node, "/etc/resolv.conf"))
        return;
    if (node_is_member(node))
        write_embedded(&text, &node->resolver);
    else if (node->resolver.declared)
        write_resolver(&text, &node->resolver);
    else
        write_vpc_resolver(&text, node);
    if (!node->resolver.declared && text.length == 0 && l->names != UINT32_MAX && is_on_internet(node))
        str_printf(&text, "nameserver %s\n", addr_format(&public_resolver, resolver));
    if (text.length > 0)
        add_file(l, ns, "/etc/resolv.conf", text.data, text.length, 0644, l->plan->namespaces[ns].origin);
}

void lower_files(struct lowering *l, const struct node *node, uint32_t ns)
{
    const char *origin = l->plan->namespaces[ns].origin;
    for (size_t i = 0; i < node->file_count; i++) {
        const struct node_file *file = &node->files[i];
        add_file(l, ns, file->path, file->content, file->length, file->mode, origin);
    }
}
