#!/usr/bin/env python3
"""Makes vectors/draw/bad from vectors/draw/good: one tampered draw per file, with the checks that must fail.

Usage: tamper_vectors.py [GOOD_FOLDER [BAD_FOLDER]]

Many of the frauds are those of an operator who holds every key, cheats and signs again; so this file carries a whole
operator, signing included. It is for tests only: the signing is neither constant in time nor meant for real keys.
The output depends on the input alone. Each file: {"why", "expect": [failed checks], "sealed", "material"}; "expect" is
["malformed"] when the file must be refused before any check.
"""

from __future__ import annotations

import copy
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import verify_draw as v  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "draw"


# -- signing (tests only) -----------------------------------------------------------------------------------------

def sm2_public(secret: bytes) -> bytes:
    x, y = v.SM2_CURVE.combine(int.from_bytes(secret, "big"), 0, None)
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def sm2_sign(secret: bytes, message: bytes) -> bytes:
    """GB/T 32918.2 section 6, with k derived from secret and message so that vectors are stable."""
    curve, d = v.SM2_CURVE, int.from_bytes(secret, "big")
    e = v.sm2_digest(curve, curve.combine(d, 0, None), message)
    for attempt in range(256):
        k = int.from_bytes(hashlib.sha256(b"k" + bytes([attempt]) + secret + message).digest(), "big") % curve.n
        r = (e + curve.combine(k, 0, None)[0]) % curve.n if k else 0
        s = pow(1 + d, -1, curve.n) * (k - r * d) % curve.n
        if r and s and r + k != curve.n:
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    raise AssertionError("no usable k")


def _ed_secret(secret: bytes) -> tuple:
    digest = hashlib.sha512(secret).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return scalar, digest[32:]


def ed25519_public(secret: bytes) -> bytes:
    return v.ed_encode(v.ed_multiply(_ed_secret(secret)[0], v.ED_BASE))


def ed25519_sign(secret: bytes, message: bytes) -> bytes:
    scalar, prefix = _ed_secret(secret)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % v.ED_L
    point = v.ed_encode(v.ed_multiply(r, v.ED_BASE))
    k = int.from_bytes(hashlib.sha512(point + ed25519_public(secret) + message).digest(), "little") % v.ED_L
    return point + ((r + k * scalar) % v.ED_L).to_bytes(32, "little")


SIGNERS = {"sm3-sm2": (sm2_public, sm2_sign), "sha256-ed25519": (ed25519_public, ed25519_sign)}


# -- the operator -------------------------------------------------------------------------------------------------

def inclusion_path(suite: v.Suite, leaves: list, index: int) -> list:
    """RFC 9162 section 2.1.3.1, written as the recursion of the text."""
    if len(leaves) <= 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return inclusion_path(suite, leaves[:split], index) + [suite.root(leaves[split:])]
    return inclusion_path(suite, leaves[split:], index - split) + [suite.root(leaves[:split])]


