/* Trials of nftables, and of the loss that is built from it. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/capability_trial.h"
#include "kernel/capability_wire.h"
#include "kernel/libnftables.h"
#include "kernel/link.h"
#include "kernel/namespace.h"
#include "kernel/route.h"

/* "Error: Could not process rule: Operation not supported" → EOPNOTSUPP; EINVAL where the reason is nft's own. */
static int number_of(const char *text, size_t length)
{
    for (int number = 1; number < 134; number++) {
        const char *reason = strerror(number);
        size_t size = strlen(reason);
        if (size < length && memcmp(text + length - size, reason, size) == 0)
            return number;
    }
    return EINVAL;
}

/* Loads a rule set into the network namespace of the caller.  0 or an errno value with the detail. */
static int load(struct trial *trial, const char *ruleset)
{
    struct error absent = ERROR_INIT;
    if (libnftables_load(&absent) != 0)
        return trial_failed(trial, ENOENT, "%s", absent.text);
    struct nft_ctx *context = libnftables.ctx_new(NFT_CTX_DEFAULT);
    if (!context)
        return trial_failed(trial, errno, "open nftables");
    libnftables.ctx_buffer_error(context);
    libnftables.ctx_buffer_output(context);
    int number = 0;
    if (libnftables.run_cmd_from_buffer(context, ruleset) != 0) {
        const char *text = libnftables.ctx_get_error_buffer(context); /* the rule and a caret follow in further lines */
        size_t length = strcspn(text, "\n");
        number = number_of(text, length);
        trial_failed(trial, number, "load an nft rule set (%.*s)", (int)length, text);
    }
    libnftables.ctx_free(context);
    return number;
}

int try_ruleset(struct trial *trial)
{
    WIRE_AUTO wire;
    int number = wire_open(trial, &wire);
    if (number == 0)
        number = wire_pair(trial, &wire, false);
    return number == 0 ? load(trial, trial->capability->argument) : number;
}

/* ---- loss ---------------------------------------------------------------------------------------------------- */

static struct sockaddr_in place(uint32_t address)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(address), .sin_port = htons(4242)};
}

/* The receiving end, in its own namespace: its socket, or -1 with the detail. */
static int receiver(struct trial *trial, const struct wire *wire)
{
    struct error err = ERROR_INIT;
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    if (netns_visit(wire->peer, &visit, &err) != 0 || netlink_open(wire->peer, &netlink, &err) != 0)
        return trial_failed(trial, err.number, "enter the receiving end"), -1;
    uint32_t index = if_nametoindex("v1");
    struct prefix address = {addr_from_ipv4(WIRE_RECEIVER), 24};
    link_up(&batch, 1, index, true);
    address_put(&batch, 2, VERB_ADD, index, &address);
    if (wire_commit(trial, &netlink, &batch, "set up the receiving end") != 0 ||
        load(trial, "table netdev trial_t { chain trial_c { type filter hook ingress device \"v1\" priority 0; "
                    "ip protocol udp numgen inc mod 2 == 0 counter drop; }\n}") != 0)
        return -1;
    struct sockaddr_in here = place(WIRE_RECEIVER);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) != 0) {
        trial_failed(trial, errno, "open a socket at the receiving end");
        fd_close(&fd);
    }
    return fd;
}

static int sender(struct trial *trial, struct wire *wire)
{
    struct prefix address = {addr_from_ipv4(WIRE_SENDER), 24};
    struct addr far = addr_from_ipv4(WIRE_RECEIVER);
    uint32_t index = if_nametoindex("v0");
    address_put(&wire->batch, 1, VERB_ADD, index, &address);
    neighbour_put(&wire->batch, 2, VERB_ADD, index, &far, &wire_macs[1]);
    return wire_commit(trial, &wire->netlink, &wire->batch, "set up the sending end");
}

/* Packets that arrive: waits up to a second for those that are expected, and shortly for any more. */
static int count(int fd, int expected)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    int received = 0;
    char byte;
    while (poll(&readable, 1, received < expected ? 1000 : 10) > 0 && recv(fd, &byte, 1, 0) == 1)
        received++;
    return received;
}

/* Every second packet is dropped at the receiving end: the count must be exact, and the sender must not notice. */
int try_loss(struct trial *trial)
{
    enum { PACKETS = 40 };
    WIRE_AUTO wire;
    int number = wire_open(trial, &wire);
    if (number == 0)
        number = wire_pair(trial, &wire, true);
    if (number != 0)
        return number;
    FD_AUTO receiving = receiver(trial, &wire);
    if (receiving < 0)
        return EOPNOTSUPP;
    number = sender(trial, &wire);
    if (number != 0)
        return number;
    FD_AUTO sending = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in far = place(WIRE_RECEIVER);
    for (int i = 0; i < PACKETS; i++)
        if (sendto(sending, "x", 1, 0, (struct sockaddr *)&far, sizeof far) != 1)
            return trial_failed(trial, errno, "send packet %d", i + 1);
    int received = count(receiving, PACKETS / 2);
    if (received != PACKETS / 2)
        return trial_failed(trial, EIO, "drop every second of %d packets (%d arrived)", PACKETS, received);
    return 0;
}
