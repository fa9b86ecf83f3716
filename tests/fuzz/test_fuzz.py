"""Every decoder bears what it is sent; here a few hundred cases each, in `make deep` a million."""

from __future__ import annotations

import contextlib

import pytest
import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ohmstead.core import canonical
from ohmstead.errors import RemoteProtocolError
from tests.conftest import DEEP
from tests.fuzz.__main__ import main
from tests.fuzz.engine import CASE_BYTES_MAX, Tally, Target, case, fuzz, try_one, weigh
from tests.fuzz.mutate import changed, written
from tests.fuzz.targets import targets

CASES = 20_000 if DEEP else 240
TARGETS = targets()


@pytest.fixture
def quiet():
    """What decoders log of bad input; the configuration is the process's, so it is put back."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_whatever_a_decoder_is_sent_it_reads_or_refuses_in_its_own_words(target, quiet):
    try:
        tally = fuzz(target, min(CASES, CASES * target.share // 4), seed=20_261_121)
    finally:
        target.close()
    assert not tally.found, "\n".join(
        f"python -m tests.fuzz --replay {target.name} {data.hex() or '-'}\n{what}"
        for data, what in tally.findings
    )


def test_both_kinds_of_input_are_made_and_the_same_ones_again():
    for target in targets():
        for number in (2, 3):
            again = next(one for one in targets() if one.name == target.name)
            assert case(target, 5, number) == case(again, 5, number)


def test_a_decoder_that_fails_is_found_with_its_input_once_for_each_way():
    def run(data):
        if data == b"bad":
            raise KeyError("worse")
        if data == b"odd":
            raise ValueError("documented")

    target = Target("x", run, lambda rng: b"", lambda rng: b"", (ValueError,))
    tally = Tally()
    for data in (b"fine", b"odd", b"bad", b"bad"):
        try_one(target, data, tally)
    assert (tally.cases, tally.refused, tally.found) == (4, 1, 2)
    ((data, what),) = tally.findings
    assert data == b"bad" and "KeyError: 'worse'" in what


def test_an_input_that_takes_more_memory_than_its_size_explains_is_found():
    kept = []

    def run(data):
        if data == b"cache" and not kept:
            kept.append(bytes(2 * CASE_BYTES_MAX))  # once for all that follow
        bytearray(2 * CASE_BYTES_MAX if data == b"bomb" else 100)

    target = Target("x", run, lambda rng: b"", lambda rng: b"")
    tally = Tally()
    for data in (b"fine", b"cache", b"bomb"):
        weigh(target, data, tally)
    ((data, what),) = tally.findings
    assert data == b"bomb" and "4 bytes took more memory than they explain" in what
    assert tally.largest_bytes > CASE_BYTES_MAX


def test_what_is_made_for_tariffs_and_requests_gets_past_the_door():
    known = {target.name: target for target in TARGETS}
    tariff = [case(known["kept-tariff"], 3, number) for number in range(300)]
    signed = [case(known["station-csr"], 3, number) for number in range(300)]
    doors = ((tariff, canonical.decode), (signed, _read_request))
    for made, door in doors:
        through = 0
        for data in made:
            with contextlib.suppress(RemoteProtocolError, ValueError, UnsupportedAlgorithm):
                door(data)
                through += 1
        assert through >= 100


def _read_request(data):
    request = x509.load_pem_x509_csr(data)
    if not request.is_signature_valid:
        raise ValueError("not signed")


def test_an_input_is_replayed_from_its_line(capsys):
    assert main(["--replay", "time", b"2024-01-31T23:59:59Z".hex()]) == 0
    with pytest.raises(Exception, match="not an RFC 3339 time"):
        main(["--replay", "time", "00"])
    assert main(["--show", "time", "7"]) == 0
    shown = bytes.fromhex(capsys.readouterr().out.strip())
    assert shown == case(next(one for one in TARGETS if one.name == "time"), 1, 7)


def test_a_changed_tree_can_be_written_whatever_was_done_to_it():
    from random import Random

    for number in range(500):
        tree = changed(Random(number), {"a": [1, "x", {"b": None}], "c": 1.5}, 6)
        assert written(tree)
