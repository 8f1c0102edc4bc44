/* What the judges of all kinds of checks share.  Inside the room only. */
#pragma once

#include <stddef.h>

#include "score/verdict.h"

/* Judges one kind: finds out->verdict passed and out->seen filled with the fact's own words; says what was expected,
 * and fails it where that was not seen.  context may be NULL. */
typedef void judge(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                   struct judgement *out);

judge judge_ping, judge_tcp, judge_udp;                        /* judge_network.c */
judge judge_dns, judge_http, judge_tls, judge_command;         /* judge_application.c */
judge judge_path, judge_mtu, judge_throughput, judge_firewall; /* judge_way.c */
judge judge_matrix;                                            /* judge_matrix.c */
judge judge_state, judge_file;                                 /* judge_state.c */

/* Statistics: is the count beyond what chance does?  Exact binomial tests (Clopper and Pearson).  A limit is broken
 * only where the whole one-sided 95 % interval of the true share lies on the wrong side of it; a share differs where it
 * lies outside of the two-sided 99 % interval.  Shares in parts per 10^9; nothing differs of none. */
bool judging_exceeds(uint32_t count, uint32_t total, uint32_t limit);
bool judging_differs(uint32_t count, uint32_t total, uint32_t share);

/* Appends to a text as far as there is room. */
void judging_add(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define EXPECT(judgement, ...) judging_add((judgement)->expected, sizeof(judgement)->expected, __VA_ARGS__)
#define SEEN(judgement, ...)   judging_add((judgement)->seen, sizeof(judgement)->seen, __VA_ARGS__)

/* The first reason stands; what was seen anyway follows it. */
void judging_fail(struct judgement *judgement, const char *format, ...) __attribute__((format(printf, 2, 3)));
