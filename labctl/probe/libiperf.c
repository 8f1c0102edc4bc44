/* libiperf, loaded late. */
#include "probe/libiperf.h"

#include <stdbool.h>

#include "base/error.h"
#include "base/late.h"
#include "base/table.h"

struct libiperf libiperf;

int libiperf_load(struct error *err)
{
#define LIBIPERF_FUNCTION(name) {#name, &libiperf.name},
    static const struct late_function functions[] = {LIBIPERF_FUNCTIONS(LIBIPERF_FUNCTION)};
    static bool loaded;
    if (!loaded && late_load(SONAME_LIBIPERF, functions, ARRAY_SIZE(functions), err) != 0)
        return -1;
    loaded = true;
    return 0;
}
