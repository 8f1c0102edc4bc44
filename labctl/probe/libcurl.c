/* libcurl, loaded late. */
#include "probe/libcurl.h"

#include <stdbool.h>

#include "base/error.h"
#include "base/late.h"
#include "base/table.h"

struct libcurl libcurl;

int libcurl_load(struct error *err)
{
#define LIBCURL_FUNCTION(name) {"curl_" #name, &libcurl.name},
    static const struct late_function functions[] = {LIBCURL_FUNCTIONS(LIBCURL_FUNCTION)};
    static bool loaded;
    if (loaded)
        return 0;
    if (late_load(SONAME_LIBCURL, functions, ARRAY_SIZE(functions), err) != 0)
        return -1;
    if (libcurl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(err, ERR_PROBE, "libcurl could not be set up");
    loaded = true;
    return 0;
}
