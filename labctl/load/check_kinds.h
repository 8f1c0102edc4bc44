/* Inside of the room: what a check asks. */
#pragma once

#include "load/loader.h"

/* Reads the value of the check's kind into it. */
void read_check_kind(struct loader *loader, struct check *check, const struct value *value);
void read_matrix(struct loader *loader, struct check_matrix *matrix, const struct value *value);
