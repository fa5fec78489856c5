#!/usr/bin/env python3
"""The rival DuckDB: one query of the same meaning as the model, generated from what the loader of the pack gave.

    classify_bench model --pack packs/base > MODEL.json
    peer.py run     MODEL.json SNAPSHOT_FOLDER OUT.parquet [--threads 2] [--show]
    peer.py compare SNAPSHOT_FOLDER OURS.parquet THEIRS.parquet
    peer.py lay     FULL.parquet FORMER.parquet CHANGED.parquet

The query reads the same sorted Parquet files and compares the same symbol numbers. It resolves corrections, withdrawals
and ends one step deep, which is all the generated data holds (the evaluator follows any depth). `compare` holds two files of
results against each other, row by row in every column both have; `lay` holds the results of a run over everybody against
those of a former run with the changed rows laid over them.
"""
import argparse
import json
import pathlib
import sys
import time

import duckdb

OPEN = 2147483647
NONE, CORRECTS, WITHDRAWS, ENDS = range(4)
KEY = '("on"::BIGINT * 1099511627776 + position)'


class Query:
    def __init__(self, bench, manifest, folder):
        self.model = bench["model"]
        self.as_of = bench["as_of"]
        self.state_items = {i["code"] for i in bench["items"] if i["mode"] == "state"}
        table = manifest["symbol_tables"][-1]
        self.items = {text: number for number, text in enumerate(table["items"]) if text}
        self.codes = {text: number for number, text in enumerate(table["codes"]) if text}
        self.position = manifest["position"]
        self.records = [str(folder / s["file"]) for s in manifest["segments"]]
        self.entities = str(folder / manifest["entities"][-1]["file"])
        self.shared = {}      # aggregates of state items, shared between indicators
        self.joins = []       # small tables of points by industry or division

    def passes(self, records, prefix=""):
        """The filter of an indicator, over columns with the given prefix."""
        c = records["condition"]
        parts = []
        if records["within_days"] is not None:
            parts.append(f'{prefix}"on" > {self.as_of - records["within_days"]}')
        if c["level_min"] is not None:
            parts.append(f'{prefix}level >= {c["level_min"]}')
        if c["amount_min"] is not None:
            parts.append(f'{prefix}amount_fen >= {c["amount_min"]}')
        if c["open"]:
            parts.append(f"{prefix}ends_on > {self.as_of}")
        if c["codes"]:
            numbers = [self.codes[code] for code in c["codes"] if code in self.codes]
            parts.append(f'{prefix}code IN ({", ".join(map(str, numbers)) or "-1"})')
        if records["aggregate"] == "DaysToEnd":
            parts.append(f"{prefix}ends_on > {self.as_of} AND {prefix}ends_on <> {OPEN}")
        return parts

    @staticmethod
    def decay(steps, age):
        whens = " ".join(f"WHEN {age} < {s['days']} THEN {s['permille']}" for s in steps)
        return f"CASE {whens} ELSE 0 END"

    def fact_value(self, records):
        """One aggregate with a filter; NULL when nothing passed."""
        numbers = ", ".join(str(self.items[i]) for i in records["items"])
        kept = " AND ".join([f"item IN ({numbers})", *self.passes(records)])
        kind = records["aggregate"]
        if isinstance(kind, dict):
            core = f'sum({self.decay(kind["Decayed"], f"({self.as_of} - {chr(34)}on{chr(34)})")})'
        else:
            core = {
                "Count": "count(*)", "Sum": "sum(amount_fen)", "MaxLevel": "max(level)",
                "LastLevel": f"arg_max(level, {KEY})", "LastCode": f"arg_max(code, {KEY})",
                "DaysSinceLast": 'max("on")', "DaysToEnd": "min(ends_on)",
            }[kind]
        aggregate = f"{core} FILTER (WHERE {kept})"
        if kind == "Count":
            return aggregate, lambda name: f"nullif({name}, 0)"
        if kind == "DaysSinceLast":
            return aggregate, lambda name: f"({self.as_of} - {name})"
        if kind == "DaysToEnd":
            return aggregate, lambda name: f"({name} - {self.as_of})"
        return aggregate, lambda name: name

    def state_value(self, records):
        """Only the latest row of a state item counts; the filter is applied to it afterwards."""
        item = records["items"][0]
        assert len(records["items"]) == 1, "the generator of the query knows one state item per indicator"
        name = "latest_" + item.replace("-", "_")
        row = '{"on": "on", ends_on: ends_on, amount_fen: amount_fen, level: level, code: code}'
        self.shared[name] = f"arg_max({row}, {KEY}) FILTER (WHERE item = {self.items[item]})"
        kept = " AND ".join([f"{name} IS NOT NULL", *self.passes(records, name + ".")])
        kind = records["aggregate"]
        if isinstance(kind, dict):
            value = self.decay(kind["Decayed"], f'({self.as_of} - {name}."on")')
        else:
            value = {
                "Count": "1", "Sum": f"{name}.amount_fen", "MaxLevel": f"{name}.level", "LastLevel": f"{name}.level",
                "LastCode": f"{name}.code", "DaysSinceLast": f'({self.as_of} - {name}."on")',
                "DaysToEnd": f"({name}.ends_on - {self.as_of})",
            }[kind]
        return f"CASE WHEN {kept} THEN {value} END"

    def attribute_value(self, attribute):
        return {
            "EstablishedOn": f"({self.as_of} - e.established_on)", "CapitalFen": "e.capital_fen",
            "Kind": "nullif(e.kind, 0)", "Status": "nullif(e.status, 0)",
            "Industry": "nullif(e.industry, 0)", "Division": "nullif(e.division, 0)",
        }[attribute]

    def points(self, number, indicator, value, otherwise=0):
        scoring, absent = indicator["scoring"], indicator["absent"]
        if "Bands" in scoring:
            bands = sorted(scoring["Bands"], key=lambda b: -b["min"])
            whens = " ".join(f"WHEN {value} >= {b['min']} THEN {b['points']}" for b in bands)
            return f"(CASE WHEN {value} IS NULL THEN {absent} {whens} ELSE {otherwise} END)"
        prefix = indicator["source"].get("Attribute") in ("Industry", "Division")
        table = {}
        for text, symbol in self.codes.items():
            fits = [m for m in scoring["Map"] if (text.startswith(m["code"]) if prefix else text == m["code"])]
            if fits:
                table[symbol] = max(fits, key=lambda m: len(m["code"]))["points"]
        whens = " ".join(f"WHEN {symbol} THEN {points}" for symbol, points in sorted(table.items()))
        mapped = f"CASE {value} {whens} ELSE {otherwise} END" if whens else otherwise
        return f"(CASE WHEN {value} IS NULL THEN {absent} ELSE {mapped} END)"

    def factor(self, factor):
        """Points a factor gives on the sum of the groups, over the columns of the indicators and of the entity."""
        source, neutral = factor["source"], 1000 if factor["unit"] == "Permille" else 0
        if "Attribute" in source:
            value = self.attribute_value(source["Attribute"]).replace("e.", "")
        else:
            n, indicator = next((n, i) for n, i in enumerate(self.model["indicators"]) if i["code"] == source["Indicator"])
            value = f"CASE WHEN v{n} IS NOT NULL THEN p{n} END" if "Map" in indicator["scoring"] else f"v{n}"
        lever = self.points(None, dict(factor, source=source), value, neutral)
        if factor["unit"] == "Points":
            return f"({lever})"
        # Whole-number division cuts towards zero; the base is never below it.
        return f"(CASE WHEN {lever} >= 1000 THEN base * ({lever} - 1000) // 1000 ELSE -(base * (1000 - {lever}) // 1000) END)"

    def text(self, out):
        model = self.model
        aggregates, values, scores = [], [], []
        for n, indicator in enumerate(model["indicators"]):
            source = indicator["source"]
            if "Attribute" in source:
                values.append(f"{self.attribute_value(source['Attribute'])} AS v{n}")
            elif set(source["Records"]["items"]) & self.state_items:
                values.append(f"{self.state_value(source['Records'])} AS v{n}")
            else:
                aggregate, finish = self.fact_value(source["Records"])
                aggregates.append(f"{aggregate} AS a{n}")
                values.append(f"{finish(f'a{n}')} AS v{n}")
            scores.append(f"{self.points(n, indicator, f'v{n}')} AS p{n}")
        aggregates += [f"{text} AS {name}" for name, text in self.shared.items()]
        groups = []
        for g, group in enumerate(model["groups"]):
            members = [f"p{n}" for n, i in enumerate(model["indicators"]) if i["group"] == group["code"]]
            groups.append(f'greatest(0, least({group["cap"]}, {" + ".join(members) or 0})) AS g{g}')
        base = " + ".join(f"g{g}" for g in range(len(model["groups"])))
        levers = [self.factor(factor) for factor in model["factors"]]
        total = " + ".join(["base", *levers])
        classes = [c["code"] for c in model["classes"]]
        cuts = " ".join(
            f"WHEN total < {c['below']} THEN {n}" for n, c in enumerate(model["classes"]) if c["below"] is not None
        )
        by_points = f"CASE {cuts} ELSE {len(classes) - 1} END"
        floors = []
        for rule in model["direct"]:
            n = next(n for n, i in enumerate(model["indicators"]) if i["code"] == rule["indicator"])
            mapped = "Map" in model["indicators"][n]["scoring"]
            test = f"v{n} IS NOT NULL AND p{n} >= {rule['min']}" if mapped else f"v{n} >= {rule['min']}"
            floors.append(f"CASE WHEN {test} THEN {classes.index(rule['not_better_than'])} ELSE 0 END")
        shown = ", ".join(f"g{g}::INTEGER AS \"points_{group['code']}\"" for g, group in enumerate(model["groups"]))
        join = ",\n    ".join
        return f"""
COPY (
WITH seen AS (
  SELECT * FROM read_parquet({self.records}) WHERE position <= {self.position} AND "on" <= {self.as_of}
), acts AS (
  SELECT entity AS act_entity, names AS act_names,
    bool_or(relation = {WITHDRAWS}) AS withdrawn,
    max(position) FILTER (WHERE relation = {CORRECTS}) AS corrected_by,
    arg_max("on", position) FILTER (WHERE relation = {ENDS}) AS ended
  FROM seen WHERE relation <> {NONE} AND names <> 0 GROUP BY entity, names
), speakers AS (
  SELECT entity, position, item, "on", coalesce(ended, ends_on) AS ends_on, amount_fen, level, code
  FROM seen LEFT JOIN acts ON act_entity = entity
    AND act_names = CASE WHEN relation = {CORRECTS} THEN names ELSE position END
  WHERE relation <> {WITHDRAWS} AND (withdrawn IS NULL OR NOT withdrawn)
    AND CASE WHEN relation = {CORRECTS} THEN corrected_by = position ELSE corrected_by IS NULL END
), gathered AS (
  SELECT entity,
    {join(aggregates)}
  FROM speakers GROUP BY entity
), valued AS (
  SELECT e.*,
    {join(values)}
  FROM read_parquet('{self.entities}') e LEFT JOIN gathered ON gathered.entity = e.entity
), scored AS (
  SELECT *,
    {join(scores)}
  FROM valued
), grouped AS (
  SELECT *, {", ".join(groups)} FROM scored
), based AS (
  SELECT *, {base} AS base FROM grouped
), summed AS (
  SELECT *, greatest(0, {total}) AS total FROM based
)
SELECT entity, greatest({", ".join([by_points, *floors])})::UTINYINT AS class, total::INTEGER AS points, {shown}
FROM summed
) TO '{out}' (FORMAT parquet, COMPRESSION zstd)"""


