"""What a virtual station of OCPP 2.0.1 answers about itself: monitors, messages, networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ohmstead.apps.virtual.cabinet import KEPT_MAX
from ohmstead.apps.virtual.charging import Commands
from ohmstead.apps.virtual.settings import Kind
from ohmstead.wire.ocpp import v201
from ohmstead.wire.ocpp.base import Message
from ohmstead.wire.ocpp.times import format_time

_SEVERITY_MAX = 9  # N05: 0 to 9
_LEVEL_ONLY = frozenset(
    {v201.MonitorEnumType.UPPER_THRESHOLD, v201.MonitorEnumType.LOWER_THRESHOLD}
)


def _report(asked: v201.GetReportRequest, panel: Commands) -> Message:
    """B08: the variables of the components asked for; criteria we have none of match nothing."""
    status = v201.GenericDeviceModelStatusEnumType
    if not asked.component_variable:
        return v201.GetReportResponse(status=status.EMPTY_RESULT_SET)
    wanted = {
        (one.component.name, one.variable.name if one.variable else "")
        for one in asked.component_variable
    }
    rows = []
    for name in panel.settings.names():
        component, _, variable = name.partition(".")
        setting = panel.settings.get(name)
        if setting is None or wanted.isdisjoint({(component, variable), (component, "")}):
            continue
        shown = None if setting.kind is Kind.SECRET else setting.value
        rows.append(
            v201.ReportDataType(
                component=v201.ComponentType(name=component),
                variable=v201.VariableType(name=variable),
                variable_attribute=[v201.VariableAttributeType(value=shown)],
            )
        )
    if not rows:
        return v201.GetReportResponse(status=status.EMPTY_RESULT_SET)  # B08.FR.15
    told = v201.NotifyReportRequest(
        request_id=asked.request_id,
        generated_at=format_time(panel.now_ms),
        seq_no=0,
        report_data=rows,
    )
    panel.say(("NotifyReport", told))
    return v201.GetReportResponse(status=status.ACCEPTED)


def _monitoring_base(asked: v201.SetMonitoringBaseRequest, panel: Commands) -> Message:
    if asked.monitoring_base is not v201.MonitoringBaseEnumType.ALL:
        panel.cabinet.monitors.clear()  # N03: what was set by hand goes
    accepted = v201.GenericDeviceModelStatusEnumType.ACCEPTED
    return v201.SetMonitoringBaseResponse(status=accepted)


def _monitoring_level(asked: v201.SetMonitoringLevelRequest, panel: Commands) -> Message:
    del panel
    status = v201.GenericStatusEnumType
    fits = 0 <= asked.severity <= _SEVERITY_MAX  # N05.FR.02
    return v201.SetMonitoringLevelResponse(status=status.ACCEPTED if fits else status.REJECTED)


def _monitors(asked: v201.SetVariableMonitoringRequest, panel: Commands) -> Message:
    return v201.SetVariableMonitoringResponse(
        set_monitoring_result=[_monitor(one, panel) for one in asked.set_monitoring_data]
    )


def _monitor(asked: v201.SetMonitoringDataType, panel: Commands) -> v201.SetMonitoringResultType:
    status, kept = v201.SetMonitoringStatusEnumType, panel.cabinet.monitors
    setting = panel.settings.get(f"{asked.component.name}.{asked.variable.name}")
    number = asked.id if asked.id is not None else max(kept, default=0) + 1
    if not panel.settings.has_component(asked.component.name):
        outcome = status.UNKNOWN_COMPONENT
    elif setting is None:
        outcome = status.UNKNOWN_VARIABLE
    elif asked.type in _LEVEL_ONLY and setting.kind is not Kind.WHOLE:
        outcome = status.UNSUPPORTED_MONITOR_TYPE  # N04.FR.03
    elif len(kept) >= KEPT_MAX or not 0 <= asked.severity <= _SEVERITY_MAX:
        outcome = status.REJECTED
    elif any(_same(one, asked) and at != number for at, one in kept.items()):
        outcome = status.DUPLICATE  # N04.FR.12
    else:
        outcome, kept[number] = status.ACCEPTED, asked
    return v201.SetMonitoringResultType(
        status=outcome,
        type=asked.type,
        component=asked.component,
        variable=asked.variable,
        severity=asked.severity,
        id=number if outcome is status.ACCEPTED else None,
    )


def _same(one: v201.SetMonitoringDataType, other: v201.SetMonitoringDataType) -> bool:
    return (one.component, one.variable, one.type, one.severity) == (
        other.component,
        other.variable,
        other.type,
        other.severity,
    )


def _clear_monitors(asked: v201.ClearVariableMonitoringRequest, panel: Commands) -> Message:
    status = v201.ClearMonitoringStatusEnumType
    results = []
    for number in asked.id:
        known = panel.cabinet.monitors.pop(number, None)
        word = status.NOT_FOUND if known is None else status.ACCEPTED
        results.append(v201.ClearMonitoringResultType(id=number, status=word))
    return v201.ClearVariableMonitoringResponse(clear_monitoring_result=results)


def _monitoring_report(asked: v201.GetMonitoringReportRequest, panel: Commands) -> Message:
    status = v201.GenericDeviceModelStatusEnumType
    wanted = [one.component.name for one in asked.component_variable or ()]
    rows = [
        v201.MonitoringDataType(
            component=one.component,
            variable=one.variable,
            variable_monitoring=[
                v201.VariableMonitoringType(
                    id=number,
                    transaction=bool(one.transaction),
                    value=one.value,
                    type=one.type,
                    severity=one.severity,
                )
            ],
        )
        for number, one in panel.cabinet.monitors.items()
        if not wanted or one.component.name in wanted
    ]
    if not rows:
        return v201.GetMonitoringReportResponse(status=status.EMPTY_RESULT_SET)
    told = v201.NotifyMonitoringReportRequest(
        request_id=asked.request_id,
        seq_no=0,
        generated_at=format_time(panel.now_ms),
        monitor=rows,
    )
    panel.say(("NotifyMonitoringReport", told))
    return v201.GetMonitoringReportResponse(status=status.ACCEPTED)


def _show(asked: v201.SetDisplayMessageRequest, panel: Commands) -> Message:
    status, message = v201.DisplayMessageStatusEnumType, asked.message
    if message.transaction_id and not panel.transaction_state(message.transaction_id)[0]:
        return v201.SetDisplayMessageResponse(status=status.UNKNOWN_TRANSACTION)  # O02.FR.01
    if len(panel.cabinet.messages) >= KEPT_MAX:
        return v201.SetDisplayMessageResponse(status=status.REJECTED)
    panel.cabinet.messages[message.id] = message
    return v201.SetDisplayMessageResponse(status=status.ACCEPTED)


def _shown(asked: v201.GetDisplayMessagesRequest, panel: Commands) -> Message:
    status = v201.GetDisplayMessagesStatusEnumType
    found = [
        one
        for number, one in panel.cabinet.messages.items()
        if (not asked.id or number in asked.id)
        and asked.priority in (None, one.priority)
        and asked.state in (None, one.state)
    ]
    if not found:
        return v201.GetDisplayMessagesResponse(status=status.UNKNOWN)
    told = v201.NotifyDisplayMessagesRequest(request_id=asked.request_id, message_info=found)
    panel.say(("NotifyDisplayMessages", told))
    return v201.GetDisplayMessagesResponse(status=status.ACCEPTED)


def _clear_shown(asked: v201.ClearDisplayMessageRequest, panel: Commands) -> Message:
    status = v201.ClearMessageStatusEnumType
    known = panel.cabinet.messages.pop(asked.id, None)
    return v201.ClearDisplayMessageResponse(
        status=status.UNKNOWN if known is None else status.ACCEPTED
    )


def _cost(asked: v201.CostUpdatedRequest, panel: Commands) -> Message:
    del asked, panel  # a display would show it
    return v201.CostUpdatedResponse()


def _customer(asked: v201.CustomerInformationRequest, panel: Commands) -> Message:
    status = v201.CustomerInformationStatusEnumType
    named = (asked.customer_certificate, asked.id_token, asked.customer_identifier)
    if sum(one is not None for one in named) != 1:
        return v201.CustomerInformationResponse(status=status.INVALID)  # N09.FR.09
    uid = asked.id_token.id_token if asked.id_token else ""
    known = uid in panel.cabinet.local_list
    if asked.clear:
        panel.cabinet.local_list.pop(uid, None)
    told = v201.NotifyCustomerInformationRequest(
        data=f"id_token {uid} is in the local list" if known and asked.report else "",
        seq_no=0,
        generated_at=format_time(panel.now_ms),
        request_id=asked.request_id,
    )
    panel.say(("NotifyCustomerInformation", told))
    return v201.CustomerInformationResponse(status=status.ACCEPTED)


def _network(asked: v201.SetNetworkProfileRequest, panel: Commands) -> Message:
    status, told = v201.SetNetworkProfileStatusEnumType, asked.connection_data
    ours = told.ocpp_transport is v201.OCPPTransportEnumType.JSON  # 2.0.1 has no SOAP
    if not ours or len(panel.cabinet.networks) >= KEPT_MAX:
        return v201.SetNetworkProfileResponse(status=status.REJECTED)
    panel.cabinet.networks[asked.configuration_slot] = told
    return v201.SetNetworkProfileResponse(status=status.ACCEPTED)


# The table pairs a request with its answer, so the request is Any here only.
ANSWERS: dict[type[Message], Callable[[Any, Commands], Message]] = {
    v201.ClearDisplayMessageRequest: _clear_shown,
    v201.ClearVariableMonitoringRequest: _clear_monitors,
    v201.CostUpdatedRequest: _cost,
    v201.CustomerInformationRequest: _customer,
    v201.GetDisplayMessagesRequest: _shown,
    v201.GetMonitoringReportRequest: _monitoring_report,
    v201.GetReportRequest: _report,
    v201.SetDisplayMessageRequest: _show,
    v201.SetMonitoringBaseRequest: _monitoring_base,
    v201.SetMonitoringLevelRequest: _monitoring_level,
    v201.SetNetworkProfileRequest: _network,
    v201.SetVariableMonitoringRequest: _monitors,
}
