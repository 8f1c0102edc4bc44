/* libldns, loaded late. */
#include "probe/libldns.h"

#include "base/error.h"
#include "base/late.h"
#include "base/table.h"

struct libldns libldns;

int libldns_load(struct error *err)
{
#define LIBLDNS_FUNCTION(name) {"ldns_" #name, &libldns.name},
    static const struct late_function functions[] = {LIBLDNS_FUNCTIONS(LIBLDNS_FUNCTION)};
    static bool loaded;
    if (!loaded && late_load(SONAME_LIBLDNS, functions, ARRAY_SIZE(functions), err) != 0)
        return -1;
    loaded = true;
    return 0;
}
