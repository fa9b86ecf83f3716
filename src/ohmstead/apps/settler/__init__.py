"""The settler: sessions become epochs, epochs are anchored, final money is booked and claimed."""

from __future__ import annotations

from ohmstead.apps.settler.archive import EpochArchive, bundle_hash
from ohmstead.apps.settler.claims import ClaimDesk, Claiming
from ohmstead.apps.settler.journal import SETTLER_TABLES, StoreTxJournal
from ohmstead.apps.settler.meters import StationPassport, register_meter
from ohmstead.apps.settler.opening import OpenedChain, open_chain
from ohmstead.apps.settler.passports import PassportDesk, Standing
from ohmstead.apps.settler.receipts import ReceiptDesk, chain_facts, open_reader
from ohmstead.apps.settler.reconcile import Reconciliation
from ohmstead.apps.settler.settler import Settler, SettlerStatus, StepReport

__all__ = [
    "SETTLER_TABLES",
    "ClaimDesk",
    "Claiming",
    "EpochArchive",
    "OpenedChain",
    "PassportDesk",
    "ReceiptDesk",
    "Reconciliation",
    "Settler",
    "SettlerStatus",
    "Standing",
    "StationPassport",
    "StepReport",
    "StoreTxJournal",
    "bundle_hash",
    "chain_facts",
    "open_chain",
    "open_reader",
    "register_meter",
]
