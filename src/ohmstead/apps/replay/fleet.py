"""The stations of a replay: registered with the house and on the chain, standing at the curb."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from ohmstead.adapters.chain.evm.chain import EvmChain
from ohmstead.apps.boot import House
from ohmstead.apps.replay import scenery
from ohmstead.apps.replay.plan import Plan, PlannedEvse, PlannedSession, PlannedStation
from ohmstead.apps.settler import StationPassport, register_meter
from ohmstead.apps.settler.meters import SignDigest
from ohmstead.apps.stations.services import secret_mac
from ohmstead.apps.virtual.charging import Hooks, RemoteStart, Transaction
from ohmstead.apps.virtual.meter import VirtualMeter, key_from_seed
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.core.canonical import encode
from ohmstead.core.meter import MeterKey, Tier
from ohmstead.core.network import Evse, Station
from ohmstead.core.session import Share
from ohmstead.core.tariff import Tariff
from ohmstead.flows.onboarding import AddMeter, add_meter, add_station, add_tariff
from ohmstead.hashing import sha256
from ohmstead.ports import Clock
from ohmstead.units import BPS, MWH_PER_WH

SIGNING_BPS = 6_500  # of the stations have a meter that signs; what the others say is unproven
REGISTER_WH_MIN, REGISTER_WH_MAX = 10_000, 9_000_000
CURVE = "secp256r1"


@dataclass(slots=True, eq=False)
class Post:
    """One station as it stands there; ``locks`` keep one car at a time on an evse."""

    planned: PlannedStation
    station: VirtualStation
    tariff: Tariff
    signs: bool
    locks: dict[int, asyncio.Lock] = field(default_factory=dict)
    asked: dict[str, asyncio.Future[RemoteStart]] = field(default_factory=dict)
    stop_asked: list[str] = field(default_factory=list)  # transactions the CSMS wants ended
    last_end: dict[int, bytes] = field(default_factory=dict)  # signed end of an evse's last session

    def start_asked(self, id_token: str) -> asyncio.Future[RemoteStart]:
        """Return what is done when the CSMS asks for a start with this id_token."""
        loop = asyncio.get_running_loop()
        return self.asked.setdefault(id_token, loop.create_future())

    async def remote_start(self, asked: RemoteStart) -> None:
        """Hook: the car is plugged in by the session that waits for it."""
        future = self.start_asked(asked.id_token)
        if not future.done():
            future.set_result(asked)

    async def remote_stop(self, tx: Transaction) -> None:
        """Hook: the car leaves as planned all the same; that it was asked is what is kept."""
        self.stop_asked.append(tx.transaction_id)


class Fleet:
    """All stations of a plan."""

    def __init__(self, plan: Plan, seed: str, clock: Clock, url: str) -> None:
        self._seed = seed
        self._plan = plan
        signing, naughty = _signing(plan, seed), misbehaving(plan)
        self.posts: dict[str, Post] = {}
        ranks: dict[str, int] = {}
        for planned in plan.stations:
            rank = ranks[planned.source] = ranks.get(planned.source, -1) + 1
            plain = planned.id in naughty  # see casting: one price that anybody can work out
            tariff = scenery.PLAIN if plain else scenery.tariff_of(planned.source, rank)
            self.posts[planned.id] = self._post(planned, tariff, planned.id in signing, clock, url)

    def __getitem__(self, station_id: str) -> Post:
        return self.posts[station_id]

    @property
    def hosts(self) -> list[str]:
        """The names of those who own a station."""
        return list(dict.fromkeys(post.planned.host for post in self.posts.values()))

    def post_of(self, session: PlannedSession) -> Post:
        """Return the station of a session."""
        return self.posts[session.station_id]

    async def register(self, house: House, chain: EvmChain) -> int:
        """Register tariffs, stations and meters, here and on the chain; returns the passports."""
        for tariff in dict.fromkeys(scenery.TARIFFS):
            await house.store.run(add_tariff, tariff)
        await asyncio.gather(*(self._add(house, post) for post in self.posts.values()))
        intents = [
            await self._bind(chain, post, evse)
            for post in self.posts.values()
            if post.signs
            for evse in post.planned.evses
        ]
        for intent in intents:
            await chain.wait(intent)
        return len(intents)

    async def connect(self) -> None:
        """Let every station connect and boot."""
        for post in self.posts.values():
            await post.station.connect()
            await post.station.boot()

    async def close(self) -> None:
        """Let every station hang up."""
        await asyncio.gather(*(post.station.close() for post in self.posts.values()))

    def _post(
        self, planned: PlannedStation, tariff: Tariff, signs: bool, clock: Clock, url: str
    ) -> Post:
        meters = {
            evse.id: VirtualMeter.from_seed(self._seed, evse.meter_serial, self._register_mwh(evse))
            for evse in planned.evses
        }
        hooks = Hooks()
        station = VirtualStation(
            planned.id,
            url,
            self._password(planned.id),
            planned.protocol,
            meters,
            clock,
            seed=self._seed,
            hooks=hooks,
            signed=signs,
        )
        locks = {evse.id: asyncio.Lock() for evse in planned.evses}
        post = Post(planned, station, tariff, signs, locks)
        hooks.remote_start, hooks.remote_stop = post.remote_start, post.remote_stop
        return post

    def _register_mwh(self, evse: PlannedEvse) -> int:
        digest = sha256(f"{self._seed}/register/{evse.meter_serial}".encode())
        span = REGISTER_WH_MAX - REGISTER_WH_MIN
        return (REGISTER_WH_MIN + int.from_bytes(digest[:8]) % span) * MWH_PER_WH

    def _password(self, station_id: str) -> bytes:
        return sha256(f"{self._seed}/password/{station_id}".encode()).hex()[:40].encode()

    async def _add(self, house: House, post: Post) -> None:
        planned = post.planned
        shares = [Share(share.address.lower(), share.bps) for share in house.config.money.shares]
        rest = BPS - sum(share.bps for share in shares)
        host = Share(scenery.address_of(planned.host), rest, rest=True)
        station = Station(
            id=planned.id,
            secret_mac=secret_mac(house.pepper, planned.id, self._password(planned.id)),
            evses=tuple(Evse(evse.id, evse.rated_w) for evse in planned.evses),
            tariff_key=post.tariff.key,
            shares=(*shares, host),
            time_zone=planned.zone,
            owner=host.payee,
            name=f"{planned.site} {planned.id}",
        )
        await house.store.run(add_station, station)
        if not post.signs:
            return
        for evse in planned.evses:
            public = post.station.places[evse.id].meter.public_key
            key = MeterKey(
                key_id=public.key_id,
                curve=CURVE,
                public_key=public.der_hex,
                tier=Tier.SOFT,
                serial=evse.meter_serial,
                station_id=planned.id,
                valid_from_ms=0,
            )
            await house.store.run(add_meter, AddMeter(key, evse.id))

    async def _bind(self, chain: EvmChain, post: Post, evse: PlannedEvse) -> str:
        """Mint the passport that binds a meter to its host; returns the intent to wait for."""
        planned = post.planned
        document = encode({"station": planned.id, "site": planned.site, "meter": evse.meter_serial})
        passport = StationPassport(
            owner=scenery.address_of(planned.host),
            public_key=post.station.places[evse.id].meter.key_hex,
            rated_w=evse.rated_w,
            registration=document,
        )
        signer = _digest_signer(key_from_seed(f"{self._seed}/{evse.meter_serial}"))
        return (await register_meter(chain, passport, signer)).intent


def _digest_signer(key: ec.EllipticCurvePrivateKey) -> SignDigest:
    algorithm = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
    return lambda digest: decode_dss_signature(key.sign(digest, algorithm))


def misbehaving(plan: Plan) -> frozenset[str]:
    """Return the stations at which somebody misbehaves."""
    return frozenset(s.station_id for s in plan.sessions if s.misbehaviour is not None)


def _signing(plan: Plan, seed: str) -> frozenset[str]:
    """Choose the stations whose meters sign, with those where forgery must stand out."""
    needed = misbehaving(plan)
    order = _by_chance((station.id for station in plan.stations), seed)
    wanted = max(1, len(order) * SIGNING_BPS // BPS)
    chosen = sorted(order, key=lambda station_id: station_id not in needed)[:wanted]
    return frozenset(chosen) | needed


def _by_chance(ids: Iterable[str], seed: str) -> list[str]:
    return sorted(ids, key=lambda one: sha256(f"{seed}/signs/{one}".encode()))
