/* rtnetlink in batches: many messages in one send, an acknowledgement for the last alone. */
#include "kernel/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "kernel/namespace.h"

/* One send must fit the socket's send buffer; an unprivileged one cannot be made larger than net.core.wmem_max, by
 * default 212992 bytes, which the kernel counts with its own overhead. */
#define SEND_MAX 65536

int family_of(unsigned version)
{
    return version == 6 ? AF_INET6 : version == 4 ? AF_INET : AF_UNSPEC;
}

int netlink_open_here(struct netlink *out, struct error *err)
{
    int on = 1;
    out->sequence = 0;
    out->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (out->fd < 0)
        return error_set_errno(err, errno, "open a netlink socket");
    /* Absent from very old kernels only: then errors lack the kernel's words. */
    setsockopt(out->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    setsockopt(out->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    setsockopt(out->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    return 0;
}

int netlink_open(int netns, struct netlink *out, struct error *err)
{
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns < 0) /* opening it failed: that error stands */
        return -1;
    if (netns_visit(netns, &visit, err) != 0)
        return -1;
    return netlink_open_here(out, err);
}

void netlink_close(struct netlink *netlink)
{
    fd_close(&netlink->fd);
}

static void failures_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->failure_count; i++)
        free((char *)batch->failures[i].text);
    batch->failure_count = 0;
}

void batch_clear(struct batch *batch)
{
    batch->length = batch->count = 0;
    failures_clear(batch);
}

void batch_free(struct batch *batch)
{
    failures_clear(batch);
    free(batch->failures);
    free(batch->data);
    free(batch->starts);
    free(batch->tags);
    *batch = (struct batch)BATCH_INIT;
}

static void *grown(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (!memory)
        arena_exhausted();
    return memory;
}

/* Room for size more bytes, zeroed, behind what stands there. */
static void *extend(struct batch *batch, size_t size)
{
    if (batch->length + size > batch->capacity) {
        batch->capacity = batch->capacity ? batch->capacity : 8192;
        while (batch->length + size > batch->capacity)
            batch->capacity *= 2;
        batch->data = grown(batch->data, batch->capacity);
    }
    void *room = batch->data + batch->length;
    memset(room, 0, size);
    batch->length += size;
    return room;
}

void batch_begin(struct batch *batch, uint64_t tag, int type, int flags, const void *header, size_t size)
{
    if (batch->count == batch->count_capacity) {
        batch->count_capacity = batch->count_capacity ? batch->count_capacity * 2 : 64;
        batch->starts = grown(batch->starts, batch->count_capacity * sizeof *batch->starts);
        batch->tags = grown(batch->tags, batch->count_capacity * sizeof *batch->tags);
    }
    batch->message = batch->length;
    batch->starts[batch->count] = batch->length;
    batch->tags[batch->count++] = tag;
    struct nlmsghdr *message = extend(batch, NLMSG_HDRLEN + NLMSG_ALIGN(size));
    message->nlmsg_type = (uint16_t)type;
    message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    if (size)
        memcpy(NLMSG_DATA(message), header, size);
}

void batch_end(struct batch *batch)
{
    struct nlmsghdr *message = (struct nlmsghdr *)(batch->data + batch->message);
    message->nlmsg_len = (uint32_t)(batch->length - batch->message);
}

void batch_put(struct batch *batch, int type, const void *data, size_t size)
{
    struct nlattr *attribute = extend(batch, NLA_HDRLEN + NLA_ALIGN(size));
    attribute->nla_type = (uint16_t)type;
    attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
    if (size)
        memcpy((char *)attribute + NLA_HDRLEN, data, size);
}

void batch_put_u8(struct batch *batch, int type, uint8_t value)
{
    batch_put(batch, type, &value, sizeof value);
}

void batch_put_u32(struct batch *batch, int type, uint32_t value)
{
    batch_put(batch, type, &value, sizeof value);
}

void batch_put_text(struct batch *batch, int type, const char *text)
{
    batch_put(batch, type, text, strlen(text) + 1);
}

void batch_put_addr(struct batch *batch, int type, const struct addr *addr)
{
    batch_put(batch, type, addr->bytes, addr->family == 6 ? 16 : 4);
}

size_t batch_nest(struct batch *batch, int type)
{
    return batch_nest_with(batch, type, NULL, 0);
}

size_t batch_nest_with(struct batch *batch, int type, const void *header, size_t size)
{
    size_t at = batch->length;
    batch_put(batch, type, header, size);
    return at;
}

void batch_nest_end(struct batch *batch, size_t nest)
{
    struct nlattr *attribute = (struct nlattr *)(batch->data + nest);
    attribute->nla_len = (uint16_t)(batch->length - nest);
}

size_t batch_raw(struct batch *batch, const void *data, size_t size)
{
    size_t at = batch->length;
    memcpy(extend(batch, NLMSG_ALIGN(size)), data, size);
    return at;
}

void batch_copy(struct batch *batch, uint64_t tag, const struct nlmsghdr *message, int type, int flags)
{
    size_t size = message->nlmsg_len - NLMSG_HDRLEN;
    batch_begin(batch, tag, type, flags, NLMSG_DATA(message), size);
    if (type == RTM_NEWROUTE) /* what the kernel says of its state, and does not take back */
        ((struct rtmsg *)(batch->data + batch->message + NLMSG_HDRLEN))->rtm_flags &= RTNH_F_ONLINK;
    batch_end(batch);
}

