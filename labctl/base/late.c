/* Libraries loaded at their first use. */
#include "base/late.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"

int late_load(const char *library, const struct late_function *functions, size_t count, struct error *err)
{
    void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    if (!handle)
        return error_set(err, ERR_CAPABILITY, "load %s: %s; install the package that has it", library, dlerror());
    for (size_t i = 0; i < count; i++) {
        void *function = dlsym(handle, functions[i].name);
        if (!function) {
            dlclose(handle);
            return error_set(err, ERR_CAPABILITY, "load %s: it has no %s; a newer version is needed", library,
                             functions[i].name);
        }
        memcpy(functions[i].place, &function, sizeof function);
    }
    return 0;
}
