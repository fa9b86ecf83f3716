"""Stations of another make that have a configuration: read, set, held by a restart or refused."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import ocpp.v16
import ocpp.v21
import ocpp.v201
from ocpp.routing import after, on

from ohmstead.apps.stations.configuration import caretaker
from ohmstead.core.device_model import read_name
from tests.apps.stations.field import V16, V21, V201, ChargePoint21, iso

QUICK_S = 0.03
NOON_TEXT = iso(1_790_000_000_000)
INTEGER = {"dataType": "integer", "supportsMonitoring": False}
TEXT = {"dataType": "string", "supportsMonitoring": False}
TRUTH = {"dataType": "boolean", "supportsMonitoring": False}


class Configured:
    """``values`` is what it is set to; ``words`` what it says to a change, by name; what it calls
    RebootRequired waits in ``pending``; ``unmoved`` names say Accepted and stay as they are."""

    read_only = ()
    hidden = ()

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.values, self.words, self.pending = dict(self.factory), {}, {}
        self.unmoved, self.sets, self.reads, self.resets = set(), [], 0, []
        self.asked_names = []

    def set(self, name, value):
        """The station's word for a change."""
        self.sets.append((name, value))
        word = self.words.get(name, "Accepted" if name in self.values else self.unknown)
        if word == "RebootRequired":
            self.pending[name] = value
        elif word == "Accepted" and name not in self.unmoved:
            self.values[name] = value
        return word

    def restart(self):
        self.values |= self.pending
        self.pending = {}

    @on("Reset")
    def reset(self, type, **_):
        self.resets.append(type)
        return self.result.Reset("Accepted")


class Station16(Configured, ocpp.v16.ChargePoint):
    result, unknown = ocpp.v16.call_result, "NotSupported"
    factory: ClassVar = {
        "AuthorizationKey": "00112233445566778899",
        "HeartbeatInterval": "300",
        "LocalPreAuthorize": "false",
        "MeterValuesSampledData": "Energy.Active.Import.Register,Power.Active.Import",
        "NumberOfConnectors": "2",
        "VendorUploadUrl": "ftp://user:s3cr3t@files.example/x",
    }
    read_only = ("NumberOfConnectors",)

    @on("GetConfiguration")
    def configuration(self, key=None, **_):
        self.reads += key is None
        self.asked_names.append(key)
        names = list(self.values) if key is None else [one for one in key if one in self.values]
        rows = [
            {"key": name, "readonly": name in self.read_only, "value": self.values[name]}
            for name in names
        ]
        unknown = [one for one in key or () if one not in self.values]
        return self.result.GetConfiguration(rows, unknown or None)

    @on("ChangeConfiguration")
    def change(self, key, value, **_):
        return self.result.ChangeConfiguration(self.set(key, value))


