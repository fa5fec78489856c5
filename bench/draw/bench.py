#!/usr/bin/env python3
"""The draw beside a plain loop over the same hashes. Sizes: BENCH_DRAWS ("1000000 7000000")."""
import os

from common import GB, QUICK, TARGET, THREADS, TIMES, Run, Table, build, load, median, peak, say

DRAW = TARGET / "examples" / "draw_bench"


def draw(table, candidates):
    say(f"draw of {candidates:,}: the crate and the plain loop in turns")
    before, ours, plain = load(), [], []
    for _ in range(TIMES):
        ours.append(Run([DRAW, candidates, "sm3-sm2"]))
        plain.append(Run([DRAW, candidates, "sm3-sm2", "--plain"]))
    told = [[run.json for run in side] for side in (ours, plain)]
    if len({(one["root"], one["smallest"]) for side in told for one in side}) != 1:
        raise SystemExit("bench: the draw and the plain loop disagree")
    seconds = [[one["seconds"] for one in side] for side in told]
    mine, theirs = map(median, seconds)
    what = f"draw, SM3, {candidates:,} candidates"
    limit, room = {1_000_000: (3, None), 7_000_000: (20, 2 * GB)}.get(candidates, (None, None))
    table.add(f"{what}: time", f"{mine:.2f} s", f"{theirs:.2f} s (plain loop)", f"{mine / theirs:.2f} of its time",
              "≤ 0.8", mine / theirs <= 0.8)
    if limit:
        table.add("— time alone", f"{mine:.2f} s", "", "", f"< {limit} s", mine < limit)
    if room:
        table.add("— memory", f"{peak(ours) / GB:.2f} GB", f"{peak(plain) / GB:.2f} GB",
                  f"{peak(ours) / peak(plain):.2f}", "< 2 GB", peak(ours) < room)
    table.runs(what, (before, load()), ours=seconds[0], peer=seconds[1])


def main():
    build("-p", "proof", "--example", "draw_bench")
    table = Table("Draw")
    for candidates in os.environ.get("BENCH_DRAWS", "100000" if QUICK else "1000000 7000000").split():
        draw(table, int(candidates))
    print(table.text(f"{THREADS} threads (the plain loop: one), {TIMES} runs of each in turns, medians."))


if __name__ == "__main__":
    main()
