#!/usr/bin/env python3
"""Answers over HTTP at a fixed rate: the credit file by code among all entities, and names by what is in them.

The file: a deployment of BENCH_SERVE_ENTITIES (7,000,000) made-up registrations and five records each of one entity in
seven, on SQLite and on PostgreSQL; `xinheng serve` is asked for files at BENCH_SERVE_RATE (200) a second for
BENCH_SERVE_SECONDS (40) while other reads go on beside (lists, public pages, names: one in ten on top). The peer is the bare
queries of a file on the same database, one client, one after another: what the database alone takes.

Names: a deployment of BENCH_SERVE_NAMES (3,000,000) on SQLite whose names are those of the shared data folder (SHARED), each once, filled up
with branches of them; made-up names where that folder is absent, and the section says so. Asked at BENCH_SERVE_NAME_RATE (50) a
second. The peers hold the same names: PostgreSQL with pg_trgm (GIN) and SQLite FTS5 with trigrams, both asked by LIKE,
one client, one after another. On a sample the sets found must be equal, or the run fails.

Neither deployment classifies: the reader that would queue a classification is told it has read everything. All made lies
in BENCH_DIR/serve and is kept for the next time, but for the PostgreSQL cluster.
"""
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import polars

from common import QUICK, ROOM, ROOT, TARGET, Table, build, load, say, setting

ENTITIES = setting("SERVE_ENTITIES", 100_000 if QUICK else 7_000_000)
NAMES = setting("SERVE_NAMES", 60_000 if QUICK else 3_000_000)
RATE = setting("SERVE_RATE", 200)
NAME_RATE = setting("SERVE_NAME_RATE", 50)
SECONDS = setting("SERVE_SECONDS", 8 if QUICK else 40)
SAMPLE = setting("SERVE_SAMPLE", 40 if QUICK else 120)
PEER_SECONDS = 5 if QUICK else 30
# One entity in so many has records besides its registration, so many of them.
WITH, EACH = 7, 5
SEED = 7
BOUND = 10_000
XINHENG = TARGET / "xinheng"
FOLDER = ROOM / "serve"
SHARED = pathlib.Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
COMMON = ["有限", "公司", "有限公司", "科技", "贸易", "商贸有限公司", "yxgs", "gs", "youxian"]


def run(*words, **more):
    subprocess.run([str(word) for word in words], check=True, stdout=sys.stderr, **more)


class Cluster:
    """A PostgreSQL of our own, thrown away at the end."""

    tool = ROOT / "tools" / "pg-test-cluster.sh"
    env = dict(os.environ, XINHENG_PG_DIR="/tmp/xinheng-bench-serve-pg")

    def __enter__(self):
        told = subprocess.run([self.tool, "start"], env=self.env, check=True, capture_output=True, text=True).stdout
        self.url = told.strip().split("=", 1)[1].rsplit("/", 1)[0]
        return self

    def __exit__(self, *_):
        subprocess.run([self.tool, "stop"], env=self.env, check=True)

    def sql(self, text, database="postgres"):
        run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", f"{self.url}/{database}", "-c", text)

    def fresh(self, name):
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
        return f"{self.url}/{name}"


# --- what is made ---------------------------------------------------------------------------------------------------------


