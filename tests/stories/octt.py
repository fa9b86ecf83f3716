"""A script of a certification case: what the station says, what it is asked, in turn.

The cases are told from the station's side over a real socket. Every answer and every request of
ours is checked against the official schemas, as the ``ocpp`` package carries them; the words of the
cases are ours, their numbers are those of the Open Charge Alliance's test tool.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
from dataclasses import dataclass, field

import httpx
import websockets
from ocpp.messages import Call, CallResult, validate_payload

from ohmstead.apps.api.app import build
from ohmstead.apps.api.keys import fresh_key
from ohmstead.apps.api.server import ApiServer
from ohmstead.apps.api.settlement import NoSettlement
from ohmstead.apps.gateway.interface import Answered
from ohmstead.core.access import Scope
from ohmstead.flows.access import add_key
from tests.apps.gateway.floor import until
from tests.apps.stations.field import MINUTE, iso, running

ANSWER_S = 10
STEP_S = 30  # until a step that does not come about fails, on a machine however busy


@dataclass
class Case:
    """One case: its steps, and what has to hold when they are over."""

    what: str
    steps: list
    after: object = None
    admission: str = "Accepted"
    meter: bool = False


@dataclass
class Says:
    """The station sends; the answer has at least these members."""

    action: str
    payload: dict
    answer: dict = field(default_factory=dict)
    error: str = ""


@dataclass
class Asked:
    """An operator has this JSON sent; the station answers, and the operator reads that answer."""

    action: str
    payload: dict
    answer: dict


@dataclass
class Operator:
    """An operator asks over our HTTP API, which asks the station: at least ``asked``, in turn."""

    method: str
    path: str
    body: dict | None = None
    answers: dict = field(default_factory=dict)  # of the station, by action
    asked: list | None = None
    status: int = 200
    shows: dict = field(default_factory=dict)
    query: dict | None = None


@dataclass
class Expects:
    """We ask by ourselves, at least this, within the time an answer has; the ``count``th time."""

    action: str
    answer: dict
    payload: dict = field(default_factory=dict)
    count: int = 1


@dataclass
class Reconnects:
    """The socket is lost, and after some minutes the station is back; its answers are these."""

    minutes: int
    answers: dict = field(default_factory=dict)


@dataclass
class Wait:
    """Time passes."""

    minutes: int


@dataclass
class Does:
    """Something happens on our side: ``make(field)``, awaited."""

    make: object


class Actor:
    """A station that follows its script on one socket."""

    def __init__(self, field, version, socket, api=None):
        self.field, self.version, self.socket, self.api = field, version, socket, api
        self.numbers = itertools.count(1)
        self.replies, self.requests, self.answers = {}, [], {}
        self.known = {}  # $names of the script
        self.reading = asyncio.create_task(self._read())

    async def _read(self):
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                kind, message_id, *rest = json.loads(await self.socket.recv())
                if kind != 2:
                    self.replies[message_id] = (kind, rest)
                    continue
                action, payload = rest
                await checked(Call(message_id, action, payload), self.version)
                self.requests.append((action, payload))
                answer = self.answers.get(action)
                if answer is not None:
                    await self.socket.send(json.dumps([3, message_id, answer]))
                else:
                    error = [4, message_id, "NotSupported", "", {}]
                    await self.socket.send(json.dumps(error))

    def filled(self, value):
        """A payload with its $names replaced."""
        if isinstance(value, dict):
            return {name: self.filled(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.filled(member) for member in value]
        if value == "$now":
            return iso(self.field.now)
        if value == "$soon":
            return iso(self.field.now + 30 * MINUTE)
        if isinstance(value, str) and value.startswith("$signed "):
            _, kind, wh = value.split()
            record = self.field.meter.sign((self.field.now, kind, int(wh) * 1_000))
            return base64.b64encode(record).decode()
        return self.known.get(value, value) if isinstance(value, str) else value

    async def step(self, step):
        match step:
            case Wait(minutes):
                self.field.wait(minutes)
            case Does(make):
                await make(self.field)
            case Says(action, payload, answer, error):
                await self._says(action, self.filled(payload), answer, error)
            case Asked(action, payload, answer):
                self.answers[action] = answer
                payload = self.filled(payload)
                done = await self.field.command(action, payload)
                assert isinstance(done.outcome, Answered), done
                assert not done.problem, done
                assert json.loads(done.payload) == answer
                assert self.requests[-1] == (action, payload)
            case Operator():
                await self._operates(step)
            case Expects(action, answer, payload, count):
                self.answers[action] = answer
                await until(lambda: self.times_asked(action, payload) >= count)
            case Reconnects(minutes, answers):
                await self._reconnects(minutes, answers)
            case _:
                raise AssertionError(step)

    def times_asked(self, action, payload):
        return sum(name == action and holds(payload, found) for name, found in self.requests)

    async def _operates(self, step):
        self.answers |= step.answers
        before = len(self.requests)
        path = "/api/v1/" + step.path.replace("$number", str(self.known.get("$number")))
        body = self.filled(step.body)
        reply = await self.api.request(step.method, path, json=body, params=step.query)
        assert reply.status_code == step.status, reply.text
        told = reply.json() if reply.content else {}
        self.known["$number"] = told.get("number", self.known.get("$number"))
        requests = self.requests[before:]
        for _, payload in requests:
            self.known["$request"] = payload.get("requestId")
        if step.asked is not None:
            assert [action for action, _ in requests] == [action for action, _ in step.asked]
            for (_, wanted), (_, found) in zip(step.asked, requests, strict=True):
                assert holds(self.filled(wanted), found), (wanted, found)
        assert holds(self.filled(step.shows), told), (step.shows, told)

    async def _reconnects(self, minutes, answers):
        await self.socket.close()
        await until(lambda: self.field.link() is None)
        self.field.wait(minutes)
        self.answers |= answers
        self.socket = await self.field.socket(self.version)
        self.reading = asyncio.create_task(self._read())
        await until(lambda: self.field.link())

    async def _says(self, action, payload, answer, error):
        message_id = f"m-{next(self.numbers)}"
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(ANSWER_S):
            while message_id not in self.replies:
                await asyncio.sleep(0.001)
        kind, rest = self.replies.pop(message_id)
        if error:
            assert (kind, rest[0]) == (4, error), rest
            return
        assert kind == 3, rest
        await checked(CallResult(message_id, rest[0], action=action), self.version)
        assert holds(answer, rest[0]), (answer, rest[0])
        if "transactionId" in rest[0]:
            self.known["$tx"] = rest[0]["transactionId"]


async def checked(message, version):
    """Raise what the ``ocpp`` package says of a message that breaks its schema."""
    await validate_payload(message, version)


def holds(wanted, found):
    """Whether everything wanted is in what was found."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            name in found and holds(member, found[name]) for name, member in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and len(wanted) == len(found) and all(map(holds, wanted, found))
        )
    return wanted == found


