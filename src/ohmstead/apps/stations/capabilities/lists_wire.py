"""SendLocalList and a station's limits, in the words of OCPP 1.6 and 2.0.1."""

from __future__ import annotations

from ohmstead.core.local_list import ListEntry, ListMessage
from ohmstead.frozen import Frozen
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Message, Version
from ohmstead.wire.ocpp.times import format_time

LENGTH_16, ITEMS_16 = "LocalAuthListMaxLength", "SendLocalListMaxLength"
CONTROLLER, ITEMS, BYTES = "LocalAuthListCtrlr", "ItemsPerMessage", "BytesPerMessage"
NUMBER_LENGTH_MAX = 9
ITEMS_DEFAULT = 200  # in one message, where the station does not ask for fewer
ENTRY_BYTES_MAX = 320  # of JSON, the frame's share included


class Limits(Frozen):
    """What a station says it takes; 0: it did not say."""

    entries: int = 0
    items: int = 0
    bytes: int = 0

    @property
    def items_max(self) -> int:
        """How many entries one message may hold."""
        said = min(self.items or ITEMS_DEFAULT, ITEMS_DEFAULT)
        return min(said, max(1, self.bytes // ENTRY_BYTES_MAX)) if self.bytes else said


def limits_request(version: Version) -> tuple[str, Message]:
    """The action and request that ask a station for its limits."""
    if version is Version.V16:
        return "GetConfiguration", v16.GetConfigurationRequest(key=[LENGTH_16, ITEMS_16])
    wanted = [
        v201.GetVariableDataType(
            component=v201.ComponentType(name=CONTROLLER), variable=v201.VariableType(name=name)
        )
        for name in (ITEMS, BYTES)
    ]
    return "GetVariables", v201.GetVariablesRequest(get_variable_data=wanted)


def limits_of(answer: Message) -> Limits:
    """The limits of an answer; what is no number counts as not said."""
    said: dict[str, str | None] = {}
    if isinstance(answer, v16.GetConfigurationResponse):
        for key in answer.configuration_key or ():
            said[key.key] = key.value
        return Limits(_number(said.get(LENGTH_16)), _number(said.get(ITEMS_16)))
    if isinstance(answer, v201.GetVariablesResponse):
        for result in answer.get_variable_result:
            said[result.variable.name] = result.attribute_value
    return Limits(0, _number(said.get(ITEMS)), _number(said.get(BYTES)))


def _number(text: str | None) -> int:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < NUMBER_LENGTH_MAX else 0


def list_request(version: Version, message: ListMessage) -> Message:
    """The SendLocalList of a message. An entry without its info leaves the list."""
    if version is Version.V16:
        puts_16 = [
            v16.AuthorizationData(id_tag=entry.uid, id_tag_info=_info_16(entry))
            for entry in message.puts
        ]
        gone_16 = [v16.AuthorizationData(id_tag=entry.uid) for entry in message.removals]
        return v16.SendLocalListRequest(
            list_version=message.version,
            update_type=v16.UpdateType.FULL if message.is_full else v16.UpdateType.DIFFERENTIAL,
            local_authorization_list=gone_16 + puts_16 or None,
        )
    kind = v201.UpdateEnumType
    puts = [
        v201.AuthorizationData(id_token=_token_201(entry), id_token_info=_info_201(entry))
        for entry in message.puts
    ]
    gone = [v201.AuthorizationData(id_token=_token_201(entry)) for entry in message.removals]
    # 2.0.1 D01: a Full without entries empties the list, and the schema takes no empty array.
    return v201.SendLocalListRequest(
        version_number=message.version,
        update_type=kind.FULL if message.is_full else kind.DIFFERENTIAL,
        local_authorization_list=gone + puts or None,
    )


def _info_16(entry: ListEntry) -> v16.IdTagInfo:
    return v16.IdTagInfo(
        status=v16.AuthorizationStatus(entry.status.value),
        expiry_date=format_time(entry.expires_ms) if entry.expires_ms else None,
        parent_id_tag=entry.group or None,
    )


def _token_201(entry: ListEntry) -> v201.IdTokenType:
    return v201.IdTokenType(id_token=entry.uid, type=v201.IdTokenEnumType(entry.type))


def _info_201(entry: ListEntry) -> v201.IdTokenInfoType:
    group = None
    if entry.group:
        group = v201.IdTokenType(id_token=entry.group, type=v201.IdTokenEnumType.CENTRAL)
    return v201.IdTokenInfoType(
        status=v201.AuthorizationStatusEnumType(entry.status.value),
        cache_expiry_date_time=format_time(entry.expires_ms) if entry.expires_ms else None,
        group_id_token=group,
    )
