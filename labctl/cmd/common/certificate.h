/* What `labctl prove` has found out, as JSON: its certificate. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "cmd/common/proof.h"

#define CERTIFICATE_VERSION 1

/* All runs; those of one scenario follow each other.  Shape: labctl(1), "prove". */
json_t *certificate_make(const struct proof_run *runs, size_t count, int64_t started_real, int64_t took);
