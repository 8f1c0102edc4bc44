/* Document → model, in two passes: decode by schema rows, then resolve references and fill in what is derived; and
 * back: model → canonical YAML.
 *
 * Loading reports every mistake it can find as a finding and goes on with what could be decoded: what could not is zero
 * in the model (an interface with a dangling subnet has ATTACH_NONE, an unreadable CIDR family 0), so that rules can
 * run on the rest without reporting what follows from a first mistake. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/mark.h"
#include "doc/doc.h"
#include "doc/schema.h"
#include "model/check.h"

struct topology;
struct error;
struct check;
struct node;
struct str;

/* Reads a topology file.  *out lives in its own arena (topology_free) and is NULL only where the file could not be read
 * as a mapping at all.  Findings are added unsorted (findings_sort before showing them).  Returns 0 where no error was
 * added, else -1. */
int load_topology(const char *path, struct sources *sources, struct findings *findings, struct topology **out);
/* Same from text; `name` stands in messages. */
int load_topology_text(const char *name, const char *text, size_t length, struct sources *sources,
                       struct findings *findings, struct topology **out);
/* Same for a lab that runs: what it allotted stays where that is still free and valid; what is declared wins.
 * allotments: what dump_allotments made of the running topology.  The result is a function of both texts: with its own
 * allotments a text gives the same topology again.  NULL, "": nothing is kept. */
int load_topology_keeping(const char *name, const char *text, size_t length, const char *allotments,
                          struct sources *sources, struct findings *findings, struct topology **out);
/* Same for a text that was found valid before it came here, or that a fault made of such a one: checks may go to nodes
 * that have lost the address for it.  allotments as above.  0, or -1 with the first finding in
 * err and *out NULL. */
int load_valid_topology(const char *text, const char *allotments, struct topology **out, struct error *err);
/* Same from a mapping inside a document (a scenario's `topology:` in place); lives in the document's arena. */
int load_topology_value(struct document *document, struct value *map, struct topology **out);
void topology_free(struct topology *topology); /* takes NULL; not for those made from a value */

/* Decodes a list of checks (a task's `checks:`, `guards:`) against a loaded topology, into its arena.  Ids that are not
 * given are made: prefix-1, prefix-2 … (prefix "check").  Returns 0 where no error was added, else -1. */
int load_checks(struct topology *topology, const struct value *list, const char *prefix, struct findings *findings,
                struct check ***out, size_t *out_count);
/* One check from a mapping; NULL where it could not be decoded.  id: what it is called where it gives none. */
struct check *load_check(struct topology *topology, const struct value *map, const char *id, struct findings *findings);
/* One check from the words of a command line; NULL where it could not be decoded (findings, without marks). */
struct check_key {
    const char *key;
    struct value *value;
};
struct check_words {
    const char *kind, *from; /* from: may be NULL */
    const char *what;        /* the short form, or NULL */
    const struct check_key *keys;
    size_t key_count;
};
/* A kind by its name, or by what a module of the blackbox exporter that does the same is called (icmp, tcp_connect,
 * http_2xx); false where it is none. */
bool load_check_kind(const char *word, enum check_kind *kind);
struct check *load_check_words(struct topology *topology, const struct check_words *words, struct findings *findings);
/* The rows of a check (without its kinds), for a mapping that holds more than a check. */
extern const struct schema check_schema;

/* The node that a value names ("web", "node/web"); NULL with a finding where there is none. */
struct node *load_node_reference(struct topology *topology, struct decoder *decoder, const char *key,
                                 const struct value *value);

/* Appends the topology as canonical YAML: loading it gives an equal topology, dumping that the same bytes. */
void dump_topology(const struct topology *topology, struct str *out);
/* Appends what the loader allotted, a line each: "node/NODE/INTERFACE ADDRESS", "node/NODE/INTERFACE/public_ip
 * ADDRESS", "vpc/VPC/nat_gateway/NAME ADDRESS", "vpc/VPC/nat_gateway/NAME/public_ip ADDRESS". */
void dump_allotments(const struct topology *topology, struct str *out);

/* The tables, for tests, man page and JSON Schema. */
extern const struct schema topology_schema;
extern const struct schema *const load_schemas[];
extern const size_t load_schema_count;
extern const struct rule_name load_rules[];
extern const size_t load_rule_count;
