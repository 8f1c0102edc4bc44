/* The table of capabilities, and what is asked of it.  A new capability: one row here, one function in the file of its
 * area (capability_space.c, _wire.c, _filter.c, _machine.c). */
#include "kernel/capability.h"

#include <assert.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "kernel/capability_trial.h"

#define CONTAINER                                                                                                      \
    "inside a container: start it with --security-opt systempaths=unconfined (podman: --security-opt unmask=ALL), so " \
    "that /proc and /sys are not masked"
#define NEW_KERNEL "needs Linux 5.12 or newer, or a container whose seccomp filter lets this call through"

#define RULESET(body)  "table inet trial_t { " body "\n}"
#define FORWARD(rules) RULESET("chain trial_c { type filter hook forward priority 0; " rules "; }")
#define NETDEV(hook, rules)                                                                                            \
    "table netdev trial_t { chain trial_c { type filter hook " hook " device \"v0\" priority 0; " rules "; }\n}"

static const struct link_trial link_bridge = {.kind = "bridge", .attribute = IFLA_BR_STP_STATE, .value = 1, .size = 4};
static const struct link_trial link_filtering = {.kind = "bridge",
                                                 .attribute = IFLA_BR_VLAN_FILTERING,
                                                 .value = 1,
                                                 .size = 1};
static const struct link_trial link_vlan = {.kind = "vlan",
                                            .attribute = IFLA_VLAN_ID,
                                            .value = 10,
                                            .size = 2,
                                            .over = true};
static const struct link_trial link_vxlan = {.kind = "vxlan", .attribute = IFLA_VXLAN_ID, .value = 42, .size = 4};
static const struct link_trial link_vrf = {.kind = "vrf", .attribute = IFLA_VRF_TABLE, .value = 100, .size = 4};
static const struct link_trial link_wireguard = {.kind = "wireguard"};
static const struct link_trial link_bonding = {.kind = "bond"};
static const struct link_trial link_dummy = {.kind = "dummy"};

static const struct program_trial dnsmasq = {"dnsmasq", "dnsmasq-base", "dnsmasq", "dnsmasq"};
static const struct program_trial nsd = {"nsd", "nsd", "nsd", "nsd"};
static const struct program_trial unbound = {"unbound", "unbound", "unbound", "unbound"};
static const struct program_trial named = {"named", "bind9", "bind", "bind"};
static const struct program_trial nginx = {"nginx", "nginx-light", "nginx", "nginx"};
static const struct program_trial haproxy = {"haproxy", "haproxy", "haproxy", "haproxy"};
static const struct program_trial bird = {"bird", "bird2", "bird", "bird"};
static const struct program_trial udhcpc = {"udhcpc", "udhcpc", "busybox", "busybox"};
static const struct program_trial ip = {"ip", "iproute2", "iproute", "iproute2"};
static const struct program_trial nft = {"nft", "nftables", "nftables", "nftables"};
static const struct program_trial ping = {"ping", "iputils-ping", "iputils", "iputils"};
static const struct program_trial traceroute = {"traceroute", "traceroute", "traceroute", "traceroute"};
static const struct program_trial tcpdump = {"tcpdump", "tcpdump", "tcpdump", "tcpdump"};
static const struct program_trial dig = {"dig", "bind9-dnsutils", "bind-utils", "bind"};
static const struct program_trial curl = {"curl", "curl", "curl", "curl"};
static const struct program_trial nc = {"nc", "netcat-openbsd", "nmap-ncat", "openbsd-netcat"};
static const struct program_trial ps = {"ps", "procps", "procps-ng", "procps-ng"};

#define SPACE(name_, need_, place_, try_, purpose_, requires_, backend_, remedy_)                                      \
    {                                                                                                                  \
        .name = name_, .area = CAPABILITY_ISOLATION, .need = CAPABILITY_##need_, .place = TRIAL_##place_, .try = try_, \
        .purpose = purpose_, .requires = requires_, .backend = backend_, .remedy = remedy_                             \
    }
