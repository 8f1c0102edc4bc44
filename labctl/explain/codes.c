/* The codes, what they mean and what helps. */
#include "base/table.h"
#include "explain/explain.h"

const struct explain_code_row explain_codes[] = {
    [CODE_NONE] = {"OK", LEVEL_BLOCKS, "The packet passes.", "Nothing needs to be done."},
    [CODE_NO_ROUTE] = {"NO_ROUTE_TO_DESTINATION", LEVEL_BLOCKS,
                       "The routing table that the request looks up has no route to its destination.",
                       "Add a route to the destination to that table, or give the subnet a table that has one."},
    [CODE_REPLY_NO_ROUTE] = {"REPLY_HAS_NO_ROUTE", LEVEL_BLOCKS,
                             "The request arrives, but the routing table of the answer has no route back.",
                             "Add a route to the asker's network to the table on the answering side."},
    [CODE_BLACKHOLE] = {"ROUTE_BLACKHOLE", LEVEL_BLOCKS,
                        "The longest route to the destination leads nowhere: a blackhole, or a target that does not "
                        "exist any more.",
                        "Take that route out, or give it a target that exists."},
    [CODE_REPLY_BLACKHOLE] = {"REPLY_ROUTE_BLACKHOLE", LEVEL_BLOCKS,
                              "The request arrives, but the longest route back leads nowhere.",
                              "Take that route out on the answering side, or give it a target that exists."},
    [CODE_GROUP_MISMATCH] = {"ENI_SG_RULES_MISMATCH", LEVEL_BLOCKS,
                             "The security groups of the interface have rules in this direction, but none allows the "
                             "packet.",
                             "Add a rule that allows the protocol, the port and the far side to one of the groups."},
    [CODE_GROUP_EMPTY] = {"SG_HAS_NO_RULES", LEVEL_BLOCKS,
                          "The security groups of the interface have no rule in this direction, so nothing passes.",
                          "Add a rule to one of the groups."},
    [CODE_REPLY_GROUP_MISMATCH] = {"ENI_SG_REPLY_NOT_TRACKED", LEVEL_BLOCKS,
                                   "The answer belongs to no flow that the VPC has seen begin, so security groups "
                                   "judge it like a request, and none allows it.",
                                   "Let the answer go back the way on which the request came."},
    [CODE_ACL_REQUEST] = {"SUBNET_ACL_REQUEST_DENIED", LEVEL_BLOCKS,
                          "The network ACL of a subnet denies the request where it crosses the subnet's border.",
                          "Allow the request's port with a rule of a lower number than the one that denies it."},
    [CODE_ACL_REPLY] = {"SUBNET_ACL_REPLY_DENIED", LEVEL_BLOCKS,
                        "The network ACL of a subnet denies the answer: it keeps no state, so an answer to the asker's "
                        "own port (32768-60999 on Linux, 1024-65535 in general) needs a rule of its own.",
                        "Allow the asker's ports in the answer's direction."},
    [CODE_SOURCE_DEST_CHECK] = {"ENI_SOURCE_DEST_CHECK_RESTRICTION", LEVEL_BLOCKS,
                                "The interface sends or gets a packet that is neither from nor to its own address.",
                                "Set `source_dest_check: false` where a node forwards for others."},
    [CODE_IGW_NO_PUBLIC_ADDRESS] = {"IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", LEVEL_BLOCKS,
                                    "The packet reaches the internet gateway from an address that has no public one.",
                                    "Give the interface a public address, or lead its subnet to a NAT gateway."},
    [CODE_NGW_DESTINATION_INSIDE] = {"NGW_DESTINATION_IN_VPC", LEVEL_BLOCKS,
                                     "A NAT gateway does not send into its own VPC.",
                                     "Let the VPC's local route lead there."},
    [CODE_NGW_NOTHING_INWARD] = {"NGW_NOTHING_INWARD", LEVEL_BLOCKS,
                                 "Nobody reaches in through a NAT gateway: it lets flows out only.",
                                 "Reach the instance by a public address of its own."},
    [CODE_NGW_PROTOCOL] = {"NGW_PROTOCOL_RESTRICTION", LEVEL_BLOCKS, "A NAT gateway carries TCP, UDP and ICMP only.",
                           "Use one of these protocols."},
    [CODE_NGW_REPLY] = {"NGW_REPLY_NOT_TRACKED", LEVEL_BLOCKS,
                        "The answer reaches a NAT gateway that has not seen the flow begin: the request came another "
                        "way.",
                        "Lead the subnet's route to the internet gateway, or reach the instance another way."},
    [CODE_EGRESS_ONLY] = {"EIGW_NOTHING_INWARD", LEVEL_BLOCKS,
                          "An egress-only gateway lets flows out and the answers to them in, nothing else.",
                          "Lead the IPv6 routes to an internet gateway where the instance is to be reached."},
    [CODE_PEERING_ADDRESS] = {"PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", LEVEL_BLOCKS,
                              "A peering carries packets from an address of one VPC to an address of the other, and no "
                              "others: it is not transitive, and leads to no gateway of the peer.",
                              "Connect the two networks themselves, or use a transit gateway."},
    [CODE_TRANSIT_ASSOCIATION] = {"TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION", LEVEL_BLOCKS,
                                  "The attachment of the VPC is associated with no route table of the transit gateway.",
                                  "Associate the attachment with a route table."},
    [CODE_TRANSIT_ROUTE] = {"TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT", LEVEL_BLOCKS,
                            "The transit gateway's route table has no route to the destination of the request.",
                            "Let the destination's VPC propagate to the table, or add a static route."},
    [CODE_REPLY_TRANSIT_ROUTE] = {"REPLY_TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT", LEVEL_BLOCKS,
                                  "The request arrives, but the transit gateway's route table for the answer has no "
                                  "route back.",
                                  "Let the asker's VPC propagate to the table with which the answering VPC is "
                                  "associated."},
    [CODE_ENDPOINT_PORT] =
        {"VPCE_SERVICE_PORT_RESTRICTION", LEVEL_BLOCKS,
         "An interface endpoint carries connections to the TCP port of its service, and nothing else.",
         "Ask for the service's port."},
    [CODE_ENDPOINT_SOURCE] = {"VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION", LEVEL_BLOCKS,
                              "A gateway endpoint serves the machines of its own VPC only.",
                              "Give the other VPC an endpoint of its own."},
    [CODE_PRIVATE_SOURCE] = {"INTERNET_DROPS_PRIVATE_SOURCE", LEVEL_BLOCKS,
                             "A packet with a private source address reaches the internet, which drops it.",
                             "Translate the address at the edge of the private network (masquerade)."},
    [CODE_PRIVATE_DESTINATION] = {"INTERNET_HAS_NO_PRIVATE_ADDRESSES", LEVEL_BLOCKS,
                                  "A packet for a private address reaches the internet, where no such address is "
                                  "routed.",
                                  "Ask for the public address, or connect the networks privately."},
    [CODE_NO_DESTINATION] = {"NO_POSSIBLE_DESTINATION", LEVEL_BLOCKS, "Nobody has the destination address.",
                             "Ask for an address that a machine has."},
    [CODE_NEIGHBOUR] = {"NEIGHBOR_UNREACHABLE", LEVEL_BLOCKS,
                        "Nobody on the wire has the address of the next hop, so it cannot be resolved.",
                        "Correct the gateway or the netmask, or attach the next hop to the same wire."},
    [CODE_INTERFACE_DOWN] = {"INTERFACE_DOWN", LEVEL_BLOCKS, "The interface is down.", "Bring the interface up."},
    [CODE_NOT_FORWARDING] = {"NODE_DOES_NOT_FORWARD", LEVEL_BLOCKS,
                             "A packet for somebody else reaches a node that does not forward.",
                             "Set `forwarding: true` at the node, or route around it."},
    [CODE_REVERSE_PATH] = {"NODE_REVERSE_PATH_FILTER", LEVEL_BLOCKS,
                           "The node's reverse path filter drops the packet: the way back to its source leads out of "
                           "another interface.",
                           "Make the way symmetric, or set rp_filter to 2 or 0."},
    [CODE_OWN_SOURCE] = {"NODE_OWN_SOURCE_ADDRESS", LEVEL_BLOCKS,
                         "A packet arrives from outside with an address of the node itself as its source.",
                         "Give each machine an address of its own."},
    [CODE_LOOP] = {"ROUTING_LOOP", LEVEL_BLOCKS, "The packet comes by the same place again and again.",
                   "Follow the route tables of the places named, and take the route out that leads back."},
    [CODE_POLICY_INGRESS] = {"POLICY_INGRESS", LEVEL_BLOCKS,
                             "A policy selects the node that is asked, and no rule lets this in.",
                             "Add an ingress rule for the asker's labels and the port to a policy that selects it."},
    [CODE_POLICY_EGRESS] = {"POLICY_EGRESS", LEVEL_BLOCKS,
                            "A policy selects the node that asks, and no rule lets this out.",
                            "Add an egress rule for the destination and the port to a policy that selects it."},
    [CODE_NETWORK_ISOLATION] = {"NETWORK_ISOLATION", LEVEL_BLOCKS,
                                "The host of a Docker-like network lets in only answers and what it publishes.",
                                "Publish the port at the host, or give both nodes an interface in one network."},
    [CODE_NETWORK_INTERNAL] = {"NETWORK_INTERNAL", LEVEL_BLOCKS,
                               "The network is internal: its host lets nothing out of it.",
                               "Take `internal` away, or give the node an interface in a network that is not."},
    [CODE_LINK_LOST] = {"LINK_LOSES_EVERYTHING", LEVEL_BLOCKS, "The link loses every packet in this direction.",
                        "Take the loss away."},
    [CODE_NOBODY_LISTENS] = {"NOBODY_LISTENS", LEVEL_BLOCKS,
                             "The network lets the packet through, but nobody at the destination listens on that port.",
                             "Start the service, or ask for the port that it listens on."},
    [CODE_BOUND_ELSEWHERE] = {"SERVICE_BOUND_ELSEWHERE", LEVEL_BLOCKS,
                              "A service listens on that port, but on another address of the node only.",
                              "Let the service listen on every address, or on this one."},
    [CODE_ROUTER_SILENT] = {"VPC_ROUTER_HAS_NO_SERVICE", LEVEL_BLOCKS,
                            "The address is the VPC router's own: it answers echo requests, and its resolver answers "
                            "on port 53, nothing else.",
                            "Ask for an address of an instance."},
    [CODE_ECHO_IGNORED] = {"NODE_IGNORES_ECHO", LEVEL_BLOCKS, "The node is set to answer no echo requests.",
                           "Set net.ipv4.icmp_echo_ignore_all to 0, or ask for a port."},
    [CODE_REPLY_FROM_ELSEWHERE] = {"REPLY_FROM_ELSEWHERE", LEVEL_BLOCKS,
                                   "The answer comes back from another address or port than the one that was asked: it "
                                   "went past the translation that the request had passed.",
                                   "Let the answer go back through the same translation."},
    [CODE_LINK_LOSS] = {"LINK_LOSS", LEVEL_DOUBT, "The link loses a part of the packets.",
                        "Take the loss away, or try more than once."},
    [CODE_EQUAL_COST] = {"EQUAL_COST_ROUTES", LEVEL_DOUBT,
                         "Several next hops share the route: which one is taken differs from flow to flow.",
                         "See that every next hop leads to the destination and back."},
    [CODE_NGW_PORTS] = {"NGW_PORT_ALLOCATION", LEVEL_DOUBT,
                        "The NAT gateway has so few ports that others may have taken all of them.",
                        "Give the NAT gateway more ports."},
    [CODE_SOURCE_PORTS] = {"REMAP_EPHEMERAL_PORT", LEVEL_DOUBT,
                           "Whether it passes depends on the port that the asker happens to send from.",
                           "Let the rule cover all of the asker's ports: 32768-60999 on Linux, 1024-65535 in general."},
    [CODE_SERVICE_TARGETS] = {"SERVICE_TARGETS_DIFFER", LEVEL_DOUBT,
                              "The load balancer of the service has machines that answer and machines that do not: who "
                              "gets a connection differs from one to the next.",
                              "See that every machine of the service is reached and listens."},
    [CODE_RULESET] = {"NODE_RULESET_NOT_JUDGED", LEVEL_UNKNOWN,
                      "The node has an nftables ruleset of its own, which the model does not read.",
                      "Measure it: labctl probe, or a check of kind firewall."},
    [CODE_RUN_LINES] = {"NODE_RUN_LINES_NOT_JUDGED", LEVEL_UNKNOWN,
                        "The node runs commands when it starts (`run`), which may change anything.",
                        "Measure it: labctl probe."},
    [CODE_LEARNED_ROUTE] = {"ROUTE_LEARNED_NOT_JUDGED", LEVEL_UNKNOWN,
                            "The node has no route of its own to the destination, and learns routes by BGP or OSPF, "
                            "which the model does not follow.",
                            "Look at its table (ip route, birdc show route), or measure it: labctl probe."},
    [CODE_LEASE] =
        {"ADDRESS_FROM_DHCP_NOT_JUDGED", LEVEL_UNKNOWN,
         "The machine gets its address by DHCP, and none is reserved for it: which one it has, the model does "
         "not know.",
         "Reserve one in the server's reservations, or measure it: labctl probe."},
    [CODE_EXEC] = {"SERVICE_NOT_JUDGED", LEVEL_UNKNOWN,
                   "The node runs a program of its own (`kind: exec`), which may or may not listen on that port.",
                   "Measure it: labctl probe, or a check of kind socket."},
};
_Static_assert(ARRAY_SIZE(explain_codes) == CODE_COUNT, "every code has a row");

