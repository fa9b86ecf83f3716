"""A virtual station's OCPP 2.0.1: TransactionEvent with signed values, the device model."""

from __future__ import annotations

import base64
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from ohmstead.apps.virtual import answers201, model201
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
from ohmstead.wire.ocpp import v201
from ohmstead.wire.ocpp.base import Message, Version
from ohmstead.wire.ocpp.codec import Strictness, decode_as, encode
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.times import format_time, parse_time

M = TypeVar("M", bound=Message)

CONNECTOR = 1  # each evse of a virtual station has one
REPORT_ROWS_MAX = 8  # in one NotifyReport
MWH_DECIMALS = 3  # of a value in Wh
_CHANGES = {
    Change.ACCEPTED: v201.SetVariableStatusEnumType.ACCEPTED,
    Change.READONLY: v201.SetVariableStatusEnumType.REJECTED,
    Change.UNFIT: v201.SetVariableStatusEnumType.REJECTED,
}
_TRIGGER_REASONS = {
    "Local": v201.TriggerReasonEnumType.STOP_AUTHORIZED,
    "EVDisconnected": v201.TriggerReasonEnumType.EV_COMMUNICATION_LOST,
    "Remote": v201.TriggerReasonEnumType.REMOTE_STOP,
    "DeAuthorized": v201.TriggerReasonEnumType.DEAUTHORIZED,
    "ImmediateReset": v201.TriggerReasonEnumType.RESET_COMMAND,
}
_TRIGGERED = (
    "BootNotification",
    "Heartbeat",
    "MeterValues",
    "StatusNotification",
    "TransactionEvent",
)
_STATES = {"Available", "Occupied", "Reserved", "Unavailable", "Faulted"}