def registrations(rows):
    path = FOLDER / f"registrations-{rows}.csv"
    if not path.exists():
        say(f"making {rows:,} registrations")
        run(TARGET / "examples" / "registrations", SEED, rows, path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
    return path


def codes(path):
    return polars.scan_csv(path, infer_schema=False).select(polars.nth(0)).collect(engine="streaming").to_series()


def records(path):
    """Records of a public item about one entity in so many."""
    out = path.with_name(path.name.replace("registrations", "records"))
    if not out.exists():
        chosen = codes(path).gather_every(WITH)
        years = polars.DataFrame({"年度": [str(2020 + year) for year in range(EACH)]})
        table = polars.DataFrame({"统一社会信用代码": chosen}).join(years, how="cross")
        table = table.with_columns((polars.col("年度").cast(int) + 1).cast(str).alias("认定日期") + "-07-10")
        table.write_csv(out.with_suffix(".part"))
        out.with_suffix(".part").rename(out)
    return out


def real_names(count):
    """So many different names: the real ones, then branches of them; none where they are not at hand."""
    files = [SHARED / "entities_cn.parquet", SHARED / "entities.parquet"]
    if not all(file.exists() for file in files):
        return None
    series = [polars.scan_parquet(file).select(polars.col("name").str.strip_chars().alias("name")) for file in files]
    names = polars.concat(series).filter(polars.col("name").str.len_chars() >= 2).unique(maintain_order=True)
    names = names.head(count).collect().to_series()
    number = 1
    found = names
    while len(found) < count:
        branches = (names + f"第{number}分店").head(count - len(found))
        found, number = polars.concat([found, branches]), number + 1
    return found.sample(fraction=1.0, shuffle=True, seed=SEED)


def named(path):
    """The registrations with other names; whether these are real."""
    rows = polars.read_csv(path, infer_schema=False)
    names = real_names(len(rows))
    if names is None:
        return path, False
    out = FOLDER / f"named-{len(rows)}.csv"
    heading = next(name for name in rows.columns if "名称" in name)
    rows.with_columns(names.alias(heading)).write_csv(out)
    return out, True


def quiet_classification(database, data):
    """Tells the reader that would queue a classification of everybody that it has read everything."""
    sql = "INSERT INTO hall_reader (name, position) VALUES ('assess.regrade', 1000000000)"
    if database:
        run("psql", "-q", "-d", database, "-c", sql)
    else:
        run("sqlite3", data / "xinheng.db", sql)


class Deployment:
    """A data folder with its token."""

    def __init__(self, name, database=None):
        self.data, self.database = FOLDER / name, database

    @property
    def done(self):
        return self.data / "made"

    def make(self, entities, more=None):
        if self.done.exists() and not self.database:
            return
        shutil.rmtree(self.data, ignore_errors=True)
        words = ["--database", self.database] if self.database else []
        told = subprocess.run([XINHENG, "--data", self.data, "init", *words], check=True, capture_output=True, text=True)
        quiet_classification(self.database, self.data)
        files = [["entities", entities]] + ([["records", more, "--type", "annual-report-missing"]] if more else [])
        for file in files:
            begun = time.monotonic()
            run(XINHENG, "--data", self.data, "import", *file, "--later")
            say(f"{self.data.name}: {file[0]} imported in {time.monotonic() - begun:.0f} s")
        self.done.write_text(re.search(r"xh_[0-9a-f]+", told.stdout).group())

    def token(self):
        return self.done.read_text()


class Server:
    """`xinheng serve`, until the index of names is built."""

    def __init__(self, deployment):
        self.deployment = deployment

    def __enter__(self):
        log = open(FOLDER / "serve.log", "w")
        self.process = subprocess.Popen(
            [XINHENG, "--data", self.deployment.data, "serve", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=log, text=True, env=dict(os.environ, RUST_LOG="warn"))
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if not found:
            self.process.kill()
            raise SystemExit(f"bench: the server did not start: {line} (see {FOLDER / 'serve.log'})")
        self.port = int(found.group(1))
        begun, told = time.monotonic(), 0
        while self.get("/api/v1/registry/entities?q=zz&limit=1")[0] == 503:
            time.sleep(0.2)
            if time.monotonic() - begun > told + 20:
                told = time.monotonic() - begun
                say(f"waiting for the index of names, {told:.0f} s")
        self.built = time.monotonic() - begun
        return self

    def __exit__(self, *_):
        self.process.terminate()
        if self.process.wait(timeout=60):
            say(f"the server ended with {self.process.returncode}")

    def get(self, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}",
                                         headers={"authorization": f"Bearer {self.deployment.token()}"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, None

    def cpu(self):
        """Processor seconds so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident memory that is the process's own, in bytes: mapped files can be dropped at any time."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status).group(1)) * 1024

    def load(self, requests, rate):
        """Asks all of it at a rate, in pieces of ten seconds that follow each other; times by label, cores used."""
        times, begun, used = {}, time.monotonic(), self.cpu()
        piece = int(rate * 10)
        for start in range(0, len(requests), piece):
            command = [sys.executable, pathlib.Path(__file__).with_name("load.py"), str(self.port), str(rate),
                       self.deployment.token()]
            text = "\n".join(requests[start:start + piece]) + "\n"
            told = json.loads(subprocess.run(command, input=text, check=True, stdout=subprocess.PIPE, text=True).stdout)
            wrong = {key: count for key, count in told["statuses"].items() if not key.endswith(" 200")}
            if wrong:
                raise SystemExit(f"bench: not every answer was 200: {wrong}")
            for label, took in told["times"].items():
                times.setdefault(label, []).extend(took)
        return times, (self.cpu() - used) / (time.monotonic() - begun)


def at(times, share):
    """The time within which a share of all were answered."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def spread(times):
    return " / ".join(f"{at(times, share):.1f}" for share in (0.5, 0.95, 0.99))


# --- the file by code -----------------------------------------------------------------------------------------------------


def asked_files(path, dice):
    """Requests for files, half of them with records, and other reads between them."""
    all_codes = codes(path)
    count = RATE * SECONDS
    requests = []
    for number in range(count):
        place = dice.randrange(len(all_codes))
        place -= place % WITH if number % 2 else 0
        requests.append(f"file /api/v1/registry/entities/{all_codes[place]}/file")
    beside = ["/api/v1/registry/entities?division=440511&limit=50", "/api/v1/registry/entities?q=stcy&limit=20",
              "/api/v1/registry/entities?q=" + urllib.parse.quote("有限公司") + "&limit=20"]
    for number in range(count // 10):
        other = dice.choice([*beside, f"/api/v1/public/entities/{all_codes[dice.randrange(len(all_codes))]}"])
        requests.insert(dice.randrange(len(requests)), f"beside {other}")
    return requests


FILE = [
    "SELECT name FROM hall_token WHERE token_hash = {0} AND ended_at IS NULL",
    "SELECT * FROM registry_entity WHERE subject_no = {0}",
    "SELECT r.*, j.subject_no FROM intake_record r JOIN intake_subject j ON j.subject_id = r.subject_id "
    "WHERE r.subject_id = {0} ORDER BY r.record_id",
    "SELECT subject_no, marks FROM intake_subject WHERE subject_id = {0}",
]


def bare_sqlite(deployment, wanted):
    """The queries of a file, alone."""
    connection = sqlite3.connect(f"file:{deployment.data / 'xinheng.db'}?mode=ro", uri=True)
    texts = [text.format("?") for text in FILE]

    def one(code):
        connection.execute(texts[0], ("0",)).fetchall()
        entity = connection.execute(texts[1], (code,)).fetchone()[0]
        for text in texts[2:]:
            connection.execute(text, (entity,)).fetchall()

    return timed(one, wanted)


def bare_postgres(database, wanted):
    """The same through psql's own protocol, by prepared statements."""
    import psycopg

    with psycopg.connect(database, autocommit=True, prepare_threshold=0) as connection:
        texts = [text.format("%s") for text in FILE]

        def one(code):
            connection.execute(texts[0], ("0",)).fetchall()
            entity = connection.execute(texts[1], (code,)).fetchone()[0]
            for text in texts[2:]:
                connection.execute(text, (entity,)).fetchall()

        return timed(one, wanted)


def timed(one, wanted):
    times, end = [], time.monotonic() + PEER_SECONDS
    for what in wanted:
        begun = time.perf_counter()
        one(what)
        times.append((time.perf_counter() - begun) * 1000)
        if time.monotonic() > end:
            break
    return times


def files(table, deployment, path, name, bare):
    dice = random.Random(SEED)
    requests = asked_files(path, dice)
    with Server(deployment) as server:
        say(f"{name}: index of names ready after {server.built:.0f} s; {len(requests):,} requests")
        rate = RATE * len(requests) / (RATE * SECONDS)
        server.load(requests[:RATE * 2], rate)
        before = load()
        times, cores = server.load(requests, rate)
        after, memory = load(), server.memory()
    wanted = [request.rsplit("/", 2)[1] for request in requests if request.startswith("file ")]
    peer = bare(wanted[:4_000])
    p99 = at(times["file"], 0.99)
    judged = ENTITIES >= 7_000_000 and RATE >= 200
    table.add(f"credit file by code among {ENTITIES:,}, {RATE}/s, {name}: p50 / p95 / p99", f"{spread(times['file'])} ms",
              f"{spread(peer)} ms", f"{p99 / at(peer, 0.99):.1f}", "p99 < 20 ms", p99 < 20 if judged else None)
    table.note(f"{name}: {len(times['file']):,} files and beside them {len(times['beside']):,} lists, searches and public "
               f"pages ({spread(times['beside'])} ms), {cores:.2f} cores of the server, {memory / 1e6:.0f} MB of its own "
               f"memory; load average before {before}, after {after}.")


# --- names ----------------------------------------------------------------------------------------------------------------


def letters(name):
    import pypinyin

    return "".join(one[0] for one in pypinyin.lazy_pinyin(name, errors="ignore"))


def questions(names, dice, count):
    """What people ask: parts of names of every length, several words, initials, and one in ten of the commonest."""
    found = []
    while len(found) < count:
        name = dice.choice(names)
        sort = dice.randrange(10)
        if sort == 0:
            found.append(dice.choice(COMMON))
            continue
        length = dice.choice([2, 2, 3, 4, 4, 6, 8])
        start = dice.randrange(max(1, len(name) - length + 1))
        if sort < 3:
            said = letters(name[start:start + dice.choice([3, 4, 5])])
            if len(said) >= 2:
                found.append(said)
        elif sort < 5:
            place = dice.randrange(max(1, len(name) - 2))
            found.append(f"{name[:2]} {name[place:place + 3]}")
        else:
            found.append(name[start:start + length])
    # Words of one character are refused, and a code is no name.
    sound = lambda text: all(len(word) >= 2 for word in text.split()) and text.split() and not text[0].isdigit()
    return [text for text in found if sound(text)]


def found_sets(server, words, keys):
    """Names in which the words stand, and the numbers found by us, for those that are not too many."""
    numbers, cursor = [], ""
    while True:
        status, page = server.get(f"/api/v1/registry/entities?limit=200&q={urllib.parse.quote(words)}{cursor}")
        if status != 200:
            raise SystemExit(f"bench: {words} was answered with {status}")
        if page.get("more_than"):
            return None
        numbers += [entity["entity_id"] for entity in page["items"]]
        if not page["next"]:
            return set(numbers)
        cursor = "&cursor=" + urllib.parse.quote(page["next"])


class Trigrams:
    """PostgreSQL's pg_trgm on the same names."""

    name = "pg_trgm (GIN)"

    def __init__(self, cluster, rows):
        import psycopg

        begun = time.monotonic()
        database = cluster.fresh("names")
        self.connection = psycopg.connect(database, autocommit=True, prepare_threshold=0)
        self.connection.execute("CREATE EXTENSION pg_trgm")
        self.connection.execute("CREATE TABLE n (id BIGINT, name TEXT)")
        with self.connection.cursor().copy("COPY n FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        self.connection.execute("SET maintenance_work_mem = '512MB'")
        self.connection.execute("CREATE INDEX n_name ON n USING gin (name gin_trgm_ops)")
        self.connection.execute("ANALYZE n")
        self.made = time.monotonic() - begun

    def ask(self, words, limit):
        where = " AND ".join(["name LIKE %s"] * len(words))
        text = f"SELECT id FROM n WHERE {where} ORDER BY length(name), id LIMIT {limit}"
        return [row[0] for row in self.connection.execute(text, [f"%{word}%" for word in words])]


class Fts:
    """SQLite's FTS5 with trigrams on the same names."""

    name = "SQLite FTS5 (trigram)"

    def __init__(self, rows):
        begun = time.monotonic()
        path = FOLDER / "fts.db"
        path.unlink(missing_ok=True)
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA journal_mode = OFF")
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute("CREATE VIRTUAL TABLE n USING fts5(name, tokenize = 'trigram case_sensitive 1')")
        self.connection.executemany("INSERT INTO n (rowid, name) VALUES (?, ?)", rows)
        self.connection.commit()
        self.made = time.monotonic() - begun

    def ask(self, words, limit):
        where = " AND ".join(["name GLOB ?"] * len(words))
        text = f"SELECT rowid FROM n WHERE {where} ORDER BY length(name), rowid LIMIT {limit}"
        return [row[0] for row in self.connection.execute(text, [f"*{word}*" for word in words])]


def is_written(words):
    """Whether the peers can be asked: they know no pinyin."""
    return not re.search(r"[A-Za-z*?\[\]%_\\]", words)


def names(table, cluster):
    path, real = named(registrations(NAMES))
    deployment = Deployment(f"names-{NAMES}-{'real' if real else 'made'}")
    deployment.make(path)
    source = sqlite3.connect(f"file:{deployment.data / 'xinheng.db'}?mode=ro", uri=True)
    rows = source.execute("SELECT entity_id, name_key FROM registry_entity ORDER BY entity_id").fetchall()
    dice = random.Random(SEED)
    keys = [name for _, name in rows if len(name) >= 4]
    asked = questions(keys, dice, NAME_RATE * SECONDS)
    with Server(deployment) as server:
        say(f"index of {len(rows):,} names ready after {server.built:.0f} s")
        paths = [f"name /api/v1/registry/entities?limit=20&q={urllib.parse.quote(words)}" for words in asked]
        server.load(paths[:NAME_RATE * 2], NAME_RATE)
        before = load()
        times, cores = server.load(paths, NAME_RATE)
        after, memory = load(), server.memory()
        times = times["name"]
        by_kind = {}
        for words, took in zip(asked, times):
            kind = "the commonest" if words in COMMON else "pinyin" if not is_written(words) else \
                "several words" if " " in words else f"{min(len(words), 5)} characters" + (" or more" if len(words) > 4 else "")
            by_kind.setdefault(kind, []).append(took)
        index = sum(file.stat().st_size for file in (deployment.data / "names").iterdir())
        p95 = at(times, 0.95)
        written = [words for words in asked if is_written(words)]
        say("making the peers")
        peers = [Trigrams(cluster, rows), Fts(rows)]
        sample = [words for words in dice.sample(written, min(SAMPLE, len(written)))]
        ours = {words: found_sets(server, words, keys) for words in sample}
    judged = NAMES >= 3_000_000
    for peer in peers:
        took = timed(lambda words: peer.ask(words.split(), 20), written)
        table.add(f"names among {NAMES:,}, {NAME_RATE}/s: p50 / p95 / p99; peer {peer.name}", f"{spread(times)} ms",
                  f"{spread(took)} ms", f"{at(took, 0.95) / p95:.0f} × faster", "p95 < 50 ms", p95 < 50 if judged else None)
        table.note(f"{peer.name}: {len(took)} of the written questions, made in {peer.made:.0f} s.")
    compared = 0
    for words, mine in ours.items():
        theirs = set(peers[0].ask(words.split(), BOUND + 1))
        if mine is None:
            if len(theirs) <= BOUND:
                raise SystemExit(f"bench: “{words}”: more than {BOUND} by us, {len(theirs)} by LIKE")
        elif mine != theirs:
            raise SystemExit(f"bench: “{words}”: {len(mine)} found by us, {len(theirs)} by LIKE")
        else:
            compared += len(mine)
    table.note(f"{len(ours)} questions found the same as LIKE does, {compared:,} names in all.")
    table.note("names by kind of question, p50 / p95 / p99 in ms: "
               + "; ".join(f"{kind} ({len(took)}) {spread(took)}" for kind, took in sorted(by_kind.items())) + ".")
    origin = "real ones, filled up with branches of them" if real else "made up: the shared data are not there"
    table.note(f"names: {origin}. Index built in {server.built:.0f} s, {index / 1e6:.0f} MB on disk; {cores:.2f} cores of the "
               f"server, {memory / 1e6:.0f} MB of its own memory; load average before {before}, after {after}.")


def main():
    for program in ("sqlite3", "psql"):
        if not shutil.which(program):
            raise SystemExit(f"bench: {program} is not installed")
    try:
        import psycopg, pypinyin  # noqa: F401, E401
    except ImportError:
        say("fetching psycopg and pypinyin from PyPI")
        run(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "psycopg[binary]", "pypinyin")
    build("-p", "xinheng")
    build("-p", "demo", "--example", "registrations")
    FOLDER.mkdir(parents=True, exist_ok=True)
    table = Table("Serving")
    begun = time.monotonic()
    path = registrations(ENTITIES)
    more = records(path)
    with Cluster() as cluster:
        names(table, cluster)
        say(f"names done after {time.monotonic() - begun:.0f} s")
        sqlite = Deployment(f"files-{ENTITIES}")
        sqlite.make(path, more)
        files(table, sqlite, path, "SQLite", lambda wanted: bare_sqlite(sqlite, wanted))
        say(f"SQLite done after {time.monotonic() - begun:.0f} s")
        cluster.sql("DROP DATABASE names WITH (FORCE)")
        postgres = Deployment(f"files-{ENTITIES}-postgres", cluster.fresh("files"))
        postgres.make(path, more)
        files(table, postgres, path, "PostgreSQL", lambda wanted: bare_postgres(postgres.database, wanted))
        shutil.rmtree(postgres.data)
    say(f"all done after {time.monotonic() - begun:.0f} s")
    print(table.text(
        f"open loop for {SECONDS} s after a warm-up, each request timed from when it was due, client and server on one machine; "
        "peers: one client, one question after another, without HTTP.",
        "the files' peer asks the same four statements without a token, JSON or law; the names' peers do not count, know no "
        "pinyin, no scope and no former names."))


if __name__ == "__main__":
    main()