class Operator:
    """Somebody who holds the commitment, the pool file and the platform key, and can publish whatever they like.

    `rows`, `cutoffs`, `seed`, `reveals` and the material are free to be changed before `sealed()` is called."""

    def __init__(self, commitment: dict, reveals: list, auditor: dict, secret: bytes, drawn_at: str, opened=()):
        self.commitment, self.reveals, self.secret, self.drawn_at = commitment, reveals, secret, drawn_at
        self.pools, self.places, self.roll = auditor["pools"], auditor["places"], auditor["roll"]
        self.pool_key = auditor["pool_key"]
        self.suite = v.SUITES[commitment["suite"]]
        self.public, self.sign = SIGNERS[self.suite.name]
        self.key = self.public(secret).hex()
        self.protocol = v.PROTOCOL
        self.opened = list(opened)
        self.log_order = ["other", "commitment", "reveals", "transcript"]
        self.commit()
        self.draw()

    def mac(self, label: str) -> v.Mac:
        return self.suite.mac(label, bytes.fromhex(self.pool_key))

    def _tree(self, leaves: list) -> dict:
        return {"size": len(leaves), "root": self.suite.root(leaves).hex()}

    def pool_salt(self, item: str, entity: str) -> bytes:
        return self.mac("salt").tag(v.text_lp(item) + v.text_lp(entity))

    def pool_leaves(self, pool: dict) -> list:
        return [self.suite.labelled("pool-row", v.lp(self.pool_salt(pool["item"], row["id"])) + v.canonical(row))
                for row in pool["rows"]]

    def _keyed_leaves(self, salt: str, label: str, rows: list) -> list:
        mac = self.mac(salt)
        return [self.suite.labelled(label, v.lp(mac.tag(v.text_lp(row["id"]))) + v.canonical(row)) for row in rows]

    def commit(self) -> None:
        """Sets the roots and sizes in the commitment to those of the material."""
        for item, pool in zip(self.commitment["items"], self.pools):
            item["pool"] = self._tree(self.pool_leaves(pool))
        self.commitment["places"] = self._tree(self._keyed_leaves("place-salt", "place-row", self.places))
        self.commitment["roll"] = self._tree(self._keyed_leaves("roll-salt", "roll-row", self.roll))

    def commitment_hash(self) -> bytes:
        return self.suite.hash(v.canonical(self.commitment))

    def true_seed(self) -> str:
        values = [v.lp(bytes.fromhex(reveal["value"])) for reveal in self.reveals]
        return self.suite.labelled("seed", self.commitment_hash() + b"".join(values)).hex()

    def promise(self, name: str, value: str) -> str:
        return self.suite.labelled("contribution", v.text_lp(name) + v.lp(bytes.fromhex(value))).hex()

    def draw(self, seed: str | None = None) -> None:
        """Draws honestly from the material with the true seed, or with one of the operator's liking."""
        self.seed = seed or self.true_seed()
        transcript = {"commitment": self.commitment, "suite": self.suite.name, "seed": self.seed}
        judge = v.Draw({"transcript": transcript, "log": None, "opened": []}, auditor=self.auditor([]))
        expected, self.ticket = judge.expected(), judge.ticket
        self.cutoffs = copy.deepcopy(expected["cutoffs"])
        self.rows = []
        for item in self.commitment["items"]:
            for role in ("drawn", "reserve"):
                self.rows += [dict(row) for row in expected[role] if row["item"] == item["item"]]
        self.rows += self.teams(self.roll)

    def teams(self, roll: list, pool_key: str | None = None) -> list:
        tasks: dict = {}
        for row in self.drawn():
            tasks.setdefault(row["id"], []).append(row["item"])
        salts = self.suite.mac("roll-salt", bytes.fromhex(pool_key or self.pool_key))
        division_of = {row["id"]: row["division"] for row in self.places}
        work = v.Teams(self.suite, self.commitment, bytes.fromhex(self.seed), roll, salts, division_of)
        return work.rows(tasks, {entity: self.ticket(entity) for entity in tasks})

    def drawn(self, role: str = "drawn", item: str | None = None) -> list:
        return [row for row in self.rows if row["role"] == role and item in (None, row.get("item"))]

    def put_teams(self, teams: list) -> None:
        self.rows = [row for row in self.rows if "item" in row] + teams

    def row_leaf(self, row: dict, salt: bytes) -> bytes:
        return self.suite.labelled("selected-row", v.lp(salt) + v.canonical(row))

    def row_salt(self, row: dict) -> bytes:
        return self.mac("selected-salt").tag(
            v.text_lp(row["role"]) + v.text_lp(row.get("item", "")) + v.text_lp(row["id"]))

    def transcript(self) -> dict:
        leaves = [self.row_leaf(row, self.row_salt(row)) for row in self.rows]
        return {
            "kind": "transcript", "protocol": self.protocol, "suite": self.suite.name, "commitment": self.commitment,
            "commitment_hash": self.commitment_hash().hex(), "reveals": self.reveals, "seed": self.seed,
            "cutoffs": self.cutoffs, "selected": self._tree(leaves), "drawn_at": self.drawn_at, "key": self.key,
        }

    def _leaf(self, kind: str, document: bytes) -> dict:
        return {"at": self.drawn_at, "document": document.hex(), "kind": kind, "subject": self.commitment["campaign"]}

    def log(self, transcript: dict) -> dict:
        """A fresh log in the order of `log_order`; "reveal:N" stands for one reveal."""
        documents = [{"campaign": self.commitment["campaign"], "attempt": self.commitment["attempt"], **reveal}
                     for reveal in self.reveals]
        reveals = [self._leaf("draw.reveal", self.suite.hash(v.canonical(document))) for document in documents]
        known = {
            "other": [self._leaf("notice", self.suite.hash(b"other"))],
            "commitment": [self._leaf("draw.commitment", self.commitment_hash())],
            "reveals": reveals,
            "transcript": [self._leaf("draw.transcript", self.suite.hash(v.canonical(transcript)))],
            **{f"reveal:{number}": [leaf] for number, leaf in enumerate(reveals)},
        }
        order = [leaf for name in self.log_order for leaf in known[name]]
        data = [v.canonical(leaf) for leaf in order]
        entries = [{"index": index, "leaf": leaf, "path": [x.hex() for x in inclusion_path(self.suite, data, index)]}
                   for index, leaf in enumerate(order) if leaf["kind"] != "notice"]
        signed = {"at": self.drawn_at, **self._tree(data)}
        message = v.lp(v.LOG_CHECKPOINT_LABEL) + v.canonical(signed)
        signature = self.sign(self.secret, message).hex()
        return {"checkpoint": {**signed, "key": self.key, "signature": signature}, "entries": entries}

    def sealed(self) -> dict:
        """The published file as it would be with everything signed and logged as it stands."""
        transcript = self.transcript()
        leaves = [self.row_leaf(row, self.row_salt(row)) for row in self.rows]
        opened = [{"index": index, "row": row, "salt": self.row_salt(row).hex(),
                   "path": [x.hex() for x in inclusion_path(self.suite, leaves, index)]}
                  for index, row in enumerate(self.rows) if row in self.opened]
        message = v.text_lp(f"{v.PROTOCOL}/transcript") + v.canonical(transcript)
        return copy.deepcopy({"transcript": transcript, "signature": self.sign(self.secret, message).hex(),
                              "log": self.log(transcript), "opened": opened})

    def auditor(self, rows: list | None = None) -> dict:
        return copy.deepcopy({
            "kind": "auditor", "pool_key": self.pool_key, "pools": self.pools, "places": self.places,
            "roll": self.roll, "selected": self.rows if rows is None else rows,
        })

    def firm(self, item: str, entity: str) -> dict:
        pool = next(pool for pool in self.pools if pool["item"] == item)
        index = [row["id"] for row in pool["rows"]].index(entity)
        return {"kind": "firm", "item": item, "row": dict(pool["rows"][index]),
                "salt": self.pool_salt(item, entity).hex(), "index": index,
                "path": [x.hex() for x in inclusion_path(self.suite, self.pool_leaves(pool), index)]}

    # -- finding suitable victims --------------------------------------------------------------------------------

    def bounds(self, item: str) -> list:
        return next(entry["strata"] for entry in self.cutoffs if entry["item"] == item)

    def beyond(self, ticket: bytes) -> bool:
        """True when a ticket is above every cut-off of every item."""
        limits = [s[role] for entry in self.cutoffs for s in entry["strata"] for role in ("drawn", "reserve")]
        return all(ticket.hex() > limit for limit in limits if limit)

    def bystanders(self) -> list:
        """(pool, row) of candidates above every cut-off of their own item: neither drawn nor reserve there."""
        found = []
        for pool in self.pools:
            limits = [s[role] or "" for s in self.bounds(pool["item"]) for role in ("drawn", "reserve")]
            found += [(pool, row) for row in pool["rows"] if self.ticket(row["id"]).hex() > max(limits)]
        return found

    def memberships(self, entity: str) -> int:
        return sum(row["id"] == entity for pool in self.pools for row in pool["rows"])


