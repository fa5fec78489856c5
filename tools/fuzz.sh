#!/bin/sh
# Fuzzes the readers: every target for FUZZ_TIME seconds (60), led by coverage, beginning with fuzz/corpus. Stable Rust:
# the coverage comes from LLVM's own pass, the engine is libFuzzer. What it finds lies in fuzz/artifacts, and the run ends
# with an error; put such a file into the corpus with the repair. Arguments: names of targets; none means all.
set -eu
cd "$(dirname "$0")/../fuzz"

say() { echo "fuzz: $*"; }

FUZZ_TIME=${FUZZ_TIME:-60}
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${HOME:-/root}/.cache/xinheng/target}/fuzz
export CARGO_TARGET_DIR
triple=$(rustc -vV | sed -n 's/^host: //p')
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
coverage="$coverage -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
coverage="$coverage -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"

say "building (coverage by sancov, stable Rust)"
# With --target the flags are for the targets only and not for build scripts.
RUSTFLAGS="$coverage" cargo build --locked --release --target "$triple"

failed=
for target in ${*:-delimited json packed parquet xls xlsx}; do
    # New files that reach further are kept outside of the repository.
    found=$CARGO_TARGET_DIR/corpus/$target
    mkdir -p "$found" "artifacts/$target"
    say "$target for $FUZZ_TIME s"
    if ! "$CARGO_TARGET_DIR/$triple/release/$target" "$found" "corpus/$target" \
        -max_total_time="$FUZZ_TIME" -max_len=16384 -timeout=20 -rss_limit_mb=1024 -close_fd_mask=1 -print_final_stats=1 \
        -artifact_prefix="artifacts/$target/" 2>"artifacts/$target.log"; then
        failed="$failed $target"
        grep -E 'panicked|SUMMARY|ERROR|Test unit written' "artifacts/$target.log" || tail -n 20 "artifacts/$target.log"
    fi
    grep -E 'stat::(number_of_executed_units|average_exec_per_sec|new_units_added|peak_rss_mb)' "artifacts/$target.log" || true
done
if [ -n "$failed" ]; then
    say "FAILED:$failed (see fuzz/artifacts)"
    exit 1
fi
say "nothing found"
