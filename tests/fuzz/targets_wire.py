"""Decoders of what stations, meters and proxies send: bytes in, messages or RemoteProtocolError."""

from __future__ import annotations

import base64
import json
import zlib
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from multidict import CIMultiDict

from ohmstead.apps.gateway import deflate, upgrade
from ohmstead.apps.gateway import forwarded as forwarded_module
from ohmstead.apps.gateway.origin import Networks, Origin
from ohmstead.errors import RemoteProtocolError
from ohmstead.wire import ocmf
from ohmstead.wire.ocmf.exact import parse_exactly
from ohmstead.wire.ocpp import codec
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import ACTIONS, UNCONFIRMED, Strictness
from ohmstead.wire.ocpp.frames import CallReceived
from ohmstead.wire.ocpp.rpc import CALLS_WAITING_MAX, Rpc
from ohmstead.wire.ocpp.times import format_time, parse_time
from ohmstead.wire.proxy import ProxyParser
from tests.conftest import find_shared
from tests.fuzz.engine import Contradiction, Target
from tests.fuzz.mutate import NUMBERS, TEXTS, changed, mutated, words, written
from tests.wire.ocpp import schemas

ROOT = Path(__file__).parents[2]
BETWEEN = b"\x1e"  # separates the messages of one conversation


# --- RPC frames ----------------------------------------------------------------------------------

FRAMES: list[list[object]] = [
    [2, "19223201", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}],
    [2, "19223202", "Heartbeat", {}],
    [3, "ours", {"status": "Accepted"}],
    [3, "19223201", {"currentTime": "2013-02-01T20:53:32.486Z", "interval": 300}],
    [4, "ours", "NotSupported", "SetDisplayMessageRequest not implemented", {}],
    [4, "162376037", "GenericError", "", {"a": [1]}],
    [5, "162376037", "FormatViolation", "statusInfo cannot be read", {}],
    [6, "19223201", "NotifyPeriodicEventStream", {"id": 1, "pending": 0}],
]
RAW_FRAMES = [written(frame) for frame in FRAMES]


def run_rpc(version: Version, data: bytes) -> None:
    rpc = Rpc(version, frame_bytes_max=1 << 16)
    rpc.call("ours", "Reset", b"{}", 0, 1_000)
    owed = 0
    for number, message in enumerate(data.split(BETWEEN)):
        try:
            events = rpc.receive(message, number, binary=False)
        except RemoteProtocolError:
            rpc.close()
            continue
        for event in events:
            if isinstance(event, CallReceived):
                owed += 1
                if number % 3 == 0:
                    events += rpc.answer(event.message_id, b"{}")
        if len(rpc._waiting) > CALLS_WAITING_MAX:
            raise Contradiction("more calls wait than may")
        for sent in rpc.data_to_send():
            kind, message_id = json.loads(sent)[:2]
            if kind not in (2, 3, 4) or not isinstance(message_id, str):
                raise Contradiction(f"we sent {sent[:80]!r}")
    rpc.tick(10_000)
    rpc.close()


def make_rpc(rng: Random) -> bytes:
    frames = []
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        frame = list(rng.choice(FRAMES))
        if rng.random() < 0.3:
            frame[1] = rng.choice(("ours", "a", rng.choice(TEXTS)))
        frames.append(written(changed(rng, frame, rng.choice((0, 1, 1, 2)))))
    return BETWEEN.join(frames)


def raw_rpc(rng: Random) -> bytes:
    return mutated(rng, rng.choice(RAW_FRAMES), RAW_FRAMES)


# --- every OCPP message --------------------------------------------------------------------------

SAMPLES = 3  # instances kept of each schema; what varies is what is done to them


@cache
def samples(version: Version) -> list[tuple[str, str, object]]:
    """(action, what, a valid document), for every message of a version in both directions."""
    rng, found = Random(f"samples {version}"), []
    every = schemas.schemas(version)
    for name in sorted(ACTIONS[version]):
        for what in ("Request", "Response"):
            schema = every.get(name + what) or (every[name] if what == "Request" else None)
            if schema is None:
                continue
            for fullness in (0.0, 0.6, 1.0)[:SAMPLES]:
                found.append((name, what, schemas.instance(rng, schema, schema, fullness)))
    for name in sorted(UNCONFIRMED[version]):
        found.append((name, "Send", schemas.instance(rng, every[name], every[name], 0.7)))
    return found


