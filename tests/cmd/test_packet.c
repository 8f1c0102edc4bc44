/* One line for each captured frame; frames that are cut anywhere are described without reading past their end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cmd/common/packet.h"

#define MACS "\x02\0\0\0\0\x01\x02\0\0\0\0\x02"

static const struct {
    const char *frame;
    size_t length;
    const char *line;
} frames[] = {
    {MACS "\x08\x06\0\x01\x08\0\x06\x04\0\x01\x02\0\0\0\0\x02\x0a\0\0\x01\0\0\0\0\0\0\x0a\0\0\x02", 42,
     "ARP who has 10.0.0.2, tell 10.0.0.1, 42 bytes"},
    {MACS "\x08\x06\0\x01\x08\0\x06\x04\0\x02\x02\0\0\0\0\x02\x0a\0\0\x02\x02\0\0\0\0\x01\x0a\0\0\x01", 42,
     "ARP 10.0.0.2 is at 02:00:00:00:00:02, 42 bytes"},
    {MACS "\x08\0\x45\0\0\x54\0\x01\x40\0\x40\x01\0\0\x0a\0\0\x01\x0a\0\0\x02\x08\0\0\0\0\x07\0\x03", 42,
     "10.0.0.1 > 10.0.0.2 ICMP echo request id 7 seq 3 ttl 64, 42 bytes"},
    {MACS "\x08\0\x45\0\0\x38\0\x01\x40\0\x3f\x01\0\0\x0a\0\0\xfe\x0a\0\0\x02\x03\x04\0\0\0\0\x05\x14", 42,
     "10.0.0.254 > 10.0.0.2 ICMP fragmentation needed mtu 1300 ttl 63, 42 bytes"},
    {MACS "\x08\0\x45\0\0\x2c\0\x01\x40\0\x40\x06\0\0\x0a\0\0\x01\x0a\0\0\x02\xc3\x50\x01\xbb\0\0\0\x09\0\0\0\0\x50\x02"
          "\xff\xff\0\0\0\0wxyz",
     58, "10.0.0.1.50000 > 10.0.0.2.443 TCP [S] seq 9 win 65535 len 4 ttl 64, 58 bytes"},
    {MACS "\x08\0\x45\0\0\x35\0\x01\x40\0\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02\xc3\x50\0\x35\0\x21\0\0"
          "\0\x01\x01\0\0\x01\0\0\0\0\0\0\x03www\x04test\0\0\x01\0\x01",
     68, "10.0.0.1.50000 > 10.0.0.2.53 DNS question www.test. ttl 64, 68 bytes"},
    {MACS "\x08\0\x45\0\0\x54\0\x01\0\xb9\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02", 34,
     "10.0.0.1 > 10.0.0.2 fragment at 1480 ttl 64, 34 bytes"},
    {MACS "\x86\xdd\x60\0\0\0\0\x18\x3a\xff\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\x02"
          "\x87\0\0\0",
     58, "fe80::1 > ff02::2 ICMPv6 neighbour solicitation ttl 255, 58 bytes"},
    {MACS "\x88\xcc", 14, "Ethernet type 0x88cc, 14 bytes"},
    {MACS "\0\x26", 14, "LLC length 38, 14 bytes"},
    {MACS "\x81\0\0\x64\x88\xcc", 18, "VLAN 100 Ethernet type 0x88cc, 18 bytes"},
};

static void lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        STR_AUTO line = STR_INIT;
        packet_describe((const uint8_t *)frames[i].frame, frames[i].length, frames[i].length, &line);
        assert_string_equal(str_text(&line), frames[i].line);
    }
}

/* Each frame cut at every length, in memory of exactly that size (a checker sees any byte beyond). */
static void cut_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        for (size_t length = 0; length < frames[i].length; length++) {
            STR_AUTO line = STR_INIT;
            uint8_t *copy = malloc(length ? length : 1);
            memcpy(copy, frames[i].frame, length);
            packet_describe(copy, length, frames[i].length, &line);
            free(copy);
            assert_true(str_ends(str_text(&line), "(cut)"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(cut_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
