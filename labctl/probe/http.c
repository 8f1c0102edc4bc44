/* http: one request by libcurl, its sockets in the prober's namespace.
 *
 * A host name is resolved inside the node as its programs would (hosts file, nsswitch, search list): by getent(1)
 * there. libcurl is given the addresses, so that it never asks a resolver of this machine.  Redirects are not followed:
 * the answer to the question that was asked is what counts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "kernel/namespace.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/libcurl.h"
#include "probe/net.h"
#include "probe/program.h"

#define BODY_MAX    (64u << 10)
#define SOCKETS_MAX 8 /* of one request: IPv4 and IPv6 tried side by side */
#define GETENT      "/usr/bin/getent"

struct http {
    struct attempt *attempt;
    int netns;
    char *host;
    long port;
    struct program getent;
    bool resolving;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *resolve, *headers;
    struct watch sockets[SOCKETS_MAX];
    struct timer timer; /* libcurl's own */
    char problem[CURL_ERROR_SIZE];
    struct str body;
};

static void drive(struct http *http, curl_socket_t socket, int events);

static void socket_ready(void *context, uint32_t events)
{
    struct http *http = context;
    int flags = (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (events & EPOLLERR ? CURL_CSELECT_ERR : 0);
    /* libcurl finds out by itself which of its few sockets it was. */
    for (size_t i = 0; i < SOCKETS_MAX && http->multi; i++)
        if (http->sockets[i].fd >= 0)
            drive(http, http->sockets[i].fd, flags);
}

static void timer_expired(void *context)
{
    drive(context, CURL_SOCKET_TIMEOUT, 0);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context)
{
    (void)easy;
    (void)socket_context;
    struct http *http = context;
    struct watch *watch = NULL;
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (http->sockets[i].fd == socket)
            watch = &http->sockets[i];
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            engine_unwatch(http->attempt->engine, watch);
        return 0;
    }
    if (watch)
        return engine_rewatch(http->attempt->engine, watch, events);
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (http->sockets[i].fd < 0)
            return engine_watch(http->attempt->engine, &http->sockets[i], socket, events);
    return -1;
}

static int on_timer(CURLM *multi, long milliseconds, void *context)
{
    (void)multi;
    struct http *http = context;
    if (milliseconds < 0)
        engine_unset(http->attempt->engine, &http->timer);
    else
        engine_set(http->attempt->engine, &http->timer, clock_monotonic() + milliseconds * INT64_C(1000000));
    return 0;
}

static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct http *http = context;
    int fd = netns_socket(http->netns, address->family, address->socktype, address->protocol, NULL);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    net_want_errors(fd, address->family);
    return fd;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct http *http = context;
    size_t room = BODY_MAX - http->body.length, length = size * count;
    str_append_bytes(&http->body, data, length < room ? length : room);
    return length;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct http *http = context;
    struct fact *fact = &http->attempt->fact;
    size_t length = size * count;
    while (length && (data[length - 1] == '\r' || data[length - 1] == '\n'))
        length--;
    if (memchr(data, ':', length) && fact->header_count < 256) {
        char *line = arena_strndup(http->attempt->arena, data, length);
        *ARENA_PUSH(http->attempt->arena, fact->headers, fact->header_count) = line;
    }
    return size * count;
}

/* What curl's end means. */
static void conclude(struct http *http, CURLcode code)
{
    struct attempt *attempt = http->attempt;
    struct fact *fact = &attempt->fact;
    long number = 0, status = 0;
    double connected = 0;
    char *address = NULL, limit[32];
    const char *url = attempt->check->http.url;
    libcurl.easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &number);
    libcurl.easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    libcurl.easy_getinfo(http->easy, CURLINFO_CONNECT_TIME, &connected);
    libcurl.easy_getinfo(http->easy, CURLINFO_PRIMARY_IP, &address);
    if (address && *address)
        addr_parse(address, &fact->target);
    char where[NET_TEXT_MAX] = "";
    if (addr_is_set(&fact->target))
        net_format(&fact->target, (uint16_t)http->port, where);
    attempt_limit(attempt, limit);
    fact->status = (uint32_t)status;
    fact->body_length = http->body.length;
    fact->body = arena_copy(attempt->arena, str_text(&http->body), http->body.length + 1);
    if (code == CURLE_OK)
        attempt_end(attempt, OUTCOME_ANSWERED, "status %ld, %zu bytes from %s in %lld ms", status, http->body.length,
                    where, (long long)((clock_monotonic() - attempt->started) / 1000000));
    else if (code == CURLE_COULDNT_CONNECT && number == ECONNREFUSED)
        attempt_end(attempt, OUTCOME_REFUSED, "connection refused by %s", *where ? where : http->host);
    else if (code == CURLE_COULDNT_CONNECT && number == ENOBUFS)
        attempt_end(attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
    else if (code == CURLE_COULDNT_CONNECT && number)
        attempt_end(attempt, OUTCOME_UNREACHABLE, "%s cannot be reached: %s", *where ? where : http->host,
                    strerror((int)number));
    else if (code == CURLE_OPERATION_TIMEDOUT && connected > 0)
        attempt_end(attempt, OUTCOME_SILENT, "connected to %s, but no answer in %s", where, limit);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        attempt_end(attempt, OUTCOME_SILENT, "no answer in %s from %s (no connection)", limit,
                    *where ? where : http->host);
    else if (connected > 0)
        attempt_end(attempt, OUTCOME_FAILED, "%s: %s", where,
                    *http->problem ? http->problem : libcurl.easy_strerror(code));
    else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_FAILED_INIT ||
             code == CURLE_OUT_OF_MEMORY || code == CURLE_COULDNT_CONNECT)
        attempt_end(attempt, OUTCOME_ERROR, "%s: %s", url,
                    *http->problem ? http->problem : libcurl.easy_strerror(code));
    else
        attempt_end(attempt, OUTCOME_FAILED, "%s: %s", *where ? where : http->host,
                    *http->problem ? http->problem : libcurl.easy_strerror(code));
}

