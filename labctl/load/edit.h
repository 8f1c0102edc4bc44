/* Changing a document by path: `labctl set THING/KEY VALUE`, a scenario's `{ set: …, to: … }`.
 *
 * A path is one way to name a thing and then a key of it: vpc/main/nat_gateway/nat/subnet, node/db/eth0/address,
 * node/db/gateway, link/uplink/loss, vpc/main/route_table/private (the whole list),
 * vpc/main/security_group/web/ingress/0. The tree is changed by copying what lies on the path, so that shared values
 * (aliases) change in one place only. */
#pragma once

struct document;
struct error;
struct str;

/* Sets what stands at path to the value that the YAML text says; makes keys that are missing, but no things on the way.
 * 0, or -1 with err (ERR_FILE: the value; ERR_ABSENT: no such thing, with the nearest name; ERR_USAGE: the path). */
int edit_set(struct document *document, const char *path, const char *yaml, struct error *err);
/* Takes away what stands at path; absent is ERR_ABSENT. */
int edit_unset(struct document *document, const char *path, struct error *err);
/* The document as canonical YAML text. */
void edit_write(const struct document *document, struct str *out);
