/* Packets are allocated in one size for ordinary frames and used again; larger ones come and go.
 *
 * Memory that is touched for the first time costs a fault, and in a virtual machine two.  So ordinary packets are made
 * many at a time, with their memory, and the first before any frame waits. */
#include <stdlib.h>
#include <sys/mman.h>

#include "relay/relay.h"

#define ORDINARY   2048
#define MEMORY_MAX (256u << 20)
#define AT_ONCE    256

static struct packet *unused;
static size_t in_use;

bool packet_reserve(void)
{
    const size_t size = sizeof(struct packet) + ORDINARY;
    uint8_t *memory =
        mmap(NULL, AT_ONCE * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    for (size_t i = AT_ONCE; i-- > 0;) {
        struct packet *packet = (struct packet *)(memory + i * size);
        *packet = (struct packet){.room = ORDINARY, .next = unused};
        unused = packet;
    }
    return true;
}

struct packet *packet_new(size_t length)
{
    bool ordinary = length <= ORDINARY;
    size_t room = ordinary ? ORDINARY : length;
    struct packet *packet;
    if (in_use + room > MEMORY_MAX || (ordinary && !unused && !packet_reserve()))
        return NULL;
    if (ordinary) {
        packet = unused;
        unused = packet->next;
    } else if (!(packet = malloc(sizeof *packet + room))) {
        return NULL;
    }
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
