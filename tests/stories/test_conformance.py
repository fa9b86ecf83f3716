"""The page of conformance says what the tests say, and names only tests that exist."""

from __future__ import annotations

import pytest

from tests.stories import octt_16, octt_201
from tools import gen_conformance

TESTS = gen_conformance.tests_of(gen_conformance.ROOT / "tests")


def test_the_page_is_what_the_tests_say():
    said = gen_conformance.PAGE.read_text(encoding="utf-8")
    assert said == gen_conformance.page(), "run python tools/gen_conformance.py"


@pytest.mark.parametrize("number", gen_conformance.BEHAVIOURS)
def test_every_behaviour_has_a_test_named_after_it(number):
    prefix = f"test_behaviour_{number:02d}_"
    assert any(name.startswith(prefix) for names in TESTS.values() for name in names)


@pytest.mark.parametrize("cases", [octt_16, octt_201])
def test_what_is_held_elsewhere_is_held_there(cases):
    for case, where in cases.ELSEWHERE.items():
        path, name = where.split("::")
        assert name in TESTS[path], (case, where)
    names = [*cases.CASES, *cases.ELSEWHERE, *cases.GAPS]
    assert len(names) == len(set(names))
