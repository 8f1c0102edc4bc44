/* libiperf's functions, loaded when the first throughput check is run.  Inside the room only. */
#pragma once

#include <stdint.h> /* which the header needs before it */

#define protocol iperf_protocol /* a tag of its own that the model has too */
#include <iperf_api.h>
#undef protocol

struct error;

#define LIBIPERF_FUNCTIONS(F)                                                                                          \
    F(iperf_defaults)                                                                                                  \
    F(iperf_get_test_json_output_string)                                                                               \
    F(iperf_new_test)                                                                                                  \
    F(iperf_run_client)                                                                                                \
    F(iperf_run_server)                                                                                                \
    F(iperf_set_test_blksize)                                                                                          \
    F(iperf_set_test_connect_timeout)                                                                                  \
    F(iperf_set_test_duration)                                                                                         \
    F(iperf_set_test_json_output)                                                                                      \
    F(iperf_set_test_num_streams)                                                                                      \
    F(iperf_set_test_one_off)                                                                                          \
    F(iperf_set_test_rate)                                                                                             \
    F(iperf_set_test_role)                                                                                             \
    F(iperf_set_test_server_hostname)                                                                                  \
    F(iperf_set_test_server_port)                                                                                      \
    F(set_protocol)

#define LIBIPERF_MEMBER(name) __typeof__(&name) name;
extern struct libiperf {
    LIBIPERF_FUNCTIONS(LIBIPERF_MEMBER)
} libiperf;
#undef LIBIPERF_MEMBER

/* Before anything else; once more is free.  -1 with err where it is missing. */
int libiperf_load(struct error *err);
