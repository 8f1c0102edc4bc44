/* http with TLS: nginx in the node, configured by /etc/nginx/nginx.conf as an administrator would.
 *
 * One process, without workers: a node has one user, and a lab many nodes.  Requests are logged in the node, as
 * everywhere; what goes wrong is the service's log.  nginx knows no escape for the dollar sign in a text, so there is a
 * variable that holds one. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "service/lowering.h"

static const char *const protocols[TLS_VERSION_COUNT] = {
    [TLS_1_0] = "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
    [TLS_1_1] = "TLSv1.1 TLSv1.2 TLSv1.3",
    [TLS_1_2] = "TLSv1.2 TLSv1.3",
    [TLS_1_3] = "TLSv1.3",
};

/* A text in double quotes; nginx reads \n, \r, \t, \" and \\ in it. */
static void put_quoted(struct str *out, const char *text)
{
    str_append_char(out, '"');
    for (const char *c = text; *c; c++)
        switch (*c) {
        case '\n':
            str_append(out, "\\n");
            break;
        case '\r':
            str_append(out, "\\r");
            break;
        case '\t':
            str_append(out, "\\t");
            break;
        case '$':
            str_append(out, "${dollar}");
            break;
        case '"':
        case '\\':
            str_append_char(out, '\\');
            str_append_char(out, *c);
            break;
        default:
            str_append_char(out, *c);
        }
    str_append_char(out, '"');
}

static void put_answer(struct str *out, uint32_t status, const char *body, const char *location)
{
    if (body && str_starts(body, "<"))
        str_append(out, "            default_type text/html;\n");
    str_printf(out, "            return %u ", status);
    put_quoted(out, location ? location : body ? body : "");
    str_append(out, ";\n        }\n");
}

static void put_locations(struct str *out, const struct service *service)
{
    for (size_t i = 0; i < service->route_count; i++) {
        const struct http_route *route = &service->routes[i];
        str_append(out, "        location = ");
        put_quoted(out, route->path);
        str_append(out, " {\n");
        put_answer(out, route->status ? route->status : 200, route->body, route->location);
    }
    STR_AUTO body = STR_INIT;
    str_printf(&body, "%s\n", service->node->name);
    str_append(out, "        location / {\n");
    put_answer(out, service->status ? service->status : 200, service->body ? service->body : str_text(&body), NULL);
}

static void put_tls(struct str *out, const struct service_tls *tls, const char *chain, const char *key)
{
    str_printf(out, "        ssl_certificate %s;\n        ssl_certificate_key %s;\n        ssl_protocols %s;\n", chain,
               key, protocols[tls->min_version ? tls->min_version : TLS_1_2]);
    if (tls->min_version == TLS_1_0 || tls->min_version == TLS_1_1)
        str_append(out, "        ssl_ciphers ALL:@SECLEVEL=0;\n"); /* what these versions have is weak */
    if (tls->clients == CLIENTS_CERTIFIED)
        str_append(out, "        ssl_client_certificate " SERVICE_ROOT ";\n        ssl_verify_client on;\n"
                        "        ssl_verify_depth 2;\n");
}

static void put_listen(struct str *out, const struct service *service, bool ipv6)
{
    char text[ADDR_TEXT_MAX];
    const struct addr *bind = &service->bind;
    if (addr_is_set(bind))
        str_printf(out, bind->family == 6 ? "        listen [%s]:%u ssl http2;\n" : "        listen %s:%u ssl http2;\n",
                   addr_format(bind, text), service->port);
    else
        str_printf(out, "        listen %u ssl http2;\n", service->port);
    if (!addr_is_set(bind) && ipv6)
        str_printf(out, "        listen [::]:%u ssl http2;\n", service->port);
}

static void put_configuration(struct str *out, const struct service *service, const char *name, const char *chain,
                              const char *key, bool ipv6)
{
    str_printf(out,
               "user root;\nmaster_process off;\npid /run/%s.pid;\nerror_log stderr;\n\n"
               "events {\n    worker_connections 1024;\n}\n\n"
               "http {\n"
               "    log_format short '$remote_addr \"$request_method $request_uri $server_protocol\" $status';\n"
               "    access_log /var/log/nginx/access.log short;\n"
               "    default_type text/plain;\n    charset utf-8;\n    server_tokens off;\n"
               "    geo $dollar { default \"$\"; }\n\n"
               "    server {\n",
               name);
    put_listen(out, service, ipv6);
    str_append(out, "        server_name _;\n");
    put_tls(out, &service->tls, chain, key);
    str_printf(out, "        add_header X-Served-By %s always;\n", service->node->name);
    put_locations(out, service);
    str_append(out, "    }\n}\n");
}

void service_lower_nginx(struct service_context *context)
{
    struct plan *plan = context->plan;
    const struct service *service = context->service;
    const char *name = service_instance(context, "nginx");
    const char *path = arena_printf(plan->arena, "/etc/nginx/%s.conf", name);
    const char *chain = arena_printf(plan->arena, "/etc/ssl/certs/%s.pem", service->name);
    const char *key = arena_printf(plan->arena, "/etc/ssl/private/%s.key", service->name);
    service_certificate(plan, context->ns, service->node, &service->tls.certificate, chain, key,
                        context->process->origin);
    STR_AUTO text = STR_INIT;
    put_configuration(&text, service, name, chain, key, plan->namespaces[context->ns].ipv6);
    const char *const argv[] = {"nginx", "-c", path, "-g", "daemon off;"};
    service_argv(context, argv, ARRAY_SIZE(argv));
    service_configuration_file(context, path, &text);
    service_presents(context);
    service_ready(context, READY_TCP, service->port);
}
