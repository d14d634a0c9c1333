# What one types in this project; `make help` lists it. A target first makes the machine ready (fixtures/setup.sh),
# which is over in milliseconds once it is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help scenario scenarios compare shell debug test test-deep lint bench engine engine-stop engines engines-stop node-image setup setup-solutions

# Set here and on the command line, never by an environment variable that happens to be called so.
NAME = three-nodes
NODE = node1
ARGS =
# Recipes read these from their environment: a value is never pasted into a shell line. ARGS is words for the shell.
export NAME NODE

node := ./node_modules/.bin/node

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 20

scenario: ## run a scenario: NAME=three-nodes, ARGS='--driver local --report json'
	@fixtures/setup.sh node host
	@./harness/cli/podwire run "$$NAME" $(ARGS)

scenarios: ## every statement of the documents, run: ARGS='--driver local'
	@fixtures/setup.sh node host
	@./harness/cli/podwire scenarios $(ARGS)

compare: ## the ready networks side by side, some minutes: ARGS='flannel-vxlan weave --report csv=networks.csv'
	@fixtures/setup.sh node host solutions
	@./harness/cli/podwire compare $(ARGS)

shell: ## a shell on a node of a running lab: NODE=node1
	@fixtures/setup.sh node host
	@./harness/cli/podwire shell "$$NODE" $(ARGS)

debug: ## one prompt over a running lab; where none runs, over NAME=three-nodes: ARGS='--driver local'
	@fixtures/setup.sh node host
	@if ./harness/cli/podwire ls --json | jq -e '.labs == []' >/dev/null; then ./harness/cli/podwire up "$$NAME" $(ARGS); fi
	@./harness/cli/podwire debug

test: ## lint and every test, on both drivers: ARGS=test/pure/address.test.ts for some
	@fixtures/setup.sh node host engine test browser ssh $${CI:+solutions}
	@test/run.sh $(ARGS)

test-deep: ## 500 random labs, the trace against the kernel: minutes; SEED=7 draws others
	@fixtures/setup.sh node host test
	@PATH="$$PATH:/usr/local/sbin:/usr/sbin:/sbin" PODWIRE_TEST_DEEP=1 $(node) node_modules/ava/entrypoints/cli.js $(ARGS)

lint: ## formatter, linter, types, unused code, shell scripts
	@fixtures/setup.sh host test
	@test/lint.sh

bench: ## speed and size, each figure beside its floor
	@fixtures/setup.sh node host engine bench browser ssh solutions
	@$(node) test/bench/bench.ts $(ARGS)

engine: ## start a private Docker engine, where none answers
	@fixtures/setup.sh node host engine
	@fixtures/engine/engine.sh start

engine-stop: ## stop it
	@fixtures/engine/engine.sh stop

engines: ## start three private Docker engines on one wire, to try --engines with
	@fixtures/setup.sh node host engine
	@fixtures/engine/several.sh start

engines-stop: ## stop them; nothing of them stays
	@fixtures/engine/several.sh stop

node-image: ## make the image of the docker driver's nodes
	@fixtures/setup.sh node host engine
	@$(node) harness/drivers/docker/build-image.ts

setup-solutions: ## install what the ready solutions' scenarios need besides; no service is started
	@fixtures/setup.sh node host solutions

setup: ## install what `make scenario` needs, and nothing else
	@fixtures/setup.sh node host
