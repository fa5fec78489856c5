#!/usr/bin/env python3
"""Measures the lake against DuckDB on the same files and prints a table.

    run.py --bench PATH/classify_bench --model model.json --folder SNAPSHOT --python VENV/bin/python [--times 3]

Wall and processor time and peak memory are those of the whole process, as the kernel reports them (wait4). The best of
`times` runs counts on each side; the results of the last runs are compared row by row.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


def measure(command, times):
    best = None
    for _ in range(times):
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        told = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{command} failed")
        run = (time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, told.strip())
        if best is None or run[0] < best[0]:
            best = run
    return best


def main():
    parser = argparse.ArgumentParser()
    for name in ("bench", "model", "folder", "python"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--threads", default="2")
    args = parser.parse_args()
    ours, theirs = f"{args.folder}.ours.parquet", f"{args.folder}.theirs.parquet"
    ask = [args.bench, "run", "--model", args.model, "--folder", args.folder, "--out", ours, "--threads", args.threads]
    rival = [args.python, str(HERE / "peer.py"), "run", args.model, args.folder, theirs, "--threads", args.threads]
    lake = measure(ask, args.times)
    duck = measure(rival, args.times)
    print(lake[3])
    print(duck[3])
    print(f"{'':8}{'wall s':>10}{'cpu s':>10}{'peak MB':>10}")
    for name, run in (("lake", lake), ("duckdb", duck)):
        print(f"{name:8}{run[0]:10.2f}{run[1]:10.2f}{run[2]:10.0f}")
    print(f"{'ratio':8}{duck[0] / lake[0]:10.2f}{duck[1] / lake[1]:10.2f}{duck[2] / lake[2]:10.2f}")
    compare = [args.python, str(HERE / "peer.py"), "compare", args.folder, ours, theirs]
    sys.exit(subprocess.call(compare))


if __name__ == "__main__":
    main()
