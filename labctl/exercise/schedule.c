/* A fault comes `after`, goes when it has lasted `for`, and comes again `every` so long after it came. */
#include "exercise/schedule.h"

#include "model/scenario.h"

bool schedule_in_force(const struct fault *fault, int64_t elapsed)
{
    int64_t since = elapsed - fault->after;
    if (since < 0)
        return false;
    if (!fault->lasts)
        return true;
    return (fault->every ? since % fault->every : since) < fault->lasts;
}

int64_t schedule_change(const struct fault *fault, int64_t elapsed)
{
    int64_t since = elapsed - fault->after;
    if (since < 0)
        return fault->after;
    if (!fault->lasts)
        return INT64_MAX;
    int64_t round = fault->every ? since / fault->every : 0, came = fault->after + round * fault->every;
    if (elapsed < came + fault->lasts)
        return fault->every && fault->lasts >= fault->every ? INT64_MAX : came + fault->lasts;
    return fault->every ? came + fault->every : INT64_MAX;
}
