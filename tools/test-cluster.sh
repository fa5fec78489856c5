#!/bin/sh
# The tests of the feature `cluster` (DataFusion, Ballista): the plan against the evaluator, and processes of the program on
# this machine. They take long to build, so they have a lane of their own.
#
#   tools/test-cluster.sh                runs them
#   tools/test-cluster.sh --if-changed   runs them unless they have passed on this very content of policy, lake and cluster
set -eu
cd "$(dirname "$0")/.."

say() { echo "test-cluster: $*"; }

CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${HOME:-/root}/.cache/xinheng/target}
export CARGO_TARGET_DIR
# What has passed is kept beside the build: a file for each content, named by its digest.
passed=$(dirname "$CARGO_TARGET_DIR")/cluster-passed

# The content: the crates the lane is about, the part of the program that names them, the lane itself, the libraries by name
# and version, the compiler.
content() {
    # Names in one order everywhere; a file that is only on this disk (an editor's) makes the lane run once more, no harm.
    find crates/policy crates/lake crates/cluster \
        crates/xinheng/src/cli/cluster.rs crates/xinheng/tests/cluster.rs tools/test-cluster.sh \
        -type f ! -name '*.md' | LC_ALL=C sort | while IFS= read -r file; do sha256sum "$file"; done
    cargo tree --locked --package cluster --all-features --edges normal,build,dev --prefix none \
        | sed 's/ (.*//' | LC_ALL=C sort -u
    rustc --version
}

listed=$(content)
digest=$(printf '%s\n' "$listed" | sha256sum | cut -c 1-64)
if [ "${1:-}" = --if-changed ] && [ -e "$passed/$digest" ]; then
    say "policy, lake and cluster are as they were when this lane last passed (${passed}/${digest%"${digest#????????}"}…); skipped"
    exit 0
fi

say "the plan against the evaluator, and a cluster of processes (the first build takes long)"
cargo test --locked --package cluster --package xinheng --features xinheng/cluster-testing \
    --lib --test plan --test cluster </dev/null
mkdir -p "$passed"
# Only the last few contents are remembered.
ls -t "$passed" | tail -n +20 | while IFS= read -r old; do rm -f "$passed/$old"; done
: >"$passed/$digest"
say "all passed"
