/* The control channel of a running lab: the client's side, and the framing that both sides share.
 *
 * The keeper binds the abstract socket "labctl/UID/NAME" before it unshares; the director serves it.  A message is a
 * 4-byte length (network byte order) and that many bytes of JSON; descriptors travel by SCM_RIGHTS with its first byte.
 * A request is {"verb": …, "client": pid, "params": {…}}; the answers are any number of {"progress": …} and one
 * {"reply": …} or
 * {"error": {"kind": …, "text": …}}.  Texts of any size travel in sealed memfds, never in the JSON. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

struct error;
struct control;

#define CONTROL_FDS_MAX     16
#define CONTROL_MESSAGE_MAX (64u << 20)

/* Connects to the lab and checks that its owner is this user.  lab NULL: the only one that runs (ERR_ABSENT where there
 * is none, ERR_USAGE naming them where there are several). */
int control_connect(const char *lab, struct control **out, struct error *err);
/* The same for a question that must not take long: neither the greeting nor an answer is waited for longer than that.
 */
int control_connect_within(const char *lab, int milliseconds, struct control **out, struct error *err);
void control_close(struct control *control); /* takes NULL */
const char *control_lab(const struct control *control);

typedef void control_progress(void *context, const json_t *progress);

/* One request and its final answer.  params is stolen (may be NULL); fds stay the caller's.  reply may be NULL; else
 * the caller decrefs it.  reply_fds receives up to CONTROL_FDS_MAX descriptors that came with the reply (may be NULL).
 */
int control_call(struct control *control, const char *verb, json_t *params, const int *fds, size_t fd_count,
                 control_progress *progress, void *progress_context, json_t **reply, int *reply_fds,
                 size_t *reply_fd_count, struct error *err);

/* Framing: one message out or in.  Blocking.  0, 1 at a clean end of file (receive), or -1 with err. */
int control_send(int fd, const json_t *message, const int *fds, size_t fd_count, struct error *err);
int control_receive(int fd, json_t **message, int *fds, size_t *fd_count, struct error *err);
int control_descriptor(const struct control *control);

/* The registry: names of this user's running labs, sorted (reads /proc/net/unix, then tries each); not those with a dot
 * in their name, in which `labctl prove` works.  Caller frees each and the array. */
int registry_list(char ***names, size_t *count, struct error *err);
