"""Decoders that need a house around them: handlers, the HTTP interface, real sockets.

They are slower than the others by a thousand, so they get a smaller share of a run. Each keeps one
house for all its cases; what a case leaves behind is what the next one meets.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import structlog

from ohmstead.apps.api.app import build, contract
from ohmstead.apps.api.keys import fresh_key
from ohmstead.apps.api.settlement import NoSettlement
from ohmstead.apps.config import PaceConfig
from ohmstead.core.access import Scope
from ohmstead.flows.access import add_key
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import ACTIONS, decode_response
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.frames import CallReceived
from tests.apps.gateway import floor
from tests.apps.stations.field import running
from tests.apps.stations.test_handlers_fuzz import Bench
from tests.fuzz.engine import Contradiction, Target
from tests.fuzz.mutate import TEXTS, changed, mutated, words, written
from tests.fuzz.targets_wire import samples

CASES_OF_A_BENCH = 400  # then a fresh one: what hostile stations leave behind is kept for ever


@cache
def loop() -> asyncio.AbstractEventLoop:
    """The one loop of this process that everything here lives on."""
    return asyncio.new_event_loop()


# --- handlers: a message as it comes out of the RPC layer ----------------------------------------


class Handlers:
    """One bench after the other, of one version."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.bench: Any = None
        self.cases = 0

    def run(self, data: bytes) -> None:
        name, _, payload = data.partition(b" ")
        if self.bench is None or self.cases % CASES_OF_A_BENCH == 0:
            if self.bench is not None:
                self.bench.verifier.close()
            self.bench = Bench(self.version)
        self.cases += 1
        loop().run_until_complete(self._say(name.decode("latin-1"), payload))

    def close(self) -> None:
        if self.bench is not None:
            self.bench.verifier.close()
            self.bench = None

    async def _say(self, name: str, payload: bytes) -> None:
        try:
            answer = await self.bench.peer.handle(CallReceived("id", name, payload, False))
        except CallRefused as refused:
            if not 0 < len(refused.description) <= 255:
                raise Contradiction("a refusal without words") from None
            if refused.code is ErrorCode.INTERNAL_ERROR:
                raise Contradiction("an internal error") from None
            raise
        decode_response(self.version, name, answer)
        self.bench.clock.advance(1_000)

    def shaped(self, rng: Random) -> bytes:
        name, _, tree = rng.choice(_asked(self.version))
        return f"{name} ".encode() + written(changed(rng, tree, rng.choice((0, 1, 1, 2))))

    def raw(self, rng: Random) -> bytes:
        name, _, tree = rng.choice(_asked(self.version))
        data = written(tree)
        return f"{name} ".encode() + mutated(rng, data, [data])


@cache
def _asked(version: Version) -> list[tuple[str, str, object]]:
    """Requests of stations, where ids and times are such as a house may know."""
    found = []
    for name, what, tree in samples(version):
        if what == "Request" and Side.STATION in ACTIONS[version][name].senders:
            found.append((name, what, tree))
            known = {"transactionId": 1 if version is Version.V16 else "T1", "connectorId": 1}
            known |= {"idTag": "CARD", "timestamp": "2023-11-14T22:13:20Z", "seqNo": 0}
            assert isinstance(tree, dict)
            better = {key: known.get(key, value) for key, value in tree.items()}
            if "evse" in better:
                better["evse"] = {"id": 1}
            if "idToken" in better:
                better["idToken"] = {"idToken": "CARD", "type": "Central"}
            if "transactionInfo" in better:
                better["transactionInfo"] = {"transactionId": "T1"}
            found += [(name, what, better)] * 2
    return found


# --- the HTTP interface, from its application inwards --------------------------------------------


