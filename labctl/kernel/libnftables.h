/* libnftables' functions, loaded when the first rule set is touched: with what it brings along it is half of the pages
 * that every start of the program would touch.  Inside the room only. */
#pragma once

#include <nftables/libnftables.h>

struct error;

#define LIBNFTABLES_FUNCTIONS(F)                                                                                       \
    F(ctx_new)                                                                                                         \
    F(ctx_free)                                                                                                        \
    F(ctx_buffer_error)                                                                                                \
    F(ctx_buffer_output)                                                                                               \
    F(ctx_get_error_buffer)                                                                                            \
    F(ctx_get_output_buffer)                                                                                           \
    F(ctx_output_set_flags)                                                                                            \
    F(ctx_set_dry_run)                                                                                                 \
    F(run_cmd_from_buffer)                                                                                             \
    F(run_cmd_from_filename)

#define LIBNFTABLES_MEMBER(name) __typeof__(&nft_##name) name;
extern struct libnftables {
    LIBNFTABLES_FUNCTIONS(LIBNFTABLES_MEMBER)
} libnftables;
#undef LIBNFTABLES_MEMBER

/* Before anything else; once more is free.  -1 with err where it is missing. */
int libnftables_load(struct error *err);
