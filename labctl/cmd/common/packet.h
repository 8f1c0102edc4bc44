/* One line for a captured Ethernet frame. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct str;

/* "10.0.0.1.443 > 10.0.0.2.51000 TCP [SA] seq 1 ack 2 win 64240 len 0"; what is cut off is said to be. */
void packet_describe(const uint8_t *frame, size_t captured, size_t length, struct str *out);
