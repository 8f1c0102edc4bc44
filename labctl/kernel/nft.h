/* nftables, by libnftables in this process: loading, trying and listing rulesets in a namespace. */
#pragma once

#include <stdbool.h>

struct str;
struct error;

/* Loads the text, all or nothing.  On failure err holds nft's own words, each line that nft quotes with its number in
 * this text, prefixed by `what` ("nftables of node web"). */
int nft_load(int netns, const char *what, const char *text, struct error *err);
/* Whether nft can read the text at all; nothing is loaded, no namespace entered.  -1 with err as nft_load has it. */
int nft_parse(const char *what, const char *text, struct error *err);
/* Replaces one table in one transaction; body: what stands between its braces. */
int nft_replace(int netns, const char *what, const char *family, const char *table, const char *body,
                struct error *err);

/* Appends the table as nft prints it, without handles, counters and what packets put into dynamic sets.  family NULL:
 * the whole ruleset.  with_elements false leaves out the content of sets and maps.  An absent table gives an error with
 * number ENOENT. */
int nft_list(int netns, const char *family, const char *table, bool with_elements, struct str *out, struct error *err);
/* Appends a set with its elements as JSON (libnftables-json(5)). */
int nft_set_json(int netns, const char *family, const char *table, const char *set, struct str *out, struct error *err);
/* Appends a chain as nft prints it, with its counters. */
int nft_list_chain(int netns, const char *family, const char *table, const char *chain, struct str *out,
                   struct error *err);
bool nft_has_chain(int netns, const char *family, const char *table, const char *chain);
/* Appends "family name" of each table, a line each. */
int nft_list_tables(int netns, struct str *out, struct error *err);
/* The tables that a ruleset would make, in the same form: tried in a scratch namespace.  A text that is refused makes
 * none. */
int nft_tables_of(const char *text, struct str *out, struct error *err);
/* The table as nft prints it once this body is loaded (in a scratch namespace). */
int nft_list_of(const char *family, const char *table, const char *body, bool with_elements, struct str *out,
                struct error *err);
