# labctl: deps, all, check, check-vm, demo, bench, asan, lint, install, clean.  `make help` says what each does.
include rooms.mk

BUILD   ?= build
prefix  ?= /usr/local
bindir  ?= $(prefix)/bin
libexecdir ?= $(prefix)/libexec/labctl
datadir ?= $(prefix)/share/labctl
mandir  ?= $(prefix)/share/man
DESTDIR ?=
CC      ?= gcc
OPTIMIZE ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Werror
PACKAGES := libnl-3.0 libnl-route-3.0 yaml-0.1 jansson
# Not linked, but loaded when they are needed (base/late.h); their names are taken from the libraries that are here.
LATE     := libcurl ldns libmicrohttpd libnftables libpcap openssl
VERSION := $(shell cat VERSION)
soname = -DSONAME_LIB$(shell echo $(1) | tr a-z A-Z)='"$(shell LC_ALL=C readelf -d "$$($(CC) -print-file-name=lib$(1).so)" | \
	sed -n 's/.*soname: \[\(.*\)\].*/\1/p')"'
# Expanded once, and only when something is compiled: `make deps` must run where the libraries are still missing.
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) $(LATE)) \
	$(call soname,curl) $(call soname,ldns) $(call soname,microhttpd) $(call soname,nftables) $(call soname,pcap) \
	$(call soname,ssl) $(call soname,crypto) $(call soname,iperf))$(PACKAGE_CFLAGS)
PACKAGE_LIBS   = $(eval PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PACKAGE_LIBS)
CFLAGS  ?= $(OPTIMIZE)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Ilabctl -fmacro-prefix-map=labctl/= $(WARNINGS) $(CFLAGS) $(SANITIZE) $(PACKAGE_CFLAGS) -MMD -MP \
	-DLABCTL_VERSION='"$(VERSION)"' -DLABCTL_LIBEXEC='"$(libexecdir)"' -DLABCTL_DATA='"$(datadir)"'
STATIC  ?= -static
# How many compilers run at once in the builds that `check` and `demo` begin with.
JOBS    ?= $(shell nproc)
# What is compiled in: objects are made anew when it differs from the last time.
SETTINGS := $(VERSION) $(libexecdir) $(datadir)
$(shell [ "$$(cat $(BUILD)/settings 2>/dev/null)" = "$(SETTINGS)" ] || rm -f $(BUILD)/settings)
Q := $(if $(V),,@)