#define CALL(name_, need_, purpose_)                                                                                   \
    {                                                                                                                  \
        .name = name_, .area = CAPABILITY_ISOLATION, .need = CAPABILITY_##need_, .place = TRIAL_HOST, .try = try_call, \
        .argument = name_, .purpose = purpose_, .backend = "the kernel's own", .remedy = NEW_KERNEL                    \
    }
#define MOUNT(name_, type_, purpose_, remedy_)                                                                         \
    {                                                                                                                  \
        .name = name_, .area = CAPABILITY_FILES, .need = CAPABILITY_REQUIRED, .place = TRIAL_LAB, .try = try_mount,    \
        .argument = type_, .requires = "namespaces", .purpose = purpose_,                                              \
        .backend = "a new " type_ " in the namespace", .remedy = remedy_                                               \
    }
#define WIRE(name_, need_, try_, purpose_, backend_, module_, remedy_)                                                 \
    {                                                                                                                  \
        .name = name_, .area = CAPABILITY_NETWORK, .need = CAPABILITY_##need_, .place = TRIAL_LAB, .try = try_,        \
        .requires = "namespaces", .purpose = purpose_, .backend = backend_, .module = module_, .remedy = remedy_       \
    }
#define FILTER(name_, need_, ruleset_, purpose_, backend_, module_, remedy_)                                           \
    {                                                                                                                  \
        .name = name_, .area = CAPABILITY_FILTER, .need = CAPABILITY_##need_, .place = TRIAL_LAB, .try = try_ruleset,  \
        .argument = ruleset_, .requires = "veth", .purpose = purpose_, .backend = backend_, .module = module_,         \
        .remedy = remedy_                                                                                              \
    }
#define QDISC(name_, purpose_, fidelity_)                                                                              \
    {                                                                                                                  \
        .name = name_, .area = CAPABILITY_IMPAIRMENT, .need = CAPABILITY_RECOMMENDED, .place = TRIAL_LAB,              \
        .try = try_qdisc, .argument = name_, .requires = "veth", .purpose = purpose_, .backend = "qdisc " name_,       \
        .fidelity = fidelity_, .module = "sch_" name_                                                                  \
    }
#define DEVICE(name_, need_, link_, purpose_, module_)                                                                 \
    {                                                                                                                  \
        .name = name_, .area = CAPABILITY_DEVICES, .need = CAPABILITY_##need_, .place = TRIAL_LAB, .try = try_link,    \
        .argument = &link_, .requires = "namespaces", .purpose = purpose_, .backend = "the kernel's own",              \
        .module = module_                                                                                              \
    }
#define PROGRAM(program_, purpose_)                                                                                    \
    {                                                                                                                  \
        .name = #program_, .area = CAPABILITY_PROGRAMS, .need = CAPABILITY_RECOMMENDED, .place = TRIAL_HOST,           \
        .try = try_program, .argument = &program_, .purpose = purpose_                                                 \
    }
#define LIMIT(name_, need_, try_, purpose_, remedy_)                                                                   \
    {                                                                                                                  \
        .name = name_, .area = CAPABILITY_LIMITS, .need = CAPABILITY_##need_, .place = TRIAL_HOST, .try = try_,        \
        .purpose = purpose_, .remedy = remedy_                                                                         \
    }

