/* Names, MACs and numbers of things that the author does not name: a function of the thing's name, so that the same
 * file gives the same lab everywhere and adding a thing renames nothing. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "lower/lowering.h"

#define DEVICE_MAX 15 /* IFNAMSIZ - 1 */

/* FNV-1a with a final mix (Steele's SplitMix64), as short names differ in few bits. */
uint64_t lower_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    return hash ^ (hash >> 31);
}

/* Fit to be a device, an nft identifier's end and a directory under /proc/sys? */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '-' && *text != '.')
            return false;
    return true;
}

/* A made name holds a '_', which no name of a node, bridge or link does: it cannot meet one that fits. */
const char *lower_device(struct lowering *l, uint32_t ns, const char *text)
{
    if (strlen(text) <= DEVICE_MAX && is_plain(text))
        return arena_strdup(l->arena, text);
    for (uint64_t hash = lower_hash(text);; hash++) {
        char *name = arena_printf(l->arena, "d_%012llx", (unsigned long long)(hash & 0xffffffffffff));
        char *key = arena_printf(l->scratch, "%u %s", ns, name);
        if (map_get(l->devices, key))
            continue;
        map_set(l->devices, key, name);
        return name;
    }
}

struct mac lower_mac(const char *text)
{
    uint64_t hash = lower_hash(text);
    struct mac mac = {{0x06}};
    for (unsigned i = 1; i < 6; i++)
        mac.bytes[i] = (uint8_t)(hash >> (8 * i));
    return mac;
}

uint32_t lower_number(struct lowering *l, const char *text)
{
    for (uint64_t hash = lower_hash(text);; hash++) {
        uint32_t number = 0x10000 + (uint32_t)(hash % 0xf0000);
        char *key = arena_printf(l->scratch, "%u", number);
        if (map_get(l->numbers, key))
            continue;
        map_set(l->numbers, key, key);
        return number;
    }
}