@cache
def raw_samples(version: Version) -> list[bytes]:
    return [f"{name} {what} ".encode() + written(tree) for name, what, tree in samples(version)]


def run_message(version: Version, data: bytes) -> None:
    head, _, payload = data.partition(b" ")
    what, _, payload = payload.partition(b" ")
    name = head.decode("latin-1")
    if what == b"Send":
        kind = UNCONFIRMED[version].get(name)
        kinds = [] if kind is None else [kind]
    elif what == b"Response":
        codec_entry = ACTIONS[version].get(name)
        kinds = [] if codec_entry is None else [codec_entry.response]
    else:
        try:
            kinds = [codec.action_of(version, name, Side.STATION).request]
        except RemoteProtocolError:
            entry = ACTIONS[version].get(name)
            kinds = [] if entry is None else [entry.request]
    for kind in kinds:
        try:
            strict = codec.decode_as(kind, payload, Strictness.STRICT)
        except codec.CallRefused as refused:
            if not 0 < len(refused.description) <= 255:
                raise Contradiction("a refusal without words") from None
            strict = None
        try:
            message, repairs = codec.decode_with_repairs(kind, payload)
        except codec.CallRefused:
            continue  # an exact number that no schema bounds cannot be repaired around
        if strict is not None and (repairs or _tree(message) != _tree(strict)):
            raise Contradiction("lenient changes what strict takes")
        if strict is not None and codec.decode_as(kind, codec.encode(strict)) != strict:
            raise Contradiction("what is written is not what was read")


def _tree(message: Any) -> object:
    """What a message says; ``data`` of a DataTransfer is kept as it was spelled."""
    return json.loads(codec.encode(message), parse_float=Decimal)


def make_message(version: Version, rng: Random) -> bytes:
    name, what, tree = rng.choice(samples(version))
    return f"{name} {what} ".encode() + written(changed(rng, tree))


def raw_message(version: Version, rng: Random) -> bytes:
    every = raw_samples(version)
    return mutated(rng, rng.choice(every), every)


# --- OCMF ----------------------------------------------------------------------------------------


@cache
def records() -> list[bytes]:
    """Real records of the shared vectors, and our own."""
    found = [
        text.encode()
        for text in _strings(json.loads((ROOT / "vectors" / "ocmf_own.json").read_text()))
        if text.startswith("OCMF|")
    ]
    shared = find_shared()
    if shared is not None:
        path = shared / "vectors" / "ocmf" / "ocmf_vectors.json"
        texts = _strings(json.loads(path.read_text()))
        found += [text.encode() for text in texts if text.lstrip().startswith("OCMF|")]
    return found


@cache
def keys() -> list[str]:
    """Public keys in the spellings of the vectors."""
    shared = find_shared()
    texts: list[str] = []
    if shared is not None:
        path = shared / "vectors" / "ocmf" / "ocmf_vectors.json"
        texts = [t for t in _strings(json.loads(path.read_text())) if _is_key(t)]
    point = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    other = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    return [*texts, point + other, "04" + point + other]


def _is_key(text: str) -> bool:
    try:
        ocmf.load_key(text)
    except RemoteProtocolError:
        return False
    return True


def _strings(tree: object) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [text for one in inner for text in _strings(one)]


def run_ocmf(data: bytes) -> None:
    quick: object
    exact: object
    try:
        quick = ocmf.parse(data)
    except RemoteProtocolError as error:
        quick = type(error)
    try:
        exact = parse_exactly(data)
    except RemoteProtocolError as error:
        exact = type(error)
    if quick != exact:
        raise Contradiction("the quick reader and the exact one differ")
    examined = ocmf.examine(data, keys()[0])
    if isinstance(quick, type) != (examined.record is None):
        raise Contradiction("examine and parse differ")
    if isinstance(quick, ocmf.OcmfRecord):
        for entry in range(-1, 3):
            ocmf.fits_chain(quick, entry)
        ocmf.signature_rs(quick)


