#!/usr/bin/env python3
"""Takes real files through the program on both databases, compares the two, and explains what was refused.

    tools/real_data.py DATA --work FOLDER [--binary PATH] [--postgres URL] [--only NAME …] [--csv PYTHON] [--markdown FILE]

DATA is a folder with the files named in FILES below. Each database gets a deployment of its own, all files go into it one
after another through `xinheng import`, then everybody is classified. Compared are: rows read, accepted, unchanged, refused
by reason, columns not understood, every record, every entity, every class. Whatever the program counts besides (rows queued
for a person, rows left unlinked) is printed as it is named.

Nothing of the files is kept outside FOLDER, and what is printed shows no value of a row, only its shape (9 a digit, A a
letter, 字 Chinese characters). --csv names a Python with pyarrow; then Parquet files go in as CSV too. --postgres is the URL
of a server where a database `xinheng_real_data` may be made (and dropped before); without it only SQLite is used.
"""
import argparse, collections, csv, os, pathlib, re, sqlite3, subprocess, sys, time

# name, file, item, supplier, mapping (columns, then values for what the file does not say and whoever hands it over knows).
FILES = [
    ("registrations, Parquet", "entities.parquet", "registration", "real-market", {}, {"status": "1"}),
    ("the same as CSV", "entities.parquet>csv", "registration", "real-market-csv", {}, {"status": "1"}),
    ("hand-over, GB18030", "department_handover_gb18030.csv.gz", "registration", "real-gd", {}, {"status": "1"}),
    ("lists of dishonest firms", "blacklists_creditchina_gansu.csv", "list-entry", "real-credit", {}, {"listed_on": "2019-01-01"}),
    ("highway construction", "credit_grades_highway_construction.csv.gz", "credit-grade", "real-highway", {},
     {"graded_on": "2023-12-31", "period": "2023"}),
    ("transport, Sichuan", "credit_grades_sichuan_transport.csv.gz", "credit-grade", "real-sichuan", {},
     {"graded_on": "2023-12-31"}),
    ("water works, Anhui", "credit_scores_anhui_water.csv.gz", "credit-grade", "real-anhui", {},
     {"graded_on": "2023-12-31", "period": "2023"}),
    ("cosmetics licences", "licences_cosmetics_production_nmpa.csv", "licence", "real-nmpa", {},
     {"title": "化妆品生产许可证"}),
    ("failed drug tests", "drug_sampling_failures_2017.csv", "product-test", "real-drug", {}, {"tested_on": "2017-12-31"}),
    ("registrations of 29 provinces", "entities_cn.parquet", "registration", "real-cn", {}, {"status": "1"}),
]
# Not handed over: names of firms are hashed, so no row says whose it is.
NOT_TAKEN = ["jinan_risk_flags_hashed.csv.gz"]

