/* What is known of the attributes of the kernel's messages.  Private to kernel/message_text.c. */
#pragma once

#include <stddef.h>

enum form {
    FORM_VALUE,   /* text, a number, or bytes: as its bytes look */
    FORM_PASSING, /* changes by itself */
    FORM_NAME,    /* number of an interface */
    FORM_ADDRESS, /* as long as its family's; else FORM_VALUE */
    FORM_MAC,
    FORM_NEST,
    FORM_KIND, /* nested: what a kind of link says of itself */
    FORM_HOPS, /* rtnexthop */
    FORM_FLAGS,
};

struct attribute {
    int type;
    enum form form;
    const char *name;
};

struct shape {
    const char *kind; /* of a link; else NULL */
    const struct attribute *attributes;
    size_t count;
};
extern const struct shape shape_none, shape_link, shape_address, shape_route, shape_rule, shape_neighbour, shape_qdisc,
    shape_bridge_port;
/* Of what a kind of link says of itself; shape_none where nothing is known. */
const struct shape *shape_of_kind(const char *kind, size_t length);
