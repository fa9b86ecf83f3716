"""Two builds of one store: the older one's cars have no depot, the newer one's have.

Run as a program it is the newer build rewriting, slowly, until somebody kills it.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.migration import Migration, Rewrite, Rewriting
from ohmstead.adapters.store.rewriting import rewrite_all
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.adapters.store.tables import Table
from ohmstead.adapters.store.writer import Options
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision

QUICK = Options(busy_ms=200, probe_ms=5)


class Seat(Frozen):
    who: str


class Mark(Frozen, array_like=True):
    at_km: int


class Car(Frozen):
    id: str
    plate: str
    km: int = 0
    seats: tuple[Seat, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def key(self) -> str:
        return self.id


class NewSeat(Frozen):
    who: str
    heated: bool = False


class NewMark(Frozen, array_like=True):
    at_km: int
    why: str = ""


class NewCar(Frozen):
    id: str
    plate: str
    km: int = 0
    seats: tuple[NewSeat, ...] = ()
    marks: tuple[NewMark, ...] = ()
    depot: str = ""
    moves: int = 0  # how often a migration changed it: more than once would be once too often

    @property
    def key(self) -> str:
        return self.id


class Depot(Frozen):
    id: str

    @property
    def key(self) -> str:
        return self.id


def with_depot(car: NewCar) -> NewCar:
    if car.depot:
        return car
    return replace(car, depot=car.plate.partition("-")[0], moves=car.moves + 1)


FIRST = Migration(1, "cars", "1.0.0", adds=("cars",))
SECOND = Migration(
    2, "depots", "1.1.0", adds=("depots", "cars.depot"), rewrites=(Rewrite(NewCar, with_depot),)
)
OLD_TABLES = (Table(Rewriting, "rewritings"), Table(Car, "cars", ("plate",)))
NEW_TABLES = (
    Table(Rewriting, "rewritings"),
    Table(NewCar, "cars", ("plate", "depot")),
    Table(Depot, "depots"),
)
OLD, NEW = (FIRST,), (FIRST, SECOND)


def old_build(path, migrations=OLD):
    return SqliteStore.open(path, OLD_TABLES, ManualClock(1), QUICK, migrations)


def new_build(path, migrations=NEW):
    return SqliteStore.open(path, NEW_TABLES, ManualClock(1), QUICK, migrations)


def keep(state, records, now_ms):
    return Decision(None, puts=tuple(records))


def drive(state, command, now_ms):
    kind, key, km = command
    car = state.get(kind, key)
    return Decision(car.km + km, puts=(replace(car, km=car.km + km),))


async def _rewrite_slowly(path: Path) -> None:
    store = new_build(path)
    print("open", flush=True)
    await rewrite_all(store, NEW, handful=7)
    print("done", flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(_rewrite_slowly(Path(sys.argv[1])))