const struct capability capabilities[] = {
    SPACE("user-namespace", REQUIRED, USER, try_user_namespace, "a lab without root", NULL, "clone with id maps", NULL),
    SPACE("namespaces", REQUIRED, LAB, try_namespaces, "a lab's own processes, mounts, network, host name and ipc",
          "user-namespace", "clone with pid, mount, network, uts, ipc", NULL),
    SPACE("nested-user-namespace", REQUIRED, LAB, try_nested_user_namespace, "one user namespace for each node",
          "namespaces", "clone inside the lab", CONTAINER "; or raise user.max_user_namespaces"),
    SPACE("pivot-root", REQUIRED, LAB, try_pivot_root, "a file tree of the lab's own", "namespaces", "pivot_root",
          "inside a container: start it with --security-opt seccomp=unconfined"),
    CALL("pidfd", REQUIRED, "to know for certain when a lab or a process has ended"),
    CALL("openat2", REQUIRED, "to open files of a node without following its links outside"),
    CALL("close-range", REQUIRED, "to start programs without inherited descriptors"),
    CALL("memfd", REQUIRED, "to hand texts and programs over without files"),
    CALL("clone3", REQUIRED, "to make nodes and processes"),
    SPACE("abstract-socket", REQUIRED, HOST, try_abstract_socket, "a lab's name and control channel", NULL,
          "unix socket without a file", "a sandbox refuses unix sockets: run labctl outside of it"),

    MOUNT("mount-proc", "proc", "/proc of the lab and of each node", CONTAINER),
    MOUNT("mount-sysfs", "sysfs", "/sys that shows the node's own interfaces", CONTAINER),
    MOUNT("mount-tmpfs", "tmpfs", "/run, /tmp, /var and /root of nodes", NULL),
    MOUNT("mount-devpts", "devpts", "terminals of nodes", NULL),
    {.name = "bind-mount",
     .area = CAPABILITY_FILES,
     .need = CAPABILITY_REQUIRED,
     .place = TRIAL_LAB,
     .try = try_bind_mount,
     .requires = "namespaces",
     .purpose = "the host's /usr, read-only, in every node",
     .backend = "recursive bind, read-only",
     .remedy = NEW_KERNEL},
    {.name = "overlay",
     .area = CAPABILITY_FILES,
     .need = CAPABILITY_RECOMMENDED,
     .place = TRIAL_LAB,
     .try = try_overlay,
     .requires = "namespaces",
     .purpose = "the writable files of nodes",
     .backend = "overlay with userxattr on tmpfs",
     .fidelity = "every change works as on a disk",
     .remedy = "faster with Linux 6.6 or newer (user xattrs on tmpfs); nothing is lost"},
    {.name = "network-sysctl",
     .area = CAPABILITY_FILES,
     .need = CAPABILITY_REQUIRED,
     .place = TRIAL_LAB,
     .try = try_network_sysctl,
     .requires = "mount-proc",
     .purpose = "forwarding and filters of routers",
     .backend = "/proc/sys/net of the namespace",
     .remedy = CONTAINER},

    WIRE("veth", REQUIRED, try_veth, "every cable: both ends made in their namespaces in one message",
         "veth, 1 segment a packet", "veth", NULL),
    {.name = "bridge",
     .area = CAPABILITY_NETWORK,
     .need = CAPABILITY_REQUIRED,
     .place = TRIAL_LAB,
     .try = try_link,
     .argument = &link_bridge,
     .requires = "namespaces",
     .purpose = "segments and links",
     .backend = "bridge with stp",
     .module = "bridge"},
    WIRE("policy-rule", REQUIRED, try_policy_rule, "route tables of subnets", "fib rules by mark", NULL,
         "needs a kernel with CONFIG_IP_MULTIPLE_TABLES"),
    WIRE("permanent-neighbour", REQUIRED, try_neighbour, "labs that leave the machine's neighbour table alone",
         "permanent entries", NULL, NULL),
    WIRE("congestion-control", RECOMMENDED, try_congestion_control, "tcp that behaves the same on every machine",
         "cubic by route attribute", "tcp_cubic", NULL),
    WIRE("packet-socket", REQUIRED, try_packet_socket, "capture, ping", "packet and raw sockets", "af_packet", NULL),

    FILTER("nft-inet", REQUIRED, FORWARD("counter drop"), "firewalls of nodes, security groups",
           "nftables, family inet", "nf_tables", NULL),
    FILTER("nft-conntrack", REQUIRED, FORWARD("ct state established,related accept"), "stateful firewalls",
           "connection tracking", "nf_conntrack", NULL),
    FILTER("nft-nat", REQUIRED,
           "table ip trial_t { map trial_m { type ipv4_addr : ipv4_addr; }\n"
           "chain trial_a { type nat hook prerouting priority -100; dnat to ip daddr map @trial_m; }\n"
           "chain trial_b { type nat hook postrouting priority 100; masquerade; }\n"
           "chain trial_d { type nat hook postrouting priority 101; ip protocol tcp snat to 192.0.2.1:1024-65535; }\n}",
           "gateways", "masquerade, snat, dnat by map", "nft_nat", NULL),
    FILTER("nft-vmap", REQUIRED,
           RULESET("chain trial_x { accept; }\nchain trial_c { type filter hook forward priority 0; "
                   "iifname vmap { \"v0\" : jump trial_x }; }"),
           "one chain for each interface", "verdict maps", "nf_tables", NULL),
    FILTER("nft-mark-by-port", REQUIRED,
           "table ip trial_t { map trial_m { type ifname : mark; }\nchain trial_c { type filter hook prerouting "
           "priority -300; "
           "meta mark set iifname map @trial_m; }\n}",
           "route tables of subnets", "marks by map", "nf_tables", NULL),
    FILTER("nft-ttl", REQUIRED,
           "table ip trial_t { chain trial_c { type filter hook prerouting priority -300; ip ttl set 64; }\n}",
           "routers that are no hop", "payload rewrite", "nf_tables", NULL),
    FILTER("nft-netdev-ingress", REQUIRED, NETDEV("ingress", "counter drop"), "the receiving side of a cable",
           "nftables, family netdev", "nf_tables", NULL),
    FILTER("nft-netdev-egress", LATER, NETDEV("egress", "counter drop"), "policies with egress, duplication",
           "nftables, family netdev", NULL, "needs Linux 5.16 or newer with CONFIG_NETFILTER_EGRESS"),

    {.name = "loss",
     .area = CAPABILITY_IMPAIRMENT,
     .need = CAPABILITY_RECOMMENDED,
     .place = TRIAL_LAB,
     .try = try_loss,
     .requires = "nft-netdev-ingress",
     .purpose = "loss of links, the fault 'loss'",
     .backend = "nft numgen at the receiving end",
     .fidelity = "exact share, packet by packet; the sender sees nothing",
     .module = "nft_numgen"},
    QDISC("netem", "delay, jitter, reordering in the kernel; without it a relay in user space does them",
          "the reference"),
    QDISC("tbf", "rate in the kernel; without it a relay in user space limits it",
          "token bucket: a short burst passes at once"),

    DEVICE("dummy", LATER, link_dummy, "extra addresses of a node", "dummy"),
    DEVICE("vlan", RECOMMENDED, link_vlan, "tagged interfaces (`parent`)", "8021q"),
    {.name = "bridge-vlan-filtering",
     .area = CAPABILITY_DEVICES,
     .need = CAPABILITY_RECOMMENDED,
     .place = TRIAL_LAB,
     .try = try_link,
     .argument = &link_filtering,
     .requires = "namespaces",
     .purpose = "bridges with `vlan_filtering`, the faults of VLANs",
     .backend = "the kernel's own",
     .remedy = "needs a kernel with CONFIG_BRIDGE_VLAN_FILTERING"},
    DEVICE("vxlan", RECOMMENDED, link_vxlan, "tunnels between nodes (`vxlan`)", "vxlan"),
    DEVICE("vrf", LATER, link_vrf, "several routing domains in one router", "vrf"),
    DEVICE("wireguard", LATER, link_wireguard, "tunnels", "wireguard"),
    DEVICE("bonding", LATER, link_bonding, "bundled links", "bonding"),

    PROGRAM(dnsmasq, "name servers: VPC resolvers, services of kind dns and dhcp"),
    PROGRAM(nsd, "name servers of the internet, services of kind dns without recursion"),
    PROGRAM(unbound, "the internet's public resolver"),
    PROGRAM(named, "services of kind dns with views"),
    PROGRAM(nginx, "web servers with TLS"),
    PROGRAM(haproxy, "services of kind proxy"),
    PROGRAM(bird, "services of kind bgp and ospf"),
    PROGRAM(udhcpc, "interfaces with `dhcp: true`"),
    PROGRAM(ip, "to look at interfaces and routes"),
    PROGRAM(nft, "to look at and change firewalls"),
    PROGRAM(ping, "to try a path"),
    PROGRAM(traceroute, "to see the hops of a path"),
    PROGRAM(tcpdump, "to see packets"),
    PROGRAM(dig, "to ask name servers"),
    PROGRAM(curl, "to fetch pages"),
    PROGRAM(nc, "to try ports"),
    PROGRAM(ps, "to see processes"),

    LIMIT("namespace-limit", RECOMMENDED, try_namespace_limit, "the number of nodes", NULL),
    LIMIT("open-files", RECOMMENDED, try_open_files, "the number of nodes",
          "raise the hard limit of open files: `ulimit -Hn 524288` as root, or a line 'USER hard nofile 524288' in "
          "/etc/security/limits.conf"),
    LIMIT("processes", RECOMMENDED, try_processes, "the number of nodes and their programs", NULL),
    LIMIT("memory", REQUIRED, try_memory, "the number of nodes and their programs",
          "end other programs, or add memory"),
    LIMIT("neighbour-table", RECOMMENDED, try_neighbour_table, "address resolution in large segments",
          "other labs or containers fill the table that all of the machine share: end them, or as root raise "
          "net.ipv4.neigh.default.gc_thresh3"),
    LIMIT("logout", RECOMMENDED, try_logout, "labs that outlive a login session", NULL),
};
const size_t capability_count = ARRAY_SIZE(capabilities);