def operator_from(sealed: dict, auditor: dict, secret: bytes) -> Operator:
    transcript = copy.deepcopy(sealed["transcript"])
    return Operator(transcript["commitment"], transcript["reveals"], copy.deepcopy(auditor), secret,
                    transcript["drawn_at"], [copy.deepcopy(proof["row"]) for proof in sealed["opened"]])


# -- the frauds ---------------------------------------------------------------------------------------------------

TAMPERS: list = []


class Unsuitable(Exception):
    """The base vector has nothing for this fraud to work on; another one is tried."""


def tamper(why: str):
    """Registers a fraud: function of a fresh operator → (failed checks, sealed, material)."""

    def register(function):
        TAMPERS.append((function.__name__.replace("_", "-"), why, function))
        return function

    return register


def pick(found, what: str = ""):
    for one in found:
        return one
    raise Unsuitable(what)


def flip(text: str, at: int = -1) -> str:
    """The hex text with one bit of the digit at `at` flipped."""
    digits = list(text)
    digits[at] = f"{int(digits[at], 16) ^ 1:x}"
    return "".join(digits)


def some_stratum(o: Operator, ratio: bool) -> dict:
    return pick(s for item in o.commitment["items"] for s in item["strata"]
                if 0 < s["quota"] < s["size"] and (s["ratio"] is not None) == ratio)


@tamper("The quota of a stratum is changed in the published commitment, nothing is signed again.")
def quota_changed(o):
    sealed = o.sealed()
    stratum = pick(s for item in sealed["transcript"]["commitment"]["items"] for s in item["strata"]
                   if s["quota"] < s["size"] and s["ratio"] is not None)
    stratum["quota"] += 1
    return ["commitment-form", "commitment-hash", "signature", "log-inclusion"], sealed, None


@tamper("The operator raises a ratio and its quota after the reveals, keeps seed and rows, signs and logs again.")
def quota_changed_resigned(o):
    stratum = some_stratum(o, True)
    stratum["ratio"] = {"num": 1, "den": 1}
    stratum["quota"] = stratum["size"]
    return ["seed"], o.sealed(), None


@tamper("The quota does not follow from the ratio; the whole draw is made and signed on that commitment.")
def ratio_not_matching_quota(o):
    some_stratum(o, True)["quota"] += 1
    o.draw()
    return ["commitment-form"], o.sealed(), o.auditor()


@tamper("A stratum's quota exceeds its size.")
def quota_above_size(o):
    stratum = o.commitment["items"][0]["strata"][0]
    stratum["quota"], stratum["ratio"] = stratum["size"] + 1, None
    o.draw()
    return ["commitment-form"], o.sealed(), o.auditor()


@tamper("The sizes of the strata do not add up to the size of the pool.")
def strata_do_not_add_up(o):
    stratum = o.commitment["items"][0]["strata"][0]
    stratum["size"], stratum["ratio"] = stratum["size"] + 1, None
    o.draw()
    return ["commitment-form", "pool-roots"], o.sealed(), o.auditor()


@tamper("The deadline for reveals is before the commitment.")
def deadline_before_commitment(o):
    o.commitment["reveal_by"] = "2001-01-01T00:00:00Z"
    o.draw()
    return ["commitment-form"], o.sealed(), o.auditor()


@tamper("The team rule lets one inspector go alone.")
def one_inspector_alone(o):
    o.commitment["team"]["alone"] = 1
    o.draw()
    return ["commitment-form"], o.sealed(), o.auditor()


@tamper("Two contributors carry the same name.")
def contributor_twice(o):
    first, second = o.commitment["contributors"][:2]
    if first["kind"] != "party" or second["kind"] != "party":
        raise Unsuitable
    second["name"] = o.reveals[1]["name"] = first["name"]
    second["commitment"] = o.promise(first["name"], o.reveals[1]["value"])
    o.draw()
    return ["commitment-form"], o.sealed(), o.auditor()


@tamper("Only one contributor of entropy.")
def single_contributor(o):
    del o.commitment["contributors"][1:], o.reveals[1:]
    o.draw()
    return ["commitment-form"], o.sealed(), o.auditor()


