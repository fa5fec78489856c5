#!/usr/bin/env python3
"""Turns the classification model of a pack (model.toml, catalogue.toml) into the JSON both sides of the bench read.

    model.py PACK_FOLDER > model.json

The JSON has the shape of `policy::Model` (serde) plus the catalogue items with their modes.
"""
import json
import pathlib
import sys
import tomllib

BASIS = {"source": "", "title": "", "article": ""}


def aggregate(row):
    name = row["aggregate"]
    if name == "decayed":
        return {"Decayed": row["decay"]}
    return "".join(word.capitalize() for word in name.split("-"))


def source(row):
    if "attribute" in row:
        return {"Attribute": "".join(word.capitalize() for word in row["attribute"].split("_"))}
    where = row.get("where", {})
    days = row.get("within_days")
    if "within_months" in row:
        days = 365 * row["within_months"] // 12
    items = row["item"] if isinstance(row["item"], list) else [row["item"]]
    condition = {
        "codes": where.get("codes", []),
        "level_min": where.get("level_min"),
        "amount_min": where.get("amount_min"),
        "open": where.get("open", False),
    }
    return {"Records": {"items": items, "condition": condition, "aggregate": aggregate(row), "within_days": days}}


def scoring(row):
    if "map" in row:
        return {"Map": [{"code": c, "title": "", "points": p} for c, p in row["map"].items()]}
    return {"Bands": row["bands"]}


def main():
    pack = pathlib.Path(sys.argv[1])
    text = tomllib.loads((pack / "model.toml").read_text(encoding="utf-8"))
    catalogue = tomllib.loads((pack / "catalogue.toml").read_text(encoding="utf-8"))
    head = text["model"][0]
    own = lambda rows: [r for r in rows if r.get("model", head["code"]) == head["code"]]
    model = {
        "code": head["code"],
        "title": head["title"],
        "from": str(head.get("from", text.get("default", {}).get("from"))),
        "basis": BASIS,
        "classes": [{"code": c["code"], "title": c["title"], "below": c.get("below")} for c in head["classes"]],
        "groups": [{"code": g["code"], "title": g["title"], "cap": g["cap"]} for g in own(text["group"])],
        "indicators": [
            {
                "code": r["code"], "title": r["title"], "group": r["group"], "source": source(r), "scoring": scoring(r),
                "absent": r.get("absent", 0), "sentence": r["sentence"], "basis": BASIS,
            }
            for r in own(text["indicator"])
        ],
        "direct": [
            {
                "code": r["code"], "title": r["title"], "indicator": r["when"]["indicator"], "min": r["when"]["min"],
                "not_better_than": r["not_better_than"], "sentence": r.get("sentence", ""), "basis": BASIS,
            }
            for r in own(text.get("direct", []))
        ],
    }
    items = [
        {"code": r["code"], "mode": r["mode"], "ends": r.get("ends")}
        for r in catalogue["item"]
    ]
    json.dump({"model": model, "items": items}, sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
