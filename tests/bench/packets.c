/* Numbered packets at a steady rate, and what became of them: the measure of impairments, apart from labctl.
 *     packets send ADDRESS[,ADDRESS…] PORT COUNT PER_SECOND BYTES      to the addresses in turn
 *     packets receive PORT COUNT      ends when all have come, or 3 s after the last
 * The receiver prints one line of KEY=VALUE: packets distinct, lost, bursts of losses, duplicates, out of order, with a
 * bad checksum (of the namespace's UDP), and the quantiles of the one-way time in microseconds. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ADDRESSES_MAX 64

struct head {
    uint32_t number;
    int64_t sent;
} __attribute__((packed));

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int send_all(char **argv)
{
    struct sockaddr_in to[ADDRESSES_MAX];
    unsigned addresses = 0;
    uint32_t count = (uint32_t)atoi(argv[2]);
    double gap = 1e9 / atof(argv[3]);
    size_t bytes = (size_t)atoi(argv[4]);
    char packet[65536] = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), failed = 0;
    for (char *at = strtok(argv[0], ","); at && addresses < ADDRESSES_MAX; at = strtok(NULL, ",")) {
        to[addresses] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
        if (inet_pton(AF_INET, at, &to[addresses++].sin_addr) != 1)
            return 2;
    }
    if (!addresses || bytes < sizeof(struct head) || bytes > 65000)
        return 2;
    setsockopt(fd, SOL_IP, 11 /* IP_RECVERR: a loss that the sender is told of is none */, &(int){1}, sizeof(int));
    int64_t begin = now();
    for (uint32_t i = 0; i < count; i++) {
        int64_t due = begin + (int64_t)(i * gap), left = due - now();
        if (left > 60000) {
            int64_t until = due - 50000;
            struct timespec at = {until / 1000000000, until % 1000000000};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        }
        struct head head = {i, now()};
        memcpy(packet, &head, sizeof head);
        failed += sendto(fd, packet, bytes, 0, (struct sockaddr *)&to[i % addresses], sizeof to[0]) < 0;
    }
    printf("sent=%u failed=%d seconds=%.3f\n", count, failed, (double)(now() - begin) / 1e9);
    return 0;
}

static long bad_checksums(void)
{
    char names[1024], values[1024];
    FILE *file = fopen("/proc/net/snmp", "re");
    long found = 0;
    while (file && fgets(names, sizeof names, file) && fgets(values, sizeof values, file)) {
        if (strncmp(names, "Udp:", 4))
            continue;
        char *a, *b, *name = strtok_r(names, " \n", &a), *value = strtok_r(values, " \n", &b);
        for (; name && value; name = strtok_r(NULL, " \n", &a), value = strtok_r(NULL, " \n", &b))
            if (!strcmp(name, "InCsumErrors"))
                found = atol(value);
    }
    if (file)
        fclose(file);
    return found;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int receive_all(char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[0]))};
    uint32_t count = (uint32_t)atoi(argv[1]), highest = 0, distinct = 0, twice = 0, late = 0, bursts = 0;
    uint8_t *seen = calloc(count, 1);
    int64_t *times = calloc(count, sizeof *times);
    char packet[65536];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval patience = {.tv_sec = 30}, end = {.tv_sec = 3};
    long bad = bad_checksums();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){8 << 20}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (!seen || !times || bind(fd, (struct sockaddr *)&here, sizeof here))
        return 2;
    for (ssize_t length; (length = recv(fd, packet, sizeof packet, 0)) >= (ssize_t)sizeof(struct head);) {
        struct head head;
        int64_t then = now();
        memcpy(&head, packet, sizeof head);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &end, sizeof end);
        if (head.number >= count)
            continue;
        if (seen[head.number]++) {
            twice++;
            continue;
        }
        times[distinct++] = then - head.sent;
        late += head.number < highest;
        highest = head.number > highest ? head.number : highest;
        if (head.number + 1 == count)
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 1}, sizeof end);
    }
    for (uint32_t i = 0; i < count; i++)
        bursts += !seen[i] && (i == 0 || seen[i - 1]);
    qsort(times, distinct, sizeof *times, by_size);
    double sum = 0;
    for (uint32_t i = 0; i < distinct; i++)
        sum += (double)times[i];
    printf("distinct=%u lost=%u bursts=%u duplicates=%u disorder=%u bad_checksums=%ld", distinct, count - distinct,
           bursts, twice, late, bad_checksums() - bad);
    if (distinct)
        printf(" mean_us=%.1f p01_us=%.1f p50_us=%.1f p99_us=%.1f most_us=%.1f", sum / distinct / 1000,
               (double)times[distinct / 100] / 1000, (double)times[distinct / 2] / 1000,
               (double)times[distinct - 1 - distinct / 100] / 1000, (double)times[distinct - 1] / 1000);
    putchar('\n');
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 7 && !strcmp(argv[1], "send"))
        return send_all(argv + 2);
    if (argc == 4 && !strcmp(argv[1], "receive"))
        return receive_all(argv + 2);
    fprintf(stderr, "packets send ADDRESS PORT COUNT PER_SECOND BYTES | receive PORT COUNT\n");
    return 2;
}
