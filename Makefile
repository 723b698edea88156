# Targets for developers and operators. Each sets up what it needs; it takes Rust, a C compiler, Python 3 (with venv) and make.

.DEFAULT_GOAL := help
.PHONY: help demo test soak lint new-kind bench lab build deploy deploy-efs postgres-clients first-run-times setup bins cli ready preflight
.DELETE_ON_ERROR:

export PYTHON ?= python3
export CARGO ?= cargo
# What the functions are built for in AWS: x86_64, or arm64 after `rustup target add aarch64-unknown-linux-gnu`.
ARCH ?= x86_64
STACK ?= holdfast
# How long the first `make demo` builds on 2 cores, as it says before it begins.
FIRST_BUILD := 5 to 9 minutes

TARGET := $(or $(CARGO_TARGET_DIR),target)
# The profile for the lab and the tests, which builds quickly; `ship` is the one for AWS.
PROFILE := lab
BUILT := $(TARGET)/$(PROFILE)
LAB_TOOLS := .venv/.installed
AWS_TOOLS := .venv-sam/.installed
SHIP_TOOLS := .venv-sam/.builds
# Scripts that read the templates need PyYAML, which comes with the SAM CLI.
YAML_PYTHON := .venv-sam/bin/python
# The Postgres clients of a Lambda layer, in a folder for each architecture; the tests use those of this machine.
CLIENTS := $(TARGET)/postgres-clients
MACHINE_CLIENTS := $(CLIENTS)/$(shell uname -m).assembled
# Only if npm is installed: without it, lint says what it skips.
NODE_TOOLS := $(if $(shell command -v npm),tests/validators/node_modules/.installed)
# The second table engine, for the bench alone.
TABLE_ENGINE := $(TARGET)/tools/bin/dynoxide
# All dependencies are pinned. Python compiles modules when they are imported.
INSTALL := install --quiet --disable-pip-version-check --no-compile --no-deps
# Always --workspace: a package by itself takes other features of the SDK, and all of it would be built again.
BINS = $(call built,functions transfers holdfast holdfast-lab demo)
# These binaries. After `lint` they are there already, with the features that the tests take, and would be built again without them.
built = $(LINTED) $(CARGO) build --profile $(PROFILE) --workspace $(if $(LINTED),--all-targets,$(addprefix --bin ,$(1)))
# Does what `cargo clippy` does, but as a build: it uses the dependencies that were built for the tests instead of checking them
# again, and `make lint test` (as in .ci/run) then tests this build instead of building again.
CLIPPY := CLIPPY_ARGS=-Dwarnings RUSTC_WORKSPACE_WRAPPER=clippy-driver
LINTED := $(if $(filter lint,$(MAKECMDGOALS)),env $(CLIPPY))
# cargo-lambda links with zig against the C library of Amazon Linux 2023. A program at a fixed address has nothing to relocate:
# it starts sooner, and in a megabyte less. (Not `relocation-model=static`: a dependency of the S3 client is linked as a library, too.)
SHIP := PATH="$(CURDIR)/.venv-sam/bin:$$PATH" RUSTFLAGS="-C link-arg=-no-pie" $(CARGO) lambda build --profile ship --lambda-dir target/lambda \
	$(if $(filter arm64,$(ARCH)),--arm64,--x86-64)
export SAM_CLI_TELEMETRY := 0
# Some images set it. Each start of MiniStack and of the SAM CLI would then compile all that it imports again.
unexport PYTHONDONTWRITEBYTECODE

help: ## Show this.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready $(MACHINE_CLIENTS) ## Show the main job in a lab: a backup, one that fails, an incident, the restore, the undo.
	@$(BUILT)/demo

# `bare` is the program of the function that tests use as a hook.
test: ready $(MACHINE_CLIENTS) ## Run every test, the suites against labs and the lab against AWS's own clients included.
	$(call built,bare)
	$(LINTED) $(CARGO) test --profile $(PROFILE) --workspace --lib --bin holdfast --bin bench --test '*'
	$(YAML_PYTHON) -m unittest discover --start-directory tests/lint/tests
	$(YAML_PYTHON) -m unittest discover --start-directory tests/validators
	tests/conformance.sh
	$(call built,bench)
	$(BUILT)/bench short

# To repeat a sequence that failed: make soak SEED=17; SHORTEN=yes reduces it to as few steps as possible.
soak: export SEQUENCES ?= 200
soak: ready ## Carry out 200 generated sequences of what operators and applications do: make soak SEQUENCES=1000, or SEED=17.
	$(CARGO) test --profile $(PROFILE) --workspace --test suites -- soak::

lint: $(AWS_TOOLS) $(LAB_TOOLS) $(NODE_TOOLS) | preflight ## Check formatting, Rust, layers, circles, sizes, state machines, permissions, AWS's members and the templates.
	$(CARGO) fmt --all --check
	$(CLIPPY) $(CARGO) build --profile $(PROFILE) --workspace --all-targets
	$(PYTHON) tests/lint/layers.py
	$(PYTHON) tests/lint/circles.py
	$(PYTHON) tests/lint/sizes.py
	$(PYTHON) tests/lint/wildcards.py
	$(PYTHON) tests/lint/single_kinds.py
	$(PYTHON) tests/lint/places.py
	$(PYTHON) tests/lint/wording.py
	$(YAML_PYTHON) tests/lint/parts.py
	$(YAML_PYTHON) tests/lint/state_machines.py
	$(YAML_PYTHON) tests/lint/permissions.py
	$(YAML_PYTHON) tests/lint/backup_role.py
	$(PYTHON) tests/lint/members.py
