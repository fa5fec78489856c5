#!/usr/bin/env python3
"""The classification of everybody beside DuckDB and Polars on the same Parquet, what it costs after one entity in a hundred
changed, and both against size.

Sizes: BENCH_SIZES ("500000 1000000 2000000 4000000 7000000" entities; records are 80/7 of that). The last one is measured
BENCH_TIMES times (peers: BENCH_PEER_TIMES), the others once.
"""
import hashlib
import json
import os
import shutil
import sys

import duckdb
import polars
from common import GB, QUICK, ROOM, ROOT, TARGET, THREADS, TIMES, Run, Table, build, load, median, out, peak, say, setting

HERE = ROOT / "bench" / "classify"
LAKE = TARGET / "examples" / "classify_bench"
PACK = ROOT / "packs" / "base"
SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "50000 100000" if QUICK else "500000 1000000 2000000 4000000 7000000").split()]
PEER_TIMES = setting("PEER_TIMES", 1 if QUICK else 2)
TARGET_SIZE = 7_000_000
MODEL = ROOM / "model.json"
PEERS = {
    "DuckDB": lambda folder, file: [sys.executable, HERE / "peer.py", "run", MODEL, folder, file, "--threads", THREADS],
    "Polars": lambda folder, file: [sys.executable, HERE / "polars_peer.py", MODEL, folder, file],
}


def snapshot(entities):
    """The folder of generated files as no run has touched it; made anew when its maker or the model changed."""
    records = entities * 80 // 7
    folder = ROOM / f"lake-{entities}"
    mark = folder.with_suffix(".made")
    maker = hashlib.sha256(LAKE.read_bytes())
    maker.update(MODEL.read_bytes())
    bare = folder / "bare.json"
    if not mark.exists() or mark.read_text() != maker.hexdigest() or not bare.exists():
        say(f"making {entities:,} entities and {records:,} records")
        shutil.rmtree(folder, ignore_errors=True)
        mark.unlink(missing_ok=True)
        out([LAKE, "generate", "--pack", PACK, "--folder", folder, "--entities", entities, "--records", records])
        shutil.copy(folder / "manifest.json", bare)
        mark.write_text(maker.hexdigest())
    shutil.copy(bare, folder / "manifest.json")
    return folder, records


def compared(folder, mine, theirs, who):
    """Ends the run when a row differs."""
    same = json.loads(out([sys.executable, HERE / "peer.py", "compare", folder, mine, theirs]))
    if same["differ"]:
        sys.exit(f"bench: the lake and {who} differ")
    return same


def measured(entities, times, peer_times):
    """Every figure of one size."""
    folder, records = snapshot(entities)
    ours = lambda command, file, *more: [LAKE, command, "--pack", PACK, "--folder", folder, "--out", ROOM / file,
                                         "--threads", THREADS, *more]
    found = {"entities": entities, "records": records, "before": load(), "lake": [], **{name: [] for name in PEERS}}
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)
    for number in range(times):
        say(f"{entities:,} entities, round {number + 1}: the lake" + ("" if number >= peer_times else ", DuckDB, Polars"))
        found["lake"].append(Run(ours("run", "ours.parquet")))
        for name, command in PEERS.items():
            if number < peer_times:
                found[name].append(Run(command(folder, ROOM / f"{name}.parquet")))
    found["equal"] = {name: compared(folder, ROOM / "ours.parquet", ROOM / f"{name}.parquet", name) for name in PEERS}
    for name in PEERS:
        (ROOM / f"{name}.parquet").unlink()
    # One in a hundred gets a record; that day again, and the next day, on which time alone changes some as well.
    found["grown"] = Run([LAKE, "grow", "--pack", PACK, "--folder", folder])
    grown = (folder / "manifest.json").read_bytes()
    for what, days in (("again", 0), ("next day", 1)):
        found[what], found[what + " all"] = [], []
        for _ in range(times):
            (folder / "manifest.json").write_bytes(grown)
            found[what].append(Run(ours("again", "changed.parquet", "--days", days)))
            (folder / "manifest.json").write_bytes(grown)
            found[what + " all"].append(Run(ours("run", "all.parquet", "--days", days)))
        files = [ROOM / name for name in ("all.parquet", "ours.parquet", "changed.parquet")]
        found[what + " laid"] = json.loads(out([sys.executable, HERE / "peer.py", "lay", *files]))
    found["after"] = load()
    return found


def seconds(runs, whole=True):
    return [run.seconds if whole else run.json["seconds"] for run in runs]


