"""What the benches share: processes with their time and peak memory, tables, the facts of the machine.

Ours and the peer take turns (A B A B …), medians count. Peak memory is that of the whole process as the kernel reports
it (wait4), the largest of all runs.
"""
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROOM = pathlib.Path(os.environ["BENCH_DIR"])
TARGET = pathlib.Path(os.environ["CARGO_TARGET_DIR"]) / "release"
QUICK = os.environ.get("BENCH_QUICK") == "1"
GB = 1e9


def setting(name, otherwise):
    return int(os.environ.get(f"BENCH_{name}", otherwise))


TIMES = setting("TIMES", 1 if QUICK else 3)
THREADS = setting("THREADS", min(2, os.cpu_count() or 1))


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def build(*words):
    """`cargo build --release` of what a bench runs."""
    say("building " + " ".join(words))
    # Where builds are queued, BENCH_BUILD names the command that waits for a place.
    subprocess.run([*os.environ.get("BENCH_BUILD", "").split(), "cargo", "build", "--quiet", "--release", *words],
                   check=True, cwd=ROOT, stdout=sys.stderr)


def out(command):
    """What a command prints; its complaints go to the terminal, its failure ends the run."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"bench: {command[0]} {command[1]} failed")
    return done.stdout


class Run:
    """One process: what it told, its wall time, its processor time and its peak memory."""

    def __init__(self, command, environment=None):
        environment = dict(os.environ, RAYON_NUM_THREADS=str(THREADS), **(environment or {}))
        started = time.monotonic()
        process = subprocess.Popen([str(w) for w in command], stdout=subprocess.PIPE, text=True, env=environment)
        self.told = process.stdout.read().strip()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - started
        self.failed = process.returncode
        if process.returncode:
            sys.exit(f"bench: {' '.join(map(str, command))} failed ({process.returncode}): {self.told}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024

    @property
    def json(self):
        return json.loads(self.told.splitlines()[-1])


def median(numbers):
    return statistics.median(list(numbers))


def peak(runs):
    return max(run.peak for run in runs)


class Table:
    """The section of a bench: one table, notes below."""

    HEAD = ("benchmark", "ours", "peer", "ratio", "target", "")

    def __init__(self, title, head=HEAD):
        self.title, self.head, self.rows, self.notes = title, head, [], []

    def add(self, what, ours, peer, ratio, target, met):
        """`met`: True, False, or None where the size is not the one the target speaks of."""
        verdict = "not judged (other size)" if met is None else "met" if met else "**not met**"
        self.rows.append((what, ours, peer, ratio, target, verdict))

    def note(self, text):
        self.notes.append(f"- {text}")

    def runs(self, what, load, **sides):
        told = "; ".join(f"{name} {' '.join(f'{s:.2f}' for s in seconds)} s" for name, seconds in sides.items())
        self.note(f"{what}: {told}; load average before {load[0]}, after {load[1]}.")

    def text(self, *facts):
        lines = [f"## {self.title}", "", *machine(*facts), "", "| " + " | ".join(self.head) + " |",
                 "|---" + "|---:" * (len(self.head) - 2) + "|---|"]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join([*lines, "", *self.notes])


def load():
    return f"{os.getloadavg()[0]:.2f}"


def machine(*facts):
    """When, on what, with what: every section tells it for itself, since each may be measured on another day."""
    def first(path, word):
        lines = pathlib.Path(path).read_text().splitlines() if pathlib.Path(path).exists() else []
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(word)), "unknown")

    flags = first("/proc/cpuinfo", "flags").split()
    vectors = next((name for name in ("avx512f", "avx2", "sse4_2", "sse2") if name in flags), "unknown")
    memory = first("/proc/meminfo", "MemTotal").split()[0]
    gb = f"{int(memory) * 1024 / GB:.0f} GB" if memory.isdigit() else "memory unknown"
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout
    return [
        f"- {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, after commit {commit.strip() or 'unknown'}.",
        f"- {first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {gb}, widest vectors {vectors}; "
        f"Linux {platform.release()}; {out(['rustc', '--version']).strip()}.",
        *(f"- {fact}" for fact in facts),
    ]
