/* libldns' functions, loaded when the first dns check is run.  Inside the room only. */
#pragma once

#include <ldns/ldns.h>

struct error;

#define LIBLDNS_FUNCTIONS(F)                                                                                           \
    F(get_errorstr_by_id)                                                                                              \
    F(get_rr_type_by_name)                                                                                             \
    F(pkt2wire)                                                                                                        \
    F(pkt_aa)                                                                                                          \
    F(pkt_ancount)                                                                                                     \
    F(pkt_answer)                                                                                                      \
    F(pkt_arcount)                                                                                                     \
    F(pkt_free)                                                                                                        \
    F(pkt_get_rcode)                                                                                                   \
    F(pkt_id)                                                                                                          \
    F(pkt_nscount)                                                                                                     \
    F(pkt_qr)                                                                                                          \
    F(pkt_query_new_frm_str)                                                                                           \
    F(pkt_question)                                                                                                    \
    F(pkt_rcode2str)                                                                                                   \
    F(pkt_set_edns_udp_size)                                                                                           \
    F(pkt_set_id)                                                                                                      \
    F(pkt_tc)                                                                                                          \
    F(rdf2str)                                                                                                         \
    F(rdf_get_type)                                                                                                    \
    F(rr_get_type)                                                                                                     \
    F(rr_list_rr)                                                                                                      \
    F(rr_list_rr_count)                                                                                                \
    F(rr_rd_count)                                                                                                     \
    F(rr_rdf)                                                                                                          \
    F(rr_ttl)                                                                                                          \
    F(wire2pkt)

#define LIBLDNS_MEMBER(name) __typeof__(&ldns_##name) name;
extern struct libldns {
    LIBLDNS_FUNCTIONS(LIBLDNS_MEMBER)
} libldns;
#undef LIBLDNS_MEMBER

/* Before anything else; once more is free.  -1 with err where it is missing. */
int libldns_load(struct error *err);