class Api:
    """One house, and every operation its contract names, asked by an admin and by nobody."""

    def __init__(self) -> None:
        self.app: Any = None

    @cache  # noqa: B019 - one of these exists
    def operations(self) -> list[tuple[str, str, Any]]:
        document = json.loads(contract())
        schemas = document["components"]["schemas"]
        found = []
        for path, methods in sorted(document["paths"].items()):
            for method, what in sorted(methods.items()):
                if path.endswith(("/stream", "/faucet")) or "resume" in path:
                    continue
                body = what.get("requestBody", {}).get("content", {}).get("application/json", {})
                found.append((method.upper(), path, _example(body.get("schema", {}), schemas, 0)))
        return found

    def _open(self) -> None:

        async def begin() -> None:
            self.stack = contextlib.AsyncExitStack()
            temporary = tempfile.TemporaryDirectory(prefix="ohmstead-fuzz-api-")
            folder = Path(self.stack.enter_context(temporary))
            field = await self.stack.enter_async_context(running(folder))
            settlement = NoSettlement()
            self.app = build(field.house, lambda: settlement)
            key, self.key = fresh_key(field.house.pepper, (Scope.ADMIN,), "fuzz", field.now, "")
            await field.house.store.run(add_key, key)

        loop().run_until_complete(begin())

    def close(self) -> None:
        if self.app is not None:
            loop().run_until_complete(self.stack.aclose())
            self.app = None

    def run(self, data: bytes) -> None:
        if self.app is None:
            self._open()
        head, _, body = data.partition(b"\n")
        method, _, target = head.decode("latin-1").partition(" ")
        status, answer = loop().run_until_complete(self._ask(method, target, body))
        if status >= 500 and status not in (501, 502, 503, 504):
            raise Contradiction(f"{status} for {method} {target[:200]}: {answer[:300]!r}")
        if status >= 400 and b'"detail"' not in answer:
            raise Contradiction(f"{status} without a problem document: {answer[:200]!r}")

    async def _ask(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        from urllib.parse import unquote_to_bytes

        path, _, query = target.partition("?")
        raw = path.encode("latin-1", "replace")
        headers = [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"idempotency-key", str(hash(body)).encode()),
            (b"authorization", f"Bearer {self.key}".encode()),
        ]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "raw_path": raw,
            "root_path": "",
            "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
            "query_string": query.encode("latin-1", "replace"),
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        sent: list[dict[str, Any]] = []
        asked = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return asked.pop() if asked else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await asyncio.wait_for(self.app(scope, receive, send), 30)
        return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])

    def shaped(self, rng: Random) -> bytes:
        method, path, body = rng.choice(self.operations())
        while "{" in path:
            at = path.index("{")
            end = path.index("}") + 1
            known = ("S", "OTHER", "1", "T", "CARD", "S-" + "0" * 24, "BootNotification", "a/b")
            value = rng.choice(known if rng.random() < 0.7 else TEXTS)[:300]
            path = path[:at] + quote(value.encode("utf-8", "surrogatepass"), safe="") + path[end:]
        if rng.random() < 0.3:
            name = rng.choice(("limit", "cursor", "state", "station", "from", "to", "day", "x"))
            value = rng.choice(("1", "0", "-1", "99999999999999999999", "YQ", *TEXTS))[:300]
            path += f"?{name}={quote(value.encode('utf-8', 'surrogatepass'), safe='')}"
        data = b"" if body is None else written(changed(rng, body, rng.choice((0, 1, 1, 2))))
        return f"{method} {path}\n".encode("latin-1") + data

    def raw(self, rng: Random) -> bytes:
        method, path, body = rng.choice(self.operations())
        path = path.replace("{", "").replace("}", "")
        if rng.random() < 0.5:
            path = words(rng, path).replace("\n", "").encode("utf-8", "surrogatepass")[:2_000]
            path = quote(path, safe="/?=&%:")
        data = b"" if body is None else mutated(rng, written(body), [b'{"a":1}', b"[]"])
        return f"{method} {path}\n".encode("latin-1", "replace") + data


