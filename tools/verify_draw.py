#!/usr/bin/env python3
"""Verifies a draw made under protocol xinheng-draw/1, with nothing but the Python standard library.

Usage:
    verify_draw.py SEALED.json [--material FILE] [--pool FILE] [--firm FILE] [--key HEX] [--json]

SEALED.json is the published file (transcript, signature, log proofs, opened rows). With nothing else the public
checks are made; a firm adds its own row (--firm), an auditor the pool file (--pool); --material takes either and
looks at its kind. --key pins the platform's public key: transcript and log checkpoint must then be signed by it.

Exit status: 0 no check failed, 1 a check failed, 2 a file is unreadable or malformed.

The file is written from the protocol text alone and shares no code with the platform, so that agreement means something.
Everything is an integer or a byte string; no floating point is used or accepted.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import re
import sys
import unicodedata
from json.encoder import encode_basestring as quote_json

PROTOCOL = "xinheng-draw/1"
LOG_CHECKPOINT_LABEL = b"xinheng-log/1/checkpoint"
MAX_INTEGER = 2**53 - 1

PUBLIC_CHECKS = [
    "protocol", "suite", "commitment-form", "commitment-hash", "commitment-logged", "contributions", "seed",
    "signature", "log-inclusion", "opened-rows", "opened-tickets",
]
FIRM_CHECKS = ["firm-row", "firm-ticket", "firm-chance"]
AUDITOR_CHECKS = [
    "pool-roots", "places-root", "roll-root", "selection", "reserves", "cutoffs", "teams", "selected-root",
]
ALL_CHECKS = PUBLIC_CHECKS + FIRM_CHECKS + AUDITOR_CHECKS

TITLES = {
    "protocol": "协议版本", "suite": "密码套件", "commitment-form": "承诺内容", "commitment-hash": "承诺摘要",
    "commitment-logged": "承诺先行登记", "contributions": "随机数揭示", "seed": "随机种子", "signature": "平台签名",
    "log-inclusion": "公示日志", "opened-rows": "已公开名单行", "opened-tickets": "已公开行签号",
    "firm-row": "本企业入池", "firm-ticket": "本企业签号", "firm-chance": "本企业抽中概率",
    "pool-roots": "抽查对象库", "places-root": "对象所在地", "roll-root": "检查人员名录", "selection": "抽中对象",
    "reserves": "备选对象", "cutoffs": "截止签号", "teams": "检查人员分组", "selected-root": "抽取结果根",
}
NEEDS_TITLES = {"log": "需要公示日志", "suite": "需要已知套件", "firm": "需要企业材料", "auditor": "需要审计材料"}


class Malformed(Exception):
    """The file cannot be judged: it is not a document of this protocol. The text is for the user (Chinese)."""


class Failed(Exception):
    """A check was made and does not hold. The text is for the user (Chinese)."""


class Needs(Exception):
    """A check cannot be made without other material; the text is the level or thing that is missing."""


# ---------------------------------------------------------------------------------------------------------------
# SM3 (GB/T 32905-2016)
# ---------------------------------------------------------------------------------------------------------------

def _rotate(x: int, n: int) -> int:
    n &= 31
    return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF


_SM3_START = (0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E)
_SM3_ROUND = tuple(_rotate(0x79CC4519 if j < 16 else 0x7A879D8A, j) for j in range(64))


def _sm3_compress(state: tuple, block: bytes) -> tuple:
    mask = 0xFFFFFFFF
    w = [int.from_bytes(block[i:i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ (((w[j - 3] << 15) | (w[j - 3] >> 17)) & mask)
        x ^= (((x << 15) | (x >> 17)) ^ ((x << 23) | (x >> 9))) & mask
        w.append(x ^ (((w[j - 13] << 7) | (w[j - 13] >> 25)) & mask) ^ w[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        a12 = ((a << 12) | (a >> 20)) & mask
        ss1 = (a12 + e + _SM3_ROUND[j]) & mask
        ss1 = ((ss1 << 7) | (ss1 >> 25)) & mask
        if j < 16:
            ff, gg = a ^ b ^ c, e ^ f ^ g
        else:
            ff, gg = (a & b) | (a & c) | (b & c), (e & f) | (~e & mask & g)
        tt1 = (ff + d + (ss1 ^ a12) + (w[j] ^ w[j + 4])) & mask
        tt2 = (gg + h + ss1 + w[j]) & mask
        d, c, b, a = c, ((b << 9) | (b >> 23)) & mask, a, tt1
        h, g, f = g, ((f << 19) | (f >> 13)) & mask, e
        e = tt2 ^ (((tt2 << 9) | (tt2 >> 23)) & mask) ^ (((tt2 << 17) | (tt2 >> 15)) & mask)
    return tuple(x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h)))


class Sm3:
    """SM3 with the interface of hashlib (update, digest, copy); used where hashlib has no SM3."""

    def __init__(self, data: bytes = b""):
        self._state, self._rest, self._length = _SM3_START, b"", 0
        self.update(data)

    def update(self, data: bytes) -> None:
        self._length += len(data)
        data = self._rest + data
        whole = len(data) - len(data) % 64
        for i in range(0, whole, 64):
            self._state = _sm3_compress(self._state, data[i:i + 64])
        self._rest = data[whole:]

    def copy(self) -> "Sm3":
        twin = Sm3.__new__(Sm3)
        twin._state, twin._rest, twin._length = self._state, self._rest, self._length
        return twin

    def digest(self) -> bytes:
        tail = self._rest + b"\x80"
        tail += b"\x00" * ((56 - len(tail)) % 64) + (self._length * 8).to_bytes(8, "big")
        state = self._state
        for i in range(0, len(tail), 64):
            state = _sm3_compress(state, tail[i:i + 64])
        return b"".join(x.to_bytes(4, "big") for x in state)


def choose_sm3():
    """The SM3 of hashlib when it exists and agrees with ours on all padding cases; ours otherwise."""
    try:
        native = hashlib.new("sm3")
    except ValueError:
        return Sm3
    for length in (0, 3, 55, 56, 63, 64, 65, 119, 120, 200):
        sample = bytes(range(length))
        probe = native.copy()
        probe.update(sample)
        if probe.digest() != Sm3(sample).digest():
            return Sm3

    def fast(data: bytes = b""):
        state = native.copy()
        state.update(data)
        return state

    return fast


new_sm3 = choose_sm3()


# ---------------------------------------------------------------------------------------------------------------
# SM2 signatures (GB/T 32918.2-2016) over the recommended curve (GB/T 32918.5-2017)
# ---------------------------------------------------------------------------------------------------------------

class Curve:
    """A short Weierstrass curve y² = x³ + ax + b over a prime field; points are (x, y), None is infinity."""

    def __init__(self, p: int, a: int, b: int, n: int, gx: int, gy: int):
        self.p, self.a, self.b, self.n, self.g = p, a, b, n, (gx, gy)

    def holds(self, point: tuple) -> bool:
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - (x * x * x + self.a * x + self.b)) % self.p == 0

    def _double(self, point: tuple) -> tuple:
        p, (x, y, z) = self.p, point
        if z == 0 or y == 0:
            return (1, 1, 0)
        yy = y * y % p
        s = 4 * x * yy % p
        zz = z * z % p
        m = (3 * x * x + self.a * zz * zz) % p
        x3 = (m * m - 2 * s) % p
        return (x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p)

    def _add(self, left: tuple, right: tuple) -> tuple:
        p, (x1, y1, z1), (x2, y2, z2) = self.p, left, right
        if z1 == 0:
            return right
        if z2 == 0:
            return left
        z1z1, z2z2 = z1 * z1 % p, z2 * z2 % p
        u1, u2 = x1 * z2z2 % p, x2 * z1z1 % p
        s1, s2 = y1 * z2 * z2z2 % p, y2 * z1 * z1z1 % p
        if u1 == u2:
            return self._double(left) if s1 == s2 else (1, 1, 0)
        h, r = (u2 - u1) % p, (s2 - s1) % p
        hh = h * h % p
        hhh, v = h * hh % p, u1 * hh % p
        x3 = (r * r - hhh - 2 * v) % p
        return (x3, (r * (v - x3) - s1 * hhh) % p, h * z1 * z2 % p)

    def combine(self, s: int, t: int, point: tuple | None):
        """s·G + t·point by Shamir's trick; the affine point, or None at infinity."""
        g = (*self.g, 1)
        other = (*point, 1) if point else (1, 1, 0)
        both = self._add(g, other)
        total = (1, 1, 0)
        for bit in range(max(s.bit_length(), t.bit_length()) - 1, -1, -1):
            total = self._double(total)
            pick = (s >> bit & 1) | (t >> bit & 1) << 1
            if pick:
                total = self._add(total, (None, g, other, both)[pick])
        x, y, z = total
        if z == 0:
            return None
        inverse = pow(z, -1, self.p)
        square = inverse * inverse % self.p
        return (x * square % self.p, y * square * inverse % self.p)


