/* Packets are allocated in one size for ordinary frames and used again; larger ones come and go. */
#include <stdlib.h>

#include "relay/relay.h"

#define ORDINARY   2048
#define MEMORY_MAX (256u << 20)

static struct packet *unused;
static size_t in_use;

struct packet *packet_new(size_t length)
{
    size_t room = length <= ORDINARY ? ORDINARY : length;
    if (in_use + room > MEMORY_MAX)
        return NULL;
    struct packet *packet = room == ORDINARY ? unused : NULL;
    if (packet)
        unused = packet->next;
    else if (!(packet = malloc(sizeof *packet + room)))
        return NULL;
    packet->room = (uint32_t)room;
    packet->length = (uint32_t)length;
    in_use += room;
    return packet;
}

void packet_free(struct packet *packet)
{
    in_use -= packet->room;
    if (packet->room != ORDINARY) {
        free(packet);
        return;
    }
    packet->next = unused;
    unused = packet;
}