static void drive(struct http *http, curl_socket_t socket, int events)
{
    int running, left;
    CURLMcode code = libcurl.multi_socket_action(http->multi, socket, events, &running);
    if (code != CURLM_OK) {
        attempt_end(http->attempt, OUTCOME_ERROR, "libcurl: %s", libcurl.multi_strerror(code));
        return;
    }
    const CURLMsg *message;
    while (!http->attempt->over && (message = libcurl.multi_info_read(http->multi, &left)))
        if (message->msg == CURLMSG_DONE)
            conclude(http, message->data.result);
}

static void set_request(struct http *http)
{
    const struct check_http *check = &http->attempt->check->http;
    CURL *easy = http->easy;
    for (size_t i = 0; i < check->header_count; i++)
        http->headers = libcurl.slist_append(http->headers, check->headers[i]);
    http->headers = libcurl.slist_append(http->headers, "Expect:");
    libcurl.easy_setopt(easy, CURLOPT_URL, check->url);
    libcurl.easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
    if (check->body) {
        libcurl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(check->body));
        libcurl.easy_setopt(easy, CURLOPT_POSTFIELDS, check->body);
    }
    if (check->method && !strcmp(check->method, "HEAD"))
        libcurl.easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (check->method)
        libcurl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, check->method);
    libcurl.easy_setopt(easy, CURLOPT_USERAGENT, "curl/7.88.1");
    libcurl.easy_setopt(easy, CURLOPT_RESOLVE, http->resolve);
}

static void send_request(struct http *http)
{
    struct attempt *attempt = http->attempt;
    http->multi = libcurl.multi_init();
    http->easy = libcurl.easy_init();
    if (!http->multi || !http->easy) {
        attempt_end(attempt, OUTCOME_ERROR, "libcurl could not be set up");
        return;
    }
    CURL *easy = http->easy;
    int64_t left = attempt->deadline - clock_monotonic();
    set_request(http);
    libcurl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    libcurl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(left > 2000000 ? left / 1000000 - 1 : 1));
    libcurl.easy_setopt(easy, CURLOPT_PROXY, "");
    libcurl.easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    libcurl.easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    libcurl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    libcurl.easy_setopt(easy, CURLOPT_ERRORBUFFER, http->problem);
    libcurl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    libcurl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http);
    libcurl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    libcurl.easy_setopt(easy, CURLOPT_WRITEDATA, http);
    libcurl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    libcurl.easy_setopt(easy, CURLOPT_HEADERDATA, http);
    libcurl.multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    libcurl.multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    libcurl.multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    libcurl.multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    libcurl.multi_add_handle(http->multi, easy);
    drive(http, CURL_SOCKET_TIMEOUT, 0);
}

/* Lines such as "10.0.0.1      STREAM web.home.test": the addresses, in the node's own order. */
static char *addresses_of(const struct str *output, struct arena *arena)
{
    STR_AUTO list = STR_INIT;
    char *copy = arena_strdup(arena, str_text(output)), *rest;
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *address = strtok(line, " \t"), *type = strtok(NULL, " \t");
        struct addr addr;
        if (!address || !type || strcmp(type, "STREAM") || !addr_parse(address, &addr))
            continue;
        str_printf(&list, "%s%s", list.length ? "," : "", address);
    }
    return list.length ? arena_strdup(arena, str_text(&list)) : NULL;
}

