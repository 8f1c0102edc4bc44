/* labctl capture */
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/late.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "cmd/common/packet.h"
#include "lab/control.h"

#define SNAPSHOT 262144

static const struct option_spec options[] = {
    {"-w", "FILE", "Write pcap to this file; - is standard output."},
    {"-c", "COUNT", "End after so many packets."},
};

struct capturing {
    struct context *context;
    char *node, *interface;
    const char *file; /* -w, or NULL */
    int filter;       /* memory file with the program, or -1 */
    json_int_t count; /* 0: no limit */
    int output;       /* where pcap goes */
    int pipe;         /* its reading end, where packets are printed; else -1 */
    int near;         /* the capturing process's socket */
};

/* ---- the filter ---------------------------------------------------------------------------------------------- */

static struct {
    __typeof__(&pcap_open_dead) open_dead;
    __typeof__(&pcap_compile) compile;
    __typeof__(&pcap_geterr) geterr;
    __typeof__(&pcap_freecode) freecode;
    __typeof__(&pcap_close) close;
} libpcap;

static const struct late_function libpcap_functions[] = {
    {"pcap_open_dead", &libpcap.open_dead}, {"pcap_compile", &libpcap.compile}, {"pcap_geterr", &libpcap.geterr},
    {"pcap_freecode", &libpcap.freecode},   {"pcap_close", &libpcap.close},
};

static int compile_filter(struct capturing *capturing, int argc, char **argv, struct error *err)
{
    STR_AUTO text = STR_INIT;
    for (int i = 0; i < argc; i++)
        str_printf(&text, "%s%s", i == 0 ? "" : " ", argv[i]);
    if (text.length == 0)
        return 0;
    if (late_load(SONAME_LIBPCAP, libpcap_functions, ARRAY_SIZE(libpcap_functions), err) != 0)
        return -1;
    struct bpf_program program;
    pcap_t *dead = libpcap.open_dead(DLT_EN10MB, SNAPSHOT);
    if (!dead)
        return error_set_errno(err, ENOMEM, "compile the filter");
    if (libpcap.compile(dead, &program, str_text(&text), 1, PCAP_NETMASK_UNKNOWN) != 0) {
        error_set(err, ERR_USAGE, "filter '%s': %s (see pcap-filter(7))", str_text(&text), libpcap.geterr(dead));
        libpcap.close(dead);
        return -1;
    }
    capturing->filter = fd_memory("filter", program.bf_insns, program.bf_len * sizeof *program.bf_insns);
    libpcap.freecode(&program);
    libpcap.close(dead);
    return capturing->filter < 0 ? error_set_errno(err, errno, "make a memory file") : 0;
}

/* ---- printing ------------------------------------------------------------------------------------------------ */

struct packet_header {
    uint32_t seconds, nanoseconds, captured, length;
};

static void print_packet(const struct capturing *capturing, const struct packet_header *header, const uint8_t *frame)
{
    STR_AUTO line = STR_INIT;
    char clock[32];
    time_t seconds = (time_t)header->seconds;
    struct tm local;
    packet_describe(frame, header->captured, header->length, &line);
    if (capturing->context->format == FORMAT_JSON) {
        json_t *object = json_pack("{s:i, s:f, s:i, s:s}", "version", 1, "time",
                                   (double)header->seconds + (double)header->nanoseconds / 1e9, "length",
                                   (int)header->length, "summary", str_text(&line));
        json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
        putchar('\n');
        json_decref(object);
    } else {
        strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&seconds, &local));
        printf("%s.%06u %s\n", clock, header->nanoseconds / 1000, str_text(&line));
    }
    fflush(stdout);
}

/* Takes whole packets from the front of what was read; *skip is what is left of pcap's own header. */
static void print_packets(const struct capturing *capturing, struct str *data, size_t *skip)
{
    size_t at = 0;
    if (*skip > 0 && data->length >= *skip) {
        at = *skip;
        *skip = 0;
    }
    while (*skip == 0 && data->length - at >= sizeof(struct packet_header)) {
        struct packet_header header;
        memcpy(&header, data->data + at, sizeof header);
        if (header.captured > SNAPSHOT || data->length - at - sizeof header < header.captured)
            break;
        print_packet(capturing, &header, (const uint8_t *)data->data + at + sizeof header);
        at += sizeof header + header.captured;
    }
    memmove(data->data, data->data + at, data->length - at);
    data->length -= at;
}

/* ---- running ------------------------------------------------------------------------------------------------- */

static int open_output(struct capturing *capturing, struct error *err)
{
    if (!capturing->file) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            return error_set_errno(err, errno, "make a pipe");
        capturing->pipe = ends[0];
        capturing->output = ends[1];
        return 0;
    }
    if (str_equal(capturing->file, "-"))
        capturing->output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    else
        capturing->output = open(capturing->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (capturing->output >= 0)
        return 0;
    error_set_errno(err, errno, "open %s", capturing->file);
    err->kind = ERR_FILE;
    return -1;
}

