#!/bin/sh
# Speed and memory, each beside a peer in the same run: the full classification beside DuckDB on the same Parquet files,
# the draw beside a plain single-threaded loop that does only the necessary hashes.
#
#   ENTITIES=2000000 RECORDS=20000000 DRAWS="1000000 7000000" TIMES=3 tools/bench.sh
set -eu
cd "$(dirname "$0")/.."

say() { echo "bench: $*"; }

CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${HOME:-/root}/.cache/xinheng/target}
export CARGO_TARGET_DIR
entities=${ENTITIES:-2000000}
records=${RECORDS:-20000000}
draws=${DRAWS:-"1000000 7000000"}
times=${TIMES:-3}
room=${BENCH_DIR:-var/bench}
examples=$CARGO_TARGET_DIR/release/examples
mkdir -p "$room"

say "building"
cargo build --release -p lake --example classify_bench
cargo build --release -p proof --example draw_bench

if ! "$room/venv/bin/python" -c 'import duckdb' 2>/dev/null; then
    say "fetching DuckDB from PyPI into $room/venv"
    rm -rf "$room/venv"
    python3 -m venv "$room/venv"
    "$room/venv/bin/pip" install --quiet --disable-pip-version-check duckdb
fi

say "classification of $entities entities with $records records"
"$room/venv/bin/python" bench/classify/model.py packs/base >"$room/model.json"
folder=$room/snapshot-$entities-$records
# Made anew when the last making did not end.
if [ ! -e "$folder.made" ]; then
    rm -rf "$folder"
    "$examples/classify_bench" generate --model "$room/model.json" --folder "$folder" \
        --entities "$entities" --records "$records"
    touch "$folder.made"
fi
"$room/venv/bin/python" bench/classify/run.py --bench "$examples/classify_bench" --model "$room/model.json" \
    --folder "$folder" --python "$room/venv/bin/python" --times "$times"

for n in $draws; do
    say "draw over $n candidates, SM3, Merkle root included"
    "$examples/draw_bench" "$n" sm3-sm2 | tee "$room/draw.txt"
    say "the limit: one thread doing only the necessary hashes"
    "$examples/draw_bench" "$n" sm3-sm2 --plain | tee "$room/plain.txt"
    ours=$(awk '$1 == "both" { print $2 }' "$room/draw.txt")
    plain=$(awk '/^plain loop/ { print $5 }' "$room/plain.txt")
    awk -v n="$n" -v ours="$ours" -v plain="$plain" \
        'BEGIN { printf "bench: %d candidates: %.2f s, %.2f of the plain loop (%.2f s)\n", n, ours, ours / plain, plain }'
done
