/* Words for completion that only a running lab knows. */
#pragma once

/* Print them, a line each; nothing where they cannot be had at once. */
/* The full names that begin with `prefix` ("node/db/eth0"), without it, each with `suffix` behind it. */
void words_things(const char *lab, const char *prefix, const char *suffix);
void words_wires(const char *lab);  /* links, and interfaces with their nodes */
void words_faults(const char *lab); /* ids of those that are in */
void words_fault_kinds(void);
/* Ids of the running exercise: of "tasks", "guards" or "questions"; with choices of the question of that id. */
void words_exercise(const char *lab, const char *member);
void words_choices(const char *lab, const char *question);