@tamper("The third attempt names no void of the one before.")
def attempt_without_void(o):
    o.commitment["attempt"], o.commitment["previous_void"] = 3, None
    o.draw()
    return ["commitment-form"], o.sealed(), o.auditor()


@tamper("The claimed commitment hash is another one; transcript signed and logged again.")
def commitment_hash_changed(o):
    honest = o.transcript

    def transcript():
        made = honest()
        return {**made, "commitment_hash": flip(made["commitment_hash"])}

    o.transcript = transcript
    return ["commitment-hash", "commitment-logged", "seed"], o.sealed(), o.auditor()


@tamper("Another commitment (other exclusion numbers, logged and signed) is put under the old seed.")
def other_commitment_with_old_seed(o):
    o.commitment["items"][0]["exclusions"].append({"rule": "another rule", "removed": 7})
    return ["seed"], o.sealed(), o.auditor()


@tamper("A revealed value is changed in the published file, nothing is signed again.")
def reveal_changed(o):
    sealed = o.sealed()
    at = pick(i for i, c in enumerate(o.commitment["contributors"]) if c["kind"] == "party")
    sealed["transcript"]["reveals"][at]["value"] = flip(o.reveals[at]["value"])
    return ["commitment-logged", "contributions", "seed", "signature", "log-inclusion"], sealed, None


@tamper("A reveal does not match its commitment; seed, draw, signature and log are made anew from it.")
def reveal_not_matching_commitment(o):
    at = pick(i for i, c in enumerate(o.commitment["contributors"]) if c["kind"] == "party")
    o.reveals[at]["value"] = flip(o.reveals[at]["value"])
    o.draw()
    return ["contributions"], o.sealed(), o.auditor()


@tamper("A reveal of 15 bytes, properly committed: too short to be guess-proof.")
def reveal_too_short(o):
    at = pick(i for i, c in enumerate(o.commitment["contributors"]) if c["kind"] == "party")
    contributor, reveal = o.commitment["contributors"][at], o.reveals[at]
    reveal["value"] = reveal["value"][:30]
    contributor["commitment"] = o.promise(reveal["name"], reveal["value"])
    o.draw()
    return ["contributions"], o.sealed(), o.auditor()


@tamper("Two reveals stand in another order than their contributors; seed and draw follow that order.")
def reveals_out_of_order(o):
    o.reveals.reverse()
    o.draw()
    return ["contributions"], o.sealed(), o.auditor()


@tamper("A reveal is left out; seed, draw, signature and log are made anew without it.")
def reveal_left_out(o):
    o.reveals.pop()
    o.draw()
    return ["contributions"], o.sealed(), o.auditor()


@tamper("The operator chooses the seed and draws, signs and logs with it.")
def seed_changed(o):
    o.draw(flip(o.seed, 0))
    return ["seed"], o.sealed(), o.auditor()


@tamper("The transcript is signed with a key other than the one it names.")
def signature_by_other_key(o):
    other = o.sign(bytes(31) + b"\x07", v.text_lp(f"{v.PROTOCOL}/transcript") + v.canonical(o.transcript()))
    return ["signature"], {**o.sealed(), "signature": other.hex()}, None


@tamper("One bit of the signature is flipped.")
def signature_bit_flipped(o):
    sealed = o.sealed()
    return ["signature"], {**sealed, "signature": flip(sealed["signature"], 90)}, o.auditor()


@tamper("The signature is cut short.")
def signature_cut_short(o):
    sealed = o.sealed()
    return ["signature"], {**sealed, "signature": sealed["signature"][:-2]}, None


@tamper("The transcript stands in the log before the commitment.")
def transcript_logged_first(o):
    o.log_order = ["transcript", "commitment", "reveals", "other"]
    return ["log-inclusion"], o.sealed(), None


@tamper("The transcript stands in the log before the last reveal.")
def transcript_logged_before_a_reveal(o):
    last = len(o.reveals) - 1
    o.log_order = ["commitment"] + [f"reveal:{i}" for i in range(last)] + ["transcript", f"reveal:{last}"]
    return ["log-inclusion"], o.sealed(), None


@tamper("A reveal stands in the log before the commitment, so the pool could still be chosen.")
def reveal_logged_before_commitment(o):
    rest = [f"reveal:{i}" for i in range(1, len(o.reveals))]
    o.log_order = ["other", "reveal:0", "commitment", *rest, "transcript"]
    return ["commitment-logged"], o.sealed(), None


@tamper("The commitment was never logged.")
def commitment_not_logged(o):
    o.log_order = ["other", "reveals", "transcript"]
    return ["commitment-logged"], o.sealed(), None


@tamper("A reveal was never logged.")
def reveal_not_logged(o):
    o.log_order = ["commitment", *[f"reveal:{i}" for i in range(len(o.reveals) - 1)], "transcript"]
    return ["commitment-logged"], o.sealed(), None


@tamper("The log path of the transcript is broken.")
def log_path_broken(o):
    sealed = o.sealed()
    entry = sealed["log"]["entries"][-1]
    entry["path"][0] = flip(entry["path"][0])
    return ["log-inclusion"], sealed, None


@tamper("The log path of the commitment has one step too many.")
def log_path_too_long(o):
    sealed = o.sealed()
    sealed["log"]["entries"][0]["path"].append("00" * 32)
    return ["commitment-logged"], sealed, None


@tamper("The claimed log position of the commitment is another one than its path proves.")
def log_index_changed(o):
    sealed = o.sealed()
    sealed["log"]["entries"][0]["index"] = 0
    return ["commitment-logged"], sealed, None