static void getent_ended(void *context, const char *problem)
{
    struct http *http = context;
    struct attempt *attempt = http->attempt;
    const char *node = attempt->check->from->name;
    http->resolving = false;
    int status = http->getent.status;
    if (problem) {
        attempt_end(attempt, OUTCOME_ERROR, "resolve '%s' in %s: %s", http->host, node, problem);
        return;
    }
    char *addresses = addresses_of(&http->getent.output, attempt->arena);
    if (!addresses) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
            attempt_end(attempt, OUTCOME_ERROR, "resolve '%s' in %s: %s could not be run", http->host, node, GETENT);
        else
            attempt_end(attempt, OUTCOME_NO_NAME, "the name '%s' does not resolve in %s", http->host, node);
        return;
    }
    char *entry = arena_printf(attempt->arena, "%s:%ld:%s", http->host, http->port, addresses);
    http->resolve = libcurl.slist_append(NULL, entry);
    send_request(http);
}

static void resolve_host(struct http *http)
{
    struct attempt *attempt = http->attempt;
    const char *const argv[] = {GETENT, "ahosts", http->host, NULL};
    struct error err = ERROR_INIT;
    http->getent.ended = getent_ended;
    http->getent.context = http;
    http->resolving = true;
    if (program_start(&http->getent, attempt->engine, attempt->world, attempt->check->from->name, argv, &err) < 0)
        attempt_end(attempt, OUTCOME_ERROR, "resolve '%s': %s", http->host, err.text);
}

/* Host and port of the URL; false after ending the attempt. */
static bool read_url(struct http *http)
{
    struct attempt *attempt = http->attempt;
    CURLU *url = libcurl.url();
    char *host = NULL, *port = NULL;
    bool good = url && libcurl.url_set(url, CURLUPART_URL, attempt->check->http.url, 0) == CURLUE_OK &&
                libcurl.url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                libcurl.url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (good) {
        http->host = arena_strdup(attempt->arena, host);
        http->port = strtol(port, NULL, 10);
    }
    libcurl.free(host);
    libcurl.free(port);
    libcurl.url_cleanup(url);
    if (!good)
        attempt_end(attempt, OUTCOME_ERROR, "'%s' is no URL", attempt->check->http.url);
    return good;
}

static void http_start(struct attempt *attempt)
{
    struct http *http = attempt->state;
    struct error err = ERROR_INIT;
    if (libcurl_load(&err) != 0) {
        attempt_end(attempt, OUTCOME_ERROR, "%s", err.text);
        return;
    }
    http->attempt = attempt;
    http->timer = (struct timer){.expired = timer_expired, .context = http};
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        http->sockets[i] = (struct watch){-1, socket_ready, http};
    http->netns = attempt_netns(attempt);
    if (http->netns < 0 || !read_url(http))
        return;
    struct addr literal;
    char *bare = arena_strdup(attempt->arena, http->host[0] == '[' ? http->host + 1 : http->host);
    bare[strcspn(bare, "]")] = '\0';
    if (addr_parse(bare, &literal)) {
        attempt->fact.target = literal;
        send_request(http);
    } else {
        resolve_host(http);
    }
}

static void http_expire(struct attempt *attempt)
{
    struct http *http = attempt->state;
    char limit[32];
    if (http->resolving)
        attempt_end(attempt, OUTCOME_NO_NAME, "the name '%s' did not resolve in %s in %s", http->host,
                    attempt_limit(attempt, limit), attempt->check->from->name);
    else
        conclude(http, CURLE_OPERATION_TIMEDOUT);
}

static void http_release(struct attempt *attempt)
{
    struct http *http = attempt->state;
    if (!http->attempt) /* not begun */
        return;
    program_stop(&http->getent);
    str_free(&http->getent.output);
    str_free(&http->body);
    /* Not from within a call of libcurl's own: it would still use what is freed here. */
    engine_unset(attempt->engine, &http->timer);
    if (http->easy && http->multi)
        libcurl.multi_remove_handle(http->multi, http->easy);
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        engine_unwatch(attempt->engine, &http->sockets[i]);
    libcurl.easy_cleanup(http->easy);
    libcurl.multi_cleanup(http->multi);
    engine_unset(attempt->engine, &http->timer);
    libcurl.slist_free_all(http->resolve);
    libcurl.slist_free_all(http->headers);
    http->multi = NULL;
    http->easy = NULL;
}

const struct probe_kind probe_http = {
    .kind = CHECK_HTTP,
    .prepare = libcurl_load,
    .state_size = sizeof(struct http),
    .start = http_start,
    .expire = http_expire,
    .release = http_release,
};