def run(args):
    folder = pathlib.Path(args.folder)
    bench = json.loads(pathlib.Path(args.model).read_text(encoding="utf-8"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    text = Query(bench, manifest, folder).text(args.out)
    if args.show:
        print(text)
    base = duckdb.connect()
    base.execute(f"SET threads = {args.threads}")
    base.execute("SET preserve_insertion_order = false")
    started = time.monotonic()
    base.execute(text)
    print(json.dumps({"seconds": time.monotonic() - started}))


def compare(args):
    folder = pathlib.Path(args.folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    base = duckdb.connect()
    ours, theirs = f"read_parquet('{args.ours}')", f"read_parquet('{args.theirs}')"
    columns = [r[0] for r in base.execute(f"DESCRIBE SELECT * FROM {theirs}").fetchall()]
    differs = " OR ".join(f'o."{c}" IS DISTINCT FROM t."{c}"' for c in columns)
    rows, wrong = base.execute(
        f"SELECT count(*), count(*) FILTER (WHERE {differs}) FROM {ours} o FULL JOIN {theirs} t USING (entity)"
    ).fetchone()
    spread = base.execute(f"SELECT class, count(*) FROM {ours} GROUP BY class ORDER BY class").fetchall()
    print(json.dumps({"rows": rows, "columns": len(columns), "differ": wrong, "classes": dict(spread)}))
    if wrong:
        for row in base.execute(
            f"SELECT * FROM {ours} o FULL JOIN {theirs} t USING (entity) WHERE {differs} LIMIT 5"
        ).fetchall():
            print(row, file=sys.stderr)
    expected = manifest["entities"][-1]["rows"]
    if wrong or rows != expected:
        sys.exit(f"the results differ (expected {expected} equal rows)")


def lay(args):
    base = duckdb.connect()
    full, former, changed = (f"read_parquet('{name}')" for name in (args.full, args.former, args.changed))
    columns = [r[0] for r in base.execute(f"DESCRIBE SELECT * FROM {full}").fetchall()]
    differs = " OR ".join(f'f."{c}" IS DISTINCT FROM l."{c}"' for c in columns)
    rows, wrong, moved = base.execute(f"""
        WITH laid AS (SELECT * FROM {changed} UNION ALL
            SELECT * FROM {former} r WHERE NOT EXISTS (SELECT 1 FROM {changed} c WHERE c.entity = r.entity))
        SELECT count(*), count(*) FILTER (WHERE {differs}), (SELECT count(*) FROM {changed})
        FROM {full} f FULL JOIN laid l USING (entity)""").fetchone()
    print(json.dumps({"rows": rows, "columns": len(columns), "differ": wrong, "looked_at": moved}))
    if wrong:
        sys.exit("what was changed, laid over the former results, is not what everybody's classification says")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("run")
    one.add_argument("model")
    one.add_argument("folder")
    one.add_argument("out")
    one.add_argument("--threads", type=int, default=2)
    one.add_argument("--show", action="store_true")
    one.set_defaults(act=run)
    two = commands.add_parser("compare")
    two.add_argument("folder")
    two.add_argument("ours")
    two.add_argument("theirs")
    two.set_defaults(act=compare)
    three = commands.add_parser("lay")
    for name in ("full", "former", "changed"):
        three.add_argument(name)
    three.set_defaults(act=lay)
    args = parser.parse_args()
    args.act(args)


if __name__ == "__main__":
    main()