static int ask(struct capturing *capturing, struct error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return error_set_errno(err, errno, "make a socket pair");
    capturing->near = pair[0];
    json_t *params = json_pack("{s:s, s:I}", "node", capturing->node, "count", capturing->count);
    if (capturing->interface)
        json_object_set_new(params, "interface", json_string(capturing->interface));
    int fds[] = {capturing->output, pair[1], capturing->filter};
    struct control *control = NULL;
    int result = client_connect(capturing->context, &control, err);
    if (result == 0)
        result = control_call(control, "capture", params, fds, capturing->filter >= 0 ? 3 : 2, NULL, NULL, NULL, NULL,
                              NULL, err);
    else
        json_decref(params);
    control_close(control);
    close(pair[1]);
    fd_close(&capturing->output);
    return result;
}

/* Until the capturing process says that it is over. */
static int follow(struct capturing *capturing, int signal_fd, struct error *err)
{
    STR_AUTO data = STR_INIT;
    size_t skip = sizeof(struct pcap_file_header);
    static char chunk[65536];
    bool stopping = false;
    for (;;) {
        struct pollfd ready[] = {{.fd = capturing->pipe, .events = POLLIN},
                                 {.fd = capturing->near, .events = POLLIN},
                                 {.fd = stopping ? -1 : signal_fd, .events = POLLIN}};
        if (poll(ready, ARRAY_SIZE(ready), -1) < 0)
            continue;
        if (ready[2].revents) { /* enough: what has arrived is still written */
            shutdown(capturing->near, SHUT_WR);
            stopping = true;
        }
        if (ready[0].revents) {
            ssize_t got = read(capturing->pipe, chunk, sizeof chunk);
            if (got > 0) {
                str_append_bytes(&data, chunk, (size_t)got);
                print_packets(capturing, &data, &skip);
                if (ferror(stdout)) /* nobody reads it any more: told at the end */
                    return 0;
                continue;
            }
            fd_close(&capturing->pipe);
        }
        if (ready[1].revents && capturing->pipe < 0)
            break;
    }
    json_t *answer = NULL;
    int got = control_receive(capturing->near, &answer, NULL, NULL, err);
    if (got == 1)
        return error_set(err, ERR_ABSENT, "the lab has ended, and the capture with it");
    if (got < 0)
        return -1;
    const json_t *reply = json_object_get(answer, "reply");
    if (!capturing->context->quiet)
        fprintf(stderr, "%" JSON_INTEGER_FORMAT " packets captured, %" JSON_INTEGER_FORMAT " dropped\n",
                client_integer(reply, "packets"), client_integer(reply, "dropped"));
    const char *problem = json_string_value(json_object_get(reply, "problem"));
    if (problem)
        error_set(err, ERR_SYSTEM, "write %s: %s",
                  str_equal(capturing->file, "-") ? "to standard output" : capturing->file, problem);
    json_decref(answer);
    return err->kind ? -1 : 0;
}

static int capture(struct capturing *capturing, int argc, char **filter)
{
    struct error err = ERROR_INIT;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    FD_AUTO signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    int result = compile_filter(capturing, argc, filter, &err);
    if (result == 0)
        result = open_output(capturing, &err);
    if (result == 0)
        result = ask(capturing, &err);
    if (result == 0) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        result = follow(capturing, signal_fd, &err);
    }
    fd_close(&capturing->filter);
    fd_close(&capturing->output);
    fd_close(&capturing->pipe);
    fd_close(&capturing->near);
    return result == 0 ? 0 : cmd_fail(capturing->context, &err);
}

static int run(struct context *context)
{
    if (cmd_operands(context, 1, -1) != 0)
        return 2;
    struct capturing capturing = {.context = context,
                                  .file = cmd_option(context, "-w"),
                                  .filter = -1,
                                  .output = -1,
                                  .pipe = -1,
                                  .near = -1,
                                  .node = context->argv[0]};
    const char *count = cmd_option(context, "-c");
    char *end = NULL;
    capturing.count = count ? strtoll(count, &end, 10) : 0;
    if (count && (*end != '\0' || capturing.count <= 0))
        return cmd_usage(context, "-c '%s' is not a number of packets", count);
    if (strncmp(capturing.node, "node/", strlen("node/")) == 0)
        capturing.node += strlen("node/");
    char *slash = strchr(capturing.node, '/');
    if (slash) {
        *slash = '\0';
        capturing.interface = slash + 1;
    }
    if (str_equal(capturing.file, "-") && isatty(STDOUT_FILENO))
        return cmd_usage(context, "-w - writes pcap, which is not for a terminal: send it into a file or a pipe");
    return capture(&capturing, context->argc - 1, context->argv + 1);
}

const struct command command_capture = {
    .name = "capture",
    .group = "its nodes",
    .synopsis = "capture NODE[/IF] [-w FILE|-] [-c COUNT] [FILTER]",
    .summary = "Packets at an interface of a node",
    .description =
        "Captures at the far end of the interface, where nothing in the node notices.  One line for each packet, or\n"
        "pcap with -w, written packet by packet:\n"
        "  labctl capture web -w - | wireshark -k -i -\n"
        "FILTER is written as for tcpdump (pcap-filter(7)).  Ctrl-C ends it.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