class Dialect201:
    """Implements :class:`ohmstead.apps.virtual.charging.Dialect`."""

    version = Version.V201

    def boot(self, plate: Nameplate, meters: dict[int, VirtualMeter], reason: str) -> Message:
        del meters
        return v201.BootNotificationRequest(
            reason=v201.BootReasonEnumType(reason),
            charging_station=v201.ChargingStationType(
                model=plate.model, vendor_name=plate.vendor, firmware_version=plate.firmware
            ),
        )

    def booted(self, payload: bytes) -> Boot:
        answer = _read(v201.BootNotificationResponse, payload)
        return Boot(answer.status, answer.interval, parse_time(answer.current_time))

    def heartbeat_ms(self, payload: bytes) -> int:
        return parse_time(_read(v201.HeartbeatResponse, payload).current_time)

    def status(self, evse: int, state: str, at_ms: int) -> Message:
        # 2.0.1 has one word for every state of a connector with a car: 1.6's Charging is Occupied.
        return v201.StatusNotificationRequest(
            timestamp=format_time(at_ms),
            connector_status=v201.ConnectorStatusEnumType(
                state if state in _STATES else "Occupied"
            ),
            evse_id=evse,
            connector_id=CONNECTOR,
        )

    def authorize(self, id_token: str) -> Message:
        return v201.AuthorizeRequest(id_token=_token(id_token))

    def authorized(self, payload: bytes) -> str:
        return _read(v201.AuthorizeResponse, payload).id_token_info.status

    def idle_values(self, evse: int, sample: Sample) -> Message:
        return v201.MeterValuesRequest(
            evse_id=evse, meter_value=_values(sample, Cause.TRIGGER, public_key="")
        )

    def start(self, tx: Transaction, meter: VirtualMeter, offline: bool) -> list[Owed]:
        remote = tx.remote_start_id is not None
        reasons = v201.TriggerReasonEnumType
        request = v201.TransactionEventRequest(
            event_type=v201.TransactionEventEnumType.STARTED,
            timestamp=format_time(tx.begin.at_ms),
            trigger_reason=reasons.REMOTE_START if remote else reasons.AUTHORIZED,
            seq_no=_next(tx),
            transaction_info=v201.TransactionType(
                transaction_id=tx.transaction_id,
                charging_state=v201.ChargingStateEnumType.CHARGING,
                remote_start_id=tx.remote_start_id,
            ),
            # PublicKeyWithSignedMeterValue is "OncePerTransaction" here.
            meter_value=_values(tx.begin, Cause.BEGIN, meter.key_carried),
            offline=offline or None,
            evse=v201.EVSEType(id=tx.evse, connector_id=CONNECTOR),
            id_token=_token(tx.id_token, remote),
        )
        return [_event(tx, request)]

    def update(self, tx: Transaction, sample: Sample, cause: Cause, offline: bool) -> list[Owed]:
        reasons = v201.TriggerReasonEnumType
        triggered = cause is Cause.TRIGGER
        request = v201.TransactionEventRequest(
            event_type=v201.TransactionEventEnumType.UPDATED,
            timestamp=format_time(sample.at_ms),
            trigger_reason=reasons.TRIGGER if triggered else reasons.METER_VALUE_PERIODIC,
            seq_no=_next(tx),
            transaction_info=v201.TransactionType(
                transaction_id=tx.transaction_id,
                charging_state=v201.ChargingStateEnumType.CHARGING,
            ),
            meter_value=_values(sample, cause, public_key=""),
            offline=offline or None,
            evse=v201.EVSEType(id=tx.evse, connector_id=CONNECTOR),
        )
        return [_event(tx, request)]

    def stop(self, tx: Transaction, sample: Sample, reason: str, offline: bool) -> list[Owed]:
        """Ended. A second stop of the same transaction, which only misbehaviour sends, has the
        seqNo of the first."""
        if tx.active:
            tx.end_seq_no = _next(tx)
        request = v201.TransactionEventRequest(
            event_type=v201.TransactionEventEnumType.ENDED,
            timestamp=format_time(sample.at_ms),
            trigger_reason=_TRIGGER_REASONS.get(
                reason, v201.TriggerReasonEnumType.ABNORMAL_CONDITION
            ),
            seq_no=tx.end_seq_no,
            transaction_info=v201.TransactionType(
                transaction_id=tx.transaction_id,
                stopped_reason=v201.ReasonEnumType(reason),
            ),
            meter_value=_values(sample, Cause.END, public_key=""),
            offline=offline or None,
            evse=v201.EVSEType(id=tx.evse, connector_id=CONNECTOR),
            id_token=_token(tx.id_token) if reason == "Local" else None,
        )
        return [_event(tx, request)]

    def report(self, request_id: int, settings: Settings, at_ms: int) -> list[Message]:
        """Return the NotifyReports of a base report, the last with tbc false."""
        rows = [_report_row(name, settings) for name in settings.names()]
        pages = [rows[i : i + REPORT_ROWS_MAX] for i in range(0, len(rows), REPORT_ROWS_MAX)]
        return [
            v201.NotifyReportRequest(
                request_id=request_id,
                generated_at=format_time(at_ms),
                seq_no=number,
                report_data=page,
                tbc=number < len(pages) - 1,
            )
            for number, page in enumerate(pages)
        ]

    def answer(self, request: Message, panel: Commands) -> Message:
        """Answer a request of the CSMS; raises CallRefused for what this station does not do."""
        answer = ANSWERS.get(type(request))
        if answer is None:
            raise CallRefused(ErrorCode.NOT_SUPPORTED, "this station does not do that")
        return answer(request, panel)


def _read(kind: type[M], payload: bytes) -> M:
    return decode_as(kind, payload, Strictness.LENIENT)


def _next(tx: Transaction) -> int:
    number, tx.seq_no = tx.seq_no, tx.seq_no + 1
    return number


def _event(tx: Transaction, request: v201.TransactionEventRequest) -> Owed:
    def learn(payload: bytes) -> None:
        answer = _read(v201.TransactionEventResponse, payload)
        if answer.id_token_info is not None:
            tx.status = answer.id_token_info.status
        if answer.total_cost is not None:
            tx.total_cost = str(answer.total_cost)

    payload = encode(request)
    return Owed("TransactionEvent", lambda: payload, learn, tx.transaction_id)


def _token(id_token: str, remote: bool = False) -> v201.IdTokenType:
    kind = v201.IdTokenEnumType.CENTRAL if remote else v201.IdTokenEnumType.ISO14443
    return v201.IdTokenType(id_token=id_token, type=kind)


