/* Taking a change back out of a text that went on changing: what the change did is undone, what was done since stays.
 */
#pragma once

struct error;
struct str;

/* Three canonical YAML texts of a topology: before a change, after it, and as it is now.  Appends the present one
 * without the change: mappings key by key, lists item by item.  Where the present value is neither the one before nor
 * the one after, it stays, and a line "changed since: vpcs/main/cidr" is added to notes.  0, or -1 with err (no valid
 * text). */
int merge_undo(const char *before, const char *after, const char *present, struct str *out, struct str *notes,
               struct error *err);
