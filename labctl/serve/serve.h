/* The embedded services: small daemons that run in nodes under the name that they are called by. */
#pragma once

struct configuration;
struct error;

/* Each serves until SIGTERM or SIGINT: 0, or -1 with err where it cannot begin. */
int httpd(const struct configuration *configuration, struct error *err);
int tcpd(const struct configuration *configuration, struct error *err);
int echod(const struct configuration *configuration, struct error *err);
int iperfd(const struct configuration *configuration, struct error *err);

/* A bound socket of the type (SOCK_STREAM: listening), non-blocking: for IPv6 and IPv4 at once unless `bind` says
 * which; where the machine has no IPv6, for IPv4 alone.  -1 with err. */
int serve_socket(const struct configuration *configuration, int type, struct error *err);
/* A descriptor that becomes readable at SIGTERM or SIGINT (both are blocked from now on); -1 with err. */
int serve_ending(struct error *err);
