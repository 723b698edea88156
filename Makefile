# What a developer and an operator do. Everything sets itself up; it takes Rust, Python 3 (with venv) and make.

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench lab build deploy deploy-efs setup bins
.DELETE_ON_ERROR:

PYTHON ?= python3
CARGO ?= cargo
# What the functions are built for in AWS: x86_64, or arm64 after `rustup target add aarch64-unknown-linux-gnu`.
ARCH ?= x86_64
STACK ?= holdfast

TARGET := $(or $(CARGO_TARGET_DIR),target)
LAB_TOOLS := .venv/.installed
AWS_TOOLS := .venv-sam/.installed
SAM := .venv-sam/bin/sam
# cargo-lambda links with zig against the C library of Amazon Linux 2023.
SHIP := PATH="$(CURDIR)/.venv-sam/bin:$$PATH" $(CARGO) lambda build --profile ship --bins --lambda-dir target/lambda \
	$(if $(filter arm64,$(ARCH)),--arm64,--x86-64)
export SAM_CLI_TELEMETRY := 0

help: ## Show this.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup bins ## Show the main job in a lab: a backup, one that fails, an incident, the restore, the way back.
	$(TARGET)/lab/demo

# Always --workspace: a package by itself takes other features of the SDK, and all of it would be built again.
test: setup bins ## Run every test, the suites against labs and the lab against AWS's own clients included.
	$(CARGO) test --profile lab --workspace --lib --bin holdfast --test '*'
	$(PYTHON) -m unittest discover --start-directory tests/lint
	tests/conformance.sh

lint: $(AWS_TOOLS) ## Check formatting, Rust, layers, state machines, permissions and the template.
	$(CARGO) fmt --all --check
	$(CARGO) clippy --profile lab --workspace --all-targets -- -D warnings
	$(PYTHON) tests/lint/layers.py
	$(PYTHON) tests/lint/state_machines.py
	$(PYTHON) tests/lint/permissions.py
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template-file infra/template.yaml
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template-file infra/alarms.yaml
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template-file infra/efs-access.yaml

bench: setup bins build ## Measure starts, memory, polls, sizes, costs and a restore's overhead.
	$(SHIP) --package bare
	$(TARGET)/lab/bench

lab: $(LAB_TOOLS) $(AWS_TOOLS) bins ## Run a lab in the foreground; `. .lab/env`, then use any AWS client, or `make deploy`.
	$(TARGET)/lab/holdfast-lab

build: $(AWS_TOOLS) ## Build the functions for AWS into target/lambda.
	$(SHIP) --package holdfast

# With `. .lab/env` it deploys to that lab what `make bins` built, else to AWS what `make build` built.
deploy: $(AWS_TOOLS) $(if $(HOLDFAST_LAB),bins,build) ## Deploy: make deploy STACK=holdfast PARAMETERS="'OnCallEmail=you@example.org' ...".
	infra/deploy.sh $(STACK) Architecture=$(ARCH) $(PARAMETERS)

# Without it a file system is restored into a new one only, and its files are not compared.
deploy-efs: $(AWS_TOOLS) $(if $(HOLDFAST_LAB),bins,build) ## Deploy what sees into a file system: make deploy-efs FILE_SYSTEM=fs-... PARAMETERS="SubnetIds=... SecurityGroupIds=...".
	TEMPLATE=efs-access infra/deploy.sh $(STACK)-efs-$(FILE_SYSTEM) FileSystemId=$(FILE_SYSTEM) Architecture=$(ARCH) $(PARAMETERS)

setup: $(LAB_TOOLS) $(AWS_TOOLS)

bins:
	$(CARGO) build --profile lab --workspace --bins

$(LAB_TOOLS): tests/requirements-lab.txt
$(AWS_TOOLS): tests/requirements-sam.txt
.venv/.installed .venv-sam/.installed:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
