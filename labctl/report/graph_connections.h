/* What connects VPCs, in the graph for a terminal. */
#pragma once

#include "model/topology.h"

struct block;
struct arena;

/* Lines of a VPC's box: its peerings, transit gateways and gateway endpoints. */
void graph_vpc_connections(struct block *block, const struct topology *topology, const struct vpc *vpc);
/* Lines of a subnet's box: interface endpoints there, and what a service's machines are seen by. */
void graph_subnet_endpoints(struct block *block, const struct topology *topology, const struct subnet *subnet);
/* "transit gateway hub": its tables with their routes. */
struct block *graph_transit_gateway(const struct transit_gateway *gateway, struct arena *arena);
/* All services in one box. */
struct block *graph_cloud_services(const struct topology *topology, struct arena *arena);
