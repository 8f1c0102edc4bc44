/* libnftables, loaded late. */
#include "kernel/libnftables.h"

#include "base/error.h"
#include "base/late.h"
#include "base/table.h"

struct libnftables libnftables;

int libnftables_load(struct error *err)
{
#define LIBNFTABLES_FUNCTION(name) {"nft_" #name, &libnftables.name},
    static const struct late_function functions[] = {LIBNFTABLES_FUNCTIONS(LIBNFTABLES_FUNCTION)};
    static bool loaded;
    if (!loaded && late_load(SONAME_LIBNFTABLES, functions, ARRAY_SIZE(functions), err) != 0)
        return -1;
    loaded = true;
    return 0;
}
