/* Who is at the other end of a control socket: see the header. */
#include "lab/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "keeper/protocol.h"

int credentials_keeper(int socket, pid_t *keeper, struct error *err)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length))
        return error_set_errno(err, errno, "read the credentials of the control socket");
    uid_t self = geteuid();
    if (peer.uid != self && !(self == 0 && peer.uid == KEEPER_ROOT_BASE))
        return error_set(err, ERR_BUSY, "the control socket belongs to user %u, not to %u", (unsigned)peer.uid,
                         (unsigned)self);
    if (peer.pid <= 0)
        return error_set(err, ERR_ABSENT, "the control socket belongs to a process that is not visible here");
    if (keeper)
        *keeper = peer.pid;
    return 0;
}

/* The server's greeting: one byte and the director's pid. */
static int receive_greeting(int socket, int timeout, char *greeting, pid_t *director, struct error *err)
{
    int ready;
    do
        ready = poll(&(struct pollfd){.fd = socket, .events = POLLIN}, 1, timeout);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return error_set(err, ERR_BUSY, "the lab's director does not answer within %d ms", timeout);
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec part = {greeting, 1};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
    if (length < 0)
        return error_set_errno(err, errno, "receive the lab's greeting");
    struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
    if (length == 0 || !header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS)
        return error_set(err, ERR_ABSENT, "the lab has closed the connection");
    struct ucred sender;
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
    *director = sender.pid;
    return 0;
}

static int send_nonce(int socket, pid_t director, struct error *err)
{
    char path[64], nonce[KEEPER_NONCE_SIZE];
    snprintf(path, sizeof path, "/proc/%d/root" KEEPER_NONCE, (int)director);
    FD_AUTO fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, nonce, sizeof nonce) != (ssize_t)sizeof nonce)
        return error_set_errno(err, errno, "prove to the lab that it is ours: read %s", path);
    if (send(socket, nonce, sizeof nonce, MSG_NOSIGNAL) != (ssize_t)sizeof nonce)
        return error_set_errno(err, errno, "prove to the lab that it is ours");
    return 0;
}

int credentials_prove(int socket, int timeout, pid_t *keeper, pid_t *director, struct error *err)
{
    if (credentials_keeper(socket, keeper, err))
        return -1;
    if (setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)))
        return error_set_errno(err, errno, "ask for credentials");
    char greeting = 0;
    pid_t pid = 0;
    if (receive_greeting(socket, timeout, &greeting, &pid, err))
        return -1;
    setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &(int){0}, sizeof(int));
    if (director)
        *director = pid;
    if (greeting == CREDENTIALS_KNOWN)
        return 0;
    if (greeting == CREDENTIALS_PROVE)
        return send_nonce(socket, pid, err);
    return error_set(err, ERR_SYSTEM, "the lab's greeting 0x%02x is not understood: it runs another version of labctl",
                     (unsigned char)greeting);
}

int credentials_greet(int client, bool *prove, struct error *err)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size))
        return error_set_errno(err, errno, "read the client's credentials");
    /* Our root is the owner.  Anybody else shows as the overflow user: the owner too, in root mode. */
    *prove = peer.uid != 0;
    char greeting = *prove ? CREDENTIALS_PROVE : CREDENTIALS_KNOWN;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(struct ucred))];
    } control = {
        .header = {.cmsg_len = CMSG_LEN(sizeof(struct ucred)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS}};
    struct ucred self = {.pid = getpid(), .uid = getuid(), .gid = getgid()};
    memcpy(CMSG_DATA(&control.header), &self, sizeof self);
    struct iovec part = {&greeting, 1};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (sendmsg(client, &packet, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
        return error_set_errno(err, errno, "greet a client");
    return 0;
}

int credentials_verify(int client, struct error *err)
{
    unsigned char given[KEEPER_NONCE_SIZE], nonce[KEEPER_NONCE_SIZE], differ = 0;
    FD_AUTO fd = open(KEEPER_NONCE, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, nonce, sizeof nonce) != (ssize_t)sizeof nonce)
        return error_set_errno(err, errno, "read the lab's nonce");
    ssize_t length = recv(client, given, sizeof given, MSG_DONTWAIT);
    if (length != (ssize_t)sizeof given)
        return error_set(err, ERR_BUSY, "a client did not prove that the lab is its own");
    for (size_t i = 0; i < sizeof given; i++) /* all of them, so that time tells nothing */
        differ |= given[i] ^ nonce[i];
    return differ ? error_set(err, ERR_BUSY, "a client gave a wrong proof that the lab is its own") : 0;
}
