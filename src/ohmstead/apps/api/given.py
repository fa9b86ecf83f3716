"""What every handler may ask for by its parameter's name."""

from __future__ import annotations

from litestar.di import NamedDependency

from ohmstead.apps.api.figures import Figures
from ohmstead.apps.api.keys import Caller
from ohmstead.apps.api.settlement import Settlement
from ohmstead.apps.boot import House

TheHouse = NamedDependency[House]
TheCaller = NamedDependency[Caller]
TheFigures = NamedDependency[Figures]
TheSettlement = NamedDependency[Settlement]