static const char *const state_names[] = {"ok", "fallback", "missing"};
_Static_assert(ARRAY_SIZE(state_names) == CAPABILITY_STATE_COUNT, "one name for each state");
static const char *const need_names[] = {"required", "recommended", "later"};
_Static_assert(ARRAY_SIZE(need_names) == CAPABILITY_NEED_COUNT, "one name for each need");
static const char *const area_names[] = {"isolation",  "files",   "network",  "filter",
                                         "impairment", "devices", "programs", "limits"};
_Static_assert(ARRAY_SIZE(area_names) == CAPABILITY_AREA_COUNT, "one name for each area");

const char *capability_state_name(enum capability_state state)
{
    return state_names[state];
}

const char *capability_need_name(enum capability_need need)
{
    return need_names[need];
}

const char *capability_area_name(enum capability_area area)
{
    return area_names[area];
}

const struct capability *capability_find(const char *name)
{
    for (size_t i = 0; i < capability_count; i++)
        if (str_equal(capabilities[i].name, name))
            return &capabilities[i];
    return NULL;
}

void capability_probe(const struct capability *capability, struct capability_result *result)
{
    trial_run(capability, result);
}

/* The row of what this capability requires, or NULL.  What is required stands before it in the table. */
static const struct capability_result *prerequisite(const struct capability *capability,
                                                    const struct capability_result *results)
{
    return capability->requires ? &results[capability_find(capability->requires) - capabilities] : NULL;
}