def _values(sample: Sample, cause: Cause, public_key: str) -> list[v201.MeterValueType]:
    """The register in Wh, exact to the mWh, with its signed record in base64."""
    signed = None
    if sample.record is not None:
        signed = v201.SignedMeterValueType(
            signed_meter_data=base64.b64encode(sample.record).decode(),
            signing_method="",  # OCMF names it inside
            encoding_method="OCMF",
            public_key=public_key,
        )
    value = v201.SampledValueType(
        value=Decimal(sample.mwh).scaleb(-MWH_DECIMALS),
        context=v201.ReadingContextEnumType(cause.value),
        measurand=v201.MeasurandEnumType.ENERGY_ACTIVE_IMPORT_REGISTER,
        unit_of_measure=v201.UnitOfMeasureType(unit="Wh"),
        signed_meter_value=signed,
    )
    return [v201.MeterValueType(timestamp=format_time(sample.at_ms), sampled_value=[value])]


def _report_row(name: str, settings: Settings) -> v201.ReportDataType:
    component, _, variable = name.partition(".")
    setting = settings.get(name)
    assert setting is not None
    secret = setting.kind is Kind.SECRET
    mutability = v201.MutabilityEnumType
    access = mutability.READ_ONLY if setting.readonly else mutability.READ_WRITE
    kind = v201.DataEnumType.STRING if secret else v201.DataEnumType(setting.kind.value)
    return v201.ReportDataType(
        component=v201.ComponentType(name=component),
        variable=v201.VariableType(name=variable),
        variable_attribute=[
            v201.VariableAttributeType(
                value=None if secret else setting.value,
                mutability=mutability.WRITE_ONLY if secret else access,
            )
        ],
        variable_characteristics=v201.VariableCharacteristicsType(
            data_type=kind, supports_monitoring=False
        ),
    )


# What the CSMS asks.


def _remote_start(asked: v201.RequestStartTransactionRequest, panel: Commands) -> Message:
    start = RemoteStart(asked.evse_id, asked.id_token.id_token, asked.remote_start_id)
    return v201.RequestStartTransactionResponse(status=_started(panel.remote_start(start)))


def _remote_stop(asked: v201.RequestStopTransactionRequest, panel: Commands) -> Message:
    accepted = panel.remote_stop(asked.transaction_id)
    return v201.RequestStopTransactionResponse(status=_started(accepted))


def _started(accepted: bool) -> v201.RequestStartStopStatusEnumType:
    status = v201.RequestStartStopStatusEnumType
    return status.ACCEPTED if accepted else status.REJECTED


def _reset(asked: v201.ResetRequest, panel: Commands) -> Message:
    if asked.evse_id:
        # B11/B12: a station that cannot reset a single evse rejects that.
        return v201.ResetResponse(status=v201.ResetStatusEnumType.REJECTED)
    done = panel.reset(asked.type)
    return v201.ResetResponse(status=v201.ResetStatusEnumType(done.value))


def _trigger(asked: v201.TriggerMessageRequest, panel: Commands) -> Message:
    status = v201.TriggerMessageStatusEnumType
    if asked.requested_message not in _TRIGGERED:
        told = answers201.triggered(asked.requested_message, panel)
        word = status.ACCEPTED if told else status.NOT_IMPLEMENTED
        return v201.TriggerMessageResponse(status=word)
    accepted = panel.trigger(asked.requested_message, asked.evse.id if asked.evse else None)
    return v201.TriggerMessageResponse(status=status.ACCEPTED if accepted else status.REJECTED)


def _availability(asked: v201.ChangeAvailabilityRequest, panel: Commands) -> Message:
    operative = asked.operational_status is v201.OperationalStatusEnumType.OPERATIVE
    done = panel.set_operative(asked.evse.id if asked.evse else None, operative)
    return v201.ChangeAvailabilityResponse(status=v201.ChangeAvailabilityStatusEnumType(done.value))


def _unlock(asked: v201.UnlockConnectorRequest, panel: Commands) -> Message:
    status = v201.UnlockStatusEnumType
    if not panel.is_evse(asked.evse_id) or asked.connector_id != CONNECTOR:
        return v201.UnlockConnectorResponse(status=status.UNKNOWN_CONNECTOR)
    if panel.is_charging(asked.evse_id):
        return v201.UnlockConnectorResponse(status=status.ONGOING_AUTHORIZED_TRANSACTION)
    return v201.UnlockConnectorResponse(status=status.UNLOCKED)


def _get_variables(asked: v201.GetVariablesRequest, panel: Commands) -> Message:
    return v201.GetVariablesResponse(
        get_variable_result=[_got(one, panel.settings) for one in asked.get_variable_data]
    )