SM2_CURVE = Curve(
    p=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF,
    a=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC,
    b=0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
    n=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
    gx=0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    gy=0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
SM2_USER = b"1234567812345678"


def sm2_digest(curve: Curve, key: tuple, message: bytes, user: bytes = SM2_USER) -> int:
    """e = SM3(Z ‖ M), Z binding the signer's name, the curve and the key."""
    parts = (curve.a, curve.b, *curve.g, *key)
    z = new_sm3((len(user) * 8).to_bytes(2, "big") + user + b"".join(x.to_bytes(32, "big") for x in parts)).digest()
    return int.from_bytes(new_sm3(z + message).digest(), "big")


def sm2_verify_on(curve: Curve, key: tuple, message: bytes, r: int, s: int, user: bytes = SM2_USER) -> bool:
    """Verification of one signature (r, s) on any curve; `key` is an affine point."""
    n = curve.n
    if not (1 <= r < n and 1 <= s < n) or not curve.holds(key):
        return False
    t = (r + s) % n
    if t == 0:
        return False
    point = curve.combine(s, t, key)
    return point is not None and (sm2_digest(curve, key, message, user) + point[0]) % n == r


def sm2_verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """True when `signature` (r ‖ s, 64 bytes) over `message` is by `key` (04 ‖ x ‖ y, 65 bytes)."""
    if len(key) != 65 or key[0] != 4 or len(signature) != 64:
        return False
    point = (int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big"))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    return sm2_verify_on(SM2_CURVE, point, message, r, s)


# ---------------------------------------------------------------------------------------------------------------
# Ed25519 (RFC 8032 section 5.1)
# ---------------------------------------------------------------------------------------------------------------

ED_P = 2**255 - 19
ED_L = 2**252 + 27742317777372353535851937790883648493
ED_D = -121665 * pow(121666, -1, ED_P) % ED_P
ED_ROOT = pow(2, (ED_P - 1) // 4, ED_P)
ED_ZERO = (0, 1, 1, 0)


def ed_add(left: tuple, right: tuple) -> tuple:
    """Sum of two points in extended coordinates (complete formula of RFC 8032, also doubles)."""
    a = (left[1] - left[0]) * (right[1] - right[0]) % ED_P
    b = (left[1] + left[0]) * (right[1] + right[0]) % ED_P
    c = 2 * left[3] * right[3] * ED_D % ED_P
    d = 2 * left[2] * right[2] % ED_P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % ED_P, g * h % ED_P, f * g % ED_P, e * h % ED_P)


def ed_multiply(k: int, point: tuple) -> tuple:
    total = ED_ZERO
    while k:
        if k & 1:
            total = ed_add(total, point)
        point = ed_add(point, point)
        k >>= 1
    return total


def ed_encode(point: tuple) -> bytes:
    inverse = pow(point[2], -1, ED_P)
    x, y = point[0] * inverse % ED_P, point[1] * inverse % ED_P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def ed_decode(data: bytes):
    """The point of a 32-byte encoding, or None when it is not canonical or not on the curve."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= ED_P:
        return None
    u, v = (y * y - 1) % ED_P, (ED_D * y * y + 1) % ED_P
    x = u * v**3 * pow(u * v**7, (ED_P - 5) // 8, ED_P) % ED_P
    if v * x * x % ED_P != u:
        x = x * ED_ROOT % ED_P
        if v * x * x % ED_P != u:
            return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = ED_P - x
    return (x, y, 1, x * y % ED_P)


ED_BASE = ed_decode((4 * pow(5, -1, ED_P) % ED_P).to_bytes(32, "little"))


def ed25519_verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """True when `signature` (64 bytes) over `message` is by `key` (32 bytes); keys of small order are refused."""
    if len(key) != 32 or len(signature) != 64:
        return False
    point = ed_decode(key)
    s = int.from_bytes(signature[32:], "little")
    if point is None or s >= ED_L or ed_encode(ed_multiply(8, point)) == ed_encode(ED_ZERO):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ED_L
    minus = (ED_P - point[0], point[1], 1, ED_P - point[3])
    return ed_encode(ed_add(ed_multiply(s, ED_BASE), ed_multiply(k, minus))) == signature[:32]


# ---------------------------------------------------------------------------------------------------------------
# Suites, labelled hashing, Merkle trees (RFC 9162 section 2)
# ---------------------------------------------------------------------------------------------------------------

def lp(data: bytes) -> bytes:
    """`data` after its length in four bytes, big-endian."""
    return len(data).to_bytes(4, "big") + data


def text_lp(text: str) -> bytes:
    return lp(text.encode("utf-8"))


class Mac:
    """HMAC under one key and one label (RFC 2104), with the key blocks hashed once."""

    def __init__(self, new, key: bytes, first: bytes = b""):
        if len(key) > 64:
            key = new(key).digest()
        key = key.ljust(64, b"\x00")
        self._inner = new(bytes(x ^ 0x36 for x in key))
        self._inner.update(first)
        self._outer = new(bytes(x ^ 0x5C for x in key))

    def tag(self, data: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()


class Suite:
    """Hash and signature of one suite, with the labels of the protocol."""

    def __init__(self, name: str, new, verify):
        self.name, self.new, self.verify = name, new, verify
        self._labels: dict = {}

    def hash(self, data: bytes) -> bytes:
        return self.new(data).digest()

    def labelled(self, label: str, data: bytes) -> bytes:
        """H[label](data)."""
        state = self._labels.get(label)
        if state is None:
            state = self._labels[label] = self.new(text_lp(f"{PROTOCOL}/{label}"))
        state = state.copy()
        state.update(data)
        return state.digest()

    def mac(self, label: str, key: bytes) -> Mac:
        """MAC[label](key, ·)."""
        return Mac(self.new, key, text_lp(f"{PROTOCOL}/{label}"))

    def leaf(self, data: bytes) -> bytes:
        return self.hash(b"\x00" + data)

    def root(self, leaves: list) -> bytes:
        """Merkle tree hash over leaf data. Promoting an odd last node gives the split of RFC 9162."""
        level = [self.leaf(data) for data in leaves]
        if not level:
            return self.hash(b"")
        while len(level) > 1:
            odd = [level[-1]] if len(level) % 2 else []
            level = [self.hash(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)] + odd
        return level[0]

    def included(self, data: bytes, index: int, size: int, path: list, root: bytes) -> bool:
        """Verification of an inclusion proof, RFC 9162 section 2.1.3.2."""
        if index >= size:
            return False
        fn, sn, r = index, size - 1, self.leaf(data)
        for step in path:
            if sn == 0:
                return False
            if fn & 1 or fn == sn:
                r = self.hash(b"\x01" + step + r)
                while not fn & 1 and fn:
                    fn, sn = fn >> 1, sn >> 1
            else:
                r = self.hash(b"\x01" + r + step)
            fn, sn = fn >> 1, sn >> 1
        return sn == 0 and r == root


SUITES = {
    "sm3-sm2": Suite("sm3-sm2", new_sm3, sm2_verify),
    "sha256-ed25519": Suite("sha256-ed25519", hashlib.sha256, ed25519_verify),
}


# ---------------------------------------------------------------------------------------------------------------
# Reading and canonical JSON (RFC 8785, the part without floating point)
# ---------------------------------------------------------------------------------------------------------------

def _refuse_number(text: str):
    raise Malformed(f"出现非整数数值 {text[:40]}；本协议只使用整数。")


def _integer(text: str) -> int:
    if text == "-0" or len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise Malformed(f"整数 {text[:40]} 超出允许范围（绝对值不得超过 2^53−1，且不得写作 -0）。")
    return int(text)


def _object(pairs: list) -> dict:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"同一对象内键 {twice!r} 重复出现。")
    return found


def parse_json(data: bytes):
    """The value of a JSON text; refuses floats, duplicate keys, integers out of range and anything not UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise Malformed(f"不是 UTF-8 文本（第 {fault.start + 1} 字节）。") from None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer, parse_float=_refuse_number,
                          parse_constant=_refuse_number)
    except json.JSONDecodeError as fault:
        raise Malformed(f"不是 JSON（第 {fault.lineno} 行第 {fault.colno} 列：{fault.msg}）。") from None
    except RecursionError:
        raise Malformed("嵌套层数过多。") from None


def canonical_text(value) -> str:
    if isinstance(value, str):
        return quote_json(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise Malformed(f"整数 {value} 超出允许范围。")
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical_text, value)) + "]"
    if isinstance(value, dict):
        # RFC 8785 section 3.2.3 sorts by UTF-16 code units, not by code points.
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{quote_json(name)}:{canonical_text(value[name])}" for name in names) + "}"
    raise Malformed(f"规范 JSON 不含类型 {type(value).__name__}。")