@tamper("The root of the log checkpoint is changed.")
def checkpoint_root_changed(o):
    sealed = o.sealed()
    sealed["log"]["checkpoint"]["root"] = flip(sealed["log"]["checkpoint"]["root"])
    return ["commitment-logged", "log-inclusion"], sealed, None


@tamper("The log checkpoint is properly signed, but by a key other than the transcript's.")
def checkpoint_by_other_key(o):
    sealed = o.sealed()
    other = bytes(31) + b"\x07"
    checkpoint = sealed["log"]["checkpoint"]
    signed = {name: checkpoint[name] for name in ("at", "root", "size")}
    checkpoint["key"] = o.public(other).hex()
    checkpoint["signature"] = o.sign(other, v.lp(v.LOG_CHECKPOINT_LABEL) + v.canonical(signed)).hex()
    return ["log-inclusion"], sealed, None


@tamper("The log entries are those of another campaign.")
def log_subject_changed(o):
    honest = o.log

    def log(transcript):
        campaign = o.commitment["campaign"]
        o.commitment["campaign"] = "another campaign"
        made = honest(transcript)
        o.commitment["campaign"] = campaign
        return made

    o.log = log
    return ["commitment-logged", "log-inclusion"], o.sealed(), None


@tamper("The time of the log checkpoint is changed; only its signature can tell.")
def checkpoint_time_changed(o):
    sealed = o.sealed()
    sealed["log"]["checkpoint"]["at"] = "2020-01-01T00:00:00Z"
    return ["log-inclusion"], sealed, None


def open_all(o: Operator) -> dict:
    o.opened = list(o.rows)
    return o.sealed()


@tamper("An opened row names another entity, one that is also drawn for the item.")
def opened_row_changed_id(o):
    item = pick(row["item"] for row in o.drawn() if len(o.drawn(item=row["item"])) > 1)
    first, second = o.drawn(item=item)[:2]
    sealed = open_all(o)
    proof = pick(p for p in sealed["opened"] if p["row"] == first)
    proof["row"]["id"] = second["id"]
    return ["opened-rows"], sealed, None


@tamper("An opened row carries a wrong salt.")
def opened_row_wrong_salt(o):
    sealed = open_all(o)
    sealed["opened"][0]["salt"] = flip(sealed["opened"][0]["salt"])
    return ["opened-rows"], sealed, None


@tamper("The same row is opened twice.")
def opened_row_twice(o):
    sealed = open_all(o)
    sealed["opened"].append(copy.deepcopy(sealed["opened"][0]))
    return ["opened-rows"], sealed, None


@tamper("An opened row is claimed at another index than its path proves.")
def opened_row_other_index(o):
    o.opened = [o.rows[0]]
    sealed = o.sealed()
    sealed["opened"][0]["index"] = 1
    return ["opened-rows"], sealed, None


@tamper("A drawn row is opened whose ticket is over the cut-off: somebody was put on the list by hand.")
def opened_row_over_cutoff(o):
    pool, victim = pick(o.bystanders())
    if not o.drawn(item=pool["item"]):
        raise Unsuitable
    row = {"role": "drawn", "item": pool["item"], "id": victim["id"]}
    o.rows.insert(0, row)
    o.opened = [row]
    return ["opened-tickets"], o.sealed(), None


@tamper("A reserve row is opened whose ticket is over the reserve cut-off.")
def opened_reserve_over_cutoff(o):
    pool, victim = pick((p, r) for p, r in o.bystanders() if o.drawn("reserve", p["item"]))
    row = {"role": "reserve", "item": pool["item"], "id": victim["id"]}
    o.rows.append(row)
    o.opened = [row]
    return ["opened-tickets"], o.sealed(), None


@tamper("A drawn entity is replaced by a favourite's competitor; root, signature and log are made anew.")
def winner_swapped(o):
    pool, victim = pick((p, r) for p, r in o.bystanders() if o.drawn(item=p["item"]))
    row = o.drawn(item=pool["item"])[0]
    o.opened = [kept for kept in o.opened if kept != row]
    row["id"] = victim["id"]
    return ["selection"], o.sealed(), o.auditor()


@tamper("The auditor's list has another winner than the signed root.")
def winner_swapped_in_file(o):
    pool, victim = pick((p, r) for p, r in o.bystanders() if o.drawn(item=p["item"]))
    sealed, auditor = o.sealed(), o.auditor()
    pick(r for r in auditor["selected"] if r.get("item") == pool["item"])["id"] = victim["id"]
    return ["selection", "selected-root"], sealed, auditor


@tamper("A drawn row is dropped from the list and everything is signed again.")
def drawn_row_dropped(o):
    o.rows.remove(pick(o.drawn()))
    return ["selection"], o.sealed(), o.auditor()


@tamper("A row too many is on the drawn list and everything is signed again.")
def drawn_row_extra(o):
    pool, victim = pick((p, r) for p, r in o.bystanders() if o.drawn(item=p["item"]))
    after = o.rows.index(o.drawn(item=pool["item"])[-1])
    o.rows.insert(after + 1, {"role": "drawn", "item": pool["item"], "id": victim["id"]})
    return ["selection"], o.sealed(), o.auditor()


@tamper("Two drawn rows stand in the wrong order.")
def drawn_order_swapped(o):
    item = pick(row["item"] for row in o.drawn() if len(o.drawn(item=row["item"])) > 1)
    first, second = o.drawn(item=item)[:2]
    first["id"], second["id"] = second["id"], first["id"]
    return ["selection"], o.sealed(), o.auditor()


