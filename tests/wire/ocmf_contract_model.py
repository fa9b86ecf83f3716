"""A model of the settlement contract's OCMF reader, byte by byte, for tests only.

It imitates the grammar of the dispute contract (not deployed yet) so that ``fits_chain`` can be
held against something that shares no code with it. It is not that contract.
"""

from __future__ import annotations

from dataclasses import dataclass

from ohmstead.hashing import keccak

PAYLOAD_MAX = 1_024
_WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-.")
_USED = {b"RV", b"RU", b"RI", b"TM", b"TX", b"ST"}


class Refused(Exception):
    """The contract would revert."""


@dataclass(frozen=True)
class Read:
    mwh: int
    time_s: int
    kind: bytes
    status: bytes
    context: bytes
    page: int
    register: bytes


def read(payload: bytes, wanted: int) -> Read:
    """Return what the contract would read out of RD entry ``wanted``, or raise Refused."""
    if len(payload) > PAYLOAD_MAX:
        raise Refused
    return _Reader(payload, wanted).whole()


class _Reader:
    def __init__(self, payload: bytes, wanted: int) -> None:
        self.data = payload + bytes(32)
        self.length = len(payload)
        self.wanted = wanted
        self.at = 0

    def byte(self) -> int:
        return self.data[self.at]

    def need(self, sign: bytes) -> None:
        if self.byte() != sign[0]:
            raise Refused

    def space(self) -> None:
        while self.byte() == 0x20:
            self.at += 1

    def string(self) -> bytes:
        self.need(b'"')
        self.at += 1
        start = self.at
        while self.byte() >= 0x20 and self.byte() not in b'"\\':
            self.at += 1
        self.need(b'"')
        self.at += 1
        return self.data[start : self.at - 1]

    def name(self) -> bytes:
        self.at += 1
        self.space()
        found = self.string()
        self.space()
        self.need(b":")
        self.at += 1
        self.space()
        return found

    def scalar(self) -> tuple[bytes, bool]:
        if self.byte() == 0x22:
            return self.string(), True
        start = self.at
        while self.byte() in _WORD:
            self.at += 1
        if start == self.at:
            raise Refused
        return self.data[start : self.at], False

    def array(self) -> None:
        self.at += 1
        self.space()
        if self.byte() == 0x5D:
            self.at += 1
            return
        while True:
            self.scalar()
            self.space()
            if self.byte() != 0x2C:
                break
            self.at += 1
            self.space()
        self.need(b"]")
        self.at += 1

    def whole(self) -> Read:
        entry = page = None
        self.need(b"{")
        while True:
            name = self.name()
            if name == b"RD":
                if entry is not None:
                    raise Refused
                entry = self.entries()
            elif name == b"PG":
                if page is not None:
                    raise Refused
                page = self.string()
                if len(page) < 2:
                    raise Refused
                number = digits(page[1:])
            elif self.byte() == 0x5B:
                self.array()
            else:
                self.scalar()
            self.space()
            if self.byte() != 0x2C:
                break
        self.need(b"}")
        if self.at + 1 != self.length or entry is None or page is None:
            raise Refused
        return Read(*entry[:4], page[:1], number, entry[4])

    def entries(self) -> tuple[int, int, bytes, bytes, bytes]:
        self.need(b"[")
        found = None
        index = 0
        while True:
            self.at += 1
            self.space()
            self.need(b"{")
            fields = self.entry(index == self.wanted)
            if index == self.wanted:
                found = values(fields)
            index += 1
            self.at += 1
            self.space()
            if self.byte() != 0x2C:
                break
        self.need(b"]")
        self.at += 1
        if found is None:
            raise Refused
        return found

    def entry(self, used: bool) -> dict[bytes, bytes]:
        fields: dict[bytes, bytes] = {}
        while True:
            name = self.name()
            value, is_text = self.scalar()
            if used and name in _USED:
                if name in fields or (name != b"RV" and not is_text):
                    raise Refused
                fields[name] = value
            self.space()
            if self.byte() != 0x2C:
                break
        self.need(b"}")
        return fields


def values(fields: dict[bytes, bytes]) -> tuple[int, int, bytes, bytes, bytes]:
    if set(fields) != _USED or len(fields[b"TX"]) != 1 or len(fields[b"ST"]) != 1:
        raise Refused
    decimals = {b"kWh": 6, b"Wh": 3}.get(fields[b"RU"])
    if decimals is None:
        raise Refused
    mwh = decimal(fields[b"RV"].lstrip(b" "), decimals)
    register = keccak(fields[b"RI"])[:16]
    return mwh, time(fields[b"TM"]), fields[b"TX"], fields[b"ST"], register


def digits(text: bytes) -> int:
    if not 1 <= len(text) <= 9 or not all(0x30 <= byte <= 0x39 for byte in text):
        raise Refused
    return int(text)


def decimal(text: bytes, decimals: int) -> int:
    if not 1 <= len(text) <= 24:
        raise Refused
    whole, dot, fraction = text.partition(b".")
    lost = fraction[decimals:]
    if not whole or (dot and not fraction) or lost.strip(b"0"):
        raise Refused
    if not all(0x30 <= byte <= 0x39 for byte in whole + fraction):
        raise Refused
    value = int(whole + fraction[:decimals].ljust(decimals, b"0"))
    if value >= 1 << 64:
        raise Refused
    return value


def time(text: bytes) -> int:
    if len(text) < 28:
        raise Refused
    year, month, day = digits(text[:4]), digits(text[5:7]), digits(text[8:10])
    if year < 1970 or not 1 <= month <= 12 or not 1 <= day <= 31:
        raise Refused
    if month < 3:
        year, month = year - 1, month + 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5
    seconds = (days + day - 1 - 719_468) * 86_400
    seconds += digits(text[11:13]) * 3_600 + digits(text[14:16]) * 60 + digits(text[17:19])
    zone = digits(text[24:26]) * 3_600 + digits(text[26:28]) * 60
    if text[23:24] not in (b"+", b"-"):
        raise Refused
    return max(0, seconds - zone) if text[23:24] == b"+" else seconds + zone
