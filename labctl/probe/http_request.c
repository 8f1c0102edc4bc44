/* One HTTP request by libcurl in the prober's loop, its sockets in the prober's namespace. */
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/table.h"
#include "kernel/namespace.h"
#include "probe/http.h"
#include "probe/net.h"

static const long versions[] = {
    [HTTP_ANY] = CURL_HTTP_VERSION_NONE,
    [HTTP_1_0] = CURL_HTTP_VERSION_1_0,
    [HTTP_1_1] = CURL_HTTP_VERSION_1_1,
    [HTTP_2] = CURL_HTTP_VERSION_2TLS,
};
_Static_assert(ARRAY_SIZE(versions) == HTTP_VERSION_COUNT, "every version has libcurl's number");

static void drive(struct http *http, curl_socket_t socket, int events);

static void socket_ready(void *context, uint32_t events)
{
    struct http *http = context;
    int flags = (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (events & EPOLLERR ? CURL_CSELECT_ERR : 0);
    /* libcurl finds out by itself which of its few sockets it was. */
    for (size_t i = 0; i < HTTP_SOCKETS_MAX && http->multi; i++)
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
    for (size_t i = 0; i < HTTP_SOCKETS_MAX; i++)
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
    for (size_t i = 0; i < HTTP_SOCKETS_MAX; i++)
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
    /* The port is chosen now, so that the witness knows whose packets they are. */
    const struct sockaddr_storage any = {.ss_family = (sa_family_t)address->family};
    if (bind(fd, (const struct sockaddr *)&any, address->addrlen) == 0)
        attempt_sends(http->attempt, fd, IPPROTO_TCP, (uint16_t)http->port);
    net_leave_no_trace(fd);
    return fd;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct http *http = context;
    size_t room = HTTP_BODY_MAX - http->body.length, length = size * count;
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
            http_concluded(http, message->data.result);
}

static void set_request(struct http *http)
{
    const struct check_http *check = &http->attempt->check->http;
    CURL *easy = http->easy;
    http->headers = NULL;
    for (size_t i = 0; i < check->header_count; i++)
        http->headers = libcurl.slist_append(http->headers, check->headers[i]);
    http->headers = libcurl.slist_append(http->headers, "Expect:");
    libcurl.easy_setopt(easy, CURLOPT_URL, http->url);
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
    /* Without TLS there is nothing to agree by: HTTP/2 is spoken at once. */
    bool plain = strncasecmp(http->url, "http:", 5) == 0;
    libcurl.easy_setopt(easy, CURLOPT_HTTP_VERSION,
                        check->version == HTTP_2 && plain ? (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                                                          : versions[check->version]);
}

/* What https trusts: the node's authorities and nobody else. */
static void set_trust(struct http *http)
{
    struct curl_blob blob = {http->trust.data, http->trust.length, CURL_BLOB_NOCOPY};
    libcurl.easy_setopt(http->easy, CURLOPT_CAPATH, NULL);
    libcurl.easy_setopt(http->easy, CURLOPT_CAINFO, NULL);
    if (http->trust.length)
        libcurl.easy_setopt(http->easy, CURLOPT_CAINFO_BLOB, &blob);
}

void http_send(struct http *http)
{
    struct attempt *attempt = http->attempt;
    if (!http->multi)
        http->multi = libcurl.multi_init();
    http->easy = libcurl.easy_init();
    if (!http->multi || !http->easy) {
        attempt_end(attempt, OUTCOME_ERROR, "libcurl could not be set up");
        return;
    }
    CURL *easy = http->easy;
    int64_t left = attempt->deadline - clock_monotonic();
    set_request(http);
    set_trust(http);
    libcurl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    libcurl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(left > 2000000 ? left / 1000000 - 1 : 1));
    libcurl.easy_setopt(easy, CURLOPT_PROXY, "");
    libcurl.easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    libcurl.easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    libcurl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
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
    http->timer =
        (struct timer){.expired = timer_expired, .context = http, .slot = http->timer.slot, .at = http->timer.at};
    for (size_t i = 0; i < HTTP_SOCKETS_MAX; i++)
        if (!http->sockets[i].ready)
            http->sockets[i] = (struct watch){-1, socket_ready, http};
    libcurl.multi_add_handle(http->multi, easy);
    drive(http, CURL_SOCKET_TIMEOUT, 0);
}

void http_hang_up(struct http *http)
{
    struct engine *engine = http->attempt->engine;
    engine_unset(engine, &http->timer);
    if (http->easy && http->multi)
        libcurl.multi_remove_handle(http->multi, http->easy);
    for (size_t i = 0; i < HTTP_SOCKETS_MAX; i++)
        engine_unwatch(engine, &http->sockets[i]);
    if (http->easy)
        libcurl.easy_cleanup(http->easy);
    if (http->multi)
        libcurl.multi_cleanup(http->multi);
    engine_unset(engine, &http->timer);
    libcurl.slist_free_all(http->resolve);
    libcurl.slist_free_all(http->headers);
    http->multi = NULL;
    http->easy = NULL;
    http->resolve = http->headers = NULL;
}
