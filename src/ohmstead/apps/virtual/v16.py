"""A virtual station's OCPP 1.6: JSON, Basic authentication, signed values in MeterValues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ohmstead.apps.virtual.answers16 import ANSWERS as MORE
from ohmstead.apps.virtual.answers16 import tell_idle
from ohmstead.apps.virtual.charging import (
    Boot,
    Cause,
    Commands,
    Nameplate,
    RemoteStart,
    Transaction,
)
from ohmstead.apps.virtual.meter import Sample, VirtualMeter
from ohmstead.apps.virtual.outbox import Owed
from ohmstead.apps.virtual.settings import Change, Kind, Settings
from ohmstead.units import MWH_PER_WH
from ohmstead.wire.ocpp import v16
from ohmstead.wire.ocpp.base import Message, Version
from ohmstead.wire.ocpp.codec import Strictness, decode_as, encode
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.times import format_time, parse_time

M = TypeVar("M", bound=Message)

TEXT_25 = 25  # CiString25Type
NO_TRANSACTION = -1  # a stop whose start was never answered
_CHANGES = {
    Change.ACCEPTED: v16.ConfigurationStatus.ACCEPTED,
    Change.UNKNOWN: v16.ConfigurationStatus.NOT_SUPPORTED,
    Change.READONLY: v16.ConfigurationStatus.REJECTED,
    Change.UNFIT: v16.ConfigurationStatus.REJECTED,
}
_REASONS = {"ImmediateReset": "HardReset"}  # 2.0.1's word
_TRIGGERED = ("BootNotification", "Heartbeat", "MeterValues", "StatusNotification")


class Dialect16:
    """Implements :class:`ohmstead.apps.virtual.charging.Dialect`."""

    version = Version.V16

    def boot(self, plate: Nameplate, meters: dict[int, VirtualMeter], reason: str) -> Message:
        del reason  # 1.6 has no word for it
        serial = next((meter.serial for meter in meters.values()), None)
        return v16.BootNotificationRequest(
            charge_point_vendor=plate.vendor,
            charge_point_model=plate.model,
            firmware_version=plate.firmware,
            meter_serial_number=None if serial is None else serial[:TEXT_25],
        )

    def booted(self, payload: bytes) -> Boot:
        answer = _read(v16.BootNotificationResponse, payload)
        return Boot(answer.status, answer.interval, parse_time(answer.current_time))

    def heartbeat_ms(self, payload: bytes) -> int:
        return parse_time(_read(v16.HeartbeatResponse, payload).current_time)

    def status(self, evse: int, state: str, at_ms: int) -> Message:
        return v16.StatusNotificationRequest(
            connector_id=evse,
            error_code=v16.ChargePointErrorCode.NO_ERROR,
            status=v16.ChargePointStatus(state),
            timestamp=format_time(at_ms),
        )

    def authorize(self, id_token: str) -> Message:
        return v16.AuthorizeRequest(id_tag=id_token)

    def authorized(self, payload: bytes) -> str:
        return _read(v16.AuthorizeResponse, payload).id_tag_info.status

    def idle_values(self, evse: int, sample: Sample) -> Message:
        values = _values(sample, Cause.TRIGGER)
        return v16.MeterValuesRequest(
            connector_id=evse,
            meter_value=[v16.MeterValue(timestamp=format_time(sample.at_ms), sampled_value=values)],
        )

    def start(self, tx: Transaction, meter: VirtualMeter, offline: bool) -> list[Owed]:
        """StartTransaction, and the signed begin right behind it: the start has no room for it."""
        del meter, offline  # 1.6 marks neither; a station's own timestamps tell
        sample = tx.begin
        request = v16.StartTransactionRequest(
            connector_id=tx.evse,
            id_tag=tx.id_token,
            meter_start=sample.mwh // MWH_PER_WH,
            timestamp=format_time(sample.at_ms),
        )

        def learn(payload: bytes) -> None:
            answer = _read(v16.StartTransactionResponse, payload)
            tx.transaction_id = str(answer.transaction_id)
            tx.status = answer.id_tag_info.status

        owed = [Owed("StartTransaction", lambda: encode(request), learn)]
        return owed if sample.record is None else owed + self.update(tx, sample, Cause.BEGIN, False)

    def update(self, tx: Transaction, sample: Sample, cause: Cause, offline: bool) -> list[Owed]:
        del offline
        value = v16.MeterValue(
            timestamp=format_time(sample.at_ms), sampled_value=_values(sample, cause)
        )

        def build() -> bytes:
            return encode(
                v16.MeterValuesRequest(
                    connector_id=tx.evse,
                    meter_value=[value],
                    transaction_id=int(tx.transaction_id) if tx.transaction_id else None,
                )
            )

        return [Owed("MeterValues", build, _ignore)]

    def stop(self, tx: Transaction, sample: Sample, reason: str, offline: bool) -> list[Owed]:
        del offline
        at = format_time(sample.at_ms)
        data = None
        if sample.record is not None:
            values = _values(sample, Cause.END)
            data = [v16.TransactionMeterValue(timestamp=at, sampled_value=values)]

        def build() -> bytes:
            return encode(
                v16.StopTransactionRequest(
                    meter_stop=sample.mwh // MWH_PER_WH,
                    timestamp=at,
                    transaction_id=int(tx.transaction_id or NO_TRANSACTION),
                    # 7.30: the id_tag that stopped it, absent if the station did.
                    id_tag=tx.id_token if reason == "Local" else None,
                    reason=v16.Reason(_REASONS.get(reason, reason)),
                    transaction_data=data,
                )
            )

        return [Owed("StopTransaction", build, _ignore)]

    def report(self, request_id: int, settings: Settings, at_ms: int) -> list[Message]:
        """1.6 has no reports; GetConfiguration answers at once."""
        del request_id, settings, at_ms
        return []

    def answer(self, request: Message, panel: Commands) -> Message:
        """Answer a request of the CSMS; raises CallRefused for what this station does not do."""
        answer = _ANSWERS.get(type(request))
        if answer is None:
            raise CallRefused(ErrorCode.NOT_SUPPORTED, "this station does not do that")
        return answer(request, panel)


def _read(kind: type[M], payload: bytes) -> M:
    return decode_as(kind, payload, Strictness.LENIENT)


def _ignore(payload: bytes) -> None:
    """Take an answer that says nothing a station needs."""


def _values(sample: Sample, cause: Cause) -> list[v16.SampledValue]:
    """The register as text in Wh, exact to the mWh, and the signed record as it is."""
    context = v16.ReadingContext(cause.value)
    whole, rest = divmod(sample.mwh, MWH_PER_WH)
    values = [
        v16.SampledValue(
            value=f"{whole}.{rest:03d}",
            context=context,
            measurand=v16.Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
            unit=v16.UnitOfMeasure.WH,
        )
    ]
    if sample.record is not None:
        values.append(
            v16.SampledValue(
                value=sample.record.decode(),
                context=context,
                format=v16.ValueFormat.SIGNED_DATA,
                measurand=v16.Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
            )
        )
    return values


# What the CSMS asks.


def _remote_start(asked: v16.RemoteStartTransactionRequest, panel: Commands) -> Message:
    accepted = panel.remote_start(RemoteStart(asked.connector_id, asked.id_tag, None))
    return v16.RemoteStartTransactionResponse(status=_started(accepted))


def _remote_stop(asked: v16.RemoteStopTransactionRequest, panel: Commands) -> Message:
    accepted = panel.remote_stop(str(asked.transaction_id))
    return v16.RemoteStopTransactionResponse(status=_started(accepted))


def _started(accepted: bool) -> v16.RemoteStartStopStatus:
    status = v16.RemoteStartStopStatus
    return status.ACCEPTED if accepted else status.REJECTED


def _reset(asked: v16.ResetRequest, panel: Commands) -> Message:
    return v16.ResetResponse(status=v16.ResetStatus(panel.reset(asked.type).value))


def _trigger(asked: v16.TriggerMessageRequest, panel: Commands) -> Message:
    status = v16.TriggerMessageStatus
    if asked.requested_message not in _TRIGGERED:
        tell_idle(asked.requested_message, panel)  # all that is left of 1.6's six
        return v16.TriggerMessageResponse(status=status.ACCEPTED)
    accepted = panel.trigger(asked.requested_message, asked.connector_id)
    return v16.TriggerMessageResponse(status=status.ACCEPTED if accepted else status.REJECTED)


def _availability(asked: v16.ChangeAvailabilityRequest, panel: Commands) -> Message:
    # 7.1: connectorId 0 means the whole station.
    operative = asked.type is v16.AvailabilityType.OPERATIVE
    done = panel.set_operative(asked.connector_id or None, operative)
    return v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus(done.value))


def _unlock(asked: v16.UnlockConnectorRequest, panel: Commands) -> Message:
    status = v16.UnlockStatus
    known = panel.is_evse(asked.connector_id)
    # 5.18: a transaction on this connector is finished first.
    if known and panel.is_charging(asked.connector_id):
        return v16.UnlockConnectorResponse(status=status.UNLOCK_FAILED)
    return v16.UnlockConnectorResponse(status=status.UNLOCKED if known else status.NOT_SUPPORTED)


def _get_configuration(asked: v16.GetConfigurationRequest, panel: Commands) -> Message:
    known: list[v16.KeyValue] = []
    unknown: list[str] = []
    for name in asked.key or panel.settings.names():
        setting = panel.settings.get(name)
        if setting is None:
            unknown.append(name)
        else:
            value = None if setting.kind is Kind.SECRET else setting.value
            known.append(v16.KeyValue(key=name, readonly=setting.readonly, value=value))
    return v16.GetConfigurationResponse(
        configuration_key=known or None, unknown_key=unknown or None
    )


def _change_configuration(asked: v16.ChangeConfigurationRequest, panel: Commands) -> Message:
    change = panel.settings.change(asked.key, asked.value)
    if change is Change.ACCEPTED and asked.key == panel.settings.password_name:
        panel.password_changed(asked.value)
    return v16.ChangeConfigurationResponse(status=_CHANGES[change])


def _clear_cache(asked: v16.ClearCacheRequest, panel: Commands) -> Message:
    del asked, panel  # nothing is cached here
    return v16.ClearCacheResponse(status=v16.ClearCacheStatus.ACCEPTED)


def _data_transfer(asked: v16.DataTransferRequest, panel: Commands) -> Message:
    del asked, panel
    return v16.DataTransferResponse(status=v16.DataTransferStatus.UNKNOWN_VENDOR_ID)


# The table pairs a request with its answer, so the request is Any here only.
_ANSWERS: dict[type[Message], Callable[[Any, Commands], Message]] = {
    v16.ChangeAvailabilityRequest: _availability,
    v16.ChangeConfigurationRequest: _change_configuration,
    v16.ClearCacheRequest: _clear_cache,
    v16.DataTransferRequest: _data_transfer,
    v16.GetConfigurationRequest: _get_configuration,
    v16.RemoteStartTransactionRequest: _remote_start,
    v16.RemoteStopTransactionRequest: _remote_stop,
    v16.ResetRequest: _reset,
    v16.TriggerMessageRequest: _trigger,
    v16.UnlockConnectorRequest: _unlock,
    **MORE,
}
