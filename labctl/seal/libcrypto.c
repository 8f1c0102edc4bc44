/* OpenSSL, loaded late. */
#include "seal/libcrypto.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/late.h"
#include "base/table.h"

struct libcrypto libcrypto;

int libcrypto_load(struct error *err)
{
#define LIBCRYPTO_FUNCTION(name) {#name, &libcrypto.name},
    static const struct late_function functions[] = {LIBCRYPTO_FUNCTIONS(LIBCRYPTO_FUNCTION)};
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* several exams may be verified at once */
    static bool loaded;
    pthread_mutex_lock(&mutex);
    loaded = loaded || !late_load(SONAME_LIBCRYPTO, functions, ARRAY_SIZE(functions), err);
    bool done = loaded;
    pthread_mutex_unlock(&mutex);
    return done ? 0 : -1;
}
