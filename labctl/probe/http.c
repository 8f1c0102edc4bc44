/* http: requests by libcurl, and what came back.
 *
 * A host name is resolved inside the node as its programs would (hosts file, nsswitch, search list): by getent(1)
 * there. libcurl is given the addresses, so that it never asks a resolver of this machine.  Redirects are followed as
 * far as the check lets it, each one resolved in the same way.  Where several requests are asked for, they follow one
 * another on connections of their own, and the first that is not answered as it should be ends the attempt. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/table.h"
#include "base/units.h"
#include "model/topology.h"
#include "probe/http.h"
#include "probe/impostor.h"
#include "probe/net.h"
#include "probe/trust.h"

#define GETENT "/usr/bin/getent"

static void begin_request(struct http *http);

/* ---- who answered -------------------------------------------------------------------------------------------------
 */

/* The node that answered: what labctl's own http service says of itself, else the owner of the address. */
static const char *server_of(const struct http *http)
{
    const struct fact *fact = &http->attempt->fact;
    const struct topology *topology = http->attempt->world->topology;
    for (size_t i = 0; i < fact->header_count; i++) {
        const char *line = fact->headers[i];
        if (strncasecmp(line, "X-Served-By:", strlen("X-Served-By:")) == 0)
            return line + strlen("X-Served-By:") + strspn(line + strlen("X-Served-By:"), " ");
    }
    const struct node *owner = topology ? address_owner(topology, &fact->target) : NULL;
    return owner ? owner->name : "?";
}

static void count_server(struct http *http)
{
    struct attempt *attempt = http->attempt;
    struct fact *fact = &attempt->fact;
    const char *name = server_of(http);
    for (size_t i = 0; i < fact->server_count; i++)
        if (str_equal(fact->servers[i].name, name)) {
            fact->servers[i].answers++;
            return;
        }
    char *copy = arena_strdup(attempt->arena, name);
    *ARENA_PUSH(attempt->arena, fact->servers, fact->server_count) = (struct fact_server){copy, 1};
}

/* "web-1 12, web-2 8" */
static const char *servers_text(struct http *http)
{
    const struct fact *fact = &http->attempt->fact;
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < fact->server_count; i++)
        str_printf(&text, "%s%s %u", i ? ", " : "", fact->servers[i].name, fact->servers[i].answers);
    return arena_strdup(http->attempt->arena, str_text(&text));
}

/* ---- the end of a request -----------------------------------------------------------------------------------------
 */

static bool as_wanted(const struct check_http *check, long status)
{
    return check->status         ? status == (long)check->status
           : check->status_class ? status / 100 == (long)check->status_class
                                 : status < 400;
}

/* What the phases took since: curl counts microseconds from the begin, a phase that was left out is 0. */
static void take_phases(struct http *http)
{
    static const CURLINFO marks[] = {CURLINFO_CONNECT_TIME_T, CURLINFO_APPCONNECT_TIME_T, CURLINFO_STARTTRANSFER_TIME_T,
                                     CURLINFO_TOTAL_TIME_T};
    static const enum http_phase phases[] = {HTTP_CONNECT, HTTP_TLS, HTTP_PROCESSING, HTTP_TRANSFER};
    curl_off_t before = 0;
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        curl_off_t mark = 0;
        libcurl.easy_getinfo(http->easy, marks[i], &mark);
        if (phases[i] == HTTP_TRANSFER && !http->attempt->fact.phases[HTTP_PROCESSING])
            break; /* nothing came: the end is that of the phase that failed */
        if (mark <= before)
            continue;
        http->attempt->fact.phases[phases[i]] += (mark - before) * 1000;
        before = mark;
    }
}

/* The next request is made when libcurl has returned. */
static void go_on(struct http *http)
{
    engine_set(http->attempt->engine, &http->next, clock_monotonic());
}