# Why rows are refused: code of the reason, title of the field, shape of the value -> what it is. First that fits.
CAUSES = [
    ("intake.subject.invalid", r"^$", "no code at all"),
    ("intake.subject.invalid", r"^9\.9+E\+9+$|^9E\+9+$", "a code that a spreadsheet turned into a number in scientific notation: its last digits are gone"),
    ("intake.subject.invalid", r"^(?=.{18}$)9+0{3,}$", "18 digits that end in zeros: a spreadsheet kept 15 figures"),
    ("intake.subject.invalid", r"^9+0*$", "only digits, as many as no code or with a wrong check digit (typing, OCR, a spreadsheet)"),
    ("intake.subject.invalid", r"字", "words in or instead of the code (OCR, columns shifted)"),
    ("intake.subject.invalid", r"^.{18}$", "18 characters whose check digit is wrong (typing or OCR)"),
    ("intake.subject.invalid", r".", "not the length of any code"),
    ("intake.field.missing", r"", "a field that the item needs is empty"),
    ("intake.field.invalid", r"", "a value that the field cannot hold"),
    ("intake.row.", r"", "not a row about an enterprise"),
    ("", r"", "other"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--binary", default="xinheng")
    parser.add_argument("--postgres")
    parser.add_argument("--pack", default="base", help="a pack of the program, or the path of one")
    parser.add_argument("--psql", help="the program psql (found by itself on Debian)")
    parser.add_argument("--only", nargs="*", help="words of names in FILES")
    parser.add_argument("--csv", help="a Python with pyarrow")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the tables here too")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    houses = [Sqlite(asked)]
    if asked.postgres:
        houses.append(Postgres(asked))
    report = Report(asked.markdown)
    chosen = [case for case in FILES if not asked.only or any(word in case[0] for word in asked.only)]
    failed = False
    for house in houses:
        house.init()
    for case in chosen:
        file = given(asked, case[1])
        if file is None:
            report.say(f"\n{case[0]}: left out ({case[1]} is not there, or needs --csv)")
            continue
        outcomes = [house.take(case, file) for house in houses]
        failed |= report.file(case, houses, outcomes)
    for house in houses:
        house.classify()
    failed |= report.whole(houses)
    sys.exit(1 if failed else 0)


def given(asked, name):
    """The file as it is; made from the Parquet file where a CSV is asked for."""
    source, _, form = name.partition(">")
    path = asked.data / source
    if not path.exists() or not form:
        return path if path.exists() else None
    if not asked.csv:
        return None
    made = asked.work / (path.stem + ".csv")
    if not made.exists():
        program = (
            "import sys, pyarrow.parquet as parquet, pyarrow.csv as csv\n"
            "file = parquet.ParquetFile(sys.argv[1])\n"
            "with csv.CSVWriter(sys.argv[2], file.schema_arrow) as out:\n"
            "    for batch in file.iter_batches(batch_size=65536): out.write_batch(batch)\n"
        )
        subprocess.run([asked.csv, "-c", program, str(path), str(made)], check=True)
    return made


class House:
    """A deployment on one database."""

    def __init__(self, asked):
        self.asked = asked
        self.folder = asked.work / self.name
        self.data = self.folder / "data"
        self.classified = None

    def run(self, *words):
        command = [self.asked.binary, "--data", str(self.data), *map(str, words)]
        out, err = self.folder / "out", self.folder / "err"
        started = time.monotonic()
        with open(out, "wb") as to, open(err, "wb") as to_err:
            child = subprocess.Popen(command, stdout=to, stderr=to_err, stdin=subprocess.DEVNULL)
            # Of this one child: seconds and the most memory it ever had.
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        spent = time.monotonic() - started
        said = out.read_text(errors="replace") + err.read_text(errors="replace")
        return child.returncode, said, spent, usage.ru_maxrss // 1024

    def init(self):
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)
        self.folder.mkdir(parents=True)
        self.prepare()
        code, said, *_ = self.run("init", "--database", self.url, "--pack", self.asked.pack)
        if code:
            sys.exit(f"{self.name}: {said}")

    def take(self, case, file):
        name, _, item, supplier, columns, defaults = case
        mapping = self.folder / "mapping.toml"
        rows = [f'"{heading}" = "{field}"' for heading, field in columns.items()]
        values = [f'{field} = "{value}"' for field, value in defaults.items()]
        mapping.write_text("[columns]\n" + "\n".join(rows) + "\n[defaults]\n" + "\n".join(values) + "\n")
        words = ["--type", item, "--supplier", supplier, "--mapping", mapping, "--later", file]
        code, said, spent, peak = self.run("import", "records", *words)
        outcome = Outcome(code, said, spent, peak)
        batch = re.search(r"批次 (\d+)", said)
        if batch:
            query = f"SELECT line, field, value, code, reason FROM intake_refusal WHERE batch_id = {batch[1]} ORDER BY 1, 2"
            for row in self.rows(query):
                outcome.note(*row)
        return outcome

    def classify(self):
        code, said, spent, peak = self.run("classify")
        if code:
            sys.exit(f"{self.name}: {said}")
        self.classified = (said, spent, peak)

    def digest(self, query):
        """Number of rows and a hash of what a query gives, in order."""
        import hashlib

        rows, digest = 0, hashlib.sha256()
        for row in self.rows(query):
            rows += 1
            digest.update("|".join(row).encode() + b"\n")
        return rows, digest.hexdigest()[:16]


class Sqlite(House):
    name, url = "sqlite", "sqlite:xinheng.db"

    def prepare(self):
        pass

    def rows(self, query):
        connection = sqlite3.connect(f"file:{self.data / 'xinheng.db'}?mode=ro", uri=True)
        for row in connection.execute(query):
            yield ["" if cell is None else str(cell) for cell in row]
        connection.close()


class Postgres(House):
    name = "postgresql"

    def __init__(self, asked):
        super().__init__(asked)
        base, _, _ = asked.postgres.rpartition("/")
        self.server, self.url = asked.postgres, f"{base}/xinheng_real_data"
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/psql"))
        self.psql = asked.psql or (str(found[-1]) if found else "psql")

    def prepare(self):
        for statement in (
            "DROP DATABASE IF EXISTS xinheng_real_data",
            "CREATE DATABASE xinheng_real_data TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
        ):
            subprocess.run([self.psql, "-q", self.server, "-c", statement], check=True, stderr=subprocess.DEVNULL)

    def rows(self, query):
        # Through a file, so that neither side holds all rows; as CSV, so that any value comes back as it is.
        out = self.folder / "rows.csv"
        with open(out, "wb") as to:
            copy = f"COPY ({query}) TO STDOUT WITH (FORMAT csv)"
            subprocess.run([self.psql, self.url, "-q", "-c", copy], check=True, stdout=to)
        with open(out, encoding="utf-8", newline="") as text:
            yield from csv.reader(text)


class Outcome:
    """What an import came to."""

    def __init__(self, code, said, spent, peak):
        self.code, self.said, self.spent, self.peak = code, said, spent, peak
        self.counts = collections.OrderedDict()
        line = next((line for line in said.splitlines() if line.startswith("批次")), "")
        # Whatever is counted, under the name the program gives it.
        for label, number in re.findall(r"([^\d，：:。]+?)\s*([\d,]+)\s*[行条]", line.partition("：")[2]):
            self.counts[label.strip(" ，")] = int(number.replace(",", ""))
        self.unknown = "".join(re.findall(r"未识别、未采用的列：([^。]*)。", said)).split("、")
        self.unknown = [column for column in self.unknown if column]
        self.reasons = collections.Counter()
        self.shapes = collections.defaultdict(collections.Counter)
        self.causes = collections.Counter()
        self.lines = set()

    def note(self, line, field, value, code, reason):
        """One refused field of one row."""
        reason = re.sub(r"[“\"][^”\"]*[”\"]", "“…”", reason)
        reason = re.sub(r"[0-9A-Z]+", "n", reason)
        key = (field, code, reason)
        self.reasons[key] += 1
        form = shape(value)
        self.shapes[key][form] += 1
        self.lines.add(line)
        bare = re.sub(r"\s", "", form)
        cause = next(text for start, fits, text in CAUSES if code.startswith(start) and re.search(fits, bare))
        self.causes[cause] += 1

    def facts(self):
        """What must be the same on every database."""
        return (self.code, self.counts, self.unknown, self.reasons, len(self.lines))


def shape(value):
    """The form of a value without the value: 9 a digit, A a letter, 字 Chinese characters; zeros at the end as they are."""
    kept = re.search(r"0{3,}$", value)
    kept = kept[0] if kept else ""
    value = re.sub(r"[0-9]", "9", value[: len(value) - len(kept)]) + kept
    value = re.sub(r"E\+9", "\0", value)
    value = re.sub(r"[A-Za-z]", "A", value).replace("\0", "E+9")
    value = re.sub(r"[\u3400-\u9fff]", "字", value)
    value = re.sub(r"字+", "字", value)
    return value if len(value) <= 24 else value[:24] + "…"


class Report:
    def __init__(self, markdown):
        self.markdown = markdown
        if markdown:
            markdown.write_text("")

    def say(self, text=""):
        print(text, flush=True)
        if self.markdown:
            with open(self.markdown, "a", encoding="utf-8") as out:
                out.write(text + "\n")

    def file(self, case, houses, outcomes):
        self.say(f"\n### {case[0]} ({case[1]} → {case[2]})\n")
        labels = list(collections.OrderedDict.fromkeys(label for outcome in outcomes for label in outcome.counts))
        self.say("| database | " + " | ".join(labels) + " | seconds | peak MB |")
        self.say("|---|" + "---:|" * (len(labels) + 2))
        for house, outcome in zip(houses, outcomes):
            counts = " | ".join(f"{outcome.counts.get(label, 0):,}" for label in labels)
            self.say(f"| {house.name} | {counts} | {outcome.spent:.1f} | {outcome.peak} |")
        first = outcomes[0]
        if first.code:
            said = " ".join(line for line in first.said.splitlines() if line.strip())
            self.say(f"\nNot taken, ended with {first.code}: {said}")
        if first.unknown:
            self.say("\nColumns not understood: " + "、".join(first.unknown))
        if first.reasons:
            self.say("\n| field | reason | count | shapes of the values |")
            self.say("|---|---|---:|---|")
            for key, count in first.reasons.most_common():
                shapes = ", ".join(f"`{form or '(empty)'}` {many:,}" for form, many in first.shapes[key].most_common(6))
                self.say(f"| {key[0]} | {key[2]} | {count:,} | {shapes} |".replace("||", "| |"))
            self.say("\nBy cause: " + "; ".join(f"{cause}: {count:,}" for cause, count in first.causes.most_common()) + ".")
        differ = [house.name for house, outcome in zip(houses, outcomes) if outcome.facts() != first.facts()]
        if differ:
            codes = ", ".join(f"{house.name} ended with {outcome.code}" for house, outcome in zip(houses, outcomes))
            self.say(f"\n**The databases differ: {', '.join(differ)}** ({codes}).")
        return bool(differ)

    def whole(self, houses):
        self.say("\n### Afterwards\n")
        what = {
            "records": "SELECT j.subject_no, r.item, r.record_key, r.digest, r.relation FROM intake_record r"
            " JOIN intake_subject j ON j.subject_id = r.subject_id ORDER BY 1, 2, 3, 4, 5",
            "entities": "SELECT j.subject_no, e.name FROM registry_entity e JOIN intake_subject j"
            " ON j.subject_id = e.entity_id ORDER BY 1, 2",
            "classes": "SELECT j.subject_no, c.class, c.points FROM assess_class c JOIN intake_subject j"
            " ON j.subject_id = c.entity_id ORDER BY 1",
            "refused fields": "SELECT r.batch_id, r.line, r.field, r.code FROM intake_refusal r ORDER BY 1, 2, 3, 4",
        }
        # Numbers of batches differ between databases, so only how many refused fields there are is compared by hash of the rest.
        what["refused fields"] = (
            "SELECT b.item, b.supplier, r.line, r.field, r.code FROM intake_refusal r JOIN intake_batch b"
            " ON b.batch_id = r.batch_id ORDER BY 1, 2, 3, 4, 5"
        )
        failed = False
        self.say("| what | " + " | ".join(house.name for house in houses) + " | same |")
        self.say("|---|" + "---:|" * len(houses) + "---|")
        for name, query in what.items():
            found = [house.digest(query) for house in houses]
            same = all(one == found[0] for one in found)
            failed |= not same
            self.say(f"| {name} | " + " | ".join(f"{rows:,} ({digest})" for rows, digest in found) + f" | {'yes' if same else '**no**'} |")
        self.say("\n| mark of a code, class, loose rows by supplier | " + " | ".join(house.name for house in houses) + " |")
        self.say("|---|" + "---:|" * len(houses))
        for name, query in {
            "mark": "SELECT kind, marks, count(*) FROM intake_subject GROUP BY kind, marks ORDER BY 1, 2",
            "class": "SELECT class, count(*) FROM assess_class GROUP BY class ORDER BY 1",
            "row without a right code": "SELECT supplier, state, count(*) FROM intake_loose GROUP BY supplier, state ORDER BY 1, 2",
        }.items():
            counts = [{" ".join(row[:-1]): row[-1] for row in house.rows(query)} for house in houses]
            for key in sorted({key for one in counts for key in one}):
                shown = " | ".join(f"{int(one.get(key, 0)):,}" for one in counts)
                self.say(f"| {name} {key} | {shown} |")
            failed |= any(one != counts[0] for one in counts)
        for house in houses:
            said, spent, peak = house.classified
            self.say(f"\n{house.name}, classified in {spent:.1f} s with {peak} MB: {' '.join(said.split())}")
        self.say(f"\nNot handed over, as no row says whose it is: {', '.join(NOT_TAKEN)}.")
        return failed


if __name__ == "__main__":
    main()