static void note_failure(struct batch *batch, uint64_t tag, const struct nlmsghdr *message)
{
    if (batch->failure_count == batch->failure_capacity) {
        batch->failure_capacity = batch->failure_capacity ? batch->failure_capacity * 2 : 8;
        batch->failures = grown(batch->failures, batch->failure_capacity * sizeof *batch->failures);
    }
    const struct nlmsgerr *error = NLMSG_DATA(message);
    char *text = NULL;
    if (message->nlmsg_flags & NLM_F_ACK_TLVS) {
        size_t skip = sizeof *error;
        if (!(message->nlmsg_flags & NLM_F_CAPPED))
            skip += NLMSG_ALIGN(error->msg.nlmsg_len) - NLMSG_HDRLEN;
        int room = (int)(message->nlmsg_len - NLMSG_HDRLEN) - (int)skip;
        struct nlattr *found =
            room > 0 ? nla_find((struct nlattr *)((char *)NLMSG_DATA(message) + skip), room, NLMSGERR_ATTR_MSG) : NULL;
        if (found)
            text = strndup(nla_data(found), (size_t)nla_len(found));
    }
    if (!text && !(text = strdup("")))
        arena_exhausted();
    struct netlink_failure *failure = &batch->failures[batch->failure_count++];
    failure->tag = tag;
    failure->number = -error->error;
    failure->text = text;
}

/* Reads answers until that of the message with sequence number `last`; first is the number of message `base`. */
static int await_answers(struct netlink *netlink, struct batch *batch, uint32_t first, uint32_t last, size_t base,
                         struct error *err)
{
    _Alignas(struct nlmsghdr) char buffer[32768];
    for (;;) {
        ssize_t got = recv(netlink->fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(err, errno, "receive from netlink");
        int left = (int)got;
        for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; nlmsg_ok(m, left); m = nlmsg_next(m, &left)) {
            if (m->nlmsg_type != NLMSG_ERROR || m->nlmsg_seq - first > last - first)
                continue;
            const struct nlmsgerr *error = NLMSG_DATA(m);
            if (error->error)
                note_failure(batch, batch->tags[base + (m->nlmsg_seq - first)], m);
            if (m->nlmsg_seq == last)
                return 0;
        }
    }
}

int netlink_commit(struct netlink *netlink, struct batch *batch, struct error *err)
{
    failures_clear(batch);
    for (size_t begin = 0; begin < batch->count;) {
        size_t end = begin + 1;
        while (end < batch->count &&
               (end + 1 < batch->count ? batch->starts[end + 1] : batch->length) - batch->starts[begin] <= SEND_MAX)
            end++;
        uint32_t first = netlink->sequence + 1;
        for (size_t i = begin; i < end; i++)
            ((struct nlmsghdr *)(batch->data + batch->starts[i]))->nlmsg_seq = ++netlink->sequence;
        ((struct nlmsghdr *)(batch->data + batch->starts[end - 1]))->nlmsg_flags |= NLM_F_ACK;
        size_t size = (end < batch->count ? batch->starts[end] : batch->length) - batch->starts[begin];
        ssize_t sent;
        while ((sent = send(netlink->fd, batch->data + batch->starts[begin], size, 0)) < 0 && errno == EINTR)
            ;
        if (sent < 0)
            return error_set_errno(err, errno, "send %zu bytes to netlink", size);
        if (await_answers(netlink, batch, first, netlink->sequence, begin, err) != 0)
            return -1;
        begin = end;
    }
    batch->length = batch->count = 0;
    return 0;
}

static int dump_error(const struct nlmsghdr *message, struct error *err)
{
    const struct nlmsgerr *error = NLMSG_DATA(message);
    return error->error ? error_set_errno(err, -error->error, "read from netlink") : 0;
}

int netlink_dump(struct netlink *netlink, int type, const void *header, size_t size, netlink_dump_handler *handler,
                 void *context, struct error *err)
{
    _Alignas(struct nlmsghdr) char buffer[65536];
    BATCH_AUTO batch = BATCH_INIT;
    batch_begin(&batch, 0, type, NLM_F_DUMP, header, size);
    batch_end(&batch);
    uint32_t sequence = ++netlink->sequence;
    ((struct nlmsghdr *)batch.data)->nlmsg_seq = sequence;
    if (send(netlink->fd, batch.data, batch.length, 0) < 0)
        return error_set_errno(err, errno, "ask netlink");
    int result = 0;
    for (;;) {
        ssize_t got = recv(netlink->fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(err, errno, "receive from netlink");
        int left = (int)got;
        for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; nlmsg_ok(m, left); m = nlmsg_next(m, &left)) {
            if (m->nlmsg_seq != sequence)
                continue;
            if (m->nlmsg_type == NLMSG_DONE)
                return result;
            if (m->nlmsg_type == NLMSG_ERROR)
                return dump_error(m, err);
            if (result == 0)
                result = handler(context, m);
        }
    }
}

int netlink_failure_error(const struct netlink_failure *failure, struct error *err, const char *format, ...)
{
    STR_AUTO what = STR_INIT;
    va_list args;
    va_start(args, format);
    str_vprintf(&what, format, args);
    va_end(args);
    int result = error_set_errno(err, failure->number, "%s", str_text(&what));
    if (err && failure->text[0]) {
        size_t length = strlen(err->text);
        snprintf(err->text + length, sizeof err->text - length, " (%s)", failure->text);
    }
    return result;
}
