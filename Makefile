# Evently: a PostgreSQL extension (extension/, built with PGXS) and a web app in front of it (shim/).
#
#   make && make install && make installcheck     the extension, as everywhere
#   make run                                      everything on this machine, from nothing; `make help` tells the rest

PG_CONFIG ?= $(firstword $(wildcard /usr/lib/postgresql/15/bin/pg_config) pg_config)
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))

SOURCES := $(sort $(wildcard extension/*.c))
EV_VERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" extension/evently.control)
SQL := $(sort $(wildcard extension/sql/*.sql))
INSTALL_SQL := build/evently--$(EV_VERSION).sql
UPDATE_SQL := build/evently--1.0--1.1.sql

EXTENSION = extension/evently
MODULE_big = evently
OBJS = $(SOURCES:extension/%.c=build/%.o)
DATA = extension/upgrade/evently--1.0.sql
DATA_built = $(INSTALL_SQL) $(UPDATE_SQL)
# The last flag keeps the checkout's path out of the library: two copies of one version build the same file.
PG_CPPFLAGS = -DEV_VERSION='"$(EV_VERSION)"'
PG_CFLAGS = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers '-ffile-prefix-map=$(CURDIR)=.'
EXTRA_CLEAN = build

REGRESS := $(sort $(basename $(notdir $(wildcard sql/*.sql))))
REGRESS_OPTS = --inputdir=. --outputdir=build/regress
REGRESS_PREP = build/regress
ISOLATION := $(sort $(basename $(notdir $(wildcard test/isolation/specs/*.spec))))
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=build/isolation --load-extension=pg_trgm --load-extension=evently

# JIT bitcode would need clang to build, and functions that spend their time in SPI gain nothing from it.
override with_llvm = no

.DEFAULT_GOAL := all
.PHONY: shim deps run up down reset test test-long coverage bench psql config lint lint-api format check-format help

# The targets below the include must work before PostgreSQL's build files are installed: `make run` installs them.
ifneq ($(PGXS),)
include $(PGXS)

# Who wants only the extension needs no Kore: without it `make` leaves the web app out.
all: $(if $(wildcard /usr/share/kore/features),shim)

clean: clean-shim
.PHONY: clean-shim
clean-shim:
	$(MAKE) -C shim clean

$(OBJS): build/%.o: extension/%.c extension/evently.control | build
	$(CC) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJS:.o=.d)

$(INSTALL_SQL): $(SQL) | build
	cat $^ > $@

# extension/upgrade/README.md
before_tables = extension/sql/05_% extension/sql/1%
of_install = extension/sql/00_% extension/sql/20_%
$(UPDATE_SQL): extension/upgrade/drop.sql $(filter $(before_tables),$(SQL)) extension/upgrade/1.0--1.1.sql \
		$(filter-out $(before_tables) $(of_install),$(SQL)) | build
	cat $^ > $@

build build/regress:
	mkdir -p $@
else
.PHONY: all install uninstall installcheck clean
all install uninstall installcheck clean:
	@echo "PostgreSQL's build files are missing (asked $(PG_CONFIG)). Install postgresql-server-dev-15, or run: make deps" >&2
	@exit 1
endif

shim: ## build the web app only
	$(MAKE) -C shim

deps: ## install the packages that building and running need
	@packaging/local/install-deps build server shim

run: ## build, start and serve in the foreground; Ctrl-C stops all
	@packaging/local/run

up: ## the same in the background; again: restart what is missing
	@packaging/local/up

down: ## stop what `make up` or `make run` started
	@packaging/local/down

reset: ## stop, and delete the private database and its secrets
	@packaging/local/reset

test: ## everything CI runs, on a throw-away database; ONLY=http/test_auth.py: that alone
	@test/run

test-long: ## the long forms of the tests that break things: hours
	@test/crash/run long
	@test/upgrade/run
	@test/fuzz/sqlsmith 20000
	@EVENTLY_REQUESTS=100000 EVENTLY_IDLE=10000 EVENTLY_STRANGE_CALLS=100000 test/run
	@test/mutants/run
	@test/fuzz/run 20000000
	@test/memory/run sanitize
	@test/memory/run valgrind

coverage: ## which lines and branches of the C code the tests reach
	@test/coverage/run

bench: ## benches, side by side with what one would use instead
	@test/bench/run

psql: ## psql on the private database (reads standard input too)
	@packaging/local/psql

config: ## every setting of the web app, where it came from, and what would stop the start
	@packaging/local/config

lint: ## what clang-tidy and cppcheck think of the C code
	@test/lint/c

lint-api: ## check the running web app's OpenAPI document with Spectral (from npm)
	@test/lint/openapi

FORMATTED = $(wildcard extension/*.[ch] shim/src/*.[ch])
CLANG_FORMAT ?= clang-format

format: ## reformat the C code
	$(CLANG_FORMAT) --style=file --fallback-style=none -i $(FORMATTED)

check-format: ## is the C code formatted?
	$(CLANG_FORMAT) --style=file --fallback-style=none --dry-run -Werror $(FORMATTED)

help: ## this list
	@echo "all            build the extension, and the web app where Kore is installed (what plain make does)"
	@echo "install        install the extension into PostgreSQL (as root)"
	@echo "installcheck   test the extension on a running server (PGHOST, PGPORT, PGUSER)"
	@echo "clean          delete what was built"
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 15
