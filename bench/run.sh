#!/bin/sh
# Speed and memory, each beside a peer in the same run. Each bench writes its own section of bench/RESULTS.md.
#
#   bench/run.sh                    every bench there is
#   bench/run.sh classify draw      some of them: import, classify, serve, draw
#   bench/run.sh --quick …          small sizes, one run each (a minute or two); leaves bench/RESULTS.md alone
#
# A bench is a folder bench/<name> with a script bench.py; what it must do is told in bench/README.md.
# Sizes and places: BENCH_TIMES, BENCH_THREADS, BENCH_DIR (data, results, the Python environment; in the cache folder),
# BENCH_OUT (the table), and those each bench names at its head.
set -eu
cd "$(dirname "$0")/.."

CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${HOME:-/root}/.cache/xinheng/target}
BENCH_DIR=${BENCH_DIR:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/xinheng/bench}
export CARGO_TARGET_DIR BENCH_DIR
mkdir -p "$BENCH_DIR"

venv=$BENCH_DIR/venv
if ! "$venv/bin/python" -c 'import duckdb, polars, matplotlib' 2>/dev/null; then
    echo "bench: fetching DuckDB, Polars and Matplotlib from PyPI into $venv" >&2
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check duckdb polars matplotlib
fi

exec "$venv/bin/python" bench/run.py "$@"
