"""Which kinds of records stay whatever a person asks, by what right, and which name no driver."""

from __future__ import annotations

from collections.abc import Mapping

from ohmstead.core.alerts import LastSession
from ohmstead.core.attempt import AttemptHead
from ohmstead.core.attempt_day import AttemptDay
from ohmstead.core.attempt_tally import AttemptRank, StationTally
from ohmstead.core.bill import Bill, MeterHead, PageHead
from ohmstead.core.device_model import EarlierInventory, Inventory
from ohmstead.core.exchange import MeterExchange, SessionExchange
from ohmstead.core.files import FileProtocols, Firmware, Ticket
from ohmstead.core.ledger import Account, Resolution, Transfer
from ohmstead.core.local_list import ListState
from ohmstead.core.meter import MeterKey, SignedReading
from ohmstead.core.network import (
    Counter,
    EvseHead,
    NetworkPolicy,
    SeenMessage,
    Station,
    TransactionRef,
)
from ohmstead.core.newcomer import Newcomer
from ohmstead.core.onchain import AccountHead, ChainCursor, EpochLane, EpochLeaf, EpochRecord, Lock
from ohmstead.core.person import PersonRequest
from ohmstead.core.progress import Progress, ReadingBlock
from ohmstead.core.revocation import Revocation
from ohmstead.core.rollout import Claim
from ohmstead.core.standing import Standing
from ohmstead.core.station_log import StationCertificate
from ohmstead.core.station_profiles import ProfileReport, StationProfiles
from ohmstead.core.station_update import StationUpdate
from ohmstead.core.tariff import Tariff
from ohmstead.core.template import Template
from ohmstead.core.terminal_payment import TerminalPayment
from ohmstead.core.webhooks import Subscription

ACCOUNTING = "accounting law: bookings are kept as long as books are"
CALIBRATION = "calibration law: what a meter signed proves a bill and cannot be changed"
ANCHORED = "a receipt and its leaf on the ledger commit to it; it holds a pseudonym, not the card"

KEPT: Mapping[type, str] = {
    Account: ACCOUNTING,
    Transfer: ACCOUNTING,
    Resolution: ACCOUNTING,
    Bill: ACCOUNTING,
    Lock: ACCOUNTING,
    TerminalPayment: ACCOUNTING,
    SignedReading: CALIBRATION,
    EpochLeaf: ANCHORED,
    EpochLane: ANCHORED,
    AccountHead: ANCHORED,
}
"""What stays as it is although it may be about the person, and why."""

IMPERSONAL: frozenset[type] = frozenset(
    {
        *(NetworkPolicy, Counter, Tariff, MeterKey, TransactionRef, SeenMessage, MeterHead),
        *(PageHead, EvseHead, Progress, ReadingBlock, ChainCursor, EpochRecord, ListState),
        *(Station, Newcomer, Subscription, PersonRequest, MeterExchange, SessionExchange),
        *(Inventory, EarlierInventory, Standing, Template, StationUpdate, Claim, Firmware, Ticket),
        *(FileProtocols, Revocation, StationCertificate, StationProfiles, ProfileReport),
        *(AttemptHead, AttemptDay, StationTally, AttemptRank, LastSession),
    }
)
"""What names no driver: numbers, meters, digests of messages, whom the operator deals with, and how
stations are set: a short id_token could stand there by chance, and is not to change a setting."""
