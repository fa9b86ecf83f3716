"""A person is forgotten, and each receipt still proves what it did: real contracts, both stores."""

from __future__ import annotations

import asyncio

import pytest

from ohmstead.apps.persons.scan import tables
from ohmstead.apps.persons.survey import survey
from ohmstead.apps.trust import load_trust, write_trust
from ohmstead.apps.verification import look_up, verify
from ohmstead.core.command import Author
from ohmstead.core.ledger import Account, Transfer
from ohmstead.core.network import IdToken
from ohmstead.core.person import GONE, PersonRequest, PersonState, read_names
from ohmstead.core.receipt_checks import exit_code
from ohmstead.core.session import SessionState
from ohmstead.flows.persons.forgetting import Begin, Page, begin, erase_page
from tests.apps.settler.town import HOST, TREASURY, town


async def forget(store, names):
    """What the house does page by page, at once."""
    request = PersonRequest("P-1", PersonState.ERASING, ("d",), "", Author(), 1, leave_balance=True)
    await store.run(begin, Begin(request, names.uids))
    for table in tables():
        keys = tuple(one.key for one in store.find(table.kind, 10_000))
        page = Page("P-1", table.kind, table.name, keys, names, (table.name, ""))
        assert await store.run(erase_page, page) == ""


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_receipts_out_and_receipts_to_come_verify_after_their_driver_was_forgotten(
    kind, anvil, tmp_path
):
    async def scenario(t):
        driver = await t.driver()
        await t.bind_meter()
        await t.final()
        await t.settler.step()
        first = await t.session(signed=True)
        await t.settler.close_epoch()
        await t.epoch_until(1)
        receipt = await t.receipts.receipt(first, True)
        second, third = await t.session(signed=True), await t.session(kwh=2)
        names = read_names(("driver", driver.address), "5a" * 16)
        books = t.store.find(Account, 1_000), t.store.find(Transfer, 10_000)
        found = await survey(t.store, names, leave_balance=True)
        assert found.blockers == []
        await forget(t.store, names)
        assert t.store.get(IdToken, "driver") is None
        for id_ in (first, second, third):
            assert t.record(id_).id_token.startswith(GONE)
            assert t.record(id_).state is SessionState.SETTLED
        assert (t.store.find(Account, 1_000), t.store.find(Transfer, 10_000)) == books
        # The receipt that is out is the same, byte by byte.
        assert await t.receipts.receipt(first, True) == receipt
        # What was settled and in no epoch yet is anchored, paid and proven as ever.
        closed = await t.settler.close_epoch()
        assert closed.receipt_count == 2
        await t.epoch_until(2)
        trust = load_trust(write_trust(tmp_path, "commons", t.issuer.ledger))
        for id_, code in ((first, 0), (second, 0), (third, 3)):
            document = await t.receipts.receipt(id_, True)
            checks = verify(document, trust, await look_up(anvil.url, document, trust))
            assert exit_code(checks) == code
        assert set(t.claims.claimable()) == {HOST, TREASURY}
        await t.claim_all()
        assert (await t.settler.reconcile()).problems == ()

    async def whole():
        async with town(anvil, tmp_path if kind == "sqlite" else None) as t:
            await scenario(t)

    asyncio.run(whole())