@tamper("Two reserves change places, so that the wrong one steps in first.")
def reserve_order_swapped(o):
    item = pick(row["item"] for row in o.drawn("reserve") if len(o.drawn("reserve", row["item"])) > 1)
    first, second = o.drawn("reserve", item)[:2]
    first["id"], second["id"] = second["id"], first["id"]
    return ["reserves"], o.sealed(), o.auditor()


@tamper("The last reserve is left out.")
def reserve_dropped(o):
    o.rows.remove(pick(o.drawn("reserve")))
    return ["reserves"], o.sealed(), o.auditor()


@tamper("The blocks of the selected list stand in the wrong order; every row is right.")
def blocks_out_of_order(o):
    team = pick(row for row in o.rows if row["role"] == "team")
    o.rows.remove(team)
    teams = [row for row in o.rows if "item" not in row]
    at = sorted([*teams, team], key=lambda row: o.ticket(row["id"])).index(team)
    if at != 0:
        raise Unsuitable
    o.rows.insert(0, team)
    return ["selected-root"], o.sealed(), o.auditor()


@tamper("The cut-off of a stratum is raised to cover one more.")
def cutoff_raised(o):
    bound = pick(s for entry in o.cutoffs for s in entry["strata"] if s["drawn"])
    bound["drawn"] = "f" * 64
    return ["cutoffs"], o.sealed(), o.auditor()


@tamper("The cut-offs of an item are missing; none of its rows is opened.")
def cutoffs_missing(o):
    gone = o.cutoffs.pop()["item"]
    o.opened = [row for row in o.opened if gone not in (row.get("item"), *row.get("items", []))]
    return ["cutoffs"], o.sealed(), o.auditor()


@tamper("A candidate is missing in the auditor's pool file.")
def pool_row_removed(o):
    sealed, auditor = o.sealed(), o.auditor()
    pool, victim = pick(o.bystanders())
    pick(p for p in auditor["pools"] if p["item"] == pool["item"])["rows"].remove(victim)
    # The list of places shows the gap only when the candidate stands in no other pool.
    return ["pool-roots", *["places-root"] * (o.memberships(victim["id"]) == 1)], sealed, auditor


@tamper("A candidate stands in another stratum in the auditor's pool file than in the committed pool.")
def pool_row_moved(o):
    sealed, auditor = o.sealed(), o.auditor()
    pool, victim = pick((p, r) for p, r in o.bystanders() if len(o.bounds(p["item"])) > 1)
    full = {s["label"] for item in o.commitment["items"] if item["item"] == pool["item"]
            for s in item["strata"] if s["size"] >= s["quota"] + item["reserve"]}
    label = pick(s["label"] for s in o.bounds(pool["item"]) if s["label"] != victim["stratum"] and s["label"] in full)
    rows = pick(p for p in auditor["pools"] if p["item"] == pool["item"])["rows"]
    pick(r for r in rows if r["id"] == victim["id"])["stratum"] = label
    return ["pool-roots"], sealed, auditor


def full_stratum(o: Operator) -> tuple:
    return pick((item["item"], s["label"]) for item in o.commitment["items"] for s in item["strata"]
                if s["size"] >= s["quota"] + item["reserve"])


@tamper("A candidate who was never committed is in the auditor's pool file.")
def pool_row_added(o):
    sealed, auditor = o.sealed(), o.auditor()
    code, label = full_stratum(o)
    entity = pick(e for e in (f"91110000FAKE{i:05d}X" for i in range(1000)) if o.beyond(o.ticket(e)))
    rows = pick(p for p in auditor["pools"] if p["item"] == code)["rows"]
    rows.append({"id": entity, "stratum": label})
    rows.sort(key=lambda row: row["id"].encode())
    return ["pool-roots", "places-root"], sealed, auditor


@tamper("The rows of a pool are not sorted; the root was committed over them as they stand.")
def pool_not_sorted(o):
    pool = pick(p for p in o.pools if len(p["rows"]) > 1)
    pool["rows"].reverse()
    o.commit()
    o.draw()
    return ["pool-roots"], o.sealed(), o.auditor()


@tamper("The qualifications of an inspector are not sorted; the roll was committed as it stands.")
def roll_lists_not_sorted(o):
    pick(o.roll)["qualifications"] = ["zz", "*"]
    o.commit()
    o.draw()
    return ["roll-root"], o.sealed(), o.auditor()


@tamper("The pool key is another one, so no salt comes out right.")
def pool_key_wrong(o):
    sealed, auditor = o.sealed(), o.auditor()
    auditor["pool_key"] = flip(auditor["pool_key"])
    moved = o.teams(o.roll, auditor["pool_key"]) != o.teams(o.roll)
    return ["pool-roots", "places-root", "roll-root", *["teams"] * moved, "selected-root"], sealed, auditor


@tamper("The division of an entity that was not drawn is changed in the auditor's file.")
def places_division_changed(o):
    sealed, auditor = o.sealed(), o.auditor()
    tasks = {row["id"] for row in o.drawn()}
    _, victim = pick((p, r) for p, r in o.bystanders() if r["id"] not in tasks)
    place = pick(p for p in auditor["places"] if p["id"] == victim["id"])
    place["division"] = "999999" if place["division"] != "999999" else "999998"
    return ["places-root"], sealed, auditor


