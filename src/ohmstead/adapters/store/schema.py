"""Every kind of record this house keeps, its table, and the fields it is found by."""

from __future__ import annotations

from ohmstead.adapters.store.migration import Rewriting
from ohmstead.adapters.store.tables import Table
from ohmstead.core.access import ApiKey, KeptAnswer
from ohmstead.core.alerts import Alert, LastSession
from ohmstead.core.attempt import Attempt, AttemptHead
from ohmstead.core.attempt_day import AttemptDay
from ohmstead.core.attempt_tally import AttemptRank, StationTally
from ohmstead.core.bill import Bill, MeterHead, PageHead
from ohmstead.core.command import CommandBatch, CommandBody, StationCommand
from ohmstead.core.connectors import Connectors
from ohmstead.core.device_model import EarlierInventory, Inventory
from ohmstead.core.exchange import MeterExchange, SessionExchange
from ohmstead.core.files import FileProtocols, Firmware, Ticket, Upload
from ohmstead.core.foreign import ForeignTransaction
from ohmstead.core.ledger import Account, Resolution, Transfer
from ohmstead.core.local_list import ListState, LocalList
from ohmstead.core.meter import MeterKey, SignedReading
from ohmstead.core.network import (
    Counter,
    EvseHead,
    IdToken,
    NetworkPolicy,
    Quarantined,
    SeenMessage,
    Station,
    TransactionRef,
)
from ohmstead.core.newcomer import Newcomer
from ohmstead.core.onchain import (
    AccountHead,
    ChainCursor,
    EpochLane,
    EpochLeaf,
    EpochRecord,
    Lock,
)
from ohmstead.core.person import PersonRequest
from ohmstead.core.progress import Progress, ReadingBlock
from ohmstead.core.reservation import Reservation
from ohmstead.core.restoration import Restoration
from ohmstead.core.revocation import Revocation
from ohmstead.core.rollout import Claim, Rollout, RolloutPlan
from ohmstead.core.session import Session
from ohmstead.core.standing import Standing
from ohmstead.core.station_log import StationCertificate, StationEvent, StationLog
from ohmstead.core.station_profiles import ProfileReport, StationProfiles
from ohmstead.core.station_update import StationUpdate
from ohmstead.core.tariff import Tariff
from ohmstead.core.template import Template
from ohmstead.core.terminal_payment import TerminalPayment
from ohmstead.core.told import Told
from ohmstead.core.verdict import Verdicts
from ohmstead.core.webhooks import DeadLetter, Subscription

TABLES: tuple[Table, ...] = (
    Table(NetworkPolicy, "policies"),
    Table(Counter, "counters"),
    Table(Station, "stations"),
    Table(Connectors, "connectors"),
    Table(Newcomer, "newcomers", ("state",)),
    Table(IdToken, "id_tokens", ("payer",)),
    Table(Tariff, "tariffs"),
    Table(MeterKey, "meter_keys", ("station_id",)),
    Table(Session, "sessions", ("state", "station_id", "epoch", "payer", "open_at"), ("open_at",)),
    Table(TransactionRef, "transactions"),
    Table(SeenMessage, "seen_messages"),
    Table(ForeignTransaction, "foreign_transactions", ("station_id",)),
    Table(Quarantined, "quarantined", ("station_id", "transaction_id")),
    Table(Progress, "progress"),
    Table(ReadingBlock, "reading_blocks"),
    Table(SignedReading, "signed_readings"),
    Table(MeterHead, "meter_heads"),
    Table(MeterExchange, "meter_exchanges", ("station_id",)),
    Table(SessionExchange, "session_exchanges"),
    Table(PageHead, "page_heads"),
    Table(EvseHead, "evse_heads"),
    Table(Bill, "bills"),
    Table(Verdicts, "verdicts"),
    Table(Account, "accounts"),
    Table(Transfer, "transfers", ("debit", "credit")),
    Table(Resolution, "resolutions"),
    Table(Lock, "locks", ("state", "session_id")),
    Table(ChainCursor, "chain_cursors"),
    Table(EpochRecord, "epochs", ("state",)),
    Table(EpochLeaf, "epoch_leaves", ("epoch", "session_id")),
    Table(EpochLane, "epoch_lanes", ("epoch", "account")),
    Table(AccountHead, "account_heads"),
    Table(ApiKey, "api_keys"),
    Table(KeptAnswer, "kept_answers"),
    Table(Restoration, "restorations", ("resumed_ms",)),
    Table(Subscription, "subscriptions"),
    Table(Told, "told"),
    Table(Alert, "alerts", ("closed_ms",)),
    Table(LastSession, "last_sessions"),
    Table(DeadLetter, "dead_letters", ("replayed_ms",)),
    Table(StationCommand, "station_commands", ("station_id", "state", "batch")),
    Table(CommandBody, "command_bodies"),
    Table(CommandBatch, "command_batches"),
    Table(StationEvent, "station_events"),
    Table(StationLog, "station_logs"),
    Table(StationCertificate, "station_certificates", ("station_id",)),
    Table(Revocation, "revocations"),
    Table(StationProfiles, "station_profiles"),
    Table(ProfileReport, "profile_reports"),
    Table(LocalList, "local_lists"),
    Table(ListState, "local_list_states"),
    Table(Attempt, "attempts", ("is_open",)),
    Table(AttemptHead, "attempt_heads"),
    Table(AttemptDay, "attempt_days"),
    Table(StationTally, "attempt_tallies"),
    Table(AttemptRank, "attempt_ranks"),
    Table(TerminalPayment, "terminal_payments", ("station_id",)),
    Table(Reservation, "reservations", ("state", "station_id", "payer")),
    Table(Inventory, "inventories"),
    Table(EarlierInventory, "earlier_inventories"),
    Table(Standing, "standings", ("state", "template")),
    Table(Template, "templates"),
    Table(RolloutPlan, "rollout_plans"),
    Table(Rollout, "rollouts", ("is_open",)),
    Table(StationUpdate, "station_updates", ("number", "lane", "turns")),
    Table(Claim, "rollout_claims"),
    Table(Rewriting, "rewritings"),
    Table(Firmware, "firmware"),
    Table(Ticket, "file_tickets", ("station_id",)),
    Table(Upload, "uploads", ("station_id", "state")),
    Table(FileProtocols, "file_protocols"),
    Table(PersonRequest, "person_requests", ("state",)),
)