# Three external validators. Their allowed findings are listed in tests/validators, with the reasons.
	$(PYTHON) tests/validators/asl_validator.py
	$(YAML_PYTHON) tests/validators/parliament_linter.py
	$(YAML_PYTHON) infra/assemble.py infra/template.yaml $(TARGET)/stack.yaml
	AWS_DEFAULT_REGION=us-east-1 .venv-sam/bin/cfn-lint --config-file tests/validators/cfn_lint.yaml -- $(TARGET)/stack.yaml infra/alarms.yaml infra/efs-access.yaml

# `make test` follows the recipe too, but neither builds the result nor leaves a place out.
new-kind: $(AWS_TOOLS) $(LAB_TOOLS) | preflight ## Follow the recipe for a new kind in a copy, and leave out each place in turn: a compile or lint error must be the result.
	$(YAML_PYTHON) tests/new_kind/run.py

bench: ready build $(MACHINE_CLIENTS) $(TABLE_ENGINE) ## Measure starts, memory, polls, sizes, costs, a restore's overhead, dumps and tables as files.
# As `cargo install` builds the command.
	$(CARGO) build --release --workspace --bin holdfast --bin bench
	$(SHIP) --package bare --bins
	$(TARGET)/release/bench

lab: ready ## Run a lab in the foreground; `. .lab/env`, then use any AWS client, or `make deploy`.
	$(BUILT)/holdfast-lab

build: $(SHIP_TOOLS) | preflight ## Build the functions for AWS into target/lambda.
	$(SHIP) --package holdfast --bin functions --bin transfers

# With `. .lab/env` it deploys the build of `make lab` to that lab, otherwise the build of `make build` to AWS. At the end, the
# command line warns if the nightly hour is skipped once a year; a failure of this check fails no deployment.
deploy: $(AWS_TOOLS) $(if $(HOLDFAST_LAB),bins,build cli postgres-clients) ## Deploy: make deploy STACK=holdfast PARAMETERS="'OnCallEmail=you@example.org' ...".
	infra/deploy.sh $(STACK) Architecture=$(ARCH) $(PARAMETERS)
	-@$(BUILT)/holdfast --stack $(STACK) deployments >/dev/null

# Without it, a file system can only be restored into a new one, and its files are not compared.
deploy-efs: $(AWS_TOOLS) $(if $(HOLDFAST_LAB),bins,build) ## Deploy the function that mounts a file system: make deploy-efs FILE_SYSTEM=fs-... PARAMETERS="SubnetIds=... SecurityGroupIds=...".
	TEMPLATE=efs-access infra/deploy.sh $(STACK)-efs-$(FILE_SYSTEM) FileSystemId=$(FILE_SYSTEM) Architecture=$(ARCH) $(PARAMETERS)

postgres-clients: $(CLIENTS)/$(if $(filter arm64,$(ARCH)),aarch64,x86_64).assembled ## Assemble the Lambda layer of Postgres clients: make postgres-clients ARCH=arm64.

$(CLIENTS)/%.assembled: infra/postgres-clients.txt infra/postgres_clients.py infra/elf.py $(AWS_TOOLS)
	@.venv-sam/bin/python infra/postgres_clients.py $* $(CLIENTS)/$*
	@touch $@

first-run-times: ## Measure first runs in fresh clones: make first-run-times ONLY="demo test build ci" COMMIT=HEAD.
	@$(PYTHON) tests/first_run_times.py $(if $(COMMIT),--commit $(COMMIT)) $(ONLY)

# The binaries and, while they build, the virtual environments. (Not $(MAKE), which `make -n` would run.)
BESIDE := make --silent --no-print-directory --old-file=preflight
ready: preflight
	@$(PYTHON) tests/ready.py $(if $(wildcard $(BUILT)/demo),,"Building Holdfast and its lab from nothing: usually $(FIRST_BUILD) on 2 cores") \
		-- $(BINS) -- $(BESIDE) $(LAB_TOOLS) -- $(BESIDE) $(AWS_TOOLS)

bins: preflight
	$(BINS)

cli: preflight
	$(CARGO) build --profile $(PROFILE) --workspace --bin holdfast

setup: $(LAB_TOOLS) $(AWS_TOOLS)

$(LAB_TOOLS): tests/requirements-lab.txt
$(AWS_TOOLS): tests/requirements-sam.txt
.venv/.installed .venv-sam/.installed: | preflight
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip $(INSTALL) --requirement $<
	@touch $@

tests/validators/node_modules/.installed: tests/validators/package-lock.json | preflight
	@npm ci --prefix tests/validators --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(SHIP_TOOLS): tests/requirements-ship.txt $(AWS_TOOLS)
	@$(@D)/bin/python -m pip $(INSTALL) --requirement $<
	@touch $@

$(TABLE_ENGINE): | preflight
	@$(CARGO) install --quiet --locked dynoxide-rs --version =3.2.0 --root $(TARGET)/tools --no-default-features \
		--features native-sqlite,http-server,cli

preflight:
	@tests/preflight.sh $(MAKECMDGOALS)
