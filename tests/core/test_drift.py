"""Drift and repairs as rules: what is tried, how often, and when it ends."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.device_model import Inventory, Variable
from ohmstead.core.drift import (
    FIGHT_MAX,
    FIGHT_MS,
    RESTARTS_MAX,
    TRIES_MAX,
    after_restart,
    after_try,
    asked,
    begin_try,
    is_due,
    judge,
)
from ohmstead.core.standing import Drift, DriftKind, Refusal, Stand, Standing
from ohmstead.core.template import (
    ALWAYS,
    V16,
    V21,
    V201,
    Choice,
    Facts,
    Setting,
    Template,
    applying,
    check,
    fits,
)
from ohmstead.frozen import replace

WANTED = Template("T", V16, (Setting("Interval", "60"),), vendor="*", repair=ALWAYS, revision=1)
DAY = 24 * 3_600_000


def inventory(value="300", mutability="ReadWrite"):
    return Inventory("S", V16, 0, (Variable("interval", value, mutability),))


def drifted(**change):
    standing = judge(Standing("S"), inventory(), Choice(WANTED), "1", 5)
    assert standing.state is Stand.DRIFTED
    return replace(standing, **change)


def test_a_setting_is_as_wanted_whatever_the_case_of_its_name():
    standing = judge(Standing("S"), inventory("060"), Choice(WANTED), "1", 5)
    assert (standing.state, standing.drift) == (Stand.AS_WANTED, ())


@pytest.mark.parametrize(
    ("known", "choice", "state"),
    [
        (None, Choice(WANTED), Stand.UNREAD),
        (inventory(), Choice(), Stand.NO_TEMPLATE),
        (inventory(), Choice(WANTED, ("U",)), Stand.CONFLICT),
        (inventory("60"), Choice(WANTED), Stand.AS_WANTED),
        (inventory(), Choice(WANTED), Stand.DRIFTED),
        (inventory(mutability="ReadOnly"), Choice(WANTED), Stand.GIVEN_UP),
        (inventory(mutability="ReadOnly"), Choice(replace(WANTED, repair="never")), Stand.DRIFTED),
    ],
)
def test_a_station_is_judged_by_what_it_said_and_the_template_that_applies(known, choice, state):
    assert judge(Standing("S"), known, choice, "1", 5).state is state


def test_what_was_given_up_stays_so_until_template_or_firmware_is_another():
    lost = drifted(state=Stand.GIVEN_UP, reason="why", tries=3, refusals=(Refusal("a", "b", "c"),))
    again = judge(lost, inventory("301"), Choice(WANTED), "1", 9)
    assert (again.state, again.reason, again.since_ms) == (Stand.GIVEN_UP, "why", 5)
    for choice, firmware in ((Choice(replace(WANTED, revision=2)), "1"), (Choice(WANTED), "2")):
        fresh = judge(lost, inventory(), choice, firmware, 9)
        assert (fresh.state, fresh.tries, fresh.refusals) == (Stand.DRIFTED, 0, ())
    assert judge(lost, inventory("60"), Choice(WANTED), "1", 9).state is Stand.AS_WANTED
    wanted = asked(lost, "somebody", 9)
    assert (wanted.state, wanted.tries, wanted.is_asked) == (Stand.DRIFTED, 0, True)


@given(st.lists(st.sampled_from(["try", "drift", "boot", "wait"]), max_size=60))
def test_however_a_station_behaves_it_is_tried_a_bounded_number_of_times_a_day(happens):
    """The whole of it as the caretaker goes: never more tries than the rules allow together."""
    standing, now_ms, tries = drifted(), 10, 0
    for what in happens:
        now_ms += 1
        if what == "wait":
            now_ms += 3_600_000
        elif what == "drift":
            standing = judge(standing, inventory(), Choice(WANTED), "1", now_ms)
        elif what == "boot":
            standing = after_restart(standing, now_ms)
        elif is_due(standing, WANTED, now_ms):
            begun = begin_try(standing, now_ms)
            if begun.state is Stand.DRIFTED:
                tries += 1
                right = judge(begun, inventory("60"), Choice(WANTED), "1", now_ms)
                standing = after_try(right, (), now_ms)
            else:
                standing = begun
        if now_ms - 10 < FIGHT_MS:
            assert tries <= FIGHT_MAX


def test_tries_are_apart_and_come_to_an_end():
    standing, now_ms, times = drifted(), 10, []
    for _ in range(500):
        now_ms += 60_000
        if is_due(standing, WANTED, now_ms):
            standing = begin_try(standing, now_ms)
            times.append(now_ms)
            standing = after_try(standing, (), now_ms)
    assert standing.state is Stand.GIVEN_UP and len(times) == TRIES_MAX
    apart = [later - earlier for earlier, later in pairwise(times)]
    assert apart == sorted(apart) and apart[0] >= 60_000


def test_restarts_come_to_an_end_too():
    standing = replace(drifted(), state=Stand.REBOOT, restarts=RESTARTS_MAX)
    assert after_restart(standing, 9).state is Stand.GIVEN_UP
    assert after_restart(replace(standing, restarts=1), 9).state is Stand.DRIFTED
    once = after_try(drifted(tries=1), ("Interval",), 9)
    assert (once.state, once.reason) == (Stand.REBOOT, "Interval holds after a restart")


def test_what_was_put_right_long_ago_is_no_fight():
    old = drifted(repaired_ms=(1, 2, 3))
    assert begin_try(old, FIGHT_MS + 10).state is Stand.DRIFTED
    assert begin_try(old, 10).state is Stand.GIVEN_UP


def test_only_what_a_station_may_take_is_sent():
    kinds = [Drift(kind.value, "1", None, kind) for kind in DriftKind]
    standing = drifted(drift=tuple(kinds))
    assert is_due(standing, WANTED, 10)
    none = replace(standing, drift=tuple(kinds[2:]))
    assert not is_due(none, WANTED, 10)
    assert not is_due(standing, replace(WANTED, repair="never"), 10)
    assert not is_due(standing, replace(WANTED, revision=9), 10)


def facts(**change):
    return replace(Facts("S", "Vendor AG", "Box 2", "1.4.2", V201), **change)


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("", "anything", True),
        ("*", "", True),
        ("vend*", "Vendor AG", True),
        ("vendor", "Vendor AG", False),
        ("1.4.*", "1x4y2", False),
        ("*box*2", "Box 2", True),
        ("a(b", "A(B", True),
    ],
)
def test_a_pattern_is_plain_text_with_stars(pattern, text, holds):
    assert fits(pattern, text) is holds


def test_one_template_applies_by_name_then_priority_and_a_tie_by_none():
    general = Template("A", "2.x", WANTED.settings, vendor="Vendor*")
    higher = replace(general, name="B", priority=5)
    named = replace(general, name="C", vendor="", stations=("S",))
    assert applying((general, higher), facts()).template is higher
    assert applying((general, higher, named), facts()).template is named
    assert applying((named, higher), facts(station_id="X")).template is higher
    tie = applying((general, replace(general, name="0")), facts())
    assert (tie.template.name, tie.rivals) == ("0", ("A",))
    assert not applying((general, replace(general, name="0"), higher), facts()).rivals
    assert applying((general,), facts(protocol=V16)).template is None
    assert applying((replace(general, protocol=V21),), facts()).template is None
    assert applying((replace(general, protocol=V201),), facts()).template is not None
    assert applying((replace(general, firmware="2*"),), facts()).template is None


def test_a_risky_setting_needs_the_word_for_it():
    risky = Template("T", "2.x", (Setting("NetworkConfiguration[1].OcppCsmsUrl", "wss://x"),),
                     vendor="*")  # fmt: skip
    with pytest.raises(ValueError, match="allow_risky"):
        check(risky)
    check(replace(risky, allow_risky=True))
