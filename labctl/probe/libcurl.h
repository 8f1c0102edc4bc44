/* libcurl's functions, loaded when the first http check is run.  Inside the room only. */
#pragma once

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

struct error;

#define LIBCURL_FUNCTIONS(F)                                                                                           \
    F(easy_cleanup)                                                                                                    \
    F(easy_getinfo)                                                                                                    \
    F(easy_init)                                                                                                       \
    F(easy_setopt)                                                                                                     \
    F(easy_strerror)                                                                                                   \
    F(free)                                                                                                            \
    F(global_init)                                                                                                     \
    F(multi_add_handle)                                                                                                \
    F(multi_cleanup)                                                                                                   \
    F(multi_info_read)                                                                                                 \
    F(multi_init)                                                                                                      \
    F(multi_remove_handle)                                                                                             \
    F(multi_setopt)                                                                                                    \
    F(multi_socket_action)                                                                                             \
    F(multi_strerror)                                                                                                  \
    F(slist_append)                                                                                                    \
    F(slist_free_all)                                                                                                  \
    F(url)                                                                                                             \
    F(url_cleanup)                                                                                                     \
    F(url_get)                                                                                                         \
    F(url_set)

#define LIBCURL_MEMBER(name) __typeof__(&curl_##name) name;
extern struct libcurl {
    LIBCURL_FUNCTIONS(LIBCURL_MEMBER)
} libcurl;
#undef LIBCURL_MEMBER

/* Before anything else; once more is free.  -1 with err where it is missing. */
int libcurl_load(struct error *err);
