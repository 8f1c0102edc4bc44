/* OpenSSL, loaded late. */
#include "probe/libssl.h"

#include <stdbool.h>

#include "base/error.h"
#include "base/late.h"
#include "base/table.h"

struct libssl libssl;

int libssl_load(struct error *err)
{
#define LIBSSL_FUNCTION(name) {#name, &libssl.name},
    static const struct late_function ssl[] = {LIBSSL_FUNCTIONS(LIBSSL_FUNCTION)};
    static const struct late_function crypto[] = {LIBCRYPTO_FUNCTIONS(LIBSSL_FUNCTION)};
    static bool loaded;
    if (loaded)
        return 0;
    if (late_load(SONAME_LIBCRYPTO, crypto, ARRAY_SIZE(crypto), err) != 0 ||
        late_load(SONAME_LIBSSL, ssl, ARRAY_SIZE(ssl), err) != 0)
        return -1;
    /* This machine's configuration says nothing about the lab. */
    if (libssl.OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return error_set(err, ERR_PROBE, "OpenSSL could not be set up");
    loaded = true;
    return 0;
}
