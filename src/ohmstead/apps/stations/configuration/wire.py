"""Variables of the house in the words of OCPP 1.6 and 2.x, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from ohmstead.apps.stations.commanding.masking import masked_text
from ohmstead.core.device_model import (
    VALUE_CHARACTERS_MAX,
    Variable,
    VariableName,
    number_of,
    read_name,
)
from ohmstead.core.standing import Drift
from ohmstead.frozen import Frozen
from ohmstead.wire.ocpp import v16, v21, v201
from ohmstead.wire.ocpp.base import Message

VALUES_LIST_MAX = 1_000
# How many of these one message may have, where the station does not say.
ITEMS_DEFAULT = 10
KEYS_DEFAULT_16 = 20
ITEMS_MAX = 100
MAX_KEYS_16 = "GetConfigurationMaxKeys"
ACCEPTED, RESTART = "Accepted", "RebootRequired"

Report = v201.NotifyReportRequest | v21.NotifyReportRequest


# What would move a cursor or colour a terminal when an operator looks at it.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _plain(text: str) -> str:
    return _CONTROLS.sub("\ufffd", text)


def _kept(value: str | None) -> str | None:
    return None if value is None else _plain(masked_text(value)[:VALUE_CHARACTERS_MAX])


def _number(number: Decimal | None) -> str:
    return "" if number is None else str(number)


def name_of(
    component: v201.ComponentType | v21.ComponentType,
    variable: v201.VariableType | v21.VariableType,
    attribute: str | None,
) -> str:
    """The one name of a variable of 2.x."""
    evse = component.evse
    name = VariableName(
        component.name,
        variable.name,
        component.instance or "",
        None if evse is None else evse.id,
        None if evse is None else evse.connector_id,
        variable.instance or "",
        attribute or "Actual",
    )
    return _plain(str(name))


def reported(report: Report) -> list[Variable]:
    """The variables of one part of a report, each attribute one of them."""
    found: list[Variable] = []
    for item in report.report_data or ():
        about = item.variable_characteristics
        for attribute in item.variable_attribute:
            found.append(
                Variable(
                    name=name_of(item.component, item.variable, attribute.type),
                    value=_kept(attribute.value),
                    mutability=attribute.mutability or "",
                    data_type=about.data_type.value if about else "",
                    values=_plain((about.values_list or "")[:VALUES_LIST_MAX]) if about else "",
                    min_limit=_number(about.min_limit) if about else "",
                    max_limit=_number(about.max_limit) if about else "",
                    unit=_plain((about.unit or "")[:16]) if about else "",
                )
            )
    return found


def said(request: Message, answer: Message) -> tuple[list[Variable], bool]:
    """What an answer says of a configuration, and whether that is all of it; nothing, if it is no
    answer about one."""
    found: list[Variable] = []
    match request, answer:
        case v16.GetConfigurationRequest(), v16.GetConfigurationResponse():
            for key in answer.configuration_key or ():
                mutability = "ReadOnly" if key.readonly else "ReadWrite"
                found.append(Variable(_plain(key.key), _kept(key.value), mutability))
            return found, not request.key
        case v16.ChangeConfigurationRequest(), v16.ChangeConfigurationResponse():
            if answer.status is v16.ConfigurationStatus.ACCEPTED:
                found.append(Variable(request.key, _kept(request.value)))
        case v201.GetVariablesRequest() | v21.GetVariablesRequest(), _:
            for got in getattr(answer, "get_variable_result", ()):
                if got.attribute_status == ACCEPTED and got.attribute_value is not None:
                    name = name_of(got.component, got.variable, got.attribute_type)
                    found.append(Variable(name, _kept(got.attribute_value)))
        case v201.SetVariablesRequest() | v21.SetVariablesRequest(), _:
            values = {
                name_of(one.component, one.variable, one.attribute_type).casefold(): one
                for one in request.set_variable_data
            }
            for done in getattr(answer, "set_variable_result", ()):
                name = name_of(done.component, done.variable, done.attribute_type)
                one = values.get(name.casefold())
                if one is not None and done.attribute_status == ACCEPTED:
                    found.append(Variable(name, _kept(one.attribute_value)))
    return found, False


class Words(Frozen):
    """What is sent to set some variables, and to read them again."""

    action: str
    request: Message
    drift: tuple[Drift, ...]


def setting_requests(is_16: bool, drift: Sequence[Drift], items: int) -> list[Words]:
    """The requests that set variables, in order."""
    if is_16:
        return [
            Words(
                "ChangeConfiguration",
                v16.ChangeConfigurationRequest(key=one.name, value=one.wanted),
                (one,),
            )
            for one in drift
        ]
    found: list[Words] = []
    for some in _chunks(drift, items):
        rows = [
            v201.SetVariableDataType(
                attribute_value=one.wanted,
                component=_component(one.name),
                variable=_variable(one.name),
                attribute_type=_attribute(one.name),
            )
            for one in some
        ]
        request = v201.SetVariablesRequest(set_variable_data=rows)
        found.append(Words("SetVariables", request, tuple(some)))
    return found


def reading_requests(is_16: bool, drift: Sequence[Drift], items: int) -> list[Words]:
    """The requests that read the same variables."""
    found: list[Words] = []
    for some in _chunks(drift, items):
        request: Message
        if is_16:
            request = v16.GetConfigurationRequest(key=[one.name for one in some])
        else:
            rows = [
                v201.GetVariableDataType(
                    component=_component(one.name),
                    variable=_variable(one.name),
                    attribute_type=_attribute(one.name),
                )
                for one in some
            ]
            request = v201.GetVariablesRequest(get_variable_data=rows)
        action = "GetConfiguration" if is_16 else "GetVariables"
        found.append(Words(action, request, tuple(some)))
    return found


def words_for(answer: Message | None, drift: Sequence[Drift]) -> list[tuple[Drift, str]]:
    """What a station said to each of the variables it was to set; "" where it said nothing."""
    match answer:
        case v16.ChangeConfigurationResponse(status=status):
            return [(one, status.value) for one in drift]
        case v201.SetVariablesResponse(set_variable_result=rows):
            told = {
                name_of(row.component, row.variable, row.attribute_type).casefold(): row
                for row in rows
            }
            found: list[tuple[Drift, str]] = []
            for one in drift:
                row = told.get(one.name.casefold())
                info = row.attribute_status_info if row is not None else None
                why = info.reason_code if info is not None else ""
                word = row.attribute_status.value if row is not None else ""
                found.append((one, f"{word} ({why})" if why and word != ACCEPTED else word))
            return found
    return [(one, "") for one in drift]


def items_of(is_16: bool, known: Iterable[Variable], action: str) -> int:
    """How many variables one message may have, by what the station says of itself."""
    name = MAX_KEYS_16 if is_16 else f"DeviceDataCtrlr.ItemsPerMessage[{action}]"
    for one in known:
        if one.name.casefold() == name.casefold():
            number = number_of(one.value or "")
            if number is not None and number >= 1:
                return min(int(number), ITEMS_MAX)
    return KEYS_DEFAULT_16 if is_16 else ITEMS_DEFAULT


def _chunks(drift: Sequence[Drift], items: int) -> list[Sequence[Drift]]:
    return [drift[at : at + items] for at in range(0, len(drift), items)]


def _parts(name: str) -> VariableName:
    return read_name(name) or VariableName(name, name)  # a template's names were checked


def _component(name: str) -> v201.ComponentType:
    parts = _parts(name)
    evse = None
    if parts.evse is not None:
        evse = v201.EVSEType(id=parts.evse, connector_id=parts.connector)
    return v201.ComponentType(name=parts.component, instance=parts.instance or None, evse=evse)


def _variable(name: str) -> v201.VariableType:
    parts = _parts(name)
    return v201.VariableType(name=parts.variable, instance=parts.variable_instance or None)


def _attribute(name: str) -> v201.AttributeEnumType | None:
    attribute = _parts(name).attribute
    return None if attribute == "Actual" else v201.AttributeEnumType(attribute)