class Configured2x(Configured):
    unknown = "UnknownVariable"
    about: ClassVar = {
        "AuthCtrlr.Enabled": TRUTH,
        "AlignedDataCtrlr.Interval": INTEGER | {"minLimit": 0, "maxLimit": 3_600},
        "EVSE@1.Power#MaxSet": {"dataType": "decimal", "supportsMonitoring": True, "unit": "W"},
        "SampledDataCtrlr.TxEndedMeasurands": {
            "dataType": "MemberList", "supportsMonitoring": False,
            "valuesList": "Energy.Active.Import.Register,Power.Active.Import,SoC",
        },
    }  # fmt: skip
    factory: ClassVar = {
        "AlignedDataCtrlr.Interval": "900",
        "AuthCtrlr.Enabled": "true",
        "DeviceDataCtrlr.ItemsPerMessage[GetVariables]": "1",
        "DeviceDataCtrlr.ItemsPerMessage[SetVariables]": "2",
        "EVSE@1.Power#MaxSet": "11000",
        "SampledDataCtrlr.TxEndedMeasurands": "Energy.Active.Import.Register",
        "SecurityCtrlr.BasicAuthPassword": "correct horse battery",
        "SecurityCtrlr.SecurityProfile": "1",
    }
    read_only = (
        "DeviceDataCtrlr.ItemsPerMessage[GetVariables]",
        "DeviceDataCtrlr.ItemsPerMessage[SetVariables]",
        "SecurityCtrlr.SecurityProfile",
    )
    parts = 3  # in which a report comes
    base_word = "Accepted"

    @on("GetBaseReport")
    def base_report(self, request_id, report_base, **_):
        self.reads += 1
        return self.result.GetBaseReport(self.base_word)

    @after("GetBaseReport")
    async def report(self, request_id, report_base, **_):
        if self.base_word == "Accepted":
            for part in self.order(self.messages(request_id)):
                await self.call(part, suppress=False)

    def order(self, messages):
        return messages

    def messages(self, request_id, names=None):
        names = sorted(self.values if names is None else names)
        size = -(-len(names) // self.parts)
        chunks = [names[at : at + size] for at in range(0, len(names), size)]
        return [
            self.calls.NotifyReport(
                request_id=request_id,
                generated_at=NOON_TEXT,
                seq_no=number,
                tbc=number + 1 < len(chunks),
                report_data=[self.row(name) for name in chunk],
            )
            for number, chunk in enumerate(chunks)
        ]

    def row(self, name):
        component, variable, attribute = taken_apart(name)
        told = {"type": attribute, "value": self.values[name]}
        told["mutability"] = "ReadOnly" if name in self.read_only else "ReadWrite"
        if name == "SecurityCtrlr.BasicAuthPassword":
            told = {"type": attribute, "mutability": "WriteOnly"}
        row = {"component": component, "variable": variable, "variableAttribute": [told]}
        about = self.about.get(name)
        return row | ({"variableCharacteristics": about} if about else {})

    @on("GetVariables")
    def variables(self, get_variable_data, **_):
        self.asked_names.append([put_together(row) for row in get_variable_data])
        rows = []
        for row in get_variable_data:
            name = put_together(row)
            known = name in self.values
            told = {"attributeStatus": "Accepted" if known else "UnknownVariable"}
            told |= {"attributeValue": self.values[name]} if known else {}
            rows.append(camel(row) | told)
        return self.result.GetVariables(rows)

    @on("SetVariables")
    def set_variables(self, set_variable_data, **_):
        rows = []
        for row in set_variable_data:
            word = self.set(put_together(row), row["attribute_value"])
            rows.append(camel(row) | {"attributeStatus": word})
        return self.result.SetVariables(rows)


def taken_apart(text):
    name = read_name(text)
    evse = {"id": name.evse} | ({"connectorId": name.connector} if name.connector else {})
    component = {"name": name.component} | ({"evse": evse} if name.evse is not None else {})
    component |= {"instance": name.instance} if name.instance else {}
    variable = {"name": name.variable}
    variable |= {"instance": name.variable_instance} if name.variable_instance else {}
    return component, variable, name.attribute


def put_together(row):
    component, variable = row["component"], row["variable"]
    text = component["name"] + (f"[{component['instance']}]" if component.get("instance") else "")
    if component.get("evse"):
        text += f"@{component['evse']['id']}"
    text += "." + variable["name"]
    text += f"[{variable['instance']}]" if variable.get("instance") else ""
    attribute = row.get("attribute_type")
    return text + (f"#{attribute}" if attribute and attribute != "Actual" else "")


def camel(row):
    kept = {"component": row["component"], "variable": row["variable"]}
    attribute = row.get("attribute_type")
    return kept | ({"attributeType": attribute} if attribute else {})


class Station201(Configured2x, ocpp.v201.ChargePoint):
    result, calls = ocpp.v201.call_result, ocpp.v201.call


class Station21(Configured2x, ChargePoint21):
    result, calls = ocpp.v21.call_result, ocpp.v21.call


KINDS = {V16: Station16, V201: Station201, V21: Station21}
# A setting that every one of them has, and another.
ONE = {V16: "HeartbeatInterval", V201: "AlignedDataCtrlr.Interval"}
TWO = {V16: "LocalPreAuthorize", V201: "AuthCtrlr.Enabled"}
ONE[V21], TWO[V21] = ONE[V201], TWO[V201]


async def eventually(ask, seconds=20):
    """Ask again and again until the answer is true, and return it."""
    for _ in range(seconds * 20):
        answer = await ask()
        if answer:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError("it never came true")


def hurried(monkeypatch):
    """Let the caretaker of configurations look more often than it does."""
    monkeypatch.setattr(caretaker, "TICK_S", QUICK_S)


async def a_while():
    """As long as a caretaker in a hurry would need to do what it must not."""
    await asyncio.sleep(10 * QUICK_S)
