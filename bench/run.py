#!/usr/bin/env python3
"""Runs the benches named (all without a name) and puts the section each prints into the results; called by run.sh."""
import os
import pathlib
import re
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
ORDER = ["import", "classify", "serve", "draw"]
HEAD = "# Results of `make bench`"


def sections(text):
    """The sections of a page by their headings, in order."""
    parts = re.split(r"(?m)^(?=## )", text)
    return {part.splitlines()[0]: part.strip() for part in parts[1:]}


def main():
    words = sys.argv[1:]
    quick = "--quick" in words
    names = [word for word in words if not word.startswith("-") and word != "all"]
    there = [name for name in ORDER if (BENCH / name / "bench.py").exists()]
    unknown = [name for name in names if name not in there] + [w for w in words if w.startswith("-") and w != "--quick"]
    if unknown:
        sys.exit(f"bench: there is no {' '.join(unknown)}; there are: {' '.join(there)} all, and --quick")
    room = pathlib.Path(os.environ["BENCH_DIR"])
    target = pathlib.Path(os.environ.get("BENCH_OUT", room / "quick.md" if quick else BENCH / "RESULTS.md"))
    environment = dict(os.environ, BENCH_QUICK="1" if quick else "0", PYTHONPATH=str(BENCH))
    failed = []
    for name in names or there:
        done = subprocess.run([sys.executable, BENCH / name / "bench.py"], stdout=subprocess.PIPE, text=True, env=environment)
        found = sections(done.stdout)
        if done.returncode or len(found) != 1:
            failed.append(name)
            continue
        print(done.stdout, flush=True)
        # Read anew each time: another bench may have written meanwhile.
        page = sections(target.read_text(encoding="utf-8")) if target.exists() else {}
        page.update(found)
        place = {title: number for number, title in enumerate(["## Import", "## Classification", "## Serving", "## Draw"])}
        ordered = sorted(page, key=lambda title: place.get(title, len(place)))
        target.write_text("\n\n".join([HEAD, *(page[title] for title in ordered)]) + "\n", encoding="utf-8")
        print(f"bench: {name} written to {target}", file=sys.stderr)
    if failed:
        sys.exit(f"bench: failed, their sections are as they were: {' '.join(failed)}")


if __name__ == "__main__":
    main()