def _got(asked: v201.GetVariableDataType, settings: Settings) -> v201.GetVariableResultType:
    status = v201.GetVariableStatusEnumType
    setting = settings.get(f"{asked.component.name}.{asked.variable.name}")
    value = None
    if setting is None:
        known = settings.has_component(asked.component.name)
        outcome = status.UNKNOWN_VARIABLE if known else status.UNKNOWN_COMPONENT
    elif asked.attribute_type not in (None, v201.AttributeEnumType.ACTUAL):
        outcome = status.NOT_SUPPORTED_ATTRIBUTE_TYPE
    elif setting.kind is Kind.SECRET:
        outcome = status.REJECTED  # B06: a WriteOnly variable is not read
    else:
        outcome, value = status.ACCEPTED, setting.value
    return v201.GetVariableResultType(
        attribute_status=outcome,
        component=asked.component,
        variable=asked.variable,
        attribute_type=asked.attribute_type,
        attribute_value=value,
    )


def _set_variables(asked: v201.SetVariablesRequest, panel: Commands) -> Message:
    return v201.SetVariablesResponse(
        set_variable_result=[_set(one, panel) for one in asked.set_variable_data]
    )


def _set(asked: v201.SetVariableDataType, panel: Commands) -> v201.SetVariableResultType:
    status = v201.SetVariableStatusEnumType
    name = f"{asked.component.name}.{asked.variable.name}"
    if asked.attribute_type not in (None, v201.AttributeEnumType.ACTUAL):
        outcome = status.NOT_SUPPORTED_ATTRIBUTE_TYPE
    else:
        change = panel.settings.change(name, asked.attribute_value)
        known = panel.settings.has_component(asked.component.name)
        missing = status.UNKNOWN_VARIABLE if known else status.UNKNOWN_COMPONENT
        outcome = _CHANGES.get(change, missing)
    if outcome is status.ACCEPTED and name == panel.settings.password_name:
        panel.password_changed(asked.attribute_value)
    return v201.SetVariableResultType(
        attribute_status=outcome,
        component=asked.component,
        variable=asked.variable,
        attribute_type=asked.attribute_type,
    )


def _transaction_status(asked: v201.GetTransactionStatusRequest, panel: Commands) -> Message:
    ongoing, queued = panel.transaction_state(asked.transaction_id)
    # E14: without a transactionId only messagesInQueue is meant.
    return v201.GetTransactionStatusResponse(
        messages_in_queue=queued, ongoing_indicator=ongoing if asked.transaction_id else None
    )


def _base_report(asked: v201.GetBaseReportRequest, panel: Commands) -> Message:
    status = v201.GenericDeviceModelStatusEnumType
    if asked.report_base is v201.ReportBaseEnumType.SUMMARY_INVENTORY:
        return v201.GetBaseReportResponse(status=status.NOT_SUPPORTED)
    panel.report(asked.request_id)
    return v201.GetBaseReportResponse(status=status.ACCEPTED)


def _clear_cache(asked: v201.ClearCacheRequest, panel: Commands) -> Message:
    del asked, panel  # nothing is cached here
    return v201.ClearCacheResponse(status=v201.ClearCacheStatusEnumType.ACCEPTED)


def _data_transfer(asked: v201.DataTransferRequest, panel: Commands) -> Message:
    del asked, panel
    return v201.DataTransferResponse(status=v201.DataTransferStatusEnumType.UNKNOWN_VENDOR_ID)


# The table pairs a request with its answer, so the request is Any here only.
ANSWERS: dict[type[Message], Callable[[Any, Commands], Message]] = {
    v201.ChangeAvailabilityRequest: _availability,
    v201.ClearCacheRequest: _clear_cache,
    v201.DataTransferRequest: _data_transfer,
    v201.GetBaseReportRequest: _base_report,
    v201.GetTransactionStatusRequest: _transaction_status,
    v201.GetVariablesRequest: _get_variables,
    v201.RequestStartTransactionRequest: _remote_start,
    v201.RequestStopTransactionRequest: _remote_stop,
    v201.ResetRequest: _reset,
    v201.SetVariablesRequest: _set_variables,
    v201.TriggerMessageRequest: _trigger,
    v201.UnlockConnectorRequest: _unlock,
    **answers201.ANSWERS,
    **model201.ANSWERS,
}
