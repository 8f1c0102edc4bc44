/* What the kinds of services share while they are lowered.  Inside the room only. */
#pragma once

#include "plan/plan.h"
#include "service/service.h"

struct str;

struct service_context {
    struct plan *plan;
    const struct service *service;
    uint32_t ns;
    struct plan_process *process; /* the new one: ns, name, origin, restart are set */
};

/* argv[0..count), copied into the plan's arena. */
void service_argv(struct service_context *context, const char *const *argv, size_t count);
/* Ready when the port answers: at the bound address, or at 127.0.0.1. */
void service_ready(struct service_context *context, enum ready_kind kind, uint16_t port);

void service_lower_dns(struct service_context *context);
