# Builds, tests and runs poolbench. `make help` lists the targets; nothing is needed beforehand but make.
#
# One makefile, no recursion but for the sanitizers: each variant (compiler, sanitizer) has a folder of its own below
# build/, so that objects never mix. Everything that depends on the machine or on the folder listing (libraries, cases,
# backends, hazards) is found anew at every start and written below build/ only where it changed: make includes
# build/VARIANT/config.mk, and starts over when that file changed. That is also where set-up happens, by
# harness/util/setup.sh, before anything is read from pkg-config.

# make remakes an included makefile even under -n, -q and -t; those must not install anything.
SHORT_OPTIONS := $(firstword -$(MAKEFLAGS))
DRY_RUN := $(findstring n,$(SHORT_OPTIONS))$(findstring q,$(SHORT_OPTIONS))$(findstring t,$(SHORT_OPTIONS))

MAKEFLAGS += --no-builtin-rules --no-builtin-variables --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all report tests check bench crosswalk stats asan tsan points stress soak lint format install clean help FORCE
.DEFAULT_GOAL := all

# --- what a user may set -------------------------------------------------------------------------

# CC=clang, CFLAGS=-O3, VARIANT=name, WERROR= (a compiler with new warnings), V=1 (whole commands),
# WITHOUT="libcurl ..." (optional libraries to leave out), NO_INSTALL=1 (say what is missing, install nothing)
ifeq ($(filter-out default undefined,$(origin CC)),)
CC := $(or $(if $(shell command -v gcc 2>/dev/null),gcc),$(if $(shell command -v clang 2>/dev/null),clang),gcc)
endif
SANITIZE ?=
comma := ,
VARIANT ?= $(notdir $(lastword $(CC)))$(if $(SANITIZE),-$(firstword $(subst $(comma), ,$(SANITIZE))))
CFLAGS ?= $(if $(SANITIZE),-O1,-O2) -g
WERROR ?= -Werror
PROFILE ?= default
HOST ?=
STRESS ?= 1e9
EXPERIMENTS ?= 10k
ROUNDS ?= 50
TESTS ?=
BENCH ?=
BLOCKS ?=
PREFIX ?= /usr/local
DESTDIR ?=
export NO_INSTALL WITHOUT

# --- flags and files -----------------------------------------------------------------------------

BUILD := build/$(VARIANT)
PROGRAM := $(BUILD)/poolbench
LIBRARY := $(BUILD)/libpoolbench.a
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

LANGUAGE := -std=gnu17 -Wall -Wextra -Wshadow -Wconversion $(WERROR) -D_GNU_SOURCE -pthread
SANITIZERS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
CXX_LANGUAGE := -std=c++17 -Wall -Wextra -Wshadow -Wno-c++20-designator -Wno-missing-field-initializers $(WERROR) -D_GNU_SOURCE -pthread
CXX_FLAGS = $(CXX_LANGUAGE) $(CFLAGS) $(SANITIZERS) -I.
FLAGS = $(LANGUAGE) $(CFLAGS) $(SANITIZERS) -I. $(LIBRARY_CFLAGS)
LINK = $(CC) -pthread -rdynamic $(CFLAGS) $(SANITIZERS) $(LDFLAGS)
LIBS = -Wl,--as-needed $(LIBRARY_LIBS) $(CASE_LIBS) -ldl -lm