def make_ocmf(rng: Random) -> bytes:
    parts = rng.choice(records()).split(b"|")
    for at in (1, 2):
        if at < len(parts) and rng.random() < 0.7:
            try:
                tree = json.loads(parts[at])
            except ValueError:
                continue
            spaces = rng.random() < 0.5
            raw = written(changed(rng, tree))
            parts[at] = raw.replace(b'":', b'" :') if spaces else raw
    return b"|".join(parts)


def raw_ocmf(rng: Random) -> bytes:
    return mutated(rng, rng.choice(records()), records())


def run_carrier(data: bytes) -> None:
    text, _, hint = data.decode("utf-8", "surrogateescape").partition("\x1e")
    try:
        found = ocmf.carried_in_201(text, hint).received
    except RemoteProtocolError:
        ocmf.carried_in_16(text)
        return
    if len(found) > 4 * len(data) + 8:
        raise Contradiction("a carrier holds more than it is")


def make_carrier(rng: Random) -> bytes:
    data = rng.choice(records()) if rng.random() < 0.7 else make_ocmf(rng)
    for _ in range(rng.randrange(6)):
        pick = rng.randrange(5)
        if pick == 0:
            data = data.hex().encode()
        elif pick == 1:
            data = base64.b64encode(data)
        elif pick == 2:
            text = data.decode("latin-1")
            tree = {"signedMeterData": text, "publicKey": rng.choice(keys()), "x": 1}
            data = written(changed(rng, tree, rng.randrange(2)))
        elif pick == 3:
            text = data.decode("latin-1")
            data = written({"value": {"signedMeterValue": {"ocmf": text}}})
        else:
            data = mutated(rng, data, records())
        if len(data) > 1 << 19:
            break
    return data


def raw_carrier(rng: Random) -> bytes:
    return mutated(rng, base64.b64encode(rng.choice(records())), records())


def run_key(data: bytes) -> None:
    text, _, curve = data.decode("utf-8", "surrogateescape").partition("\x1e")
    key = ocmf.load_key.__wrapped__(text, curve)
    if ocmf.load_key.__wrapped__(key.der_hex).key_id != key.key_id:
        raise Contradiction("a key's own spelling is another key")


def make_key(rng: Random) -> bytes:
    text = rng.choice(keys())
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = text.encode()
    if rng.random() < 0.7:
        at = rng.randrange(len(raw))
        raw = raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1 :]
    pick = rng.randrange(6)
    spelled = (
        raw.hex(),
        raw.hex(" ").upper(),
        base64.b64encode(raw).decode(),
        base64.b64encode(raw.hex().encode()).decode(),
        "oca:base16:asn1:" + raw.hex(),
        f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(raw).decode()}\n-----END PUBLIC KEY-----",
    )[pick]
    curve = rng.choice(("", "", *ocmf.CURVES, "secp521r1"))
    return f"{spelled}\x1e{curve}".encode()


def raw_key(rng: Random) -> bytes:
    every = [key.encode() for key in keys()]
    return mutated(rng, rng.choice(every), every)


# --- what comes before a conversation ------------------------------------------------------------


def _proxy_header(rng: Random) -> bytes:
    family = rng.choice((0x00, 0x11, 0x11, 0x21, 0x12, 0x31, rng.randrange(256)))
    rest = rng.randbytes(rng.choice((0, 12, 36, 36)))
    names = b"".join(
        bytes([rng.choice((0x21, 0x22, 0x22, 0x23))]) + len(name).to_bytes(2, "big") + name
        for name in [rng.choice((b"CP1", b"\xff", b"x" * 300, b""))] * rng.choice((0, 1, 1, 2))
    )
    inner = bytes([rng.choice((0, 1, 3, 5, 7, 255))]) + rng.choice((bytes(4), b"\0\0\0\1")) + names
    for _ in range(rng.randrange(3)):
        size = len(inner) + rng.choice((0, 0, 0, 1, -1, 500))
        kind = rng.choice((0x20, 0x20, 0x03, 0x04))
        rest += bytes([kind]) + max(size, 0).to_bytes(2, "big") + inner
    length = len(rest) + rng.choice((0, 0, 0, 0, 1, -1, 2_000))
    command = rng.choice((0x20, 0x21, 0x21, 0x21, 0x22, 0x11, rng.randrange(256)))
    signature = b"\r\n\r\n\x00\r\nQUIT\n"
    return signature + bytes([command, family]) + max(length, 0).to_bytes(2, "big") + rest


