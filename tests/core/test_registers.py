"""The billed register, in the spellings of real meters."""

from __future__ import annotations

import pytest

from ohmstead.core.meter import Reading
from ohmstead.core.registers import billed_register, is_transaction_register


def session(*names: str) -> list[Reading]:
    readings = []
    for name in names:
        readings.append(Reading(name, 0, 0, "B"))
        readings.append(Reading(name, 1, 1, "E"))
    return readings


@pytest.mark.parametrize(
    "name",
    [
        *["1-b:1.8.0", "1-b:1.8.e", "1-0:1.8.1", "1-0:1.8.0*198", "01-00:01.08.00.FF"],
        *["01-00:B0.08.00*FF", "01-00:B2.08.00*FF", "1-0:98.8.0.FF", ""],
        "Energy.Active.Import.Register",
    ],
)
def test_the_only_register_of_a_session_is_billed(name):
    assert billed_register(session(name)) == name


@pytest.mark.parametrize(
    "name",
    ["1-0:2.8.0.FF", "01-00:C0.08.00*FF", "01-00:C3.08.00*FF", "Energy.Active.Export.Register"],
)
def test_what_a_vehicle_gives_back_is_never_billed_as_taken(name):
    assert billed_register(session(name)) is None
    assert billed_register(session(name, "1-0:98.8.0.FF")) == "1-0:98.8.0.FF"


def test_active_import_comes_before_a_makers_own_register():
    assert billed_register(session("1-0:98.8.0.FF", "1-b:1.8.0")) == "1-b:1.8.0"


def test_between_two_registers_of_a_kind_nobody_guesses():
    assert billed_register(session("1-b:1.8.0", "1-b:1.8.1")) is None
    assert billed_register(session("1-0:97.8.0", "1-0:98.8.0")) is None
    assert billed_register([]) is None


def test_a_register_needs_a_begin_and_an_end():
    inherited_end = Reading("1-b:1.9.0", 0, 1, "E")
    assert billed_register([*session("1-b:1.8.0"), inherited_end]) == "1-b:1.8.0"
    assert billed_register([inherited_end]) is None
    assert billed_register([Reading("1-b:1.8.0", 0, 1, "B")]) is None


def test_registers_that_reset_are_known_by_name():
    resetting = ["1-0:1.8.0*198", "01-00:B2.08.00*FF", "1-0:b3.8.0", "01-00:C2.08.00*FF"]
    lasting = ["1-b:1.8.0", "1-0:1.8.0*255", "01-00:B0.08.00*FF", "01-00:B1.08.00*FF", ""]
    assert all(is_transaction_register(name) for name in resetting)
    assert not any(is_transaction_register(name) for name in lasting)