def canonical(value) -> bytes:
    """JCS bytes of a value made of null, booleans, integers, strings, lists and objects."""
    try:
        return canonical_text(value).encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("文本含有孤立的代理码位，不是合法的 Unicode。") from None


# ---------------------------------------------------------------------------------------------------------------
# Document shapes: a shape is a function (value, where) that raises Malformed
# ---------------------------------------------------------------------------------------------------------------

def _text(value, where: str) -> None:
    if not isinstance(value, str):
        raise Malformed(f"{where} 应为文本。")
    if value.isascii():
        return
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise Malformed(f"{where} 含有孤立的代理码位，不是合法的 Unicode。")
    if not unicodedata.is_normalized("NFC", value):
        raise Malformed(f"{where} 的文本未按 NFC 规范化。")


def _natural(value, where: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Malformed(f"{where} 应为非负整数。")


def _boolean(value, where: str) -> None:
    if not isinstance(value, bool):
        raise Malformed(f"{where} 应为 true 或 false。")


def _pattern(expression: str, wanted: str):
    matches = re.compile(expression).fullmatch

    def shape(value, where: str) -> None:
        if not isinstance(value, str) or not matches(value):
            raise Malformed(f"{where} 应为{wanted}。")

    return shape


_hex = _pattern(r"(?:[0-9a-f]{2})*", "小写十六进制")
_hash = _pattern(r"[0-9a-f]{64}", " 32 字节的小写十六进制（64 个字符）")


def _moment(expression: str, layout: str, wanted: str):
    shaped = _pattern(expression, wanted)

    def shape(value, where: str) -> None:
        shaped(value, where)
        try:
            datetime.datetime.strptime(value, layout)
        except ValueError:
            raise Malformed(f"{where} 的日期或时间 {value} 不存在。") from None

    return shape


_time = _moment(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", "%Y-%m-%dT%H:%M:%SZ",
                "形如 2026-01-31T08:00:00Z 的时间")
_day = _moment(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "%Y-%m-%d", "形如 2026-01-31 的日期")


def _maybe(inner):
    def shape(value, where: str) -> None:
        if value is not None:
            inner(value, where)

    return shape


def _list(inner):
    def shape(value, where: str) -> None:
        if not isinstance(value, list):
            raise Malformed(f"{where} 应为数组。")
        for i, element in enumerate(value):
            inner(element, f"{where}[{i}]")

    return shape


def _record(**fields):
    names = frozenset(fields)

    def shape(value, where: str) -> None:
        if not isinstance(value, dict):
            raise Malformed(f"{where} 应为对象。")
        if value.keys() != names:
            for name in value:
                if name not in names:
                    raise Malformed(f"{where} 含有未知的键 {name!r}。")
            raise Malformed(f"{where} 缺少键 {sorted(names - value.keys())[0]!r}。")
        for name, inner in fields.items():
            inner(value[name], f"{where}.{name}")

    return shape


def _either(key: str, **shapes):
    """A record whose shape is told by the text under `key`."""

    def shape(value, where: str) -> None:
        if not isinstance(value, dict):
            raise Malformed(f"{where} 应为对象。")
        kind = value.get(key)
        if not isinstance(kind, str) or kind not in shapes:
            raise Malformed(f"{where}.{key} 应为 {'、'.join(shapes)} 之一。")
        shapes[kind](value, where)

    return shape


_tree = _record(size=_natural, root=_hash)
_path = _list(_hash)
_pool_row = _record(id=_text, stratum=_text)
_selected_row = _either(
    "role",
    drawn=_record(role=_text, item=_text, id=_text),
    reserve=_record(role=_text, item=_text, id=_text),
    team=_record(role=_text, id=_text, items=_list(_text), leader=_text,
                 members=_list(_record(department=_text, inspector=_text))),
    unstaffed=_record(role=_text, id=_text, items=_list(_text), departments=_list(_text)),
)
_commitment = _record(
    kind=_text, protocol=_text, suite=_text, campaign=_text, attempt=_natural,
    previous_void=_maybe(_hash), committed_at=_time, pack=_record(name=_text, hash=_hash),
    items=_list(_record(
        item=_text, department=_text, qualification=_text, pool=_tree,
        strata=_list(_record(label=_text, size=_natural, quota=_natural,
                             ratio=_maybe(_record(num=_natural, den=_natural)))),
        reserve=_natural, exclusions=_list(_record(rule=_text, removed=_natural)))),
    places=_tree, roll=_tree,
    team=_record(alone=_natural, joint=_natural, total=_natural, load_cap=_natural, initiator=_text, on=_day),
    contributors=_list(_either(
        "kind",
        party=_record(name=_text, kind=_text, commitment=_hash),
        beacon=_record(name=_text, kind=_text, source=_text, round=_text))),
    reveal_by=_time,
)
_transcript = _record(
    kind=_text, protocol=_text, suite=_text, commitment=_commitment, commitment_hash=_hash,
    reveals=_list(_record(name=_text, value=_hex)), seed=_hash,
    cutoffs=_list(_record(item=_text, strata=_list(_record(label=_text, drawn=_maybe(_hash), reserve=_maybe(_hash))))),
    selected=_tree, drawn_at=_time, key=_hex,
)
_sealed = _record(
    transcript=_transcript, signature=_hex,
    log=_maybe(_record(
        checkpoint=_record(size=_natural, root=_hash, at=_time, key=_hex, signature=_hex),
        entries=_list(_record(index=_natural, path=_path,
                              leaf=_record(at=_time, document=_hash, kind=_text, subject=_text))))),
    opened=_list(_record(index=_natural, row=_selected_row, salt=_hash, path=_path)),
)
_material = _either(
    "kind",
    firm=_record(kind=_text, item=_text, row=_pool_row, salt=_hash, index=_natural, path=_path),
    auditor=_record(
        kind=_text, pool_key=_hash, pools=_list(_record(item=_text, rows=_list(_pool_row))),
        places=_list(_record(division=_text, id=_text)),
        roll=_list(_record(id=_text, department=_text, divisions=_list(_text), qualifications=_list(_text),
                           certificate_until=_day, load=_natural, may_lead=_boolean, recused=_list(_hash))),
        selected=_list(_selected_row)),
)


def read_sealed(value) -> dict:
    """The value, when it has exactly the shape of a sealed transcript; Malformed otherwise."""
    _sealed(value, "sealed")
    return value


def read_material(value) -> dict:
    """The value, when it has exactly the shape of firm or auditor material; Malformed otherwise."""
    _material(value, "material")
    return value


# ---------------------------------------------------------------------------------------------------------------
# Teams
# ---------------------------------------------------------------------------------------------------------------

def strictly_sorted(texts: list) -> bool:
    """True when the texts ascend bytewise (UTF-8) without repetition."""
    raw = [text.encode("utf-8") for text in texts]
    return all(left < right for left, right in zip(raw, raw[1:]))


class Teams:
    """Recomputes the teams of a draw from the roll, the places and the drawn entities (section 5)."""

    def __init__(self, suite: Suite, commitment: dict, seed: bytes, roll: list, roll_mac: Mac, division_of: dict):
        self.suite, self.seed, self.rule, self.division_of = suite, seed, commitment["team"], division_of
        self.items = {item["item"]: item for item in commitment["items"]}
        self.load = {row["id"]: row["load"] for row in roll}
        self.salt = {row["id"]: roll_mac.tag(text_lp(row["id"])) for row in roll if row["recused"]}
        self.recused = {row["id"]: frozenset(row["recused"]) for row in roll}
        self.roll_of: dict = {}
        for row in roll:
            if row["certificate_until"] >= self.rule["on"]:
                self.roll_of.setdefault(row["department"], []).append(row)

    def _fits(self, row: dict, entity: str, wanted: set) -> bool:
        """Everything about eligibility that does not change while teams are being formed."""
        qualified = "*" in row["qualifications"] or wanted <= set(row["qualifications"])
        if not qualified or not any(self.division_of.get(entity, "").startswith(prefix) for prefix in row["divisions"]):
            return False
        if not row["recused"]:
            return True
        mark = self.suite.labelled("recused", lp(self.salt[row["id"]]) + text_lp(entity)).hex()
        return mark not in self.recused[row["id"]]

    def _task(self, entity: str, codes: list, ticket: bytes) -> tuple:
        wanted: dict = {}
        for code in codes:
            wanted.setdefault(self.items[code]["department"], set()).add(self.items[code]["qualification"])
        for needed in wanted.values():
            # An item may ask for no qualification at all.
            needed.discard("")
        departments = sorted(wanted, key=lambda name: name.encode("utf-8"))
        fitting = {name: [row for row in self.roll_of.get(name, []) if self._fits(row, entity, wanted[name])]
                   for name in departments}
        cap = self.rule["load_cap"]
        count = len({row["id"] for rows in fitting.values() for row in rows if self.load[row["id"]] < cap})
        return (count, ticket, entity, codes, departments, fitting)

    def _places(self, departments: list) -> list:
        """Number of places of each department, in order of department."""
        if len(departments) == 1:
            return [self.rule["alone"]]
        count = len(departments)
        rounds, rest = divmod(max(0, self.rule["total"] - self.rule["joint"] * count), count)
        return [self.rule["joint"] + rounds + (number < rest) for number in range(count)]

    def _staff(self, task: tuple) -> dict:
        _, _, entity, codes, departments, fitting = task
        chosen: list = []
        taken: set = set()
        short: list = []
        for department, places in zip(departments, self._places(departments)):
            for _ in range(places):
                free = [row for row in fitting[department]
                        if row["id"] not in taken and self.load[row["id"]] < self.rule["load_cap"]]
                if not free:
                    short.append(department)
                    break
                best = min(free, key=lambda row: (self.load[row["id"]], self._lot(entity, row["id"]), row["id"].encode("utf-8")))
                taken.add(best["id"])
                chosen.append(best)
        if short:
            return {"role": "unstaffed", "id": entity, "items": codes, "departments": short}
        for row in chosen:
            self.load[row["id"]] += 1
        leaders = [row for row in chosen if row["may_lead"]]
        own = [row for row in leaders if row["department"] == self.rule["initiator"]]
        leader = (own or leaders or chosen)[0]["id"] if chosen else ""
        members = [{"department": row["department"], "inspector": row["id"]} for row in chosen]
        return {"role": "team", "id": entity, "items": codes, "members": members, "leader": leader}

    def _lot(self, entity: str, inspector: str) -> bytes:
        return self.suite.labelled("inspector", self.seed + text_lp(entity) + text_lp(inspector))

    def rows(self, tasks: dict, tickets: dict) -> list:
        """Team and unstaffed rows by ticket; `tasks` maps an entity to its item codes in the commitment's order."""
        todo = [self._task(entity, codes, tickets[entity]) for entity, codes in tasks.items()]
        todo.sort(key=lambda task: (*task[:2], task[2].encode("utf-8")))
        done = [self._staff(task) for task in todo]
        return sorted(done, key=lambda row: tickets[row["id"]])


# ---------------------------------------------------------------------------------------------------------------
# The checks
# ---------------------------------------------------------------------------------------------------------------

def key_print(key: str) -> str:
    return f"{key[:16]}…{key[-8:]}" if len(key) > 24 else key


class Draw:
    """One sealed transcript with the material at hand. Every check is a method that returns a remark or raises
    Failed or Needs. Every check takes the stated values of the file and tests one link of the chain, so that one false
    link fails as few checks as possible; only all of them together prove the draw."""

    def __init__(self, sealed: dict, firm: dict | None = None, auditor: dict | None = None, pin: str | None = None):
        self.sealed, self.firm, self.auditor, self.pin = sealed, firm, auditor, pin
        self.transcript = sealed["transcript"]
        self.commitment = self.transcript["commitment"]
        self.log = sealed["log"]
        self.items = self.commitment["items"]
        self.item_codes = {item["item"] for item in self.items}
        self.suite = SUITES.get(self.transcript["suite"])
        self.seed = bytes.fromhex(self.transcript["seed"])
        self._tickets: dict = {}
        self._expected = None

    # -- helpers ----------------------------------------------------------------------------------------------

    def hash_of(self, document) -> str:
        return self.suite.hash(canonical(document)).hex()

    def ticket(self, entity: str) -> bytes:
        found = self._tickets.get(entity)
        if found is None:
            found = self._tickets[entity] = self.suite.labelled("ticket", self.seed + text_lp(entity))
        return found

    def item(self, code: str) -> dict:
        for item in self.items:
            if item["item"] == code:
                return item
        raise Failed(f"事项 {code} 不在承诺之内。")

    def stratum(self, code: str, label: str) -> dict:
        for stratum in self.item(code)["strata"]:
            if stratum["label"] == label:
                return stratum
        raise Failed(f"事项 {code} 没有分层 {label}。")

    def cutoff_strata(self, code: str) -> list:
        for entry in self.transcript["cutoffs"]:
            if entry["item"] == code:
                return entry["strata"]
        raise Failed(f"事项 {code} 没有公布截止签号。")

    def included(self, data: bytes, proof: dict, size: int, root: str) -> bool:
        path = [bytes.fromhex(step) for step in proof["path"]]
        return self.suite.included(data, proof["index"], size, path, bytes.fromhex(root))

    def selected_data(self, row: dict, salt: bytes) -> bytes:
        return self.suite.labelled("selected-row", lp(salt) + canonical(row))

    # -- public level -----------------------------------------------------------------------------------------

    def check_protocol(self) -> str:
        for where, kind, document in (("抽取记录", "transcript", self.transcript), ("承诺", "commitment", self.commitment)):
            if document["kind"] != kind:
                raise Failed(f"{where}的 kind 为 {document['kind']}，应为 {kind}。")
            if document["protocol"] != PROTOCOL:
                raise Failed(f"{where}的协议为 {document['protocol']}，应为 {PROTOCOL}。")
        return PROTOCOL

    def check_suite(self) -> str:
        if self.suite is None:
            raise Failed(f"未知套件 {self.transcript['suite']}；只认 {'、'.join(SUITES)}。")
        if self.commitment["suite"] != self.suite.name:
            raise Failed(f"承诺的套件 {self.commitment['suite']} 与抽取记录的 {self.suite.name} 不同。")
        return self.suite.name

    def check_commitment_form(self) -> str:
        c = self.commitment
        if len(self.item_codes) != len(self.items) or not self.items:
            raise Failed("事项代码重复，或没有事项。")
        for item in self.items:
            self._check_item_form(item)
        names = [contributor["name"] for contributor in c["contributors"]]
        if len(names) < 2 or len(set(names)) != len(names):
            raise Failed("随机数提供方少于两个，或名称重复。")
        if c["attempt"] < 1 or (c["attempt"] == 1) != (c["previous_void"] is None):
            raise Failed("次数与上次作废记录不符：首次不得引用作废记录，再次必须引用。")
        if c["committed_at"] > c["reveal_by"]:
            raise Failed(f"揭示期限 {c['reveal_by']} 早于承诺时间 {c['committed_at']}。")
        if c["team"]["alone"] < 2 or c["team"]["joint"] < 1 or c["team"]["total"] < 2:
            raise Failed("组队规则低于下限：单部门至少 2 人，联合检查每部门至少 1 人、合计至少 2 人。")
        return f"{len(self.items)} 个事项，{len(names)} 个随机数提供方，第 {c['attempt']} 次"

    def _check_item_form(self, item: dict) -> None:
        code, strata = item["item"], item["strata"]
        if len({stratum["label"] for stratum in strata}) != len(strata):
            raise Failed(f"事项 {code} 的分层标签重复。")
        if sum(stratum["size"] for stratum in strata) != item["pool"]["size"]:
            raise Failed(f"事项 {code} 各分层数量之和不等于库内数量 {item['pool']['size']}。")
        for stratum in strata:
            size, quota, ratio = stratum["size"], stratum["quota"], stratum["ratio"]
            where = f"事项 {code} 分层 {stratum['label']}"
            if quota > size:
                raise Failed(f"{where} 的抽取数 {quota} 超过库内数量 {size}。")
            if ratio is None:
                continue
            if ratio["den"] < 1:
                raise Failed(f"{where} 的比例分母为 0。")
            wanted = min(size, -(-size * ratio["num"] // ratio["den"]))
            if quota != wanted:
                raise Failed(f"{where} 的抽取数 {quota} 与比例 {ratio['num']}/{ratio['den']} 不符，应为 {wanted}。")

    def check_commitment_hash(self) -> str:
        found = self.hash_of(self.commitment)
        if found != self.transcript["commitment_hash"]:
            raise Failed(f"重算为 {found[:16]}…，记录为 {self.transcript['commitment_hash'][:16]}…。")
        return found[:16] + "…"

    def _logged(self, kind: str, document: str, what: str) -> int:
        """Index of the one entry of this kind and document, proven under the checkpoint."""
        found = [entry for entry in self.log["entries"]
                 if entry["leaf"]["kind"] == kind and entry["leaf"]["document"] == document]
        if len(found) != 1:
            raise Failed(f"日志中{what}的登记有 {len(found)} 条，应恰为 1 条。")
        entry, checkpoint = found[0], self.log["checkpoint"]
        if entry["leaf"]["subject"] != self.commitment["campaign"]:
            raise Failed(f"日志中{what}的登记属于 {entry['leaf']['subject']}，不属于本次抽查。")
        if not self.included(canonical(entry["leaf"]), entry, checkpoint["size"], checkpoint["root"]):
            raise Failed(f"{what}的登记（第 {entry['index']} 条）推不出检查点的根。")
        return entry["index"]

    def check_commitment_logged(self) -> str:
        if self.log is None:
            raise Needs("log")
        index = self._logged("draw.commitment", self.transcript["commitment_hash"], "承诺")
        reveals = []
        for reveal in self.transcript["reveals"]:
            document = {"campaign": self.commitment["campaign"], "attempt": self.commitment["attempt"], **reveal}
            reveals.append(self._logged("draw.reveal", self.hash_of(document), f" {reveal['name']} 的揭示"))
        if reveals and index >= min(reveals):
            raise Failed(f"承诺登记在第 {index} 条，不早于首个揭示（第 {min(reveals)} 条）。")
        return f"第 {index} 条，早于全部 {len(reveals)} 个揭示"

    def check_contributions(self) -> str:
        contributors, reveals = self.commitment["contributors"], self.transcript["reveals"]
        if [c["name"] for c in contributors] != [r["name"] for r in reveals]:
            raise Failed("揭示的名称、数量或次序与承诺的提供方不同。")
        beacons = []
        for contributor, reveal in zip(contributors, reveals):
            name, value = reveal["name"], bytes.fromhex(reveal["value"])
            if not 16 <= len(value) <= 64:
                raise Failed(f"{name} 的揭示值长 {len(value)} 字节，应为 16 至 64 字节。")
            if contributor["kind"] == "beacon":
                beacons.append(f"{name}（{contributor['source']}，{contributor['round']}）")
            elif self.suite.labelled("contribution", text_lp(name) + lp(value)).hex() != contributor["commitment"]:
                raise Failed(f"{name} 的揭示值与其承诺不符。")
        remark = f"{len(reveals)} 个揭示与承诺相符"
        return remark + (f"；公共信标须到来源核对：{'、'.join(beacons)}" if beacons else "")

    def check_seed(self) -> str:
        parts = [bytes.fromhex(self.transcript["commitment_hash"])]
        parts += [lp(bytes.fromhex(reveal["value"])) for reveal in self.transcript["reveals"]]
        found = self.suite.labelled("seed", b"".join(parts)).hex()
        if found != self.transcript["seed"]:
            raise Failed(f"重算为 {found[:16]}…，记录为 {self.transcript['seed'][:16]}…。")
        return found[:16] + "…"

    def check_signature(self) -> str:
        key = self.transcript["key"]
        message = text_lp(f"{PROTOCOL}/transcript") + canonical(self.transcript)
        if self.pin is not None and key != self.pin:
            raise Failed(f"抽取记录的公钥 {key_print(key)} 不是指定的公钥。")
        if self.pin is not None and self.log is not None and self.log["checkpoint"]["key"] != self.pin:
            raise Failed(f"日志检查点的公钥 {key_print(self.log['checkpoint']['key'])} 不是指定的公钥。")
        if not self.suite.verify(bytes.fromhex(key), message, bytes.fromhex(self.sealed["signature"])):
            raise Failed("签名与内容或公钥不符。")
        if self.pin is not None:
            return "由指定公钥签署"
        return f"由公钥 {key_print(key)} 签署；请核对此公钥，或用 --key 指定"

    def check_log_inclusion(self) -> str:
        if self.log is None:
            raise Needs("log")
        checkpoint, entries = self.log["checkpoint"], self.log["entries"]
        if checkpoint["key"] != self.transcript["key"]:
            raise Failed("日志检查点的公钥与抽取记录的公钥不同。")
        signed = {name: checkpoint[name] for name in ("at", "root", "size")}
        if not self.suite.verify(bytes.fromhex(checkpoint["key"]), lp(LOG_CHECKPOINT_LABEL) + canonical(signed),
                                 bytes.fromhex(checkpoint["signature"])):
            raise Failed("日志检查点的签名不符。")
        document = self.hash_of(self.transcript)
        index = self._logged("draw.transcript", document, "抽取记录")
        for entry in entries:
            kind = entry["leaf"]["kind"]
            if (kind, entry["leaf"]["document"]) == ("draw.transcript", document):
                continue
            if kind not in ("draw.commitment", "draw.reveal"):
                raise Failed(f"日志证明中有种类为 {kind} 的登记，与本次抽取无关。")
            if entry["index"] >= index:
                raise Failed(f"抽取记录登记在第 {index} 条，不晚于第 {entry['index']} 条（{kind}）。")
        return f"抽取记录在第 {index} 条；检查点 {checkpoint['at']}，共 {checkpoint['size']} 条"

    def check_opened_rows(self) -> str:
        selected, opened = self.transcript["selected"], self.sealed["opened"]
        if len({row["index"] for row in opened}) != len(opened):
            raise Failed("同一位置被公开两次。")
        for proof in opened:
            data = self.selected_data(proof["row"], bytes.fromhex(proof["salt"]))
            if not self.included(data, proof, selected["size"], selected["root"]):
                raise Failed(f"第 {proof['index']} 行（{proof['row']['id']}）推不出抽取结果根。")
        return f"已公开 {len(opened)} 行，共 {selected['size']} 行"

    def check_opened_tickets(self) -> str:
        for proof in self.sealed["opened"]:
            row = proof["row"]
            codes = [row["item"]] if "item" in row else row["items"]
            which = "reserve" if row["role"] == "reserve" else "drawn"
            for code in codes:
                bounds = [s[which] for s in self.cutoff_strata(code) if s[which] is not None]
                if not bounds or self.ticket(row["id"]).hex() > max(bounds):
                    raise Failed(f"第 {proof['index']} 行（{row['id']}）的签号超过事项 {code} 的最大截止签号。")
        return f"{len(self.sealed['opened'])} 行的签号均不超过截止签号"

    # -- firm level -------------------------------------------------------------------------------------------

    def check_firm_row(self) -> str:
        code, row = self.firm["item"], self.firm["row"]
        pool = self.item(code)["pool"]
        data = self.suite.labelled("pool-row", lp(bytes.fromhex(self.firm["salt"])) + canonical(row))
        if not self.included(data, self.firm, pool["size"], pool["root"]):
            raise Failed(f"{row['id']}（分层 {row['stratum']}）推不出事项 {code} 的库根。")
        return f"{row['id']} 在事项 {code} 的库内，第 {self.firm['index']} 位，分层 {row['stratum']}"

    def check_firm_ticket(self) -> str:
        code, row = self.firm["item"], self.firm["row"]
        stratum = self.stratum(code, row["stratum"])
        found = [s for s in self.cutoff_strata(code) if s["label"] == row["stratum"]]
        if not found:
            raise Failed(f"分层 {row['stratum']} 没有公布截止签号。")
        drawn, reserve = found[0]["drawn"], found[0]["reserve"]
        if (drawn is None) != (stratum["quota"] == 0):
            raise Failed(f"本分层应抽 {stratum['quota']} 户，与有无截止签号不符。")
        ticket = self.ticket(row["id"]).hex()
        standing, said = None, "超过截止签号：未抽中"
        if drawn is not None and ticket <= drawn:
            standing, said = "drawn", "不超过截止签号：抽中"
        elif reserve is not None and ticket <= reserve:
            standing, said = "reserve", "在备选截止签号之内：备选"
        listed = {p["row"]["role"] for p in self.sealed["opened"]
                  if p["row"]["id"] == row["id"] and p["row"].get("item") == code}
        # Not a check of the protocol, but what a firm most wants to know; it is said, not judged.
        warning = "；注意：已公开的名单行与此不一致，请向监督部门提出" if listed - {standing} else ""
        return f"签号 {ticket[:16]}… {said}{warning}"

    def check_firm_chance(self) -> str:
        code, row = self.firm["item"], self.firm["row"]
        stratum = self.stratum(code, row["stratum"])
        if stratum["size"] == 0:
            raise Failed(f"事项 {code} 分层 {row['stratum']} 的库内数量为 0。")
        return f"{stratum['quota']}/{stratum['size']}"

    # -- auditor level ----------------------------------------------------------------------------------------

    def _mac(self, label: str) -> Mac:
        return self.suite.mac(label, bytes.fromhex(self.auditor["pool_key"]))

    def _same_tree(self, what: str, leaves: list, tree: dict) -> None:
        if len(leaves) != tree["size"]:
            raise Failed(f"{what}有 {len(leaves)} 行，承诺为 {tree['size']} 行。")
        root = self.suite.root(leaves).hex()
        if root != tree["root"]:
            raise Failed(f"{what}的根重算为 {root[:16]}…，承诺为 {tree['root'][:16]}…。")

    def check_pool_roots(self) -> str:
        pools, mac, rows = self.auditor["pools"], self._mac("salt"), 0
        if [pool["item"] for pool in pools] != [item["item"] for item in self.items]:
            raise Failed("材料中的库与承诺的事项不一一对应（或次序不同）。")
        for item, pool in zip(self.items, pools):
            what, prefix = f"事项 {item['item']} 的库", text_lp(item["item"])
            if not strictly_sorted([row["id"] for row in pool["rows"]]):
                raise Failed(f"{what}未按代码排序，或代码重复。")
            leaves = [self.suite.labelled("pool-row", lp(mac.tag(prefix + text_lp(row["id"]))) + canonical(row))
                      for row in pool["rows"]]
            self._same_tree(what, leaves, item["pool"])
            counted: dict = {}
            for row in pool["rows"]:
                counted[row["stratum"]] = counted.get(row["stratum"], 0) + 1
            committed = {s["label"]: s["size"] for s in item["strata"] if s["size"]}
            if counted != committed:
                raise Failed(f"{what}的分层数量与承诺不同。")
            rows += len(leaves)
        return f"{len(pools)} 个库，共 {rows} 行"

    def check_places_root(self) -> str:
        places, mac = self.auditor["places"], self._mac("place-salt")
        ids = [row["id"] for row in places]
        if not strictly_sorted(ids):
            raise Failed("所在地表未按代码排序，或代码重复。")
        if set(ids) != {row["id"] for pool in self.auditor["pools"] for row in pool["rows"]}:
            raise Failed("所在地表的对象与各库的并集不同。")
        leaves = [self.suite.labelled("place-row", lp(mac.tag(text_lp(row["id"]))) + canonical(row)) for row in places]
        self._same_tree("所在地表", leaves, self.commitment["places"])
        return f"{len(places)} 行"

    def check_roll_root(self) -> str:
        roll, mac = self.auditor["roll"], self._mac("roll-salt")
        if not strictly_sorted([row["id"] for row in roll]):
            raise Failed("名录未按编号排序，或编号重复。")
        for row in roll:
            if not all(strictly_sorted(row[name]) for name in ("divisions", "qualifications", "recused")):
                raise Failed(f"名录中 {row['id']} 的区划、资格或回避列表未排序，或有重复。")
        leaves = [self.suite.labelled("roll-row", lp(mac.tag(text_lp(row["id"]))) + canonical(row)) for row in roll]
        self._same_tree("名录", leaves, self.commitment["roll"])
        return f"{len(roll)} 名检查人员"

    def expected(self) -> dict:
        """Drawn and reserve rows and cut-offs recomputed from the pools in the material."""
        if self._expected is None:
            self._expected = {"drawn": [], "reserve": [], "cutoffs": []}
            for item in self.items:
                self._draw_item(item)
        return self._expected

    def _draw_item(self, item: dict) -> None:
        code, strata, chosen = item["item"], {}, {"drawn": [], "reserve": []}
        pools = [pool["rows"] for pool in self.auditor["pools"] if pool["item"] == code]
        for row in pools[0] if pools else []:
            strata.setdefault(row["stratum"], []).append(row["id"])
        bounds = []
        for stratum in item["strata"]:
            quota, reserve = stratum["quota"], item["reserve"]
            ranked = sorted(strata.get(stratum["label"], ()), key=lambda entity: (self.ticket(entity), entity))
            parts = {"drawn": ranked[:quota], "reserve": ranked[quota:quota + reserve]}
            bounds.append({"label": stratum["label"],
                           **{role: self.ticket(ids[-1]).hex() if ids else None for role, ids in parts.items()}})
            for role, ids in parts.items():
                chosen[role] += ids
        self._expected["cutoffs"].append({"item": code, "strata": bounds})
        for role, ids in chosen.items():
            ids.sort(key=lambda entity: (self.ticket(entity), entity))
            self._expected[role] += [{"role": role, "item": code, "id": entity} for entity in ids]

    def _same_rows(self, wanted: list, *roles: str) -> None:
        found = [row for row in self.auditor["selected"] if row["role"] in roles]
        if found == wanted:
            return
        for place, (have, want) in enumerate(zip(found, wanted)):
            if have != want:
                raise Failed(f"第 {place + 1} 行应为 {canonical_text(want)}，材料为 {canonical_text(have)}。")
        raise Failed(f"应有 {len(wanted)} 行，材料有 {len(found)} 行。")

    def check_selection(self) -> str:
        wanted = self.expected()["drawn"]
        self._same_rows(wanted, "drawn")
        return f"{len(wanted)} 行，均为各分层签号最小者"

    def check_reserves(self) -> str:
        wanted = self.expected()["reserve"]
        self._same_rows(wanted, "reserve")
        return f"{len(wanted)} 行，次序相符"

    def check_cutoffs(self) -> str:
        wanted, found = self.expected()["cutoffs"], self.transcript["cutoffs"]
        if wanted != found:
            for want in wanted:
                if want not in found:
                    raise Failed(f"事项 {want['item']} 的截止签号与重算不同。")
            raise Failed("截止签号的事项次序或数量与承诺不同。")
        return f"{sum(len(entry['strata']) for entry in wanted)} 个分层"

    def check_teams(self) -> str:
        tasks: dict = {}
        for row in self.expected()["drawn"]:
            codes = tasks.setdefault(row["id"], [])
            if row["item"] not in codes:
                codes.append(row["item"])
        division_of = {row["id"]: row["division"] for row in self.auditor["places"]}
        teams = Teams(self.suite, self.commitment, self.seed, self.auditor["roll"], self._mac("roll-salt"), division_of)
        wanted = teams.rows(tasks, {entity: self.ticket(entity) for entity in tasks})
        self._same_rows(wanted, "team", "unstaffed")
        unstaffed = sum(row["role"] == "unstaffed" for row in wanted)
        return f"{len(wanted) - unstaffed} 个检查组，{unstaffed} 个任务无法派员"

    def check_selected_root(self) -> str:
        selected, mac, place = self.auditor["selected"], self._mac("selected-salt"), []
        order = {item["item"]: number for number, item in enumerate(self.items)}
        for row in selected:
            if row.get("item", "") not in order and "item" in row:
                raise Failed(f"事项 {row['item']} 不在承诺之内。")
            place.append((0, order[row["item"]], row["role"] == "reserve") if "item" in row else (1,))
        if place != sorted(place):
            raise Failed("各行未按事项、抽中、备选、分组的次序排列。")
        leaves = []
        for row in selected:
            salt = mac.tag(text_lp(row["role"]) + text_lp(row.get("item", "")) + text_lp(row["id"]))
            leaves.append(self.selected_data(row, salt))
        self._same_tree("抽取结果", leaves, self.transcript["selected"])
        return f"{len(selected)} 行"


def verify(sealed: dict, firm: dict | None = None, auditor: dict | None = None, pin: str | None = None) -> list:
    """All checks in the fixed order as (name, result, detail); result is "pass", "fail" or "needs …".

    The documents must have passed read_sealed and read_material."""
    draw = Draw(sealed, firm, auditor, pin)
    # Without a known suite there is no hash; only the form of the commitment can still be judged.
    done, blocked = [], False
    for name in ALL_CHECKS:
        try:
            if blocked and name != "commitment-form":
                raise Needs("suite")
            if name in FIRM_CHECKS and firm is None:
                raise Needs("firm")
            if name in AUDITOR_CHECKS and auditor is None:
                raise Needs("auditor")
            done.append((name, "pass", getattr(draw, "check_" + name.replace("-", "_"))()))
        except Failed as fault:
            done.append((name, "fail", str(fault)))
            blocked = blocked or draw.suite is None and name == "suite"
        except Needs as missing:
            done.append((name, f"needs {missing}", NEEDS_TITLES[str(missing)]))
    return done


# ---------------------------------------------------------------------------------------------------------------
# Command line
# ---------------------------------------------------------------------------------------------------------------

def load(path: str, read) -> dict:
    """The document in a file, of the shape `read` asks for."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise Malformed(f"找不到文件 {path}；请检查路径。") from None
    except IsADirectoryError:
        raise Malformed(f"{path} 是目录，不是文件。") from None
    except PermissionError:
        raise Malformed(f"没有读取 {path} 的权限。") from None
    except OSError as fault:
        raise Malformed(f"读取 {path} 失败：{fault.strerror}。") from None
    try:
        return read(parse_json(data))
    except Malformed as fault:
        raise Malformed(f"文件 {path} 格式不合：{fault}") from None


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, columns: int) -> str:
    return text + " " * max(0, columns - width(text))


def printable(text: str) -> str:
    """The text without control and format characters, so that a hostile document cannot rewrite the screen."""
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp") else "�" for c in text)


def table(results: list) -> str:
    rows = [("检查项", "结果", "说明")]
    for name, result, detail in results:
        said = {"pass": "通过", "fail": "不通过"}.get(result, "未查")
        rows.append((f"{name} {TITLES[name]}", said, detail if result != "fail" else "【" + detail + "】"))
    first = max(width(row[0]) for row in rows) + 2
    lines = [printable(pad(a, first) + pad(b, 8) + c) for a, b, c in rows]
    count = {kind: sum(result.startswith(kind) for _, result, _ in results) for kind in ("pass", "fail", "needs")}
    verdict = "验证不通过" if count["fail"] else "未发现问题"
    lines.append(f"结论：{verdict}。通过 {count['pass']} 项，不通过 {count['fail']} 项，因缺材料未查 {count['needs']} 项。")
    return "\n".join(lines)


def take_material(options) -> dict:
    found: dict = {}
    for path, kind in ((options.material, None), (options.pool, "auditor"), (options.firm, "firm")):
        if path is None:
            continue
        value = load(path, read_material)
        if kind is not None and value["kind"] != kind:
            raise Malformed(f"文件 {path} 的材料种类是 {value['kind']}，这里需要 {kind}。")
        if value["kind"] in found:
            raise Malformed(f"同一种材料（{value['kind']}）给了两份。")
        found[value["kind"]] = value
    return found


def run(arguments: list) -> int:
    parser = argparse.ArgumentParser(prog="verify_draw.py", description="独立验证一次抽查的抽取结果（协议 xinheng-draw/1）。")
    parser.add_argument("sealed", metavar="SEALED.json", help="已公示的抽取记录")
    parser.add_argument("--material", metavar="FILE", help="企业或审计材料，按其 kind 识别")
    parser.add_argument("--pool", metavar="FILE", help="审计材料（库、所在地、名录、库密钥、名单）")
    parser.add_argument("--firm", metavar="FILE", help="企业材料（本企业在库内的行）")
    parser.add_argument("--key", metavar="HEX", help="平台公钥；给出后抽取记录与日志检查点都必须由它签署")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出")
    options = parser.parse_args(arguments)
    try:
        if options.key is not None:
            _hex(options.key, "--key")
        sealed = load(options.sealed, read_sealed)
        material = take_material(options)
    except Malformed as fault:
        if options.json:
            print(json.dumps({"outcome": "malformed", "detail": str(fault)}, ensure_ascii=False))
        else:
            print(printable(str(fault)), file=sys.stderr)
        return 2
    results = verify(sealed, material.get("firm"), material.get("auditor"), options.key)
    failed = any(result == "fail" for _, result, _ in results)
    if options.json:
        checks = [{"name": name, "result": result, "detail": detail} for name, result, detail in results]
        text = json.dumps({"outcome": "fail" if failed else "pass", "checks": checks}, ensure_ascii=False, indent=1)
    else:
        text = table(results)
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # The reader (head, a closed pager) went away; the exit status still carries the verdict.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1 if failed else 0


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(run(sys.argv[1:]))