def rows(table, one, indicators, judged):
    what = f"{one['entities']:,} entities, {one['records']:,} records, {indicators} indicators"
    wall, top = median(seconds(one["lake"])), peak(one["lake"])
    table.add(f"{what}: everybody", f"{wall:.2f} s", "", "", "< 180 s", wall < 180 if judged else None)
    table.add("— memory", f"{top / GB:.2f} GB", "", "", "< 2 GB", top < 2 * GB if judged else None)
    for name in PEERS:
        theirs = median(seconds(one[name], whole=False))
        table.add(f"— beside {name}", f"{wall:.2f} s, {top / GB:.2f} GB", f"{theirs:.2f} s, {peak(one[name]) / GB:.2f} GB",
                  f"{theirs / wall:.1f} × as fast", "≥ 3 ×", theirs / wall >= 3 if judged else None)
        same = one["equal"][name]
        table.add(f"— rows equal to {name}'s", f"{same['rows']:,}", f"{same['rows']:,}", f"{same['columns']} columns", "all", True)
    for key, title in (("again", "1 % changed"), ("next day", "1 % changed, a day later")):
        again, full, laid = median(seconds(one[key])), median(seconds(one[key + " all"])), one[key + " laid"]
        table.add(f"— {title}: {laid['looked_at']:,} looked at", f"{again:.3f} s", f"{full:.2f} s (everybody)",
                  f"{100 * again / full:.1f} %", "≤ 5 %", again / full <= 0.05 if judged and key == "again" else None)
        table.add("— rows equal to everybody's", f"{laid['rows']:,}", f"{laid['rows']:,}", f"{laid['columns']} columns", "all", True)


def notes(table, one):
    sides = {name: seconds(one[name], whole=False) for name in PEERS}
    table.runs(f"{one['entities']:,} entities, everybody", (one["before"], one["after"]), lake=seconds(one["lake"]), **sides)
    cpu = {name: median(run.cpu for run in one[name]) for name in ("lake", *PEERS, "again", "next day")}
    table.note(f"the same in processor seconds: lake {cpu['lake']:.2f}, " +
               ", ".join(f"{name} {cpu[name]:.2f} ({cpu[name] / cpu['lake']:.1f} ×)" for name in PEERS) +
               f"; 1 % changed {cpu['again']:.2f} ({100 * cpu['again'] / cpu['lake']:.1f} %), a day later {cpu['next day']:.2f}.")
    table.runs("1 % changed", (one["before"], one["after"]), again=seconds(one["again"]), everybody=seconds(one["again all"]))
    way = [one[key][0].json["way"] for key in ("again", "next day")]
    table.note(f"who was looked at: {way[0]}; a day later {way[1]}. Making the segment of the new records took "
               f"{one['grown'].json['seconds']:.2f} s, which is not in these times; reading the pack and writing the results is.")
    table.note(f"classes: {one['equal']['DuckDB']['classes']}.")


def plot(all_sizes, indicators, file):
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "xinheng", "font.size": 10})
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    x = [one["entities"] / 1e6 for one in all_sizes]
    sides = [("lake", "lake, everybody", "#1f5fa8", "o"), ("again", "lake, 1 % changed", "#5aa0e0", "s"),
             ("DuckDB", "DuckDB", "#d08a00", "^"), ("Polars", "Polars", "#a8325e", "v")]
    for key, label, colour, marker in sides:
        style = {"label": label, "color": colour, "marker": marker, "linewidth": 1.6, "markersize": 5}
        left.plot(x, [median(seconds(one[key], whole=key not in PEERS)) for one in all_sizes], **style)
        right.plot(x, [peak(one[key]) / GB for one in all_sizes], **style)
    left.set_ylabel("seconds")
    right.set_ylabel("peak memory, GB")
    for axes in (left, right):
        axes.set_yscale("log")
        axes.set_xlabel("entities, millions (11.4 records each)")
        axes.set_xlim(0, max(x) * 1.04)
        axes.grid(True, which="both", color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.yaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
    right.axhline(2, color="#888888", linestyle="--", linewidth=1)
    right.annotate("limit 2 GB", (0, 2), xytext=(4, 3), textcoords="offset points", color="#666666")
    left.legend(frameon=False)
    figure.suptitle(f"Classification with {indicators} indicators on {THREADS} threads: cost against size")
    figure.savefig(file, metadata={"Date": None})


def main():
    build("-p", "lake", "--example", "classify_bench")
    MODEL.write_text(out([LAKE, "model", "--pack", PACK]), encoding="utf-8")
    indicators = len(json.loads(MODEL.read_text(encoding="utf-8"))["model"]["indicators"])
    table = Table("Classification")
    found = []
    for entities in SIZES:
        last = entities == SIZES[-1]
        found.append(measured(entities, TIMES if last else 1, PEER_TIMES if last else 1))
    rows(table, found[-1], indicators, found[-1]["entities"] >= TARGET_SIZE)
    notes(table, found[-1])
    for one in found[:-1]:
        sides = ", ".join(f"{name} {median(seconds(one[name], whole=False)):.2f} s {peak(one[name]) / GB:.2f} GB" for name in PEERS)
        table.note(f"{one['entities']:,} entities, one run each: lake {one['lake'][0].seconds:.2f} s "
                   f"{peak(one['lake']) / GB:.2f} GB, {sides}; 1 % changed {one['again'][0].seconds:.3f} s; all rows equal.")
    file = ROOM / "cost.svg" if QUICK or "BENCH_SIZES" in os.environ else HERE / "cost.svg"
    plot(found, indicators, file)
    versions = f"DuckDB {duckdb.__version__}, Polars {polars.__version__} (streaming engine)"
    print(table.text(f"{versions}; {THREADS} threads on each side, medians; the last size {TIMES} runs of ours and "
                     f"{PEER_TIMES} of the peers in turns. Ours is the time of the whole process, a peer's only that of its query."))
    if file.parent == HERE:
        print("\n![cost against size](classify/cost.svg)")


if __name__ == "__main__":
    main()
