#!/bin/sh
# Speed and memory, each beside a peer in the same run. Prints one table and writes it to bench/RESULTS.md.
#
#   bench/run.sh           the sizes the targets speak of (ten minutes or so, 5 GB of memory for the peer)
#   bench/run.sh --quick   small sizes, one run each (a minute); leaves bench/RESULTS.md alone
#
# Sizes and places: BENCH_ENTITIES, BENCH_RECORDS, BENCH_DRAWS ("1000000 7000000"), BENCH_TIMES, BENCH_THREADS,
# BENCH_DIR (snapshots, results, the Python environment; in the cache folder), BENCH_OUT (the table).
set -eu
cd "$(dirname "$0")/.."

CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${HOME:-/root}/.cache/xinheng/target}
BENCH_DIR=${BENCH_DIR:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/xinheng/bench}
export CARGO_TARGET_DIR BENCH_DIR
mkdir -p "$BENCH_DIR"

echo "bench: building" >&2
cargo build --quiet --release -p lake --example classify_bench
cargo build --quiet --release -p proof --example draw_bench

venv=$BENCH_DIR/venv
if ! "$venv/bin/python" -c 'import duckdb' 2>/dev/null; then
    echo "bench: fetching DuckDB from PyPI into $venv" >&2
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check duckdb
fi

exec "$venv/bin/python" bench/run.py "$@"
