# What people do with this folder. Each target installs what it lacks (tools/install.sh) and says so.
#
#   make build   builds the program
#   make demo    builds the program, makes a city, takes it once around the whole loop, serves it
#   make test    every test, on SQLite and on PostgreSQL; those of the cluster when policy, lake or cluster changed
#   make test-cluster  the tests of the feature `cluster` (DataFusion, Ballista), whatever changed
#   make crash   kill -9 in a loop over imports and classifications, 200 rounds on each database
#   make check   formatting, lints, licences
#   make check-cluster  lints of the feature `cluster`
#   make fuzz    looks for files that break the readers, FUZZ_TIME seconds each (60)
#   make bench   speed and memory, each beside a peer in the same run
#   make fmt     formats the source

# Outside the work tree, so that a clone stays small and several clones share one build.
CARGO_TARGET_DIR ?= $(HOME)/.cache/xinheng/target
export CARGO_TARGET_DIR

# Where the demo keeps its data, and where it answers.
DATA ?= var/demo
LISTEN ?= 127.0.0.1:8080

.DEFAULT_GOAL := help
.PHONY: help crash demo test test-cluster check check-cluster bench fmt build fuzz

help:
	@sed -n 's/^#   //p' Makefile

build:
	@tools/install.sh build
	cargo build --release -p xinheng

demo: build
	"$(CARGO_TARGET_DIR)/release/xinheng" demo --data "$(DATA)" --listen "$(LISTEN)"

test:
	@tools/install.sh test
	@tools/test.sh

crash:
	@tools/install.sh test
	@XINHENG_CRASH_ROUNDS=$${XINHENG_CRASH_ROUNDS:-200} tools/test.sh --test crash_loop -- --nocapture

test-cluster:
	@tools/install.sh build
	@tools/test-cluster.sh

check-cluster:
	@tools/install.sh build
	cargo clippy --package cluster --package xinheng --features xinheng/cluster-testing \
		--lib --bins --test plan --test cluster -- -D warnings

check:
	@tools/install.sh build
	cargo fmt --all -- --check
	cargo clippy --workspace --exclude cluster --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check; \
	else echo "check: cargo-deny is not installed, so licences and advisories were not checked (cargo install --locked cargo-deny)"; fi

fuzz:
	@tools/install.sh build
	@tools/fuzz.sh

bench:
	@tools/install.sh bench
	@bench/run.sh

fmt:
	cargo fmt --all
