#!/usr/bin/env python3
"""Takes a file of real registrations once around the whole loop, on the command line, and prints what each step took.

    tools/trial.py ENTITIES.csv --data FOLDER [--database URL] [--binary PATH]

The file is one CSV with headings that the catalogue knows. Departments and inspectors are made up, one market bureau
for the capital city of each province; results are rehearsed (simulated). Nothing of the file is kept outside FOLDER.
"""
import argparse, json, pathlib, re, resource, subprocess, sys, time

PROVINCES = {"33": "浙江", "37": "山东", "44": "广东", "45": "广西", "21": "辽宁"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("entities", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--database", default="sqlite:xinheng.db")
    parser.add_argument("--binary", default="xinheng")
    parser.add_argument("--inspectors", type=int, default=120, help="inspectors of each province")
    asked = parser.parse_args()
    asked.data.mkdir(parents=True, exist_ok=True)
    data = asked.data / "house"
    steps = []

    def run(*words, quiet=False):
        started = time.monotonic()
        done = subprocess.run(
            [asked.binary, "--data", str(data), *map(str, words)], text=True, capture_output=True, check=False
        )
        spent = time.monotonic() - started
        print(f"$ xinheng {' '.join(map(str, words))}   [{spent:.1f} s]")
        if not quiet or done.returncode:
            print(done.stdout, end="")
        if done.returncode:
            print(done.stderr, end="")
            sys.exit(f"step failed with {done.returncode}")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        steps.append((" ".join(map(str, words[:2])), spent, peak))
        return done.stdout

    run("init", "--database", asked.database, "--pack", "base", quiet=True)
    departments, inspectors = roll(asked.inspectors)
    (asked.data / "departments.json").write_text(json.dumps(departments, ensure_ascii=False))
    (asked.data / "inspectors.json").write_text(json.dumps(inspectors, ensure_ascii=False))
    run("import", "office", asked.data / "departments.json", asked.data / "inspectors.json")
    mapping = asked.data / "mapping.toml"
    mapping.write_text('[columns]\n"uscc" = "subject_no"\n\n[defaults]\nstatus = "1"\n')
    run("import", "entities", asked.entities, "--mapping", mapping)
    run("import", "entities", asked.entities, "--mapping", mapping)
    run("classify")
    for province, name in PROVINCES.items():
        plan = write_plan(asked.data, province, name)
        number = re.search(r"计划 (\S+?)[:：]", run("plan", "write", plan)).group(1)
        run("plan", "approve", number)
        parties = [contribution(asked.binary, who) for who in (f"{name}市场监管", "司法", "市民代表")]
        words = [word for _, _, promise in parties for word in ("--contributor", promise)]
        draw = re.search(r"抽取 (\d+)", run("draw", "commit", number, *words)).group(1)
        for who, value, _ in parties:
            run("draw", "reveal", draw, who, value, quiet=True)
        run("draw", "run", draw)
        run("rehearse", number)
        run("draw", "material", draw, "--out", asked.data, "--auditor", quiet=True)
        run("verify", asked.data / f"draw-{draw}.json", "--pool", asked.data / f"draw-{draw}-auditor.json")
    run("publish", "results")
    run("classify")
    run("log", "verify")
    print("\n| step | seconds | peak MB so far |\n|---|---:|---:|")
    for step, spent, peak in steps:
        print(f"| {step} | {spent:.1f} | {peak} |")


def roll(count):
    departments, inspectors = [], []
    for province, name in PROVINCES.items():
        bureau = f"{province}0100-scjg"
        departments.append({"id": bureau, "name": f"{name}省会市市场监督管理局(试运行)", "division": f"{province}0100", "function": "market"})
        for number in range(count):
            inspectors.append({
                "certificate_no": f"试{province}{number:05d}", "name": f"试{number}", "department": bureau,
                "divisions": [f"{province}0100"], "qualifications": ["*"], "certificate_until": "2030-12-31",
                "may_lead": number % 3 == 0, "recusals": [],
            })
    return departments, inspectors


def write_plan(folder, province, name):
    today = time.strftime("%Y-%m-%d")
    plan = {
        "title": f"{name}价格行为抽查(试运行)", "department": f"{province}0100-scjg", "division": f"{province}01",
        "mode": "undirected", "starts_on": today, "ends_on": f"{today[:4]}-12-31",
        "items": [{"check": "price.fraud", "ratios": {"A": "1/1000", "B": "3/1000", "C": "10/1000"}}],
    }
    path = folder / f"plan-{province}.json"
    path.write_text(json.dumps(plan, ensure_ascii=False))
    return path


def contribution(binary, who):
    text = subprocess.run([binary, "draw", "contribute", who], text=True, capture_output=True, check=True).stdout
    value = re.search(r"[:：]([0-9a-f]{64})\n", text).group(1)
    promise = re.search(r"发起部门[)）][:：](.+)\n", text).group(1)
    return who, value, promise


if __name__ == "__main__":
    main()
