#!/usr/bin/env python3
"""The rival Polars: one lazy query of the same meaning as the model, run by its streaming engine.

    POLARS_MAX_THREADS=2 polars_peer.py MODEL.json SNAPSHOT_FOLDER OUT.parquet [--show]

It reads the same Parquet files as DuckDB's query and gives the same columns. Filters inside aggregates are written as
`when … then` before them, since the streaming engine fuses those; corrections, withdrawals and ends are resolved one step deep.
"""
import argparse
import json
import pathlib
import time

import polars as pl

OPEN = 2147483647
NONE, CORRECTS, WITHDRAWS, ENDS = range(4)
KEY = pl.col("on").cast(pl.Int64) * 1099511627776 + pl.col("position")
ROW = ("on", "ends_on", "amount_fen", "level", "code")


class Query:
    def __init__(self, bench, manifest, folder):
        self.model, self.as_of = bench["model"], bench["as_of"]
        self.state_items = {i["code"] for i in bench["items"] if i["mode"] == "state"}
        table = manifest["symbol_tables"][-1]
        self.items = {text: number for number, text in enumerate(table["items"]) if text}
        self.codes = {text: number for number, text in enumerate(table["codes"]) if text}
        self.position = manifest["position"]
        self.records = [str(folder / s["file"]) for s in manifest["segments"]]
        self.entities = str(folder / manifest["entities"][-1]["file"])
        self.aggregates = {}

    def passes(self, records, column):
        """The filter of an indicator over columns found by name; null where a column is."""
        c, parts = records["condition"], []
        if records["within_days"] is not None:
            parts.append(column("on") > self.as_of - records["within_days"])
        if c["level_min"] is not None:
            parts.append(column("level") >= c["level_min"])
        if c["amount_min"] is not None:
            parts.append(column("amount_fen") >= c["amount_min"])
        if c["open"]:
            parts.append(column("ends_on") > self.as_of)
        if c["codes"]:
            parts.append(column("code").is_in([self.codes[code] for code in c["codes"] if code in self.codes]))
        if records["aggregate"] == "DaysToEnd":
            parts.append((column("ends_on") > self.as_of) & (column("ends_on") != OPEN))
        return parts

    def decay(self, steps, age):
        weight = pl.lit(0, pl.Int64)
        for step in reversed(steps):
            weight = pl.when(age < step["days"]).then(pl.lit(step["permille"], pl.Int64)).otherwise(weight)
        return weight

    def fact_value(self, n, records):
        item = pl.col("item")
        numbers = [self.items[i] for i in records["items"]]
        kept = item == numbers[0] if len(numbers) == 1 else item.is_in(numbers)
        for part in self.passes(records, pl.col):
            kept = kept & part
        kind, name, seen = records["aggregate"], f"a{n}", f"s{n}"
        only = lambda column: pl.when(kept).then(column)
        if isinstance(kind, dict):
            weight = self.decay(kind["Decayed"], self.as_of - pl.col("on"))
            self.aggregates[name], self.aggregates[seen] = only(weight).sum(), kept.sum()
            return pl.when(pl.col(seen) > 0).then(pl.col(name))
        if kind == "Sum":
            self.aggregates[name], self.aggregates[seen] = only(pl.col("amount_fen")).sum(), kept.sum()
            return pl.when(pl.col(seen) > 0).then(pl.col(name))
        self.aggregates[name] = {
            "Count": lambda: kept.sum(),
            "MaxLevel": lambda: only(pl.col("level")).max(),
            "LastLevel": lambda: only(pl.col("level")).max_by(only(KEY)),
            "LastCode": lambda: only(pl.col("code")).max_by(only(KEY)),
            "DaysSinceLast": lambda: only(pl.col("on")).max(),
            "DaysToEnd": lambda: only(pl.col("ends_on")).min(),
        }[kind]()
        value = pl.col(name).cast(pl.Int64)
        return {"Count": pl.when(value > 0).then(value), "DaysSinceLast": self.as_of - value,
                "DaysToEnd": value - self.as_of}.get(kind, value)

    def state_value(self, records):
        """Only the latest row of a state item counts; the filter is applied to it afterwards."""
        (item,) = records["items"]
        held = pl.col("item") == self.items[item]
        column = lambda name: pl.col(f"latest_{item}_{name}").cast(pl.Int64)
        for name in ROW:
            row = pl.when(held).then(pl.col(name)).max_by(pl.when(held).then(KEY))
            self.aggregates[f"latest_{item}_{name}"] = row
        kept = column("on").is_not_null()
        for part in self.passes(records, column):
            kept = kept & part
        kind = records["aggregate"]
        if isinstance(kind, dict):
            value = self.decay(kind["Decayed"], self.as_of - column("on"))
        else:
            value = {
                "Count": pl.lit(1, pl.Int64), "Sum": column("amount_fen"), "MaxLevel": column("level"),
                "LastLevel": column("level"), "LastCode": column("code"), "DaysSinceLast": self.as_of - column("on"),
                "DaysToEnd": column("ends_on") - self.as_of,
            }[kind]
        return pl.when(kept).then(value)

    def attribute_value(self, attribute):
        known = lambda name: pl.when(pl.col(name) != 0).then(pl.col(name).cast(pl.Int64))
        if attribute == "EstablishedOn":
            return (self.as_of - pl.col("established_on")).cast(pl.Int64)
        return pl.col("capital_fen") if attribute == "CapitalFen" else known(attribute.lower())

    def points(self, indicator, value, otherwise=0):
        scoring, absent = indicator["scoring"], pl.lit(indicator["absent"], pl.Int64)
        points = pl.lit(otherwise, pl.Int64)
        if "Bands" in scoring:
            for band in sorted(scoring["Bands"], key=lambda band: band["min"]):
                points = pl.when(value >= band["min"]).then(pl.lit(band["points"], pl.Int64)).otherwise(points)
        else:
            prefix = indicator["source"].get("Attribute") in ("Industry", "Division")
            table = {}
            for text, symbol in self.codes.items():
                fits = [m for m in scoring["Map"] if (text.startswith(m["code"]) if prefix else text == m["code"])]
                if fits:
                    table[symbol] = max(fits, key=lambda m: len(m["code"]))["points"]
            if table:
                points = value.replace_strict(table, default=otherwise, return_dtype=pl.Int64)
        return pl.when(value.is_null()).then(absent).otherwise(points)

    def factor(self, factor):
        source, neutral = factor["source"], 1000 if factor["unit"] == "Permille" else 0
        if "Attribute" in source:
            value = self.attribute_value(source["Attribute"])
        else:
            n, indicator = next((n, i) for n, i in enumerate(self.model["indicators"]) if i["code"] == source["Indicator"])
            mapped = "Map" in indicator["scoring"]
            value = pl.when(pl.col(f"v{n}").is_not_null()).then(pl.col(f"p{n}")) if mapped else pl.col(f"v{n}")
        lever = self.points(factor, value, neutral)
        if factor["unit"] == "Points":
            return lever
        # Whole-number division cuts towards zero; the base is never below it.
        base = pl.col("base")
        return pl.when(lever >= 1000).then(base * (lever - 1000) // 1000).otherwise(-(base * (1000 - lever) // 1000))

    def speakers(self):
        seen = pl.scan_parquet(self.records).filter((pl.col("position") <= self.position) & (pl.col("on") <= self.as_of))
        relation = pl.col("relation")
        when = lambda kind, column: pl.when(relation == kind).then(pl.col(column))
        acts = seen.filter((relation != NONE) & (pl.col("names") != 0)).group_by("entity", "names").agg(
            (relation == WITHDRAWS).sum().alias("withdrawn"),
            when(CORRECTS, "position").max().alias("corrected_by"),
            when(ENDS, "on").max_by(when(ENDS, "position")).alias("ended"),
        )
        target = pl.when(relation == CORRECTS).then(pl.col("names")).otherwise(pl.col("position")).alias("target")
        joined = seen.with_columns(target).join(acts, left_on=["entity", "target"], right_on=["entity", "names"], how="left")
        spoken = pl.when(relation == CORRECTS).then(pl.col("corrected_by") == pl.col("position"))
        spoken = spoken.otherwise(pl.col("corrected_by").is_null())
        kept = (relation != WITHDRAWS) & (pl.col("withdrawn").fill_null(0) == 0) & spoken
        return joined.filter(kept).with_columns(pl.coalesce("ended", "ends_on").alias("ends_on"))

    def plan(self):
        model = self.model
        values, scores = [], []
        for n, indicator in enumerate(model["indicators"]):
            source = indicator["source"]
            if "Attribute" in source:
                value = self.attribute_value(source["Attribute"])
            elif set(source["Records"]["items"]) & self.state_items:
                value = self.state_value(source["Records"])
            else:
                value = self.fact_value(n, source["Records"])
            values.append(value.cast(pl.Int64).alias(f"v{n}"))
            scores.append(self.points(indicator, pl.col(f"v{n}")).alias(f"p{n}"))
        gathered = self.speakers().group_by("entity").agg(**self.aggregates)
        table = pl.scan_parquet(self.entities).join(gathered, on="entity", how="left").with_columns(values).with_columns(scores)
        groups = []
        for g, group in enumerate(model["groups"]):
            members = [pl.col(f"p{n}") for n, i in enumerate(model["indicators"]) if i["group"] == group["code"]]
            sum_of = pl.sum_horizontal(members) if members else pl.lit(0, pl.Int64)
            groups.append(sum_of.clip(0, group["cap"]).alias(f"g{g}"))
        table = table.with_columns(groups)
        table = table.with_columns(pl.sum_horizontal([f"g{g}" for g in range(len(groups))]).alias("base"))
        total = pl.sum_horizontal([pl.col("base"), *(self.factor(factor) for factor in model["factors"])])
        table = table.with_columns(total.clip(0).alias("total"))
        classes = [c["code"] for c in model["classes"]]
        worst = [pl.sum_horizontal([(pl.col("total") >= c["below"]).cast(pl.Int64) for c in model["classes"] if c["below"] is not None])]
        for rule in model["direct"]:
            n = next(n for n, i in enumerate(model["indicators"]) if i["code"] == rule["indicator"])
            mapped = "Map" in model["indicators"][n]["scoring"]
            compared = pl.col(f"p{n}") if mapped else pl.col(f"v{n}")
            met = pl.col(f"v{n}").is_not_null() & (compared >= rule["min"])
            worst.append(pl.when(met).then(pl.lit(classes.index(rule["not_better_than"]), pl.Int64)).otherwise(pl.lit(0, pl.Int64)))
        shown = [pl.col(f"g{g}").cast(pl.Int32).alias(f"points_{group['code']}") for g, group in enumerate(model["groups"])]
        return table.select("entity", pl.max_horizontal(worst).cast(pl.UInt8).alias("class"),
                            pl.col("total").cast(pl.Int32).alias("points"), *shown)


def main():
    parser = argparse.ArgumentParser()
    for name in ("model", "folder", "out"):
        parser.add_argument(name)
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    folder = pathlib.Path(args.folder)
    bench = json.loads(pathlib.Path(args.model).read_text(encoding="utf-8"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    plan = Query(bench, manifest, folder).plan()
    if args.show:
        print(plan.show_graph(engine="streaming", plan_stage="physical", raw_output=True))
    started = time.monotonic()
    plan.sink_parquet(args.out, compression="zstd", maintain_order=False, engine="streaming")
    print(json.dumps({"seconds": time.monotonic() - started}))


if __name__ == "__main__":
    main()
