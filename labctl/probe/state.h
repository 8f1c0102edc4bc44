/* What is seen of a node's own state, as words (base/words.h).  Inside the room only. */
#pragma once

#include "probe/engine.h"

/* A new entry of the attempt's fact, and the word that names it.  Values are copied into the attempt's arena. */
struct words *state_entry(struct attempt *attempt, const char *key, const char *value);
void state_word(struct attempt *attempt, struct words *entry, const char *key, const char *value);
void state_bare(struct attempt *attempt, struct words *entry, const char *key, const char *value);
void state_quiet(struct attempt *attempt, struct words *entry, const char *key, const char *value);
void state_addr(struct attempt *attempt, struct words *entry, const char *key, const struct addr *addr);
void state_number(struct attempt *attempt, struct words *entry, const char *key, unsigned long number);
/* Ends the attempt: everything was read. */
void state_end(struct attempt *attempt);

/* Readers of one kind each: they fill the fact and end the attempt. */
void state_read_route(struct attempt *attempt, int netns);
void state_read_neighbour(struct attempt *attempt, int netns);
void state_read_address(struct attempt *attempt, int netns);
void state_read_link(struct attempt *attempt, int netns);
void state_read_sysctl(struct attempt *attempt, int netns);
void state_read_conntrack(struct attempt *attempt, int netns);
void state_read_socket(struct attempt *attempt, int netns);
void state_read_resolver(struct attempt *attempt, int netns);
void state_read_file(struct attempt *attempt, int netns);
void state_read_process(struct attempt *attempt, int netns);
