# Needs Node 20.19 or newer, npm and Python 3; everything else is fetched into
# node_modules/ and .tools/. Each step leaves a file that says it is done.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build demo up test golden lint coverage mutate clean bench-overload bench-calm bench-neighbour bench-incidents bench-sweep bench-tick bench-revocation bench-grants

ROOMS := core envoy control-plane ext-authz cli platform client demo bench tests
SOURCES := $(shell find $(wildcard $(ROOMS)) -name '*.ts' 2>/dev/null)
PROTOS := $(shell find proto/capmesh proto/io proto/grpc -name '*.proto' 2>/dev/null)
INSTALLED := node_modules/.package-lock.json
GENERATED := proto/gen/capmesh.binpb
COMPILED := dist/.compiled

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: $(COMPILED) schemathesis ## install, generate and compile everything that is missing or out of date

build: $(COMPILED)

demo: $(COMPILED) ## show the loop at work against real Envoys
	node dist/demo/main.js

up: $(COMPILED) ## run a mesh here with example services, until ^C
	node dist/cli/main.js up --example

test: $(COMPILED) schemathesis ## run every test; the last line sums them up
	@node tools/run-tests.js

golden: $(COMPILED) ## check the mathematics against test vectors: make golden GOLDEN_DIR=…
	node dist/tests/golden/run-golden.js $(GOLDEN_DIR)

bench-overload: $(COMPILED) ## goodput under overload, beside peers on real Envoy (about half an hour)
	node dist/bench/overload.js $(BENCH_ARGS)

bench-neighbour: $(COMPILED) ## a tenant whose calls become ten times heavier, and what becomes of its neighbour (about eight minutes)
	node dist/bench/neighbour.js $(BENCH_ARGS)

bench-calm: $(COMPILED) ## calls refused at 75 % load, which should be none (about ten minutes)
	node dist/bench/calm.js $(BENCH_ARGS)

bench-incidents: $(COMPILED) ## time from the first bad answer to its cure, over 50 overloads (about eight minutes)
	node dist/bench/incidents.js $(BENCH_ARGS)

bench-sweep: $(COMPILED) ## the stable region of a sweep against the real mesh at six points (about fifteen minutes)
	node dist/bench/sweep-agreement.js $(BENCH_ARGS)

bench-grants: $(COMPILED) ## grants at three replicas at once, with a killed and a paused leader (about a minute)
	node dist/bench/grants.js $(BENCH_ARGS)

bench-tick: $(COMPILED) ## cost of a kernel tick, and of a mesh's spectrum beside NumPy and SciPy (about two minutes)
	node dist/bench/tick.js $(BENCH_ARGS)

bench-revocation: $(COMPILED) ## time from "capmesh token revoke" to the first refusal, on four Envoys (about a minute)
	node dist/bench/revocation.js $(BENCH_ARGS)

lint: $(INSTALLED) ## formatting, lint rules and the walls between the rooms
	npm run --silent lint

coverage: $(COMPILED) ## line and branch coverage of all tests but the integration tests; core has to reach 95 % of both
	npm run --silent coverage

mutate: $(COMPILED) ## break twelve lines, one after the other, and see the named test turn red (about two minutes)
	@node tools/mutate.js

clean: ## remove what was generated and compiled
	rm -rf dist proto/gen coverage

# npm writes its own record of what it installed: newer than the lock = up to date.
$(INSTALLED): package-lock.json
	npm ci
	@touch $@

# Quick when the binaries are there, and it alone knows whether they are.
.PHONY: binaries
binaries:
	@python3 tools/fetch-binaries.py

# What the REST door is tried with by the integration tests; quick when it is there.
.PHONY: schemathesis
schemathesis:
	@python3 tools/python-environment.py schemathesis >/dev/null

$(GENERATED): $(PROTOS) buf.yaml buf.gen.yaml tools/generate-proto.sh $(INSTALLED) | binaries
	tools/generate-proto.sh
	@touch $@

# Compiled tests outlive their deleted sources, and would run.
$(COMPILED): $(SOURCES) tsconfig.json $(GENERATED) | binaries
	@rm -rf dist/tests dist/.tsbuildinfo
	node_modules/.bin/tsc -p tsconfig.json
	@chmod +x dist/cli/main.js && ln -sf ../../dist/cli/main.js node_modules/.bin/capmesh
	@touch $@