def _example(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> Any:
    """One instance of an OpenAPI schema; None where there is no body."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            options = [one for one in schema[several] if one.get("type") != "null"]
            return _example(options[0] if options else {}, schemas, depth)
    if "enum" in schema:
        return schema["enum"][0]
    if not schema or depth > 6:
        return None
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next(one for one in kind if one != "null")
    match kind:
        case "object":
            inner = schema.get("properties", {})
            return {name: _example(one, schemas, depth + 1) for name, one in inner.items()}
        case "array":
            items = schema.get("items", schema.get("prefixItems", [{}]))
            first = items[0] if isinstance(items, list) else items
            return [_example(first, schemas, depth + 1)]
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
    named = {"^0x[0-9a-fA-F]{40}$": "0x" + "ab" * 20, "^[0-9]{1,30}$": "7"}
    return named.get(schema.get("pattern", ""), "S")


# --- real sockets: bytes before and after an upgrade ---------------------------------------------


class Sockets:
    """A gateway on loopback: whatever one connection sends, the next is served."""

    def __init__(self) -> None:
        self.floor: Any = None
        self.broken: list[dict[str, Any]] = []

    def _note(self, _logger: object, _name: str, event: dict[str, Any]) -> dict[str, Any]:
        if event.get("exc_info") is not None:
            self.broken.append(event)
        raise structlog.DropEvent

    def close(self) -> None:
        if self.floor is not None:
            loop().run_until_complete(self.stack.aclose())
            self.floor = None

    async def _open(self) -> None:
        structlog.configure(processors=[self._note])
        self.stack = contextlib.AsyncExitStack()
        self.floor = await self.stack.enter_async_context(floor.serving(pace=PACE))

    def run(self, data: bytes) -> None:
        loop().run_until_complete(self._send(data))
        if self.broken:
            event, self.broken = self.broken[0], []
            raise Contradiction(f"the gateway failed: {event!r}")

    async def _send(self, data: bytes) -> None:
        if self.floor is None:
            await self._open()
        upgraded, _, rest = data.partition(b"\x1e")
        reader, writer = await asyncio.open_connection("127.0.0.1", self.floor.port)
        with contextlib.suppress(ConnectionError):
            writer.write(upgraded + rest)
            await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
            read = asyncio.wait_for(reader.read(1 << 20), 20)
            answer = await read
            if upgraded == HELLO and not answer.startswith(b"HTTP/1.1 101"):
                raise Contradiction(f"a good request was answered {answer[:80]!r}")
        writer.transport.abort()

    def shaped(self, rng: Random) -> bytes:
        frames = b""
        for _ in range(rng.choice((1, 1, 3, 8))):
            payload = rng.choice(PAYLOADS)
            if rng.random() < 0.4:
                payload = mutated(rng, payload, PAYLOADS)[:3_000]
            opcode = rng.choice((1, 1, 1, 1, 0, 2, 8, 9, 10, 3, 15))
            one = floor.frame(opcode, payload, rng.random() < 0.8, rng.choice((0, 0, 0, 0x40, 16)))
            if rng.random() < 0.2:
                at = rng.randrange(min(len(one), 8))
                one = one[:at] + rng.randbytes(1) + one[at + 1 :]
            frames += one
        return HELLO + b"\x1e" + frames

    def raw(self, rng: Random) -> bytes:
        return mutated(rng, HELLO, [HELLO])[:20_000]


PACE = PaceConfig(messages_per_s=1_000_000, log_ins_per_minute=100_000)  # one station, all cases
HELLO = "\r\n".join(
    ["GET /ocpp/S1 HTTP/1.1", "Host: localhost", *floor.upgrade_headers("S1"), "", ""]
).encode()
PAYLOADS = [
    floor.call("1").encode(),
    floor.call("2", "Refuse").encode(),
    b'[3,"1",{}]',
    b"[2",
    b"\x03\xe8bye",
    b"",
    b"x" * 126,
    b"\xff",
]


def targets() -> list[Target]:
    found = []
    refused = (CallRefused,)
    for version in Version:
        it = Handlers(version)
        name = f"handlers-{version}"
        found.append(Target(name, it.run, it.raw, it.shaped, refused, 12, it.close))
    api, sockets = Api(), Sockets()
    found.append(Target("http-api", api.run, api.raw, api.shaped, (), 4, api.close))
    name = "gateway-socket"
    found.append(Target(name, sockets.run, sockets.raw, sockets.shaped, (), 3, sockets.close))
    return found
