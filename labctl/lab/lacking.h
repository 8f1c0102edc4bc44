/* What this machine lacks when a keeper cannot be started, and how to get it. */
#pragma once

struct error;

/* Sets err to ERR_CAPABILITY with the remedy and returns -1 where the failure means that; otherwise sets ERR_SYSTEM
 * with the operation and the reason and returns 0 (the log then says more). */
int lacking_explain(const char *operation, int number, struct error *err);