@contextlib.asynccontextmanager
async def operating(site):
    """The house's API on a port of the system's choice, and an operator's client of it."""
    settlement = NoSettlement()
    server = ApiServer(build(site.house, lambda: settlement))
    port = await server.start("127.0.0.1", 0)
    record, text = fresh_key(site.house.pepper, (Scope.HOST,), "host", site.now, "")
    await site.run(add_key, record)
    options = {
        "headers": {"Authorization": f"Bearer {text}"},
        "trust_env": False,
        "timeout": STEP_S,
    }
    try:
        # Without TLS there is nothing to verify, and reading the roots is the dearest part.
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", verify=False, **options
        ) as client:
            yield client
    finally:
        await server.stop()


async def play(case, version, folder):
    """Play one case from its first step to what has to hold after it."""
    options = {"meter": case.meter, "admission": case.admission, "ocpp": {"call_timeout_s": 5}}
    async with contextlib.AsyncExitStack() as stack:
        site = await stack.enter_async_context(running(folder, **options))
        api = None
        if any(isinstance(step, Operator) for step in case.steps):
            api = await stack.enter_async_context(operating(site))
        actor = Actor(site, version, await site.socket(version), api)
        await until(lambda: site.link())
        try:
            for step in case.steps:
                try:
                    async with asyncio.timeout(STEP_S):
                        await actor.step(step)
                except TimeoutError:
                    raise AssertionError((step, actor.requests)) from None
            if case.after is not None:
                assert case.after(site, actor) is not False
        finally:
            actor.reading.cancel()
            await actor.socket.close()


def is_relayed(case):
    """Whether nothing is tried but that an operator's JSON gets out and its answer comes back."""
    return case.after is None and all(isinstance(step, Asked) for step in case.steps)
