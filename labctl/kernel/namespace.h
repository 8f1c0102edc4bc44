/* Network namespaces: visiting one by its descriptor, and sockets opened inside. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct error;
struct utsname;

/* A visit: between netns_visit and netns_return the calling thread is in that namespace. */
struct netns_visit {
    int home;
};
#define NETNS_VISIT_INIT                                                                                               \
    {                                                                                                                  \
        -1                                                                                                             \
    }

/* 0, or -1 with err.  On failure the thread is where it was. */
int netns_visit(int fd, struct netns_visit *visit, struct error *err);
/* Takes a visit that never began.  Ends the process where the way back is closed: going on elsewhere would do harm. */
void netns_return(struct netns_visit *visit);
#define NETNS_VISIT __attribute__((cleanup(netns_return))) struct netns_visit

/* A socket (close-on-exec) of that namespace; it stays there.  -1 with err. */
int netns_socket(int fd, int domain, int type, int protocol, struct error *err);

/* Index of an interface of the namespace that a socket is of, 0 where there is none of that name: for many names, where
 * the kernel is not to describe each (to say where its peer is it looks through all namespaces that it knows). */
uint32_t netns_interface(int socket, const char *name);

/* A new empty namespace, owned by the caller's user namespace: its descriptor, or -1 with err. */
int netns_new(struct error *err);
/* The calling thread's own. */
int netns_own(struct error *err);

/* The names (uname(2)) of the UTS namespace that the process is in.  The calling thread comes back to its own, or the
 * process ends, as after a visit. */
int uts_names(pid_t process, struct utsname *out, struct error *err);
