"""A master pass ends others' charging: C16 of OCPP 2.0.1, played over a real socket.

To us it is an id_token whose group is the ``MasterPassGroupId`` that was set at the station: it
reads the group from our answers, and ends by itself what it is to end.
"""

from __future__ import annotations

import pytest

from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.session import PayerKind, SessionState
from ohmstead.flows.onboarding import put_id_token
from tests.apps.stations.field import POOR, V201
from tests.flows.world import DRIVER, KWH
from tests.stories.octt import Case, Does, Says, Wait, play
from tests.stories.octt_201_words import event, sampled, started, token, updated

FIRST, OTHER = "TX-1", "TX-2"


def issued(payer=DRIVER):
    async def issue(site):
        for uid, whose, group in (("MASTER", payer, "MASTERS"), ("SECOND", DRIVER, "")):
            card = IdToken(uid, TokenStatus.ACCEPTED, whose, PayerKind.PREPAID, group=group)
            await site.run(put_id_token, card)

    return issue


def on(evse, transaction, said):
    told = said.payload | {"evse": {"id": evse, "connectorId": 1}}
    told["transactionInfo"] = told["transactionInfo"] | {"transactionId": transaction}
    return Says(said.action, told, said.answer)


def known_master(said, word="Accepted"):
    """The same, and the answer names the group, by which the station knows the pass."""
    info = {"status": word, "groupIdToken": {"idToken": "MASTERS"}}
    return Says(said.action, said.payload, {"idTokenInfo": info})


def presented(word="Accepted"):
    return known_master(Says("Authorize", {"idToken": token("MASTER")}), word)


def two_charge(payer=DRIVER, signed=""):
    begins = {"meterValue": [sampled(0, "Transaction.Begin", "B")]} if signed else {}
    return [
        Does(issued(payer)),
        on(1, FIRST, started(**begins)),
        on(2, OTHER, started(uid="SECOND")),
        on(1, FIRST, updated(1, "ChargingStateChanged", "Charging")),
        on(2, OTHER, updated(1, "ChargingStateChanged", "Charging")),
        Wait(30),
    ]


def stopped(evse, transaction, signed=""):
    values = {"meterValue": [sampled(4_000, "Transaction.End", "E")]} if signed else {}
    wh = None if signed else 4_000
    end = event("Ended", 2, "StopAuthorized", None, wh, "MASTER", "MasterPass", **values)
    return on(evse, transaction, known_master(end))


def ended_unapproved(*transactions):
    """Nobody signed the registers and their drivers did not come: a person looks at them."""

    def look(site, _actor):
        for transaction in (FIRST, OTHER):
            session = site.session(transaction)
            if transaction in transactions:
                assert session.state is SessionState.REVIEW
                assert session.findings == ("stop_not_approved",)
            else:
                assert session.state is SessionState.ACTIVE
            assert session.id_token != "MASTER"
        assert site.books_balance()

    return look


# TC_C_47 and TC_C_49 differ at the station alone: whether it has a screen to choose on.
@pytest.mark.parametrize("which", [(FIRST, OTHER), (OTHER, FIRST)])
async def test_a_master_pass_ends_all_that_charges(tmp_path, which):
    evse = {FIRST: 1, OTHER: 2}
    ends = [stopped(evse[one], one) for one in which]
    steps = [*two_charge(), presented(), *ends]
    await play(Case("all end", steps, ended_unapproved(FIRST, OTHER)), V201, tmp_path)


async def test_a_master_pass_ends_the_one_that_was_chosen(tmp_path):
    steps = [*two_charge(), presented(), stopped(2, OTHER)]
    await play(Case("one ends", steps, ended_unapproved(OTHER)), V201, tmp_path)


async def test_what_the_meter_signed_is_settled_though_a_master_pass_ended_it(tmp_path):
    def paid(site, _actor):
        assert site.session(FIRST).state is SessionState.SETTLED
        assert site.bill(FIRST).energy_mwh == 4 * KWH
        assert site.session(FIRST).payer == DRIVER and site.books_balance()

    steps = [*two_charge(signed="B"), presented(), stopped(1, FIRST, signed="E")]
    await play(Case("one ends, proven", steps, paid, meter=True), V201, tmp_path)


async def test_a_master_pass_whose_payer_has_nothing_is_not_accepted_and_charges_nobody(tmp_path):
    def none(site, _actor):
        assert site.session(FIRST).state is SessionState.ACTIVE and site.books_balance()

    steps = [*two_charge(POOR), presented("NoCredit")]
    await play(Case("not accepted", steps, none), V201, tmp_path)
