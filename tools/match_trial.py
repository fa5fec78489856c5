#!/usr/bin/env python3
"""What the program makes of spoiled rows of real names, through its database.

    cargo run --release -p matching --example measure -- ENTITIES.csv --write FOLDER --sample 200
    tools/match_trial.py target/release/xinheng FOLDER

Imports FOLDER/registrations.csv and FOLDER/rows.csv into a new data folder with SQLite and compares what became of each row
with the truth written beside it. Prints counts only.
"""

import csv
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict


def main() -> None:
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as room:
        data = pathlib.Path(room) / "data"

        def run(*words: str) -> None:
            subprocess.run([program, "--data", str(data), *words], check=True, stdout=sys.stderr)

        run("init")
        run("import", "entities", str(folder / "registrations.csv"))
        run("import", "records", "--type", "credit-grade", str(folder / "rows.csv"))
        judge(next(data.glob("*.db")), folder / "rows.csv")


def judge(database: pathlib.Path, rows: pathlib.Path) -> None:
    connection = sqlite3.connect(database)
    became = {}
    query = """SELECT l.record_key, l.state, d.subject_no, l.found FROM intake_loose l
               LEFT JOIN intake_decision d ON d.decision_id = l.decision_id"""
    for key, state, subject, found in connection.execute(query):
        became[key.split("|")[0]] = (state, subject, found or "")
    names = {}
    for subject, name, division in connection.execute("SELECT subject_no, name_key, division FROM registry_entity"):
        names[subject] = (name, division)
    sums = defaultdict(lambda: defaultdict(int))
    with rows.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            state, subject, found = became.get(row["评价行业"], ("not kept", None, ""))
            truth = row["truth"]
            same = bool(truth) and subject is not None and names.get(subject) == names.get(truth)
            total = sums[row["spoiled"]]
            total["rows"] += 1
            total["answerable"] += bool(truth)
            total["linked"] += state == "linked"
            total["right"] += state == "linked" and (subject == truth or same)
            total["queued"] += state == "queued"
            total["shown"] += state == "queued" and bool(truth) and f'"{truth}"' in found
            total["unlinked"] += state == "unlinked"
            total["refused"] += state == "not kept"
    print("| rows | n | linked | precision, linked | recall, linked | recall, linked or shown | queued | unlinked | refused |")
    print("|---|---|---|---|---|---|---|---|---|")
    for kind, total in sums.items():
        share = lambda part, whole: f"{100 * part / whole:.2f} %" if whole else "–"
        print(
            f"| {kind} | {total['rows']} | {total['linked']} | {share(total['right'], total['linked'])} "
            f"| {share(total['right'], total['answerable'])} "
            f"| {share(total['right'] + total['shown'], total['answerable'])} "
            f"| {total['queued']} | {total['unlinked']} | {total['refused']} |"
        )


if __name__ == "__main__":
    main()