HEADERS = [_proxy_header(Random(number)) for number in range(20)]


def run_proxy(data: bytes) -> None:
    results = []
    for step in (1 << 20, 7, 1):
        parser, at, found = ProxyParser(), 0, None
        try:
            while at < len(data) and found is None:
                many = min(step, parser.wanted)
                if many <= 0 or parser.wanted > 1_100:
                    raise Contradiction(f"a parser that wants {parser.wanted} bytes")
                found = parser.receive(data[at : at + many])
                at += many
            results.append(found)
        except RemoteProtocolError:
            results.append("refused")
    if results[0] != results[1] or results[1] != results[2]:
        raise Contradiction("the pieces in which a header comes decide what it says")


def raw_proxy(rng: Random) -> bytes:
    return mutated(rng, rng.choice(HEADERS), HEADERS)


REQUEST = (
    ("target", "/ocpp/CP%201"),
    ("Upgrade", "websocket"),
    ("Connection", "keep-alive, Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw=="),
    ("Sec-WebSocket-Protocol", "ocpp1.6, ocpp2.0.1"),
    ("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=10, x; a=1"),
    ("Authorization", "Basic Q1AxOmNvcnJlY3QgaG9yc2U="),
    ("X-Forwarded-For", "203.0.113.9, 10.0.0.2"),
    ("X-Forwarded-Proto", "https"),
)


@cache
def request() -> tuple[tuple[str, str], ...]:
    certificate = base64.b64encode(_certificate()).decode()
    return (*REQUEST, ("Client-Cert", f":{certificate}:"))


@cache
def _certificate() -> bytes:
    """A certificate that is valid for a long time; made once, its bytes are the seed."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.derive_private_key(7, ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Commons"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "CP1"),
        ]
    )
    begins = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=36_500))
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
        .public_bytes(serialization.Encoding.DER)
    )


ENDPOINTS = upgrade.endpoints_of(["/steve/websocket/CentralSystemService/{station_id}"])
PROXIES = Networks(("10.0.0.0/8", "::1/128"))


def run_request(data: bytes) -> None:
    headers: CIMultiDict[str] = CIMultiDict()
    for line in data.decode("latin-1").split("\n"):
        name, _, value = line.partition(": ")
        headers.add(name, value)
    # Each reading on its own: one that refuses must not hide the next from the fuzzer.
    target = headers.get("target", "").encode("latin-1")
    refusals = 0
    readings = (
        lambda: upgrade.station_id_of(target, ENDPOINTS),
        lambda: upgrade.check_websocket(headers),
        lambda: upgrade.best_version(headers),
        lambda: upgrade.basic_credentials(headers),
        lambda: deflate.agreed(headers.getall("Sec-WebSocket-Extensions", [])),
        lambda: forwarded_module.forwarded(Origin("10.1.2.3"), headers, PROXIES),
        lambda: forwarded_module.forwarded(Origin("192.0.2.1"), headers, PROXIES),
    )
    for reading in readings:
        try:
            reading()
        except RemoteProtocolError:
            refusals += 1
    if refusals:
        raise RemoteProtocolError("refused")


def _lines(fields: list[tuple[str, str]]) -> bytes:
    text = "\n".join(f"{name}: {value}" for name, value in fields)
    return text.encode("latin-1", "replace")


def make_request(rng: Random) -> bytes:
    fields = list(request())
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(fields))
        name, value = fields[at]
        pick = rng.randrange(6)
        if pick == 0:
            fields.append((name, value))
        elif pick == 1:
            fields[at] = (name.swapcase(), value)
        elif pick == 2 and name == "Client-Cert":
            der = mutated(rng, _certificate(), [b"\0"])
            fields[at] = (name, f":{base64.b64encode(der).decode()}:")
        elif pick == 2 and name == "Authorization":
            user = rng.choice((b"CP1:", b":", b"", b"\xff:\xff", b"CP1:" + b"x" * 600))
            fields[at] = (name, "Basic " + base64.b64encode(user + rng.randbytes(9)).decode())
        else:
            fields[at] = (name, words(rng, value))
    return _lines(fields)


def raw_request(rng: Random) -> bytes:
    data = _lines(list(request()))
    return mutated(rng, data, [data])


# --- compressed messages -------------------------------------------------------------------------


def run_packed(data: bytes) -> None:
    message = deflate.inflated(data, 1 << 16)
    if len(message) > 1 << 16:
        raise Contradiction("more was unpacked than may be")
    for bits in (9, 15):
        if deflate.inflated(deflate.deflated(message, bits), 1 << 16) != message:
            raise Contradiction("a message that unpacks otherwise than it was packed")


def make_packed(rng: Random) -> bytes:
    """A bomb, many streams in one, a sender's own end, or a message of which a little is wrong."""
    text = rng.choice(RAW_FRAMES) * rng.choice((1, 1, 100, 5_000))
    stream = zlib.compressobj(rng.randrange(10), zlib.DEFLATED, -rng.randrange(9, 16))
    packed = stream.compress(text)
    packed += stream.flush(rng.choice((zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_FINISH)))
    packed = packed.removesuffix(b"\x00\x00\xff\xff") + rng.choice((b"", b"", b"\x00", packed))
    return packed if rng.random() < 0.5 else mutated(rng, packed, [packed])


