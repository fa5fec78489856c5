#!/usr/bin/env python3
"""Registrations from CSV into SQLite and into PostgreSQL, beside a bare bulk load of the same file.

Ours is `xinheng import entities --later`: every row checked against the catalogue (check characters of the codes, dates,
code tables, divisions, industries, amounts), numbered, kept as a record with its source, and the register brought up to
date. The peers check nothing: `.import` of the sqlite3 program and `COPY … FROM STDIN` of psql into a table of twelve text
columns whose first is the primary key.

BENCH_IMPORT_ROWS ("1000000 3000000 10000000"): the first size is measured against the peers in turns, the others once each
and alone, for the memory. Needs sqlite3 and PostgreSQL's programs. Every size is made, imported and thrown away in turn.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

from common import GB, QUICK, ROOM, ROOT, TARGET, TIMES, Run, Table, build, load, median, peak, say

SEED = 7
LEAST, SHARE = 50_000, 1 / 3
COLUMNS = ["subject_no TEXT PRIMARY KEY", *(f"{name} TEXT" for name in
           "name kind established_on capital status industry division address scope legal_person registrar".split())]
TABLE = f"CREATE TABLE r ({', '.join(COLUMNS)});"
XINHENG = TARGET / "xinheng"
FOLDER = ROOM / "import"


def registrations(rows):
    path = FOLDER / f"registrations-{rows}.csv"
    if not path.exists():
        say(f"making {rows:,} registrations")
        part = path.with_suffix(".part")
        subprocess.run([TARGET / "examples" / "registrations", str(SEED), str(rows), part], check=True)
        part.rename(path)
    return path


class Cluster:
    """A PostgreSQL of our own, thrown away at the end; the same for ours and the peer."""

    def __init__(self):
        self.tool = ROOT / "tools" / "pg-test-cluster.sh"
        self.env = dict(os.environ, XINHENG_PG_DIR="/tmp/xinheng-bench-pg")

    def __enter__(self):
        told = subprocess.run([self.tool, "start"], env=self.env, check=True, capture_output=True, text=True).stdout
        self.url = told.strip().split("=", 1)[1].rsplit("/", 1)[0]
        return self

    def __exit__(self, *_):
        subprocess.run([self.tool, "stop"], env=self.env, check=True)

    def sql(self, text, database="postgres", stdin=None):
        command = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", f"{self.url}/{database}"]
        subprocess.run(command + ["-c", text], check=True, stdin=stdin, stdout=sys.stderr)

    def fresh(self, name):
        self.sql(f"DROP DATABASE IF EXISTS {name}")
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
        # What earlier runs left to be written is not the next one's business.
        self.sql("CHECKPOINT")
        return f"{self.url}/{name}"


def count(data, database, rows):
    """Ends the run when not every row became a record and an entity."""
    sql = "SELECT (SELECT count(*) FROM intake_record) || ' ' || (SELECT count(*) FROM registry_entity)"
    command = ["psql", "-qtA", "-d", database, "-c", sql] if database else ["sqlite3", data / "xinheng.db", sql]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if told != [str(rows), str(rows)]:
        raise SystemExit(f"bench: {rows:,} rows became {told}")


def ours(file, rows, cluster=None):
    """Our import into a new deployment."""
    data = FOLDER / "data"
    shutil.rmtree(data, ignore_errors=True)
    database = cluster.fresh("xinheng_bench") if cluster else None
    init = [XINHENG, "--data", data, "init", *(["--database", database] if database else [])]
    subprocess.run(init, check=True, stdout=subprocess.DEVNULL)
    os.sync()
    run = Run([XINHENG, "--data", data, "import", "entities", "--later", file])
    count(data, database, rows)
    shutil.rmtree(data)
    if cluster:
        cluster.sql("DROP DATABASE xinheng_bench")
    return run


def bare_sqlite(file):
    path = FOLDER / "peer.db"
    for old in FOLDER.glob("peer.db*"):
        old.unlink()
    os.sync()
    script = FOLDER / "peer.sql"
    script.write_text(f"PRAGMA journal_mode = WAL;\n{TABLE}\n.mode csv\n.import --skip 1 {file} r\n")
    run = Run(["sqlite3", path, f".read {script}"])
    for old in FOLDER.glob("peer.db*"):
        old.unlink()
    return run


def bare_copy(file, cluster):
    cluster.fresh("xinheng_peer")
    cluster.sql(TABLE, "xinheng_peer")
    os.sync()
    copy = f"\\copy r FROM '{file}' WITH (FORMAT csv, HEADER)"
    run = Run(["psql", "-q", "-d", f"{cluster.url}/xinheng_peer", "-c", copy])
    cluster.sql("DROP DATABASE xinheng_peer")
    return run


def speed(table, rows, cluster):
    file = registrations(rows)
    judged = rows >= 1_000_000
    for name, mine, peer in [
        ("SQLite", lambda: ours(file, rows), lambda: bare_sqlite(file)),
        ("PostgreSQL", lambda: ours(file, rows, cluster), lambda: bare_copy(file, cluster)),
    ]:
        say(f"{rows:,} rows into {name}: ours and the bare load in turns")
        before, we, they = load(), [], []
        for _ in range(TIMES):
            we.append(mine())
            they.append(peer())
        after = load()
        pace, bare = (rows / median(run.seconds for run in side) for side in (we, they))
        what = f"import of {rows:,} registrations, {name}"
        table.add(f"{what}: rows a second", f"{pace:,.0f}", f"{bare:,.0f}", f"{pace / bare:.2f}", f"≥ {LEAST:,}",
                  pace >= LEAST if judged else None)
        table.add("— share of the bare load's speed", f"{pace / bare:.2f}", "1", "", "≥ 0.33",
                  pace / bare >= SHARE if judged else None)
        table.add("— memory of the program", f"{peak(we) / 1e6:.0f} MB", f"{peak(they) / 1e6:.0f} MB", "", "", None)
        table.runs(what, (before, after), ours=[run.seconds for run in we], bare=[run.seconds for run in they])
        table.note(f"the same in processor seconds of the program (not of the server): ours "
                   f"{median(run.cpu for run in we):.1f}, bare {median(run.cpu for run in they):.1f}.")
    return file


def memory(table, sizes, first, cluster):
    """Peak memory by size; `first` already measured is measured again, alone, so that all are alike."""
    for name, server in [("SQLite", None), ("PostgreSQL", cluster)]:
        peaks, paces = [], []
        for rows in sizes:
            file = registrations(rows)
            say(f"{rows:,} rows into {name}, for the memory")
            run = ours(file, rows, server)
            peaks.append(run.peak)
            paces.append(rows / run.seconds)
            if rows != first:
                file.unlink()
        flat = max(peaks) <= 1.5 * peaks[0] or max(peaks) - peaks[0] < 0.1 * GB
        millions = ", ".join(f"{rows / 1e6:g}" for rows in sizes)
        table.add(f"memory at {millions} M rows, {name}", ", ".join(f"{one / 1e6:.0f}" for one in peaks) + " MB", "", "",
                  "flat: ≤ 1.5 × or + 100 MB", flat if not QUICK else None)
        table.note(f"rows a second at {millions} M rows, {name}: {', '.join(f'{one:,.0f}' for one in paces)}.")


def main():
    for program in ("sqlite3", "psql"):
        if not shutil.which(program):
            raise SystemExit(f"bench: {program} is not installed")
    build("-p", "xinheng")
    build("-p", "demo", "--example", "registrations")
    FOLDER.mkdir(parents=True, exist_ok=True)
    sizes = os.environ.get("BENCH_IMPORT_ROWS", "20000 60000" if QUICK else "1000000 3000000 10000000").split()
    sizes = [int(size) for size in sizes]
    table = Table("Import")
    with Cluster() as cluster:
        file = speed(table, sizes[0], cluster)
        memory(table, sizes, sizes[0], cluster)
    file.unlink()
    version = subprocess.run(["sqlite3", "--version"], capture_output=True, text=True).stdout.split()[0]
    server = subprocess.run(["psql", "--version"], capture_output=True, text=True).stdout.strip()
    print(table.text(
        f"{TIMES} runs of each in turns, medians, whole processes by the wall clock; sqlite3 {version}, {server} "
        "(fsync off on both sides of PostgreSQL; SQLite: ours flushes every commit, the bare load its one).",
        "The bare loads check nothing and write one table of text with a primary key; ours checks every field and writes "
        "four tables, so that a third of the bare speed is the aim.",
    ))


if __name__ == "__main__":
    main()
