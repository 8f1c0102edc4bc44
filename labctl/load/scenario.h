/* Document → scenario: an exercise file, with its topology in place or beside it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "load/load.h"

struct error;
struct scenario;
struct variant;

/* True where the root mapping is a scenario's (has the key `scenario`), not a topology's. */
bool document_is_scenario(const struct document *document);

/* Reads a scenario file and the topology that it names, in the variant without seed and learner.  *out lives in an
 * arena of its own (scenario_free) and is NULL only where the file could not be read as a mapping.  What a fault's kind
 * and parameters may be is fault/'s to say (fault_validate_all).  Returns 0 where no error was added, else -1. */
int load_scenario(const char *path, struct sources *sources, struct findings *findings, struct scenario **out);
/* Same from what an exercise keeps (scenario_join), over a lab that runs, whose allotments stay
 * (load_topology_keeping): the scenario is drawn already, and says of which variant it is. */
int load_scenario_keeping(const char *name, const char *text, size_t length, const char *allotments,
                          struct sources *sources, struct findings *findings, struct scenario **out);
/* Same from a document that was read already, into the document's arena.  variant: what is drawn depends on it; NULL:
 * the one without seed and learner.  Afterwards the document is the drawn one: variables are replaced by what they
 * stand for, `draw` by the tickets. */
int load_scenario_document(struct document *document, const struct variant *variant, struct scenario **out);
/* What an author has yet to prove, as warnings: of a scenario without errors, who repairs those first. */
void scenario_warnings(const struct scenario *scenario, struct findings *findings);
void scenario_free(struct scenario *scenario); /* takes NULL; not for those made from a document */

/* What an exercise keeps of its scenario where no node can see it: the canonical YAML of the drawn document without
 * topology, solution and wrong fixes; and joined with a topology (canonical YAML, perhaps a changed one), a scenario
 * again. */
void scenario_strip(const struct document *document, struct str *out);
void scenario_join(const char *stripped, const char *topology, struct str *out);

/* A scenario that was not drawn, as one text without solution and wrong fixes, whatever files it names put in place;
 * and such a text, read in a variant like any other (load_scenario_document), though a variable may have had its only
 * use in what was left out. */
int scenario_bundle(const struct document *document, struct str *out, struct error *err);
int load_scenario_bundle(struct document *document, const struct variant *variant, struct scenario **out);

/* The tables, for tests, man page and JSON Schema. */
extern const struct schema scenario_schema;
extern const struct schema *const scenario_schemas[];
extern const size_t scenario_schema_count;
extern const struct rule_name scenario_rules[];
extern const size_t scenario_rule_count;