static const char *const levels[] =
    {[LEVEL_BLOCKS] = "blocks", [LEVEL_DOUBT] = "ambiguous", [LEVEL_UNKNOWN] = "undetermined"};
_Static_assert(ARRAY_SIZE(levels) == LEVEL_COUNT, "every level has a name");

static const char *const verdicts[] = {[OPINION_REACHABLE] = "reachable",
                                       [OPINION_BLOCKED] = "blocked",
                                       [OPINION_AMBIGUOUS] = "ambiguous",
                                       [OPINION_UNDETERMINED] = "undetermined"};
_Static_assert(ARRAY_SIZE(verdicts) == OPINION_COUNT, "every verdict has a name");

static const char *const views[] = {[VIEW_ANSWERED] = "answered",
                                    [VIEW_REFUSED] = "refused",
                                    [VIEW_TIMEOUT] = "timeout",
                                    [VIEW_UNREACHABLE] = "unreachable"};
_Static_assert(ARRAY_SIZE(views) == VIEW_COUNT, "every view has a name");

const char *way_name(enum way way)
{
    return way == WAY_FORWARD ? "forward" : "return";
}

const char *explain_level_name(enum explain_level level)
{
    return levels[level];
}

const char *opinion_name(enum opinion verdict)
{
    return verdicts[verdict];
}

const char *view_name(enum view view)
{
    return views[view];
}
