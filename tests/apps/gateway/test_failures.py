"""Failed log-ins are counted in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.gateway.failures import WINDOW_MS, Failures
from tests.apps.gateway.floor import serving, upgrade_headers


def test_a_window_begins_with_its_first_failure_and_then_all_is_forgotten():
    failures = Failures()
    pair = ("192.0.2.1", "S1")
    assert [failures.count(pair, 1_000 + n)[0] for n in range(3)] == [1, 2, 3]
    assert failures.count(pair, 999 + WINDOW_MS) == (4, 1_000 + WINDOW_MS)
    assert failures.count(pair, 1_000 + WINDOW_MS) == (1, 1_000 + 2 * WINDOW_MS)


def test_a_success_forgets_only_its_own_pair():
    failures = Failures()
    failures.count(("a", "S1"), 0)
    failures.count(("a", "S2"), 0)
    failures.forget(("a", "S1"))
    failures.forget(("b", "S2"))
    assert failures.count(("a", "S1"), 1)[0] == 1
    assert failures.count(("a", "S2"), 1)[0] == 2


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("123")), max_size=60))
def test_the_table_is_bounded_and_the_pair_that_failed_last_is_in_it(pairs):
    failures = Failures(pairs_max=4)
    for pair in pairs:
        failures.count(pair, 0)
        assert len(failures) <= 4
    if pairs:
        assert failures.count(pairs[-1], 0)[0] >= 2


async def test_one_station_with_a_wrong_password_hurts_no_other_behind_its_address():
    wrong = upgrade_headers("S1", password=b"wrong")
    async with serving() as floor:
        codes = [(await floor.request("/ocpp/S1", *wrong))[0] for _ in range(8)]
        assert codes == [401] * 5 + [429] * 3
        for number in range(2, 10):
            name = f"S{number}"
            async with floor.station(name) as station:
                assert station.response.status_code == 101
            refused = upgrade_headers(name, password=b"wrong")
            assert (await floor.request(f"/ocpp/{name}", *refused))[0] == 401
        async with floor.station("S1") as station:  # the right password, after all of them
            assert station.response.status_code == 101
        assert (await floor.request("/ocpp/S1", *wrong))[0] == 401  # and it counts anew


async def test_a_password_is_compared_in_full_and_its_failure_says_nothing_of_it():
    async with serving() as floor:
        said = {
            (await floor.request("/ocpp/S1", *upgrade_headers("S1", password=password)))[2]
            for password in (b"", b"c", b"correct horse batterx", b"x" * 300)
        }
        assert len(said) == 1
