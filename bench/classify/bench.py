#!/usr/bin/env python3
"""The full classification beside DuckDB on the same Parquet. Sizes: BENCH_ENTITIES, BENCH_RECORDS."""
import hashlib
import json
import shutil
import sys

import duckdb
from common import GB, QUICK, ROOM, ROOT, TARGET, THREADS, TIMES, Run, Table, build, load, median, out, peak, say, setting

LAKE, PEER = TARGET / "examples" / "classify_bench", ROOT / "bench" / "classify" / "peer.py"
PACK = ROOT / "packs" / "base"
FULL = {"entities": 2_000_000, "records": 20_000_000}


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


def classification(table, entities, records):
    model = ROOM / "model.json"
    model.write_text(out([LAKE, "model", "--pack", PACK]), encoding="utf-8")
    folder = snapshot(entities, records)
    mine, theirs = ROOM / "ours.parquet", ROOM / "theirs.parquet"
    ours = [LAKE, "run", "--pack", PACK, "--folder", folder, "--out", mine, "--threads", THREADS]
    rival = [sys.executable, PEER, "run", model, folder, theirs, "--threads", THREADS]
    say("classification: the lake and DuckDB in turns")
    before, lake, duck = load(), [], []
    for _ in range(TIMES):
        lake.append(Run(ours))
        duck.append(Run(rival))
    after = load()
    # Ends the run when a row differs.
    same = json.loads(out([sys.executable, PEER, "compare", folder, mine, theirs]))
    queries = [run.json["seconds"] for run in duck]
    wall, rival_wall = median(run.seconds for run in lake), median(queries)
    what = f"classification, {entities:,} entities, {records:,} records"
    full = entities >= FULL["entities"] and records >= FULL["records"]
    ratio = rival_wall / wall
    table.add(f"{what}: time", f"{wall:.2f} s", f"{rival_wall:.2f} s (DuckDB)", f"{ratio:.1f} × as fast",
              "≥ 3 ×", ratio >= 3 if full else None)
    table.add("— memory", f"{peak(lake) / GB:.2f} GB", f"{peak(duck) / GB:.2f} GB", f"{peak(lake) / peak(duck):.2f}",
              "< 1 GB", peak(lake) < GB if full else None)
    table.add("— equal rows", f"{same['rows']:,}", f"{same['rows']:,}", f"{same['columns']} columns", "all", same["differ"] == 0)
    table.runs(what, (before, after), ours=[run.seconds for run in lake], DuckDB=queries)
    cpu = [median(run.cpu for run in side) for side in (lake, duck)]
    table.note(f"the same in processor seconds: ours {cpu[0]:.2f}, DuckDB {cpu[1]:.2f} ({cpu[1] / cpu[0]:.1f} ×).")
    table.note(f"classes of the entities: {same['classes']}.")


def main():
    build("-p", "lake", "--example", "classify_bench")
    table = Table("Classification")
    entities = setting("ENTITIES", 100_000 if QUICK else FULL["entities"])
    classification(table, entities, setting("RECORDS", 10 * entities))
    print(table.text(f"DuckDB {duckdb.__version__}; {THREADS} threads on each side, {TIMES} runs of each in turns, medians."))


if __name__ == "__main__":
    main()