@tamper("The load of an inspector who leads a team is set to the cap in the auditor's roll.")
def roll_load_changed(o):
    sealed, auditor = o.sealed(), o.auditor()
    team = pick(row for row in o.rows if row["role"] == "team")
    pick(r for r in auditor["roll"] if r["id"] == team["leader"])["load"] = o.commitment["team"]["load_cap"]
    return ["roll-root", "teams"], sealed, auditor


@tamper("An inspector of a team is replaced by a colleague of the same department.")
def inspector_swapped(o):
    team, member, other = pick(
        (team, member, other["id"]) for team in o.rows if team["role"] == "team" for member in team["members"]
        for other in o.roll if other["department"] == member["department"] and member["inspector"] != team["leader"]
        and other["id"] not in [m["inspector"] for m in team["members"]])
    o.opened = [row for row in o.opened if row != team]
    member["inspector"] = other
    return ["teams"], o.sealed(), o.auditor()


@tamper("Another member of the team is named leader.")
def leader_changed(o):
    team = pick(row for row in o.rows if row["role"] == "team" and len(row["members"]) > 1)
    team["leader"] = pick(m["inspector"] for m in team["members"] if m["inspector"] != team["leader"])
    return ["teams"], o.sealed(), o.auditor()


@tamper("Members of a team are listed in another order than they were chosen.")
def members_reordered(o):
    pick(row for row in o.rows if row["role"] == "team" and len(row["members"]) > 1)["members"].reverse()
    return ["teams"], o.sealed(), o.auditor()


@tamper("An inspector is placed although they are recused from every entity of the draw.")
def recused_inspector_placed(o):
    team = pick(row for row in o.rows if row["role"] == "team")
    culprit = pick(row for row in o.roll if row["id"] == team["leader"])
    salt = o.mac("roll-salt").tag(v.text_lp(culprit["id"]))
    culprit["recused"] = sorted(
        o.suite.labelled("recused", v.lp(salt) + v.text_lp(place["id"])).hex() for place in o.places)
    o.commit()
    o.draw()
    blind = [{**row, "recused": []} if row["id"] == culprit["id"] else row for row in o.roll]
    o.put_teams(o.teams(blind))
    if not any(m["inspector"] == culprit["id"] for row in o.rows if row["role"] == "team" for m in row["members"]):
        raise Unsuitable
    return ["teams"], o.sealed(), o.auditor()


@tamper("An inspector whose certificate had run out on the day is placed.")
def certificate_ignored(o):
    team = pick(row for row in o.rows if row["role"] == "team")
    culprit = pick(row for row in o.roll if row["id"] == team["leader"])
    culprit["certificate_until"] = "2001-01-01"
    o.commit()
    o.draw()
    blind = [{**row, "certificate_until": "2999-01-01"} if row["id"] == culprit["id"] else row for row in o.roll]
    o.put_teams(o.teams(blind))
    if not any(m["inspector"] == culprit["id"] for row in o.rows if row["role"] == "team" for m in row["members"]):
        raise Unsuitable
    return ["teams"], o.sealed(), o.auditor()


@tamper("A task that could not be staffed is left off the list.")
def unstaffed_hidden(o):
    if not [row for row in o.rows if row["role"] == "unstaffed"]:
        department = o.commitment["items"][0]["department"]
        for row in o.roll:
            if row["department"] == department:
                row["load"] = o.commitment["team"]["load_cap"]
        o.commit()
        o.draw()
    o.rows.remove(pick(row for row in o.rows if row["role"] == "unstaffed"))
    return ["teams"], o.sealed(), o.auditor()


@tamper("A task that could be staffed is declared unstaffed, to spare the entity a visit.")
def staffed_called_unstaffed(o):
    at = pick(i for i, row in enumerate(o.rows) if row["role"] == "team")
    team = o.rows[at]
    o.rows[at] = {"role": "unstaffed", "id": team["id"], "items": team["items"],
                  "departments": sorted({m["department"] for m in team["members"]})}
    return ["teams"], o.sealed(), o.auditor()


def firm_of_bystander(o: Operator) -> tuple:
    pool, victim = pick(o.bystanders())
    return pool, victim, o.firm(pool["item"], victim["id"])


@tamper("A firm is shown the salt and path of another firm under its own name.")
def firm_row_of_another(o):
    pool, victim, firm = firm_of_bystander(o)
    firm["row"]["id"] = pick(r["id"] for p, r in o.bystanders()
                             if p is pool and r["id"] != victim["id"] and r["stratum"] == victim["stratum"])
    return ["firm-row"], o.sealed(), firm


@tamper("A firm is told another stratum than the committed one.")
def firm_stratum_changed(o):
    pool, victim = pick((p, r) for p, r in o.bystanders() if len(o.bounds(p["item"])) > 1)
    firm = o.firm(pool["item"], victim["id"])
    firm["row"]["stratum"] = pick(s["label"] for item in o.commitment["items"] if item["item"] == pool["item"]
                                  for s in item["strata"] if s["label"] != victim["stratum"] and s["size"])
    return ["firm-row"], o.sealed(), firm


@tamper("A firm is told a stratum that the commitment does not have.")
def firm_stratum_unknown(o):
    _, _, firm = firm_of_bystander(o)
    firm["row"]["stratum"] = "no such stratum"
    return ["firm-row", "firm-ticket", "firm-chance"], o.sealed(), firm


