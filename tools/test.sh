#!/bin/sh
# Every test: a throw-away PostgreSQL cluster, the tests of all crates on both databases, the independent verifier.
#
# With XINHENG_TEST_PG set, that server is used and no cluster is made. Arguments go to `cargo test`.
set -eu
cd "$(dirname "$0")/.."

say() { echo "test: $*"; }

CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${HOME:-/root}/.cache/xinheng/target}
XINHENG_REQUIRE_PG=1
XINHENG_REQUIRE_MARIADB=1
export CARGO_TARGET_DIR XINHENG_REQUIRE_PG XINHENG_REQUIRE_MARIADB

# Under root another user runs the server, and may not enter the TMPDIR of root.
room=${TMPDIR:-/tmp}
if [ "$(id -u)" -eq 0 ]; then room=/tmp; fi
clusters=$room/xinheng-test-pg-$(id -u)-run

# Clusters of runs that were killed: their folder carries the number of a process that is gone.
sweep() {
    for left in "$clusters"-*; do
        [ -d "$left" ] || continue
        if ! kill -0 "${left##*-}" 2>/dev/null; then
            say "removing what a killed run left: $left"
            XINHENG_PG_DIR=$left tools/pg-test-cluster.sh stop || true
            rm -rf "$left" "$left.lock"
        fi
    done
}

stop() {
    status=$?
    trap - EXIT
    if [ -n "${XINHENG_PG_DIR:-}" ]; then
        tools/pg-test-cluster.sh stop || true
        rm -rf "$XINHENG_PG_DIR" "$XINHENG_PG_DIR.lock"
    fi
    exit "$status"
}

if [ -n "${XINHENG_TEST_PG:-}" ]; then
    say "PostgreSQL: the server of XINHENG_TEST_PG"
else
    sweep
    # A folder of its own, so that two runs at once do not end each other's server.
    XINHENG_PG_DIR=$clusters-$$
    export XINHENG_PG_DIR
    trap stop EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM
    say "starting a throw-away PostgreSQL cluster in $XINHENG_PG_DIR"
    settings=$(tools/pg-test-cluster.sh start)
    eval "$settings"
    say "PostgreSQL: $XINHENG_TEST_PG"
fi

# Both parts run even when the first fails, so that one run tells everything.
failed=
say "the independent verifier of draws (Python)"
python3 -m unittest tools/test_verify_draw.py </dev/null || failed="$failed verify_draw"
say "all crates, on SQLite and on PostgreSQL"
cargo test --workspace --exclude cluster --no-fail-fast "$@" </dev/null || failed="$failed cargo"
# Arguments choose tests of the other crates; then the lane of its own is left out.
if [ $# -eq 0 ]; then
    tools/test-cluster.sh --if-changed || failed="$failed cluster"
fi

if [ -n "$failed" ]; then
    say "FAILED:$failed"
    exit 1
fi
say "all passed"
