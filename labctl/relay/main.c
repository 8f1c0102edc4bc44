/* labctl-relay DIRECTORY: serves the wires that DIRECTORY/relay.conf names; labctl-relay WORD …: the other things that
 * it does to wires (link/relay.h). */
#include <arpa/inet.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "base/units.h"
#include "relay/relay.h"

/* Short turns, and therefore soon: since Linux 6.12 a task that asks for a shorter slice is run before others that
 * became ready with it (sched_setattr(2), sched_runtime of SCHED_OTHER).  Anybody may ask; older kernels do not heed
 * it. */
static void ask_for_short_turns(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {.size = sizeof attributes, .runtime = 100000};
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}

static int64_t milliseconds(const char *text)
{
    return strtoll(text, NULL, 10) * (NANOSECONDS_PER_SECOND / 1000);
}

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

static bool mac(const char *text, uint8_t out[static ETH_ALEN])
{
    struct ether_addr address;
    if (!ether_aton_r(text, &address))
        return false;
    memcpy(out, &address, ETH_ALEN);
    return true;
}

static int run_flood(char **argv)
{
    struct flood spec = {
        .device = argv[0], .port = (uint16_t)number(argv[4]), .sources = number(argv[6]), .rate = number(argv[7])};
    if (!mac(argv[1], spec.victim_mac) || !mac(argv[2], spec.own_mac) || inet_aton(argv[3], &spec.victim) == 0 ||
        inet_aton(argv[5], &spec.first) == 0 || !spec.sources)
        return 2;
    return flood(&spec);
}

int main(int argc, char **argv)
{
    if (argc == 5 && str_equal(argv[1], RELAY_FLAP))
        return flap(argv[2], milliseconds(argv[3]), milliseconds(argv[4]));
    if (argc == 10 && str_equal(argv[1], RELAY_FLOOD))
        return run_flood(argv + 2);
    if (argc != 2) {
        fprintf(stderr, "labctl-relay: this program is started by a lab\n");
        return 2;
    }
    struct pump pump = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    struct epoll_event event = {.events = EPOLLIN};
    struct error problem = ERROR_INIT;
    prctl(PR_SET_TIMERSLACK, 1UL); /* nanosecond */
    ask_for_short_turns();
    if (chdir(argv[1]) || pump.epoll < 0) {
        perror(argv[1]);
        return 1;
    }
    /* First the lines, then the socket: who can connect finds them. */
    if (control_load(&pump, &problem))
        fprintf(stderr, "relay: %s\n", problem.text);
    int listener = control_open();
    if (listener < 0 || epoll_ctl(pump.epoll, EPOLL_CTL_ADD, listener, &event)) {
        perror(RELAY_SOCKET);
        return 1;
    }
    packet_reserve();
    packet_reserve();
    for (;;) {
        if (pump_wait(&pump))
            control_answer(&pump, listener);
        pump_send_due(&pump);
    }
}