@tamper("A firm's path is one step short.")
def firm_path_short(o):
    _, _, firm = firm_of_bystander(o)
    firm["path"].pop()
    return ["firm-row"], o.sealed(), firm


@tamper("The transcript names an unknown suite; nothing after the suite can be computed.")
def suite_unknown(o):
    sealed = o.sealed()
    sealed["transcript"]["suite"] = "md5-rsa"
    return ["suite"], sealed, None


@tamper("The transcript names the other known suite than its commitment and its signer used; no row is opened.")
def suite_swapped(o):
    o.opened = []
    sealed = o.sealed()
    sealed["transcript"]["suite"] = pick(name for name in v.SUITES if name != o.suite.name)
    expect = ["suite", "commitment-hash", "commitment-logged", "contributions", "seed", "signature", "log-inclusion"]
    return expect, sealed, None


@tamper("The commitment names the other known suite; everything is computed and signed with the transcript's.")
def commitment_of_other_suite(o):
    o.commitment["suite"] = pick(name for name in v.SUITES if name != o.suite.name)
    o.draw()
    return ["suite"], o.sealed(), o.auditor()


@tamper("The commitment calls itself something else; drawn, signed and logged on it.")
def commitment_kind_changed(o):
    o.commitment["kind"] = "notice"
    o.draw()
    return ["protocol"], o.sealed(), o.auditor()


@tamper("The transcript claims another version of the protocol, properly signed and logged.")
def protocol_changed(o):
    o.protocol = "xinheng-draw/2"
    return ["protocol"], o.sealed(), o.auditor()


@tamper("Hex in upper case.")
def uppercase_hex(o):
    sealed = o.sealed()
    sealed["transcript"]["seed"] = sealed["transcript"]["seed"].upper()
    if sealed["transcript"]["seed"].islower():
        raise Unsuitable
    return ["malformed"], sealed, None


@tamper("A key that the format does not know.")
def unknown_key(o):
    sealed = o.sealed()
    sealed["transcript"]["remark"] = ""
    return ["malformed"], sealed, None


@tamper("A text that is not in NFC.")
def text_not_nfc(o):
    o.commitment["pack"]["name"] = "cafe\u0301"
    o.draw()
    return ["malformed"], o.sealed(), None


@tamper("A day that is not in the calendar.")
def day_not_in_calendar(o):
    o.commitment["team"]["on"] = "2026-02-30"
    o.draw()
    return ["malformed"], o.sealed(), None


@tamper("A negative number.")
def negative_number(o):
    o.commitment["items"][0]["reserve"] = -1
    return ["malformed"], o.sealed(), None


@tamper("A required key is missing.")
def missing_key(o):
    sealed = o.sealed()
    del sealed["transcript"]["cutoffs"]
    return ["malformed"], sealed, None


@tamper("A hash of 31 bytes.")
def hash_too_short(o):
    sealed = o.sealed()
    sealed["transcript"]["selected"]["root"] = sealed["transcript"]["selected"]["root"][2:]
    return ["malformed"], sealed, None


@tamper("A number where a text is asked for, in the auditor's material.")
def material_wrong_type(o):
    sealed, auditor = o.sealed(), o.auditor()
    auditor["places"][0]["division"] = 110000
    return ["malformed"], sealed, auditor


# -- producing ----------------------------------------------------------------------------------------------------

def produce(bases: list) -> dict:
    """All tampered vectors; `bases` is a list of functions that give a fresh operator each, taken in turn."""
    made = {}
    for number, (name, why, function) in enumerate(TAMPERS):
        for turn in range(len(bases)):
            try:
                expect, sealed, material = function(bases[(number + turn) % len(bases)]())
            except Unsuitable:
                continue
            made[name] = {"why": why, "expect": expect, "sealed": sealed, "material": material}
            break
    return made


def load_bases(good: pathlib.Path) -> list:
    """One operator per good vector that has auditor material, with the key from keys.json or one of our own."""
    keys = json.loads((good / "keys.json").read_bytes()) if (good / "keys.json").exists() else {}
    bases = []
    for path in sorted(good.glob("*.sealed.json")):
        material = path.with_name(path.name.replace(".sealed.", ".auditor."))
        if not material.exists():
            continue
        sealed, auditor = v.load(str(path), v.read_sealed), v.load(str(material), v.read_material)
        suite = sealed["transcript"]["suite"]
        own = hashlib.sha256(b"tampering operator").hexdigest()
        secret = bytes.fromhex(keys.get(suite, {}).get("secret", own))
        bases.append(lambda s=sealed, a=auditor, k=secret: operator_from(s, a, k))
    return bases


def main(arguments: list) -> int:
    good = pathlib.Path(arguments[0]) if arguments else ROOT / "good"
    bad = pathlib.Path(arguments[1]) if len(arguments) > 1 else ROOT / "bad"
    bases = load_bases(good)
    if not bases:
        print(f"no good vectors with auditor material in {good}", file=sys.stderr)
        return 1
    made = produce(bases)
    bad.mkdir(parents=True, exist_ok=True)
    for stale in set(bad.glob("*.json")) - {bad / f"{name}.json" for name in made}:
        stale.unlink()
    for name, vector in made.items():
        text = json.dumps(vector, ensure_ascii=False, indent=1, sort_keys=True)
        (bad / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    missing = [name for name, _, _ in TAMPERS if name not in made]
    print(f"{len(made)} vectors in {bad}" + (f"; no suitable base for: {', '.join(missing)}" if missing else ""))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
