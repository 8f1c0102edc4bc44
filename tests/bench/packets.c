/* Numbered packets at a steady rate, and what became of them: the measure of impairments, apart from labctl.  It shares
 * the processors with what it measures, so it handles many packets at once and wakes up rarely.
 *     packets send ADDRESS[,ADDRESS…] PORT COUNT PER_SECOND BYTES      to the addresses in turn
 *     packets receive PORT COUNT      ends when all have come, or 3 s after the last
 * The receiver prints one line of KEY=VALUE: packets distinct, lost, bursts of losses, duplicates, out of order, with a
 * bad checksum (of the namespace's UDP), and the quantiles of the one-way time in microseconds. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ADDRESSES_MAX 64
#define PACKET_MAX    2048
#define AT_ONCE       32
#define TOGETHER      80000  /* ns that a packet may wait for the next ones */
#define PAUSE         500000 /* ns between two looks at what has come */
/* ns without any after which no more are awaited: before the first, behind the last by number, and else. */
#define FIRST   INT64_C(30000000000)
#define LAST    INT64_C(1000000000)
#define SILENCE INT64_C(3000000000)

struct head {
    uint32_t number;
    int64_t sent;
} __attribute__((packed));

static int64_t nanoseconds(struct timespec t)
{
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t); /* by which the kernel stamps what arrives */
    return nanoseconds(t);
}

static void sleep_until(int64_t when)
{
    int64_t left = when - now();
    struct timespec t = {left / 1000000000, left % 1000000000};
    if (left > 0)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

/* What is due is sent at once; where packets are dense, some wait for each other. */
static int send_all(char **argv)
{
    static struct sockaddr_in to[ADDRESSES_MAX];
    static char packets[AT_ONCE][PACKET_MAX];
    static struct mmsghdr messages[AT_ONCE];
    static struct iovec parts[AT_ONCE];
    unsigned addresses = 0;
    uint32_t count = (uint32_t)atoi(argv[2]), failed = 0;
    double gap = 1e9 / atof(argv[3]);
    size_t bytes = (size_t)atoi(argv[4]);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    for (char *at = strtok(argv[0], ","); at && addresses < ADDRESSES_MAX; at = strtok(NULL, ",")) {
        to[addresses] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
        if (inet_pton(AF_INET, at, &to[addresses++].sin_addr) != 1)
            return 2;
    }
    if (!addresses || bytes < sizeof(struct head) || bytes > PACKET_MAX)
        return 2;
    setsockopt(fd, SOL_IP, 11 /* IP_RECVERR: a loss that the sender is told of is none */, &(int){1}, sizeof(int));
    int64_t begin = now();
    for (uint32_t i = 0; i < count;) {
        unsigned ready = 0;
        sleep_until(begin + (int64_t)(i * gap) + (gap < TOGETHER ? TOGETHER : 0));
        for (int64_t time = now(); ready < AT_ONCE && i < count && begin + (int64_t)(i * gap) <= time; ready++, i++) {
            struct head head = {i, time};
            memcpy(packets[ready], &head, sizeof head);
            parts[ready] = (struct iovec){packets[ready], bytes};
            messages[ready].msg_hdr = (struct msghdr){
                .msg_name = &to[i % addresses], .msg_namelen = sizeof to[0], .msg_iov = &parts[ready], .msg_iovlen = 1};
        }
        for (unsigned done = 0; done < ready;) {
            int sent = sendmmsg(fd, messages + done, ready - done, 0);
            failed += sent <= 0;
            done += sent <= 0 ? 1 : (unsigned)sent;
        }
    }
    printf("sent=%u failed=%u seconds=%.3f\n", count, failed, (double)(now() - begin) / 1e9);
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

struct seen {
    uint32_t count, highest, distinct, twice, disorder;
    uint8_t *which; /* by number */
    int64_t *times; /* ns one way, `distinct` of them */
};

static void see(struct seen *seen, const struct head *head, int64_t arrived)
{
    if (head->number >= seen->count)
        return;
    if (seen->which[head->number]++) {
        seen->twice++;
        return;
    }
    seen->times[seen->distinct++] = arrived - head->sent;
    seen->disorder += head->number < seen->highest;
    seen->highest = head->number > seen->highest ? head->number : seen->highest;
}

/* The kernel's stamp: it does not matter when this program looks. */
static int64_t stamp(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec t;
            memcpy(&t, CMSG_DATA(c), sizeof t);
            return nanoseconds(t);
        }
    return now();
}

/* What waits; returns the number of packets, after up to a pause without any. */
static int drain(int fd, struct seen *seen)
{
    static char packets[AT_ONCE][PACKET_MAX], control[AT_ONCE][64];
    static struct mmsghdr messages[AT_ONCE];
    static struct iovec parts[AT_ONCE];
    for (unsigned i = 0; i < AT_ONCE; i++) {
        parts[i] = (struct iovec){packets[i], sizeof packets[i]};
        messages[i].msg_hdr = (struct msghdr){
            .msg_iov = &parts[i], .msg_iovlen = 1, .msg_control = control[i], .msg_controllen = sizeof control[i]};
    }
    int got = recvmmsg(fd, messages, AT_ONCE, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++)
        if (messages[i].msg_len >= sizeof(struct head)) {
            struct head head;
            memcpy(&head, packets[i], sizeof head);
            see(seen, &head, stamp(&messages[i].msg_hdr));
        }
    if (got < AT_ONCE)
        sleep_until(now() + PAUSE);
    return got < 0 ? 0 : got;
}

static void tell(struct seen *seen, long bad)
{
    uint32_t bursts = 0, distinct = seen->distinct;
    const int64_t *times = seen->times;
    double sum = 0;
    for (uint32_t i = 0; i < seen->count; i++)
        bursts += !seen->which[i] && (i == 0 || seen->which[i - 1]);
    qsort(seen->times, distinct, sizeof *times, by_size);
    for (uint32_t i = 0; i < distinct; i++)
        sum += (double)times[i];
    printf("distinct=%u lost=%u bursts=%u duplicates=%u disorder=%u bad_checksums=%ld", distinct,
           seen->count - distinct, bursts, seen->twice, seen->disorder, bad);
    if (distinct)
        printf(" mean_us=%.1f p01_us=%.1f p50_us=%.1f p99_us=%.1f most_us=%.1f", sum / distinct / 1000,
               (double)times[distinct / 100] / 1000, (double)times[distinct / 2] / 1000,
               (double)times[distinct - 1 - distinct / 100] / 1000, (double)times[distinct - 1] / 1000);
    putchar('\n');
}

static int receive_all(char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[0]))};
    struct seen seen = {.count = (uint32_t)atoi(argv[1])};
    seen.which = calloc(seen.count, 1);
    seen.times = calloc(seen.count, sizeof *seen.times);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    long bad = bad_checksums();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){8 << 20}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int));
    if (!seen.which || !seen.times || bind(fd, (struct sockaddr *)&here, sizeof here))
        return 2;
    for (int64_t last = now(), patience = FIRST; now() < last + patience;)
        if (drain(fd, &seen)) {
            last = now();
            patience = seen.highest + 1 == seen.count ? LAST : SILENCE;
        }
    tell(&seen, bad_checksums() - bad);
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
