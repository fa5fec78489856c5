#!/usr/bin/env python3
"""Runs the benchmarks and writes their table; called by run.sh, which builds the programs and names the folders.

Ours and the peer take turns (A B A B …), medians count. Peak memory is that of the whole process as the kernel reports
it (wait4), the largest of all runs. Times: the lake's is that of the whole process, DuckDB's only that of its query;
the draw and the plain loop tell their own, without the making of the candidates. Wrong results end the run.
"""
import datetime
import hashlib
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROOM = pathlib.Path(os.environ["BENCH_DIR"])
EXAMPLES = pathlib.Path(os.environ["CARGO_TARGET_DIR"]) / "release" / "examples"
LAKE, DRAW, PEER = EXAMPLES / "classify_bench", EXAMPLES / "draw_bench", ROOT / "bench" / "classify" / "peer.py"
PACK = ROOT / "packs" / "base"
FULL = {"entities": 2_000_000, "records": 20_000_000, "draws": [1_000_000, 7_000_000]}
GB = 1e9


def setting(name, otherwise):
    return int(os.environ.get(f"BENCH_{name}", otherwise))


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def out(command):
    """What a command prints; its complaints go to the terminal, its failure ends the run."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"bench: {command[0]} {command[1]} failed")
    return done.stdout


class Run:
    """One process: what it told, its wall time and its peak memory."""

    def __init__(self, command, threads):
        environment = dict(os.environ, RAYON_NUM_THREADS=str(threads))
        started = time.monotonic()
        process = subprocess.Popen([str(w) for w in command], stdout=subprocess.PIPE, text=True, env=environment)
        self.told = process.stdout.read().strip()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"bench: {command[0]} failed: {self.told}")
        self.seconds = time.monotonic() - started
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024


class Table:
    def __init__(self):
        self.rows, self.notes = [], []

    def add(self, what, ours, peer, ratio, target, met):
        verdict = "not judged (other size)" if met is None else "met" if met else "**not met**"
        self.rows.append((what, ours, peer, ratio, target, verdict))

    def note(self, what, ours, peer, load):
        def runs(side):
            return " ".join(f"{seconds:.2f}" for seconds in side)

        self.notes.append(f"- {what}: ours {runs(ours)} s; peer {runs(peer)} s; load average before {load[0]}, after {load[1]}.")

    def text(self):
        lines = ["| benchmark | ours | peer | ratio | target | |", "|---|---:|---:|---:|---:|---|"]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines)


def load():
    return f"{os.getloadavg()[0]:.2f}"


def snapshot(entities, records):
    """The folder of generated Parquet files; made anew when its maker, the pack or a size changed or the making broke off."""
    folder = ROOM / f"snapshot-{entities}-{records}"
    mark = folder.with_suffix(".made")
    maker = hashlib.sha256(LAKE.read_bytes())
    maker.update((ROOM / "model.json").read_bytes())
    if not mark.exists() or mark.read_text() != maker.hexdigest():
        say(f"making {entities:,} entities and {records:,} records")
        shutil.rmtree(folder, ignore_errors=True)
        mark.unlink(missing_ok=True)
        out([LAKE, "generate", "--pack", PACK, "--folder", folder, "--entities", entities, "--records", records])
        mark.write_text(maker.hexdigest())
    return folder


def classification(table, entities, records, times, threads):
    model = ROOM / "model.json"
    model.write_text(out([LAKE, "model", "--pack", PACK]), encoding="utf-8")
    folder = snapshot(entities, records)
    mine, theirs = ROOM / "ours.parquet", ROOM / "theirs.parquet"
    ours = [LAKE, "run", "--pack", PACK, "--folder", folder, "--out", mine, "--threads", threads]
    rival = [sys.executable, PEER, "run", model, folder, theirs, "--threads", threads]
    say("classification: the lake and DuckDB in turns")
    before, lake, duck = load(), [], []
    for _ in range(times):
        lake.append(Run(ours, threads))
        duck.append(Run(rival, threads))
    after = load()
    # Ends the run when a row differs.
    same = json.loads(out([sys.executable, PEER, "compare", folder, mine, theirs]))
    queries = [json.loads(run.told)["seconds"] for run in duck]
    wall, rival_wall = statistics.median(run.seconds for run in lake), statistics.median(queries)
    peak, rival_peak = max(run.peak for run in lake), max(run.peak for run in duck)
    what = f"classification, {entities:,} entities, {records:,} records"
    full = entities >= FULL["entities"] and records >= FULL["records"]
    ratio = rival_wall / wall
    table.add(f"{what}: time", f"{wall:.2f} s", f"{rival_wall:.2f} s (DuckDB)", f"{ratio:.1f} × as fast",
              "≥ 3 ×", ratio >= 3 if full else None)
    table.add("— memory", f"{peak / GB:.2f} GB", f"{rival_peak / GB:.2f} GB", f"{peak / rival_peak:.2f}",
              "< 1 GB", peak < GB if full else None)
    table.add("— equal rows", f"{same['rows']:,}", f"{same['rows']:,}", f"{same['columns']} columns", "all", same["differ"] == 0)
    table.note(what, [run.seconds for run in lake], queries, (before, after))
    cpu = [statistics.median(run.cpu for run in side) for side in (lake, duck)]
    table.notes.append(f"- the same in processor seconds: ours {cpu[0]:.2f}, DuckDB {cpu[1]:.2f} ({cpu[1] / cpu[0]:.1f} ×).")
    table.notes.append(f"- classes of the entities: {same['classes']}.")


def draw(table, candidates, times, threads):
    say(f"draw of {candidates:,}: the crate and the plain loop in turns")
    before, ours, plain = load(), [], []
    for _ in range(times):
        ours.append(Run([DRAW, candidates, "sm3-sm2"], threads))
        plain.append(Run([DRAW, candidates, "sm3-sm2", "--plain"], threads))
    after = load()
    told = [[json.loads(run.told.splitlines()[-1]) for run in side] for side in (ours, plain)]
    if len({(one["root"], one["smallest"]) for side in told for one in side}) != 1:
        sys.exit("bench: the draw and the plain loop disagree")
    seconds = [[one["seconds"] for one in side] for side in told]
    mine, theirs = (statistics.median(side) for side in seconds)
    peak, rival_peak = max(run.peak for run in ours), max(run.peak for run in plain)
    what = f"draw, SM3, {candidates:,} candidates"
    limit, room = {1_000_000: (3, None), 7_000_000: (20, 2 * GB)}.get(candidates, (None, None))
    table.add(f"{what}: time", f"{mine:.2f} s", f"{theirs:.2f} s (plain loop)", f"{mine / theirs:.2f} of its time",
              "≤ 0.8", mine / theirs <= 0.8)
    if limit:
        table.add("— time alone", f"{mine:.2f} s", "", "", f"< {limit} s", mine < limit)
    if room:
        table.add("— memory", f"{peak / GB:.2f} GB", f"{rival_peak / GB:.2f} GB", f"{peak / rival_peak:.2f}",
                  "< 2 GB", peak < room)
    table.note(what, *seconds, (before, after))


def machine(threads, times):
    def first(path, word):
        lines = pathlib.Path(path).read_text().splitlines() if pathlib.Path(path).exists() else []
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(word)), "unknown")

    flags = first("/proc/cpuinfo", "flags").split()
    vectors = next((name for name in ("avx512f", "avx2", "sse4_2", "sse2") if name in flags), "unknown")
    memory = first("/proc/meminfo", "MemTotal").split()[0]
    gb = f"{int(memory) * 1024 / GB:.0f} GB" if memory.isdigit() else "memory unknown"
    import duckdb
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout
    return [
        f"- {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, after commit {commit.strip() or 'unknown'}.",
        f"- {first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {gb}, widest vectors {vectors}; "
        f"Linux {platform.release()}.",
        f"- {out(['rustc', '--version']).strip()}; DuckDB {duckdb.__version__}; Python {platform.python_version()}.",
        f"- {threads} threads on each side (the plain loop: one), {times} runs of each in turns, medians.",
    ]


def main():
    quick = "--quick" in sys.argv[1:]
    entities = setting("ENTITIES", 100_000 if quick else FULL["entities"])
    records = setting("RECORDS", 10 * entities)
    times = setting("TIMES", 1 if quick else 3)
    threads = setting("THREADS", min(2, os.cpu_count() or 1))
    draws = os.environ.get("BENCH_DRAWS", "100000" if quick else " ".join(map(str, FULL["draws"]))).split()
    table = Table()
    facts = machine(threads, times)
    classification(table, entities, records, times, threads)
    for candidates in draws:
        draw(table, int(candidates), times, threads)
    text = "\n".join(["# Results of `make bench`", "", *facts, "", table.text(), "", "Every run:", "", *table.notes, ""])
    target = pathlib.Path(os.environ.get("BENCH_OUT", ROOM / "quick.md" if quick else ROOT / "bench" / "RESULTS.md"))
    target.write_text(text, encoding="utf-8")
    print(text)
    say(f"written to {target}")


if __name__ == "__main__":
    main()
