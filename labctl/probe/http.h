/* What the parts of the http probe share.  Inside the room only. */
#pragma once

#include "base/str.h"
#include "probe/engine.h"
#include "probe/libcurl.h"
#include "probe/program.h"

#define HTTP_BODY_MAX    (64u << 10)
#define HTTP_SOCKETS_MAX 8 /* of one request: IPv4 and IPv6 tried side by side */

struct http {
    struct attempt *attempt;
    int netns;
    const char *url; /* of the present request: the check's, or where it was redirected to */
    char *host;
    long port;
    struct program getent;
    bool resolving;
    int64_t resolve_began;
    uint32_t requests, redirects; /* done; followed by the present one */
    struct timer next;            /* the next request, outside of libcurl's calls */
    CURLM *multi;
    CURL *easy;
    struct curl_slist *resolve, *headers;
    struct watch sockets[HTTP_SOCKETS_MAX];
    struct timer timer; /* libcurl's own */
    char problem[CURL_ERROR_SIZE];
    struct str body;
    struct str trust; /* https: the node's authorities */
};

/* Makes the present request, when the host's addresses are known. */
void http_send(struct http *http);
/* Gives back what it took; not from within a call of libcurl's. */
void http_hang_up(struct http *http);
/* Called once when it is over. */
void http_concluded(struct http *http, CURLcode code);
