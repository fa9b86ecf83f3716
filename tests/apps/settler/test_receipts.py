"""Receipts of anchored sessions, proven on chain; bundles that anybody can recompute."""

from __future__ import annotations

import asyncio
import json
from zoneinfo import ZoneInfo

import pytest

from ohmstead.apps.cli.verify import _is_unvouched
from ohmstead.apps.settler import EpochArchive, bundle_hash, chain_facts, open_reader
from ohmstead.apps.settler.archive import EPOCHS_KEPT
from ohmstead.core.canonical import decode
from ohmstead.core.onchain import EpochState
from ohmstead.core.receipt import header_document
from ohmstead.core.receipt_checks import Outcome, Trust, check_receipt, exit_code
from ohmstead.errors import OperatorError, RemoteProtocolError
from ohmstead.flows.receipts import rebuild
from ohmstead.frozen import replace
from ohmstead.hashing import keccak
from tests.apps.settler.town import TREASURY, town
from tools.gen_vectors_receipts import OcmfVerifier


def trust_of(t):
    d = t.deployment
    return Trust("commons", d.chain_id, d.settlement, d.registry, d.escrow)


def judge(t, document, facts):
    return check_receipt(document, OcmfVerifier(), ZoneInfo, trust_of(t), facts)


def outcomes(checks):
    return {check.name: check.outcome for check in checks}


def test_a_receipt_is_proven_by_a_reader_who_trusts_nobody(anvil):
    async def scenario():
        async with town(anvil) as t:
            await t.driver()
            await t.bind_meter()
            await t.final()
            await t.settler.step()
            signed = await t.session(signed=True)
            plain = await t.session(kwh=2)
            desk = t.receipts
            with pytest.raises(OperatorError, match="in no epoch yet"):
                await desk.receipt(signed, True)
            with pytest.raises(OperatorError, match="there is no session"):
                await desk.receipt("S-nobody", True)
            await t.settler.close_epoch()
            with pytest.raises(OperatorError, match="not anchored yet"):
                await desk.receipt(signed, True)
            await t.epoch_until(1, EpochState.ANCHORED)
            document = await desk.receipt(signed, with_records=True)
            reader = open_reader(anvil.url, t.issuer.ledger)
            await t.epoch_until(1)

            document = await desk.receipt(signed, with_records=True)
            checks = judge(t, document, await chain_facts(reader, document))
            assert exit_code(checks) == 0, [str(check) for check in checks]
            facts = await chain_facts(reader, document)
            assert facts == await chain_facts(t.chain(), document)
            assert facts.block_hash == t.epoch(1).block_hash  # the mirror kept the event's own
            public = await desk.receipt(signed, with_records=False)
            assert len(public) < len(document)
            found = outcomes(judge(t, public, await chain_facts(reader, public)))
            assert Outcome.FAILED not in found.values()
            other = await desk.receipt(plain, with_records=True)
            found = judge(t, other, await chain_facts(reader, other))
            assert (exit_code(found), outcomes(found)["meter_signature"]) == (3, Outcome.SKIPPED)
            assert decode(other)["session"]["proven"] is False

            moved = document.replace(b'"block_number":%d' % facts.block_number, b'"block_number":1')
            wrong = outcomes(judge(t, moved, await chain_facts(reader, moved)))
            assert wrong["anchor"] is Outcome.FAILED
            assert facts.passport > 0
            for passport, words in ((0, "no passport in the registry"), (7, "passport 7 of this")):
                unknown = replace(facts, meter_keys=frozenset(), passport=passport)
                checks = judge(t, document, unknown)
                (wrong,) = [one for one in checks if one.outcome is Outcome.FAILED]
                assert (wrong.name, words in wrong.detail) == ("registered_key", True)
                assert _is_unvouched(checks)
            assert not _is_unvouched(judge(t, document, facts))
            with pytest.raises(RemoteProtocolError):
                await chain_facts(reader, b"{}")
            with pytest.raises(RemoteProtocolError):
                await chain_facts(reader, b"[]")
            await reader.close()

    asyncio.run(scenario())


def test_a_bundle_holds_every_document_and_its_hash_is_in_the_header(anvil):
    async def scenario():
        async with town(anvil) as t:
            driver = await t.driver()
            await t.final()
            await t.settler.step()
            ids = [await t.session(kwh=n) for n in (1, 2, 3)]
            await t.settler.close_epoch()
            head, *lines = (await t.settler.archive.bundle(1)).splitlines()
            built = await EpochArchive(t.store).get(1)  # rebuilt from the store alone
            assert json.loads(head)["header"] == header_document(built.header)
            assert json.loads(head)["header_hash"] == "0x" + built.header.hash().hex()
            assert [decode(line)["id"] for line in lines] == ids
            assert bundle_hash(lines) == built.header.bundle
            assert keccak(b"".join(keccak(line) for line in lines)) == built.header.bundle
            assert b"driver" not in b"".join(lines)  # the card is a pseudonym
            assert driver.address.encode() in lines[0]
            with pytest.raises(OperatorError, match="no epoch 7"):
                await t.settler.archive.bundle(7)
            with pytest.raises(OperatorError, match="no epoch 7"):
                await t.settler.archive.get(7)

    asyncio.run(scenario())


def test_the_archive_builds_an_epoch_once_for_everybody_who_asks(anvil, monkeypatch):
    async def scenario():
        async with town(anvil) as t:
            await t.driver()
            await t.final()
            await t.settler.step()
            await t.session()
            await t.epoch_until(1)
            calls = []
            real = rebuild

            def counting(store, number):
                calls.append(number)
                return real(store, number)

            monkeypatch.setattr("ohmstead.apps.settler.archive.rebuild", counting)
            archive = EpochArchive(t.store)
            await asyncio.gather(*[archive.get(1) for _ in range(20)])
            assert calls == [1]
            assert archive._building == {}
            built = await archive.get(1)
            for number in range(2, EPOCHS_KEPT + 2):
                archive.put(replace(built, header=replace(built.header, number=number)))
            assert len(archive._built) == EPOCHS_KEPT
            await archive.get(1)
            assert calls == [1, 1]
            arguments = await t.claims.arguments(TREASURY)
            assert arguments.entry.cumulative == 400_000
            assert await t.claims.arguments("0x" + "ee" * 20) is None

    asyncio.run(scenario())