static void answered(struct http *http, const char *where)
{
    struct attempt *attempt = http->attempt;
    const struct check_http *check = &attempt->check->http;
    struct fact *fact = &attempt->fact;
    int64_t took = clock_monotonic() - attempt->limited;
    char *to = NULL;
    libcurl.easy_getinfo(http->easy, CURLINFO_REDIRECT_URL, &to);
    if (to && http->redirects < check->redirects) {
        http->redirects++;
        http->url = arena_strdup(attempt->arena, to);
        go_on(http);
        return;
    }
    count_server(http);
    http->requests++;
    fact->slowest = took > fact->slowest ? took : fact->slowest;
    if (http->requests < check->requests && as_wanted(check, (long)fact->status)) {
        http->url = check->url;
        http->redirects = 0;
        go_on(http);
        return;
    }
    if (http->requests > 1)
        attempt_end(attempt, OUTCOME_ANSWERED, "status %u, %u requests answered (%s)", fact->status, http->requests,
                    servers_text(http));
    else
        attempt_end(attempt, OUTCOME_ANSWERED, "status %u, %zu bytes from %s in %lld ms", fact->status,
                    http->body.length, where, (long long)(took / 1000000));
}

/* What can be said of a request that was not answered. */
static void not_answered(struct http *http, CURLcode code, const char *where)
{
    struct attempt *attempt = http->attempt;
    long number = 0;
    double connected = 0;
    char limit[32];
    const char *words = *http->problem ? http->problem : libcurl.easy_strerror(code);
    libcurl.easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &number);
    libcurl.easy_getinfo(http->easy, CURLINFO_CONNECT_TIME, &connected);
    attempt_limit(attempt, limit);
    if (code == CURLE_COULDNT_CONNECT && number == ECONNREFUSED)
        attempt_end(attempt, OUTCOME_REFUSED, "connection refused by %s", where);
    else if (code == CURLE_COULDNT_CONNECT && number == ENOBUFS)
        attempt_end(attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
    else if (code == CURLE_COULDNT_CONNECT && number)
        attempt_end(attempt, OUTCOME_UNREACHABLE, "%s cannot be reached: %s", where, strerror((int)number));
    else if (code == CURLE_OPERATION_TIMEDOUT && connected > 0)
        attempt_end(attempt, OUTCOME_SILENT, "connected to %s, but no answer in %s", where, limit);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        attempt_end(attempt, OUTCOME_SILENT, "no answer in %s from %s (no connection)", limit, where);
    else if (connected > 0)
        attempt_end(attempt, OUTCOME_FAILED, "%s: %s", where, words);
    else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_FAILED_INIT ||
             code == CURLE_OUT_OF_MEMORY || code == CURLE_COULDNT_CONNECT)
        attempt_end(attempt, OUTCOME_ERROR, "%s: %s", http->url, words);
    else
        attempt_end(attempt, OUTCOME_FAILED, "%s: %s", where, words);
}

void http_concluded(struct http *http, CURLcode code)
{
    struct attempt *attempt = http->attempt;
    struct fact *fact = &attempt->fact;
    long status = 0, version = 0, local = 0;
    char *address = NULL, where[NET_TEXT_MAX] = "";
    libcurl.easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    libcurl.easy_getinfo(http->easy, CURLINFO_HTTP_VERSION, &version);
    libcurl.easy_getinfo(http->easy, CURLINFO_PRIMARY_IP, &address);
    libcurl.easy_getinfo(http->easy, CURLINFO_LOCAL_PORT, &local);
    if (address && *address)
        addr_parse(address, &fact->target);
    if (addr_is_set(&fact->target))
        net_format(&fact->target, (uint16_t)http->port, where);
    if (local > 0)
        attempt_sends_from(attempt, IPPROTO_TCP, (uint16_t)local, (uint16_t)http->port);
    fact->status = (uint32_t)status;
    fact->http_version = version == CURL_HTTP_VERSION_1_0   ? HTTP_1_0
                         : version == CURL_HTTP_VERSION_1_1 ? HTTP_1_1
                         : version >= CURL_HTTP_VERSION_2_0 ? HTTP_2
                                                            : HTTP_ANY;
    take_phases(http);
    fact->redirects = http->redirects;
    fact->body_length = http->body.length;
    fact->body = arena_copy(attempt->arena, str_text(&http->body), http->body.length + 1);
    if (code == CURLE_OK)
        answered(http, where);
    else
        not_answered(http, code, *where ? where : http->host);
}

