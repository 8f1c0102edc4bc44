/* The way from one nft table to another: what stands in both is not touched, so that it keeps what packets put there,
 * and the work is proportional to what differs. */
#pragma once

#include <stdbool.h>

struct str;
struct plan_nft;

/* Appends the commands of one transaction that turn a loaded `before` into `after`, two tables of one family and name.
 * False where that is not possible piece by piece (a piece that this file does not know, a set of another type): then
 * nothing is appended, and the table must be replaced. */
bool nft_change(const struct plan_nft *before, const struct plan_nft *after, struct str *out);
/* Whether two tables as nft lists them (nft_list) hold the same sets, maps and chains: in which order they stand there
 * depends on when each was made, and means nothing. */
bool nft_same(const char *a, const char *b);