HARNESS_SOURCES := $(sort $(shell find harness -name '*.c' -o -name '*.cpp'))
SOURCES = $(filter-out $(LEFT_OUT),$(HARNESS_SOURCES)) $(CASE_SOURCES)
GENERATED := $(addprefix $(BUILD)/generated/,cases.c backends.c demos.c surveys.c buildinfo.c)
OBJECTS = $(addprefix $(BUILD)/,$(addsuffix .o,$(basename $(SOURCES)))) $(GENERATED:.c=.o)
TEST_PROGRAMS = $(TEST_SOURCES:%.c=$(BUILD)/%)
STATS_PROGRAM := $(BUILD)/tests/stats/stats
STATS_SOURCES := $(sort $(wildcard tests/stats/*.c))
STATS_OBJECTS = $(STATS_SOURCES:%.c=$(BUILD)/%.o)
BENCH_PROGRAM := $(BUILD)/tests/bench/bench
BENCH_SOURCES := $(sort $(wildcard tests/bench/*.c))
# The C++ peer is there where the backend onetbb is (tests/bench/tbb.c).
BENCH_TBB = $(if $(filter %/onetbb.cpp,$(LEFT_OUT)),,$(BUILD)/tests/bench/tbb_loop.o)
BENCH_OBJECTS = $(BENCH_SOURCES:%.c=$(BUILD)/%.o) $(BENCH_TBB)
LINTED = $(addprefix $(BUILD)/,$(addsuffix .linted,$(basename $(SOURCES) $(TEST_SOURCES) $(BENCH_SOURCES) $(STATS_SOURCES) tests/stress/stress.c)))
STRESS_PROGRAM := $(BUILD)/tests/stress/stress
POOL_TESTS = $(filter %/test_range %/test_stress $(BUILD)/tests/unit/test_pool% $(BUILD)/tests/unit/test_calls%,$(TEST_PROGRAMS))
ALL_TESTS = $(TEST_PROGRAMS) $(sort $(wildcard tests/cli/*.bats))
TEST_FILES = $(if $(TESTS),$(foreach test,$(TESTS:.bats=),$(filter %/$(test) %/$(test).bats,$(ALL_TESTS))),$(ALL_TESTS))

# Replaces the target by the new file only where they differ, so that what depends on it is left alone. The new file's
# name ends in the shell's process id, since two makes may be at it.
new = $@.$$$$
replace = if cmp -s $(new) $@; then rm $(new); else mv $(new) $@; fi

# --- targets -------------------------------------------------------------------------------------

GOALS := $(or $(MAKECMDGOALS),all)
NO_SETUP := clean help asan tsan points

ifneq ($(and $(filter clean,$(GOALS)),$(filter-out $(NO_SETUP),$(GOALS))),)

# `make clean all`: one after the other, each in a make of its own
.NOTPARALLEL:
$(filter-out clean,$(GOALS)): clean
	+@$(MAKE) $@

else

all: poolbench $(LIBRARY) ## build ./poolbench and the library (CC=clang, V=1 shows the commands)

poolbench: $(PROGRAM) FORCE
	@cp $< $(new) && $(replace)

report: all ## measure this machine and write REPORT.md (PROFILE=quick, default or full; HOST=name)
	./poolbench sweep --profile $(PROFILE)$(HOST:%= --host %); measured=$$?; \
	./poolbench report$(HOST:%= --host %) && exit $$measured

lint: format ## check the format and look for mistakes (-j2 on two cores)
	@shellcheck harness/util/*.sh tests/run.sh tests/soak.sh .ci/run

format:
	@clang-format --dry-run -Werror $$(find cases examples harness tests -name '*.[ch]' -o -name '*.cpp')

install: $(PROGRAM) ## install the program, the plots and the peers (PREFIX=/usr/local, DESTDIR=)
	install -D $(PROGRAM) '$(DESTDIR)$(PREFIX)/bin/poolbench'
	install -d '$(DESTDIR)$(PREFIX)/share/poolbench/plots'
	install -m 644 plots/*.gp '$(DESTDIR)$(PREFIX)/share/poolbench/plots'
	install -d '$(DESTDIR)$(PREFIX)/share/poolbench/peers'
	install -m 644 cases/peers/*.py '$(DESTDIR)$(PREFIX)/share/poolbench/peers'

endif

asan: ## run the tests with the address and undefined-behaviour sanitizers
	+@ASAN_OPTIONS=exitcode=99:detect_stack_use_after_return=1:$$ASAN_OPTIONS \
	UBSAN_OPTIONS=exitcode=99:print_stacktrace=1:$$UBSAN_OPTIONS \
	$(MAKE) check SANITIZE=address,undefined

tsan: ## run the tests with the thread sanitizer
	+@TSAN_OPTIONS=exitcode=99:halt_on_error=1:$$TSAN_OPTIONS POOLBENCH_TSAN=1 \
	$(MAKE) check SANITIZE=thread

points: ## run the test that kills workers at every point of the engine
	+@$(MAKE) check VARIANT=$(VARIANT)-points CFLAGS='$(CFLAGS) -DPOOL_POINTS' TESTS='unit/test_pool_points unit/test_calls_points'

clean: ## remove everything that make has built
	rm -rf build poolbench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

# --- rules ---------------------------------------------------------------------------------------

ifneq ($(filter-out $(NO_SETUP),$(GOALS)),)
ifeq ($(filter clean,$(GOALS)),)

SETUP_GROUPS := build $(filter report check lint bench,$(patsubst crosswalk,bench,$(patsubst soak,check,$(patsubst stress,check,$(GOALS:tests=check))))) $(if $(filter lint,$(GOALS)),check)

$(BUILD)/config.mk: FORCE
	$(if $(DRY_RUN)$(MAKE_RESTARTS),,@CC='$(CC)' sh harness/util/setup.sh $(SETUP_GROUPS))
	@mkdir -p $(BUILD)/generated
	@ln -sfn ../../plots $(BUILD)/plots # where the program looks for them: beside itself
	@ln -sfn ../../cases/peers $(BUILD)/peers
	@CC='$(CC)' sh harness/util/registry.sh $(BUILD)/generated
	@{ echo "LIBRARY_CFLAGS := $$(pkg-config --cflags jansson hwloc cminpack)"; \
	   echo "LIBRARY_LIBS := $$(pkg-config --libs jansson hwloc cminpack)"; \
	   cat $(BUILD)/generated/registry.mk; \
	   echo '# $(HARNESS_SOURCES)'; } >$(new) && $(replace)

# There from the start, because make would call it missing before it makes it.
$(shell mkdir -p $(BUILD) && touch -a $(BUILD)/config.mk)
include $(BUILD)/config.mk

# What a test file runs: itself, and some the other program or the library.
TESTED = $(filter $(TEST_PROGRAMS),$(TEST_FILES)) $(if $(filter %/bench.bats %/crosswalk.bats,$(TEST_FILES)),$(BENCH_PROGRAM)) \
	$(if $(filter %/examples.bats,$(TEST_FILES)),$(LIBRARY))

# Here, because config.mk says which tests have their libraries.
tests: $(PROGRAM) $(LIBRARY) $(TEST_PROGRAMS) $(BENCH_PROGRAM) ## build the program and the tests without running them

check: $(PROGRAM) $(TESTED) ## run the tests (TESTS=unit/test_stat for one of them)
	@POOLBENCH="$$PWD/$(PROGRAM)" tests/run.sh $(TEST_FILES)

# The rows' names may hold a *, which is for the program.
bench: $(BENCH_PROGRAM) ## measure the pools against their targets (BENCH="empty-* hot-1us", BLOCKS=12, HOST=name)
	@$<$(BLOCKS:%= --blocks %)$(HOST:%= --host %) $(foreach row,$(BENCH),'$(row)')

stats: $(STATS_PROGRAM) ## show that the intervals hold, simulated and on this machine (EXPERIMENTS=10k)
	@$(STATS_PROGRAM) $(EXPERIMENTS)

stress: $(STRESS_PROGRAM) ## run 10^9 tasks, each exactly once (STRESS=1e7 for fewer)
	@$(STRESS_PROGRAM) $(STRESS)

soak: $(PROGRAM) $(POOL_TESTS) ## run the tests of pools over and over beside busy loops (ROUNDS=50)
	@POOLBENCH="$$PWD/$(PROGRAM)" sh tests/soak.sh $(ROUNDS) $(POOL_TESTS)

# To the file that the document will name as its source.
crosswalk: COSTS = results/$(or $(HOST),$(shell uname -n))/bench/crosswalk.json
# Debian's Python has Debian's joblib; the first on the path may be another one.
crosswalk: PYTHON = $(or $(wildcard /usr/bin/python3),python3)
crosswalk: $(BENCH_PROGRAM) ## measure what docs/crosswalk.md says that things cost, and fill it in (HOST=name)
	@$<$(BLOCKS:%= --blocks %) -o $(COSTS) $$($(PYTHON) tests/bench/crosswalk.py rows)
	@$(PYTHON) tests/bench/crosswalk.py fill $(COSTS)

$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(FLAGS) $(CXX_LANGUAGE)' >$(new) && $(replace)

# The flags go into every result file, so words with a path in them stay out.
$(BUILD)/generated/buildinfo.c: FORCE
	@sh harness/util/buildinfo.sh '$(CC)' '$(strip $(foreach f,$(FLAGS),$(if $(findstring /,$(f)),,$(f))))' \
	>$(new) && $(replace)

$(BUILD)/generated/%.o: $(BUILD)/generated/%.c $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)$(CC) $(FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(CASE_CFLAGS) -MMD -MP -c -o $@ $<

# The compiler's driver knows C++ by the file's name, where it is installed.
$(BUILD)/%.o: %.cpp $(BUILD)/flags
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CXX_FLAGS) $(CASE_CFLAGS) -MMD -MP -c -o $@ $<

lint: $(LINTED)

# Linted anew whenever it was compiled anew. Its findings are on stdout; stderr counts those in system headers.
$(BUILD)/%.linted: %.c $(BUILD)/%.o .clang-tidy tests/.clang-tidy
	$(call say,TIDY,$<)
	$(Q)clang-tidy --quiet $< -- $(LANGUAGE) -I. $(LIBRARY_CFLAGS) $(CASE_CFLAGS) 2>$@ || { cat $@ >&2; exit 1; }

$(BUILD)/%.linted: %.cpp $(BUILD)/%.o .clang-tidy
	$(call say,TIDY,$<)
	$(Q)clang-tidy --quiet $< -- $(CXX_LANGUAGE) -I. $(CASE_CFLAGS) 2>$@ || { cat $@ >&2; exit 1; }

$(PROGRAM): $(OBJECTS) $(BUILD)/config.mk
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $(OBJECTS) $(LIBS)

# For a program of one's own, which takes only what it uses.
$(LIBRARY): $(OBJECTS) $(BUILD)/config.mk
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter-out $(BUILD)/harness/main.o,$(OBJECTS))

$(TEST_PROGRAMS) $(STRESS_PROGRAM): $(BUILD)/%: $(BUILD)/%.o $(OBJECTS) $(BUILD)/config.mk
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $< $(filter-out $(BUILD)/harness/main.o,$(OBJECTS)) $(LIBS) $$(pkg-config --libs cmocka)

$(BENCH_PROGRAM): $(BENCH_OBJECTS) $(OBJECTS) $(BUILD)/config.mk
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $(BENCH_OBJECTS) $(filter-out $(BUILD)/harness/main.o,$(OBJECTS)) $(LIBS)

$(STATS_PROGRAM): $(STATS_OBJECTS) $(OBJECTS) $(BUILD)/config.mk
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $(STATS_OBJECTS) $(filter-out $(BUILD)/harness/main.o,$(OBJECTS)) $(LIBS)

.SECONDARY: $(TEST_SOURCES:%.c=$(BUILD)/%.o)
-include $(OBJECTS:.o=.d) $(TEST_PROGRAMS:=.d) $(BENCH_OBJECTS:.o=.d) $(STATS_OBJECTS:.o=.d) $(STRESS_PROGRAM).d

endif
endif
