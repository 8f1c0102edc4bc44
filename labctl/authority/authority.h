/* The lab's own certificate authority: makes the certificates that a plan asks for into files of it.
 *
 * A root, which every node trusts, certifies an issuing authority, and that one the services.  All keys follow from the
 * name of the lab's file, all dates are fixed and no signature holds anything random: a plan that is derived twice is
 * the same twice, `apply` finds no difference where there is none, and a node that is built anew has what it had. */
#pragma once

#include <stdint.h>

struct error;
struct plan;

/* Appends to plan->files the chain and the key of each of plan->certificates, fills in plan->authority and names
 * the files of PLAN_ROOT_BY_HASH; a plan without certificates has none of these.  Once for each plan, after whatever
 * rewrites it.  -1 with err (ERR_CAPABILITY: OpenSSL is missing). */
int authority_issue(struct plan *plan, struct error *err);