void capability_probe_all(struct capability_result *results)
{
    for (size_t i = 0; i < capability_count; i++) {
        const struct capability_result *first = prerequisite(&capabilities[i], results);
        if (!first || first->state != CAPABILITY_MISSING) {
            capability_probe(&capabilities[i], &results[i]);
            continue;
        }
        results[i] = (struct capability_result){
            .capability = &capabilities[i], .state = CAPABILITY_MISSING, .number = first->number};
        snprintf(results[i].detail, sizeof results[i].detail, "not tried: it needs %s", capabilities[i].requires);
    }
}

static int explain(const struct capability_result *result, struct error *err)
{
    if (result->state != CAPABILITY_MISSING)
        return 0;
    error_set(err, ERR_CAPABILITY, "this machine lacks the capability '%s' (%s): %s%s%s", result->capability->name,
              result->capability->purpose, result->detail, result->remedy[0] ? "\n  remedy: " : "", result->remedy);
    if (err)
        err->number = result->number;
    return -1;
}

int capability_try(const char *name, struct error *err)
{
    const struct capability *capability = capability_find(name);
    assert(capability);
    struct capability_result result;
    if (capability->requires && capability_try(capability->requires, err) != 0)
        return -1; /* the reason behind it is the one to repair */
    capability_probe(capability, &result);
    return explain(&result, err);
}
