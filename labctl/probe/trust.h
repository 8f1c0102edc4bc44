/* The authorities that a node trusts.  Inside the room only. */
#pragma once

#include "base/str.h"
#include "probe/libssl.h"

/* Where programs of the node look: the bundle that update-ca-certificates(8) writes. */
#define TRUST_FILE "etc/ssl/certs/ca-certificates.crt"
/* Its text (PEM); empty where the node trusts nobody.  -1 with errno where root (O_PATH) cannot be used. */
int trust_read(int root, struct str *out);
/* The same as a store, which the caller frees; NULL with errno. */
X509_STORE *trust_store(int root);
