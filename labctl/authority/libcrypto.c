/* OpenSSL, loaded late. */
#include "authority/libcrypto.h"

#include <stdbool.h>

#include "base/late.h"
#include "base/table.h"

struct authority_libcrypto authority_libcrypto;

int authority_libcrypto_load(struct error *err)
{
#define LIBCRYPTO_FUNCTION(name) {#name, &authority_libcrypto.name},
    static const struct late_function functions[] = {LIBCRYPTO_FUNCTIONS(LIBCRYPTO_FUNCTION)};
    static bool loaded;
    if (!loaded && late_load(SONAME_LIBCRYPTO, functions, ARRAY_SIZE(functions), err))
        return -1;
    loaded = true;
    return 0;
}