objects  = $(patsubst labctl/%.c,$(BUILD)/%.o,$(wildcard labctl/$(1)/*.c labctl/$(1)/*/*.c))
archive  = $(BUILD)/lib/$(1).a
archives = $(foreach room,$(1),$(call archive,$(room)))
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/*/test_*.c))

all: $(BUILD)/labctl $(BUILD)/labctl-keeper $(BUILD)/labctl-serve $(BUILD)/labctl-relay

# Debug information lies beside a program, where debuggers look for it: the keeper copies programs into each lab, in
# memory.  Sanitizers read it from the program itself.
OBJCOPY ?= objcopy
split_debug = $(if $(SANITIZE),,$(Q)$(OBJCOPY) --only-keep-debug $@ $@.debug && \
	$(OBJCOPY) --strip-debug --add-gnu-debuglink=$@.debug $@)

# With sanitizers, their reports reach tests/run from wherever the process is.
SANITIZER = $(if $(SANITIZE),$(BUILD)/sanitizer.o)
$(BUILD)/sanitizer.o: tests/sanitizer.c $(BUILD)/settings
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fno-sanitize=all -DREPORTS='"$(abspath $(BUILD))/reports"' -c -o $@ $<

$(BUILD)/labctl: $(BUILD)/main.o $(call archives,$(ROOMS)) $(SANITIZER)
	@echo "  LINK  $@"
	$(Q)$(CC) $(SANITIZE) -o $@ $< $(SANITIZER) -Wl,--start-group $(call archives,$(ROOMS)) -Wl,--end-group $(LDFLAGS) $(PACKAGE_LIBS) -lm
	$(split_debug)

# The keeper stays small: no third-party library, one static file that can be copied into the lab.
$(BUILD)/labctl-keeper: $(call objects,keeper)
	@echo "  LINK  $@"
	$(Q)$(CC) $(STATIC) -o $@ $^ $(LDFLAGS)
	$(split_debug)

# The embedded services (http, tcp, echo, iperf), run inside nodes: without the symbols that would tell there where they were built.
$(BUILD)/labctl-serve: $(call objects,serve) $(call archive,base) $(SANITIZER)
	@echo "  LINK  $@"
	$(Q)$(CC) $(SANITIZE) $(if $(SANITIZE),,-s) -o $@ $^ $(LDFLAGS)

# The relay, which gives packets back later than they came: static as well, it is copied into the lab.
$(BUILD)/labctl-relay: $(call objects,relay) $(call archive,link) $(call archive,base) $(SANITIZER)
	@echo "  LINK  $@"
	$(Q)$(CC) $(SANITIZE) $(if $(SANITIZE),,$(STATIC)) -o $@ $^ $(LDFLAGS) -lm
	$(split_debug)

$(BUILD)/settings:
	@mkdir -p $(@D)
	@echo "$(SETTINGS)" >$@

$(BUILD)/keeper/%.o: override SANITIZE :=
$(BUILD)/%.o: labctl/%.c $(BUILD)/settings
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

define room_archive
$(call archive,$(1)): $(call objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(foreach room,$(ROOMS),$(eval $(call room_archive,$(room))))

# A test links the rooms that its own room may use, so it cannot reach further than its room does; where topologies are
# what is written about, its examples are read from YAML.
TEST_ROOMS_report := doc load
TEST_ROOMS_load   := rules
TEST_ROOMS_rules  := doc load
TEST_ROOMS_lower  := doc load rules
TEST_ROOMS_explain := doc load rules
TEST_ROOMS_service := doc load rules lower
TEST_ROOMS_probe  := score
TEST_ROOMS_score  := doc load
TEST_ROOMS_exercise := doc load
TEST_ROOMS_fault  := doc load rules lower service
# What only tests of a room link: probes meet a TLS server of the test's own, certificates are looked at by others.
TEST_LIBS_probe := -lssl -lcrypto
TEST_LIBS_authority := -lcrypto
room_of  = $(firstword $(subst /, ,$(1)))
test_rooms = link $(call room_of,$(1)) $(TEST_ROOMS_$(call room_of,$(1))) $(or $(ROOM_$(call room_of,$(1))),$(if $(filter base model,$(call room_of,$(1))),,$(ROOMS)))
define test_program
$(BUILD)/tests/$(1): tests/$(1).c $(call archives,$(sort $(filter $(ROOMS),$(call test_rooms,$(1))))) $(SANITIZER)
	@mkdir -p $$(@D)
	@echo "  TEST  $$@"
	$$(Q)$$(CC) $$(ALL_CFLAGS) -Itests -DLABCTL_SOURCE='"$$(CURDIR)"' -MF $$@.d -o $$@ $$< $(SANITIZER) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(LDFLAGS) $$(PACKAGE_LIBS) -lcmocka -lm $(TEST_LIBS_$(call room_of,$(1)))
endef
# No test itself: what scripts of faults in running labs look with.
TEST_TOOLS := $(BUILD)/tests/cmd/look
$(foreach test,$(patsubst $(BUILD)/tests/%,%,$(TESTS) $(TEST_TOOLS)),$(eval $(call test_program,$(test))))

tests: all $(TESTS) $(TEST_TOOLS)

deps:
	$(Q)tests/deps

# Installs what is missing, builds, runs every test; the last line counts them.
check: deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) tests
	$(Q)BUILD=$(BUILD) tests/run

# A thousand proofs of the shipped scenarios while every core is busy: not one verdict may differ.  Thousands of random
# topologies: the second opinion and packets may not differ.
check-long: all $(BUILD)/tests/explain/test_differential $(TEST_TOOLS)
	$(Q)BUILD=$(BUILD) tests/long

# What other kernels have and this one may lack: Debian's own, in qemu.
check-vm: all $(filter $(BUILD)/tests/kernel/%,$(TESTS)) $(TEST_TOOLS)
	$(Q)BUILD=$(BUILD) CC="$(CC)" tests/vm/run

demo: deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) tests/demo

bench: all
	$(Q)BUILD=$(BUILD) CC="$(CC)" tests/bench/run

asan:
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/asan OPTIMIZE="-O1 -g" SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer" tests
	$(Q)mkdir -p -m 1777 $(BUILD)/asan/reports
	$(Q)BUILD=$(BUILD)/asan tests/run

lint:
	$(Q)tests/lint

install: all
	$(Q)tests/install "$(BUILD)" "$(DESTDIR)$(bindir)" "$(DESTDIR)$(libexecdir)" "$(DESTDIR)$(datadir)" "$(DESTDIR)$(mandir)"

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^# labctl: //p' Makefile
	@echo "  deps     install the Debian packages that are missing (as root; otherwise print the command)"
	@echo "  all      build $(BUILD)/labctl          check    deps, build, run all tests"
	@echo "  check-long  a thousand proofs under load, 3,000 random topologies, deaths around each kind of fault (two hours)"
	@echo "  check-vm    tests in qemu, on Debian's own kernel (qemu-system-x86, busybox-static, cpio, kmod, wireguard-tools)"
	@echo "  demo     deps, build, one exercise     bench    figures as ratios against the floor program"
	@echo "  asan     all tests with sanitizers     lint     static checks and formatting"
	@echo "  install  into DESTDIR and prefix       clean    remove $(BUILD)"

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all tests deps check check-long check-vm demo bench asan lint install clean help
# `make -j clean all`: one after the other.
$(if $(filter clean,$(MAKECMDGOALS)),$(eval .NOTPARALLEL:))
.DELETE_ON_ERROR:
