"""The faucet's door: once for each Idempotency-Key, and plain words where there is no faucet."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from ohmstead.apps.api.settlement import NoSettlement, OpenSettlement
from ohmstead.errors import ChainUnavailable, OperatorError
from tests.apps.api.desk import ImitatedSettlement, fresh, problem, walk

FAUCET = "/api/v1/faucet"
ASKED = {"address": "0x" + "AB" * 20, "amount": "12500000"}
PAYER = "0x" + "ab" * 20


def test_money_is_poured_once_for_each_idempotency_key(tmp_path):
    settlement = ImitatedSettlement()

    async def scenario(desk):
        once = fresh()
        first = await desk.admin.post(FAUCET, json=ASKED, headers=once)
        assert first.status_code == 202
        assert first.json() == {
            "account": f"payer:{PAYER}",
            "amount": {"amount": "12500000", "asset": "tUSD/6"},
            "tx": "0x" + "aa" * 32,
            "state": "submitted",
        }
        again = await desk.admin.post(FAUCET, json=ASKED, headers=once)
        assert (again.status_code, again.content) == (202, first.content)
        assert [one[1:] for one in settlement.poured] == [(PAYER, 12_500_000)]
        other = await desk.admin.post(FAUCET, json=ASKED | {"amount": "1"}, headers=once)
        problem(other, 422, "idempotency-key-reused")
        problem(await desk.admin.post(FAUCET, json=ASKED), 400, "idempotency-key-missing")

    walk(tmp_path, scenario, settlement=settlement)


def test_a_key_whose_chain_was_away_goes_on_with_the_same_transactions(tmp_path):
    settlement = ImitatedSettlement()

    async def scenario(desk):
        once, settlement.trouble = fresh(), ChainUnavailable("it sleeps")
        answer = await desk.admin.post(FAUCET, json=ASKED, headers=once)
        problem(answer, 503, "chain-unavailable")
        settlement.trouble = None
        assert (await desk.admin.post(FAUCET, json=ASKED, headers=once)).status_code == 202
        assert (await desk.admin.post(FAUCET, json=ASKED, headers=fresh())).status_code == 202
        names = [name for name, _, _ in settlement.poured]
        assert names[0] == names[1] != names[2]

    walk(tmp_path, scenario, settlement=settlement)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "1.5"},
        {"amount": 5},
        {"amount": "1" + "0" * 30},
        {"address": "0xab"},
        {"to": "me"},
    ],
)
def test_what_is_no_amount_or_no_address_is_refused(tmp_path, change):
    async def scenario(desk):
        answer = await desk.admin.post(FAUCET, json=ASKED | change, headers=fresh())
        problem(answer, 400, "bad-request")

    walk(tmp_path, scenario, settlement=ImitatedSettlement())


@pytest.mark.parametrize(
    ("reason", "status", "word"),
    [("", 409, "`ohmstead up --chain anvil`"), ("it starts", 503, "not there yet: it starts")],
)
def test_a_house_without_a_chain_or_before_it_says_which(tmp_path, reason, status, word):
    async def scenario(desk):
        answer = await desk.admin.post(FAUCET, json=ASKED, headers=fresh())
        assert word in problem(answer, status)["detail"]

    walk(tmp_path, scenario, settlement=NoSettlement(reason))


def test_on_any_chain_but_the_local_one_there_is_no_faucet():
    opened = SimpleNamespace(
        deployment=SimpleNamespace(chain_id=1, escrow="0xe5"), chain=None, wallets=None
    )
    settlement = OpenSettlement(None, SimpleNamespace(archive=None), opened)
    with pytest.raises(OperatorError, match=r"\(31337\) only, and this is chain 1: deposit with"):
        asyncio.run(settlement.pour("name", PAYER, 1))
