/* Words for completion that only a running lab knows. */
#pragma once

/* Print them, a line each; nothing where they cannot be had at once. */
void words_things(const char *lab); /* full names: "node/db/eth0" */
void words_fault_kinds(void);
/* Ids of the running exercise: of "tasks", "guards" or "questions"; with choices of the question of that id. */
void words_exercise(const char *lab, const char *member);
void words_choices(const char *lab, const char *question);