/* ---- the host -----------------------------------------------------------------------------------------------------
 */

/* Lines such as "10.0.0.1      STREAM web.home.test": the addresses, in the node's own order. */
static char *addresses_of(struct attempt *attempt, const struct str *output)
{
    STR_AUTO list = STR_INIT;
    char *copy = arena_strdup(attempt->arena, str_text(output)), *rest;
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *address = strtok(line, " \t"), *type = strtok(NULL, " \t");
        struct addr addr;
        if (!address || !type || strcmp(type, "STREAM") || !addr_parse(address, &addr))
            continue;
        attempt_watch(attempt, &addr);
        str_printf(&list, "%s%s", list.length ? "," : "", address);
    }
    return list.length ? arena_strdup(attempt->arena, str_text(&list)) : NULL;
}

static void getent_ended(void *context, const char *problem)
{
    struct http *http = context;
    struct attempt *attempt = http->attempt;
    const char *node = attempt->check->from->name;
    http->resolving = false;
    attempt->fact.phases[HTTP_RESOLVE] += clock_monotonic() - http->resolve_began;
    int status = http->getent.status;
    if (problem) {
        attempt_end(attempt, OUTCOME_ERROR, "resolve '%s' in %s: %s", http->host, node, problem);
        return;
    }
    char *addresses = addresses_of(attempt, &http->getent.output);
    if (!addresses) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
            attempt_end(attempt, OUTCOME_NO_NAME, "the name '%s' does not resolve in %s: %s cannot be run there",
                        http->host, node, GETENT);
        else
            attempt_end(attempt, OUTCOME_NO_NAME, "the name '%s' does not resolve in %s", http->host, node);
        return;
    }
    char *entry = arena_printf(attempt->arena, "%s:%ld:%s", http->host, http->port, addresses);
    http->resolve = libcurl.slist_append(NULL, entry);
    http_send(http);
}

static void resolve_host(struct http *http)
{
    struct attempt *attempt = http->attempt;
    const char *const argv[] = {GETENT, "ahosts", http->host, NULL};
    struct error err = ERROR_INIT;
    program_stop(&http->getent);
    str_clear(&http->getent.output);
    http->getent.ended = getent_ended;
    http->getent.context = http;
    http->resolving = true;
    http->resolve_began = clock_monotonic();
    if (program_start(&http->getent, attempt->engine, attempt->world, attempt->check->from->name, argv, &err) < 0)
        attempt_end(attempt, OUTCOME_ERROR, "resolve '%s': %s", http->host, err.text);
}

/* Whom the witness watches: the node of that name, or of that address ("[fd00::1]" is one by IPv6). */
static void watch_host(struct http *http)
{
    struct addr addr;
    char literal[ADDR_TEXT_MAX];
    size_t length = strlen(http->host);
    bool bracket = length > 2 && http->host[0] == '[';
    snprintf(literal, sizeof literal, "%.*s", (int)(bracket ? length - 2 : length), http->host + bracket);
    if (addr_parse(literal, &addr))
        attempt_watch(http->attempt, &addr);
    else
        attempt_watch_name(http->attempt, http->host);
}

/* Host and port of the URL; false after ending the attempt. */
static bool read_url(struct http *http)
{
    struct attempt *attempt = http->attempt;
    CURLU *url = libcurl.url();
    char *host = NULL, *port = NULL;
    bool good = url && libcurl.url_set(url, CURLUPART_URL, http->url, 0) == CURLUE_OK &&
                libcurl.url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                libcurl.url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (good) {
        http->host = arena_strdup(attempt->arena, host);
        http->port = strtol(port, NULL, 10);
        watch_host(http);
    }
    libcurl.free(host);
    libcurl.free(port);
    libcurl.url_cleanup(url);
    if (!good)
        attempt_end(attempt, http->redirects ? OUTCOME_FAILED : OUTCOME_ERROR, "'%s' is no URL", http->url);
    return good;
}