def raw_packed(rng: Random) -> bytes:
    every = [deflate.deflated(frame) for frame in RAW_FRAMES]
    return mutated(rng, rng.choice(every), every)


# --- times ---------------------------------------------------------------------------------------

TIMES = [
    *("2024-01-31T23:59:59Z", "2024-02-29T12:00:00.123Z", "2024-06-30T23:59:60+02:00"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999999-12:00", "1969-12-31T23:59:59.9Z"),
]


def run_time(data: bytes) -> None:
    at_ms = parse_time(data.decode("utf-8", "surrogateescape"))
    if not -62_135_596_800_000 <= at_ms <= 253_402_300_799_999:
        raise Contradiction("a time off the calendar")
    if at_ms >= 0 and parse_time(format_time(at_ms)) != at_ms:
        raise Contradiction("a time that reads otherwise than it is written")


def make_time(rng: Random) -> bytes:
    parts = [rng.choice(("2024", "0000", "9999", "٢٠٢٤"[:4])), rng.randrange(14), rng.randrange(33)]
    clock = [rng.randrange(26), rng.randrange(62), rng.randrange(62)]
    text = f"{parts[0]}-{parts[1]:02}-{parts[2]:02}{rng.choice('Tt ')}"
    text += ":".join(f"{part:02}" for part in clock)
    text += rng.choice(("", "", ".", ".5", "." + "9" * rng.randrange(22), ",123"))
    text += rng.choice(("Z", "z", "", "+00:00", "-00:00", f"+{rng.randrange(30):02}:00", "+2400"))
    return (text if rng.random() < 0.8 else words(rng, text)).encode("utf-8", "surrogatepass")


def raw_time(rng: Random) -> bytes:
    every = [text.encode() for text in (*TIMES, *NUMBERS[:8])]
    return mutated(rng, rng.choice(every), every)


def targets() -> list[Target]:
    found = []
    refused = (RemoteProtocolError,)
    for version in Version:
        found.append(
            Target(
                f"rpc-{version}",
                lambda data, version=version: run_rpc(version, data),
                raw_rpc,
                make_rpc,
                refused,
                share=25,
            )
        )
        found.append(
            Target(
                f"messages-{version}",
                lambda data, version=version: run_message(version, data),
                lambda rng, version=version: raw_message(version, rng),
                lambda rng, version=version: make_message(version, rng),
                refused,
                share=35,
            )
        )
    found += [
        Target("ocmf", run_ocmf, raw_ocmf, make_ocmf, refused, share=20),
        Target("ocmf-carrier", run_carrier, raw_carrier, make_carrier, refused, share=15),
        Target("meter-key", run_key, raw_key, make_key, refused),
        Target("proxy-v2", run_proxy, raw_proxy, _proxy_header, refused, share=15),
        Target("upgrade-request", run_request, raw_request, make_request, refused, share=20),
        Target("packed-message", run_packed, raw_packed, make_packed, refused, share=15),
        Target("time", run_time, raw_time, make_time, refused, share=15),
    ]
    return found
