"""What the demo network is made of: its configuration, its payees and its five tariffs."""

from __future__ import annotations

from datetime import date

from ohmstead.adapters.chain.evm.testwallets import wallet_key
from ohmstead.apps.config import (
    ChainConfig,
    Config,
    HttpConfig,
    MoneyConfig,
    NetworkConfig,
    OcppConfig,
    ShareConfig,
)
from ohmstead.core.tariff import Component, Dimension, Element, Restrictions, Tariff
from ohmstead.units import Asset, Price

NAME = "demo"
ASSET = Asset("tUSD", 6)
TREASURY, INSURER = "treasury", "insurer"
SHARES_BPS = {TREASURY: 1_500, INSURER: 500}  # of every session; its host has the rest
PLAIN_CENTS = 42
PLAIN_MINOR_PER_KWH = PLAIN_CENTS * 10**4
HOLD_MINOR = 40_000_000
DAY_S = 86_400
SESSION_MAX_S = DAY_S
OFFLINE_WINDOW_S = DAY_S
REPORT_INTERVAL_S = 900
WINDOW_S = 2  # during which an anchored epoch may be disputed: block time, so real seconds
DUMP_EVERY_S = 2
NIGHT_BEGINS_MINUTE, NIGHT_ENDS_MINUTE = 22 * 60, 6 * 60


def address_of(payee: str) -> str:
    """Return the address of a payee; on the local chain a name is enough to be paid."""
    return wallet_key(f"payee {payee}").address


def configuration() -> Config:
    """Return the demo's configuration: everything on loopback, on ports that are free.

    Epochs are closed by the replay, so none closes by itself.
    """
    return Config(
        network=NetworkConfig(name=NAME, asset=str(ASSET)),
        chain=ChainConfig(kind="anvil", window_s=WINDOW_S, dump_every_s=DUMP_EVERY_S),
        money=MoneyConfig(
            hold_minor=str(HOLD_MINOR),
            session_max_s=SESSION_MAX_S,
            offline_window_s=OFFLINE_WINDOW_S,
            epoch_s=366 * DAY_S,
            shares=tuple(
                ShareConfig(name=payee, address=address_of(payee), bps=bps)
                for payee, bps in SHARES_BPS.items()
            ),
        ),
        ocpp=OcppConfig(bind="127.0.0.1:0", report_interval_s=REPORT_INTERVAL_S),
        http=HttpConfig(bind="127.0.0.1:0"),
    )


def _price(dimension: Dimension, cents: int, step_size: int = 1) -> Component:
    return Component(dimension, Price(cents, 2), step_size)


_DAY = Restrictions(start_minute=NIGHT_ENDS_MINUTE, end_minute=NIGHT_BEGINS_MINUTE)
_WINTER_WEEKEND = Restrictions(weekdays=(5, 6), start_date=date(2026, 10, 1))

PLAIN = Tariff("energy", ASSET, (Element((_price(Dimension.ENERGY, PLAIN_CENTS),)),))
TARIFFS: tuple[Tariff, ...] = (
    PLAIN,
    Tariff(
        "energy-and-start",
        ASSET,
        (Element((_price(Dimension.ENERGY, 39), _price(Dimension.FLAT, 50))),),
    ),
    # Local time: at home nights are cheap, on all clocks and over every clock change.
    Tariff(
        "time-of-use",
        ASSET,
        (
            Element((_price(Dimension.ENERGY, 24),), _WINTER_WEEKEND),
            Element((_price(Dimension.ENERGY, 36),), _DAY),
            Element((_price(Dimension.ENERGY, 21),)),
        ),
    ),
    # A place at work that is full costs: by each quarter of an hour begun.
    Tariff(
        "energy-and-parking",
        ASSET,
        (Element((_price(Dimension.ENERGY, 30), _price(Dimension.PARKING_TIME, 40, 900))),),
    ),
    Tariff(
        "energy-at-least",
        ASSET,
        (Element((_price(Dimension.ENERGY, 45),)),),
        min_price_minor=2_500_000,
    ),
)


def tariff_of(source: str, rank: int) -> Tariff:
    """Return the tariff of the ``rank``-th station of a source."""
    plain, start, night, parking, least = TARIFFS
    choice = {
        "norway": (night, least, night, plain),
        "acn": (parking, parking, start),
        "epfl": (least, start),
    }.get(source, TARIFFS)
    return choice[rank % len(choice)]


def signs_between(tariff: Tariff) -> bool:
    """Whether a meter has to sign values between begin and end for this tariff to see them."""
    return any(
        component.dimension is Dimension.PARKING_TIME or element.restrictions != Restrictions()
        for element in tariff.elements
        for component in element.components
    )