/* The authorities for https; false after ending the attempt. */
static bool read_trust(struct http *http)
{
    struct attempt *attempt = http->attempt;
    const char *node = attempt->check->from->name;
    if (strncasecmp(http->url, "https:", 6) != 0 || http->trust.length)
        return true;
    int root = attempt->world->root ? attempt->world->root(attempt->world->context, node) : -1;
    if (root >= 0 && trust_read(root, &http->trust) == 0)
        return true;
    attempt_end(attempt, OUTCOME_ERROR, "read /%s of %s: %s", TRUST_FILE, node,
                root < 0 ? "no such node runs" : strerror(errno));
    return false;
}

/* ---- the attempt --------------------------------------------------------------------------------------------------
 */

/* Each request has the attempt's time for itself, as long as they all take no more than that for every ten. */
static void set_deadline(struct http *http)
{
    struct attempt *attempt = http->attempt;
    const struct check *check = attempt->check;
    int64_t limit = check->timeout > 0 ? check->timeout : NANOSECONDS_PER_SECOND;
    int64_t whole = attempt->started + check_attempt_time(check);
    if (!http->redirects)
        attempt->limited = http->requests ? clock_monotonic() : attempt->started;
    attempt->deadline = attempt->limited + limit < whole ? attempt->limited + limit : whole;
    engine_set(attempt->engine, &attempt->timer, attempt->deadline);
}

static void begin_request(struct http *http)
{
    struct attempt *attempt = http->attempt;
    http_hang_up(http);
    str_clear(&http->body);
    *http->problem = '\0';
    attempt->fact.header_count = 0;
    if (!http->redirects)
        memset(attempt->fact.phases, 0, sizeof attempt->fact.phases);
    set_deadline(http);
    if (!read_url(http) || !read_trust(http))
        return;
    struct addr literal;
    char *bare = arena_strdup(attempt->arena, http->host[0] == '[' ? http->host + 1 : http->host);
    bare[strcspn(bare, "]")] = '\0';
    if (addr_parse(bare, &literal)) {
        attempt->fact.target = literal;
        http_send(http);
    } else {
        resolve_host(http);
    }
}

static void next_request(void *context)
{
    begin_request(context);
}

static void http_start(struct attempt *attempt)
{
    struct http *http = attempt->state;
    struct error err = ERROR_INIT;
    if (libcurl_load(&err) != 0) {
        attempt_fail(attempt, &err);
        return;
    }
    http->attempt = attempt;
    http->next = (struct timer){.expired = next_request, .context = http};
    http->url = attempt->check->http.url;
    http->netns = attempt_netns(attempt);
    if (http->netns >= 0)
        begin_request(http);
}

static void http_expire(struct attempt *attempt)
{
    struct http *http = attempt->state;
    char limit[32];
    if (http->resolving)
        attempt_end(attempt, OUTCOME_NO_NAME, "the name '%s' did not resolve in %s in %s", http->host,
                    attempt_limit(attempt, limit), attempt->check->from->name);
    else if (http->easy)
        http_concluded(http, CURLE_OPERATION_TIMEDOUT);
    else
        attempt_end(attempt, OUTCOME_SILENT, "%u of %u requests were answered in time", http->requests,
                    attempt->check->http.requests);
}

static void http_release(struct attempt *attempt)
{
    struct http *http = attempt->state;
    if (!http->attempt) /* not begun */
        return;
    program_stop(&http->getent);
    str_free(&http->getent.output);
    engine_unset(attempt->engine, &http->next);
    http_hang_up(http);
    str_free(&http->body);
    str_free(&http->trust);
}

const struct probe_kind probe_http = {
    .kind = CHECK_HTTP,
    .prepare = libcurl_load,
    .state_size = sizeof(struct http),
    .start = http_start,
    .expire = http_expire,
    .release = http_release,
};
