"""Write ``src/ohmstead/wire/ocpp/v*.py`` from the official OCPP JSON schemas.

    python tools/gen_ocpp.py            write the modules
    python tools/gen_ocpp.py --check    exit 1 if a committed module is not what would be written

The schemas lie in the ``ocpp`` package (development only). A general model generator was tried
and left: it writes one module per schema with its own copy of every shared type, and drops
``multipleOf``. Here a type is written once per version, and two schemas that disagree about a type
of one name stop the generator.

What the schemas do not say stands in tables below: who may send an action, and in 1.6, whose
schemas are written inline, the names its specification gives the types.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "src" / "ohmstead" / "wire" / "ocpp"
LINE_LENGTH_MAX = 100

Schema = dict[str, object]

# OCPP 1.6 chapter 4 "Operations Initiated by Charge Point", and the security extension.
STATION_ACTIONS_16 = """
Authorize BootNotification DiagnosticsStatusNotification FirmwareStatusNotification Heartbeat
LogStatusNotification MeterValues SecurityEventNotification SignCertificate
SignedFirmwareStatusNotification StartTransaction StatusNotification StopTransaction
"""

# OCPP 2.0.1 part 2, the message tables of the use cases.
STATION_ACTIONS_201 = """
Authorize BootNotification ClearedChargingLimit FirmwareStatusNotification Get15118EVCertificate
GetCertificateStatus Heartbeat LogStatusNotification MeterValues NotifyChargingLimit
NotifyCustomerInformation NotifyDisplayMessages NotifyEVChargingNeeds NotifyEVChargingSchedule
NotifyEvent NotifyMonitoringReport NotifyReport PublishFirmwareStatusNotification
ReportChargingProfiles ReservationStatusUpdate SecurityEventNotification SignCertificate
StatusNotification TransactionEvent
"""

# OCPP 2.1 part 2, the message tables of the use cases. NotifyWebPaymentStarted is the CSMS's to
# send (C25), whatever some implementations do.
STATION_ACTIONS_21 = (
    STATION_ACTIONS_201
    + """
BatterySwap ClosePeriodicEventStream GetCertificateChainStatus NotifyDERAlarm NotifyDERStartStop
NotifyPriorityCharging NotifySettlement OpenPeriodicEventStream PullDynamicScheduleUpdate
ReportDERControl VatNumberValidation
"""
)

# "owner.property" or "property" -> the name OCPP 1.6 chapter 7 gives the type.
NAMES_16 = {
    "AuthorizeResponse.idTagInfo": "IdTagInfo",
    "IdTagInfo.status": "AuthorizationStatus",
    "BootNotificationResponse.status": "RegistrationStatus",
    "ChangeAvailabilityRequest.type": "AvailabilityType",
    "ChangeAvailabilityResponse.status": "AvailabilityStatus",
    "ChangeConfigurationResponse.status": "ConfigurationStatus",
    "DiagnosticsStatusNotificationRequest.status": "DiagnosticsStatus",
    "FirmwareStatusNotificationRequest.status": "FirmwareStatus",
    "RemoteStartTransactionResponse.status": "RemoteStartStopStatus",
    "RemoteStopTransactionResponse.status": "RemoteStartStopStatus",
    "ReserveNowResponse.status": "ReservationStatus",
    "ResetRequest.type": "ResetType",
    "SendLocalListResponse.status": "UpdateStatus",
    "SetChargingProfileResponse.status": "ChargingProfileStatus",
    "StatusNotificationRequest.status": "ChargePointStatus",
    "StatusNotificationRequest.errorCode": "ChargePointErrorCode",
    "TriggerMessageResponse.status": "TriggerMessageStatus",
    "UnlockConnectorResponse.status": "UnlockStatus",
    "chargingProfileKind": "ChargingProfileKind",
    "chargingProfilePurpose": "ChargingProfilePurpose",
    "chargingRateUnit": "ChargingRateUnit",
    "chargingProfile": "ChargingProfile",
    "chargingSchedule": "ChargingSchedule",
    "chargingSchedulePeriod": "ChargingSchedulePeriod",
    "configurationKey": "KeyValue",
    "context": "ReadingContext",
    "csChargingProfiles": "ChargingProfile",
    "format": "ValueFormat",
    "idTagInfo": "IdTagInfo",
    "localAuthorizationList": "AuthorizationData",
    "location": "Location",
    "measurand": "Measurand",
    "meterValue": "MeterValue",
    "phase": "Phase",
    "reason": "Reason",
    "recurrencyKind": "RecurrencyKind",
    "requestedMessage": "MessageTrigger",
    "sampledValue": "SampledValue",
    # The specification calls it MeterValue too, but its schema lets sampledValue be empty there.
    "transactionData": "TransactionMeterValue",
    "unit": "UnitOfMeasure",
    "updateType": "UpdateType",
}

# The 1.6 schemas spell this list twice and forget Hertz once; one type holds both.
WIDENED = {"UnitOfMeasure"}

MEMBER_NAMES = {
    "eMAID": "EMAID",
    "kWh": "KWH",
    "kW": "KW",
    "kVA": "KVA",
    "kvarh": "KVARH",
    "var": "VAR",
}


@dataclass(frozen=True)
class Version:
    """One protocol version and what its schemas leave unsaid."""

    module: str
    number: str
    station_actions: frozenset[str]
    names: dict[str, str]
    bare_requests: bool  # 1.6 calls the request schema just "Authorize"
    elder: str = ""  # the module of the version whose identical types are its types too


VERSIONS = (
    Version("v16", "1.6", frozenset(STATION_ACTIONS_16.split()), NAMES_16, True),
    Version("v201", "2.0.1", frozenset(STATION_ACTIONS_201.split()), {}, False),
    Version("v21", "2.1", frozenset(STATION_ACTIONS_21.split()), {}, False, "v201"),
)


@dataclass
class Types:
    """The types found so far, by name; the same name must always mean the same thing."""

    version: Version
    enums: dict[str, list[str]] = field(default_factory=dict)
    structs: dict[str, list[str]] = field(default_factory=dict)  # in an order that needs no peeking
    texts: set[int] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)
    unconfirmed: set[str] = field(default_factory=set)  # 2.1: messages that nobody answers

    def add_enum(self, name: str, values: list[str]) -> None:
        known = self.enums.setdefault(name, values)
        if set(known) == set(values):
            return
        if name not in WIDENED:
            raise SystemExit(f"{self.version.module}: two enums are called {name}")
        self.enums[name] = known + [v for v in values if v not in known]

    def add_struct(self, name: str, lines: list[str]) -> None:
        known = self.structs.setdefault(name, lines)
        if sorted(known) != sorted(lines):
            raise SystemExit(f"{self.version.module}: two types are called {name}")


def snake(name: str) -> str:
    """``evseId`` -> ``evse_id``, ``responderURL`` -> ``responder_url``."""
    name = name.replace("SoC", "Soc")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return name.lower()


def camel(name: str) -> str:
    """What msgspec's ``rename="camel"`` makes of a snake-case name."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def member(value: str) -> str:
    """``L1-N`` -> ``L1_N``, ``Energy.Active.Net`` -> ``ENERGY_ACTIVE_NET``."""
    name = MEMBER_NAMES.get(value) or snake(re.sub(r"[^A-Za-z0-9]+", "_", value)).upper()
    return name if name.isidentifier() else "_" + name


def type_name(types: Types, owner: str, key: str) -> str:
    """Name an inline type: the table first, else ``<Action>Status`` for an answer's status."""
    names = types.version.names
    found = names.get(f"{owner}.{key}") or names.get(key)
    if found is None and key == "status" and owner.endswith("Response"):
        found = owner.removesuffix("Response") + "Status"
    if found is None:
        raise SystemExit(f"{types.version.module}: {owner}.{key} is inline and has no name")
    return found


def annotation(types: Types, root: Schema, owner: str, key: str, schema: Schema) -> str:
    """Return the annotation of one property, adding the types it needs on the way."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix("#/definitions/")
        definitions = root["definitions"]
        assert isinstance(definitions, dict)
        return named(types, root, name, definitions[name])
    if "enum" in schema or schema.get("type") == "object":
        return named(types, root, type_name(types, owner, key), schema)
    match schema.get("type"):
        case "string":
            length = schema.get("maxLength")
            if length is None:
                return "DateTime" if schema.get("format") == "date-time" else "str"
            assert isinstance(length, int)
            types.texts.add(length)
            return f"Text{length}"
        case "integer":
            return integer(schema)
        case "number":
            return "Number"
        case "boolean":
            return "bool"
        case "array":
            items = schema["items"]
            assert isinstance(items, dict)
            return sized(f"list[{annotation(types, root, owner, key, items)}]", schema)
        case None:
            return "msgspec.Raw"
    raise SystemExit(f"{owner}.{key}: {schema.get('type')!r} is not understood")


def integer(schema: Schema) -> str:
    """``Int``, or with the schema's bounds; 2.0.1 writes those of integers as 0.0, too."""
    low, high = bound(schema, "minimum"), bound(schema, "maximum")
    if low is None and high is None:
        return "Int"
    low_text = "INT_MIN" if low is None else str(low)
    return f"Annotated[int, Meta(ge={low_text}, le={'INT_MAX' if high is None else high})]"


def bound(schema: Schema, key: str) -> int | None:
    """Return a bound as a whole number; none of the schemas has another."""
    value = schema.get(key)
    if value is None:
        return None
    assert isinstance(value, int | float)
    if value != int(value):
        raise SystemExit(f"{key} {value} is not whole")
    return int(value)


def sized(inner: str, schema: Schema) -> str:
    """The list type with the sizes the schema asks for."""
    sizes = {"min_length": bound(schema, "minItems"), "max_length": bound(schema, "maxItems")}
    found = ", ".join(f"{key}={size}" for key, size in sizes.items() if size is not None)
    return f"Annotated[{inner}, Meta({found})]" if found else inner


def named(types: Types, root: Schema, name: str, schema: Schema) -> str:
    """Add an enum or a struct under its name and return the name."""
    if "enum" in schema:
        values = schema["enum"]
        assert isinstance(values, list)
        types.add_enum(name, [str(value) for value in values])
    else:
        types.add_struct(name, struct_lines(types, root, name, schema))
    return name


def struct_lines(types: Types, root: Schema, name: str, schema: Schema) -> list[str]:
    """Return the class body of one object schema, required fields first."""
    properties, required = schema.get("properties", {}), schema.get("required", [])
    assert isinstance(properties, dict)
    assert isinstance(required, list)
    must: list[str] = []
    may: list[str] = []
    checks: list[str] = []
    for key, prop in properties.items():
        kind = annotation(types, root, name, key, prop)
        attribute = snake(key)
        renamed = "" if camel(attribute) == key else f'name="{key}"'
        if key in required:
            must.append(f"    {attribute}: {kind}" + (f" = field({renamed})" if renamed else ""))
        else:
            default = f"field(default=None, {renamed})" if renamed else "None"
            may.append(f"    {attribute}: Maybe[{kind}] = {default}")
        if kind == "Number" and (bounds := number_bounds(prop)):
            checks.append(f'        check_number("{key}", self.{attribute}, {bounds})')
    if checks:
        checks = ["", "    def __post_init__(self) -> None:", *checks]
    open_to_all = schema.get("additionalProperties") is not False
    base = "OpenMessage" if open_to_all else "Message"
    return [
        f"class {name}({base}):",
        f'    """{summary(types.version, name)}"""',
        "",
        *must,
        *may,
        *checks,
    ]


def number_bounds(schema: Schema) -> str:
    """The keyword arguments of ``check_number`` that this schema asks for."""
    bounds = {key: bound(schema, key) for key in ("minimum", "maximum")}
    parts = [f"{key}={value}" for key, value in bounds.items() if value is not None]
    if "multipleOf" in schema:
        parts.append(f'multiple_of="{schema["multipleOf"]}"')
    return ", ".join(parts)


def summary(version: Version, name: str) -> str:
    """One line that says where in the specification to look."""
    for suffix, word in (("Request", "request"), ("Response", "response")):
        if name.endswith(suffix):
            return f"The {name.removesuffix(suffix)} {word} of OCPP {version.number}."
    return f"``{name}`` of OCPP {version.number}."


def read_schemas(version: Version) -> dict[str, Schema]:
    """Return the official schemas of a version by message name (``AuthorizeRequest``)."""
    spec = importlib.util.find_spec("ocpp")
    if spec is None or spec.origin is None:
        raise SystemExit("the ocpp package is missing; install the development requirements")
    folder = Path(spec.origin).parent / version.module / "schemas"
    schemas: dict[str, Schema] = {}
    for path in sorted(folder.glob("*.json")):
        bare = version.bare_requests and not path.stem.endswith("Response")
        name = path.stem + ("Request" if bare else "")
        schemas[name] = json.loads(path.read_text(encoding="utf-8-sig"))
    return schemas


def collect(version: Version) -> Types:
    """Read every schema of a version into one set of types."""
    types = Types(version)
    for name, schema in read_schemas(version).items():
        named(types, schema, name, schema)
        action = name.removesuffix("Request").removesuffix("Response")
        (types.unconfirmed if action == name else types.actions).add(action)
    return types


def shared_names(types: Types) -> set[str]:
    """Return the types that mean exactly the same in the version before, all the way down.

    They are one type, so that a handler may serve both versions.
    """
    elder = next((v for v in VERSIONS if v.module == types.version.elder), None)
    if elder is None:
        return set()
    before = collect(elder)
    enums = {
        name
        for name, values in types.enums.items()
        if sorted(before.enums.get(name, [])) == sorted(values)
    }
    every = types.enums.keys() | types.structs.keys()
    shared = {
        name
        for name, lines in types.structs.items()
        if sorted(lines[2:]) == sorted(before.structs.get(name, [])[2:])  # below the docstring
    }
    while True:
        still = {
            name
            for name in shared
            if (every - {name}) & set(re.findall(r"\w+", "\n".join(types.structs[name][2:])))
            <= shared | enums
        }
        if still == shared:
            return shared | enums
        shared = still


def enum_lines(version: Version, name: str, values: list[str]) -> list[str]:
    """Return the class of one enum; two values with one member name are a mistake of ours."""
    members = [member(value) for value in values]
    if len(set(members)) != len(members):
        raise SystemExit(f"{name}: two members have one name")
    body = [f'    {key} = "{value}"' for key, value in zip(members, values, strict=True)]
    return [
        "",
        "",
        f"class {name}(enum.StrEnum):",
        f'    """{summary(version, name)}"""',
        "",
        *body,
    ]


def action_lines(types: Types) -> list[str]:
    """Return the registry: a missing entry is the error NotImplemented."""
    lines = ["", "", "ACTIONS: Actions = {", "    action.name: action", "    for action in ("]
    for name in sorted(types.actions):
        station = name in types.version.station_actions
        senders = "BOTH" if name == "DataTransfer" else "STATION" if station else "CSMS"
        lines.append(f'        Action("{name}", {name}Request, {name}Response, {senders}),')
    lines += ["    )", "}"]
    if types.unconfirmed:
        lines += ["", "UNCONFIRMED: Unconfirmed = {"]
        lines += [f'    "{name}": {name},' for name in sorted(types.unconfirmed)]
        lines += ["}"]
    return lines


def render(version: Version) -> str:
    """Return the text of one generated module."""
    types = collect(version)
    unknown = version.station_actions - types.actions
    if unknown:
        raise SystemExit(f"{version.module}: no schema for {sorted(unknown)}")
    shared = shared_names(types)
    body: list[str] = []
    for length in sorted(types.texts):
        body.append(f"Text{length} = Annotated[str, Meta(max_length={length})]")
    body += [
        "",
        "STATION = frozenset({Side.STATION})",
        "CSMS = frozenset({Side.CSMS})",
        "BOTH = frozenset({Side.STATION, Side.CSMS})",
    ]
    for name, values in sorted(types.enums.items()):
        body += [] if name in shared else enum_lines(version, name, values)
    for name, lines in types.structs.items():
        body += [] if name in shared else ["", "", *lines]
    body += action_lines(types)
    text = "\n".join(body)
    names = [
        "Action",
        "Actions",
        "DateTime",
        "INT_MAX",
        "INT_MIN",
        "Int",
        "Maybe",
        "Message",
        "Number",
        "OpenMessage",
        "Side",
        "Unconfirmed",
        "check_number",
    ]
    used = [name for name in names if re.search(rf"\b{name}\b", text)]
    header = [
        f'"""Every message of OCPP {version.number}, as checked structs.',
        "",
        f"Generated from the OCPP {version.number} schemas in the ocpp package"
        " by tools/gen_ocpp.py; do not edit.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "import enum",
        "from typing import Annotated",
        "",
        "import msgspec",
        "from msgspec import Meta, field",
        "",
        "from ohmstead.wire.ocpp.base import " + ", ".join(used),
        *(
            f"from ohmstead.wire.ocpp.{version.elder} import {name} as {name}"
            for name in sorted(shared)
        ),
        "",
    ]
    return format_source("\n".join(header) + "\n" + text + "\n")


def format_source(text: str) -> str:
    """Lay the text out as the house does; sorting imports and dropping unused ones included."""
    name = "generated.py"
    target = ["--quiet", "--isolated", "--target-version", "py311"]
    fixes = ["check", "--fix", "--exit-zero", "--select", "I,F401,UP"]
    for command in ([*fixes, *target], ["format", *target]):
        line = [sys.executable, "-m", "ruff", *command, "--line-length", str(LINE_LENGTH_MAX)]
        done = subprocess.run(
            [*line, "--stdin-filename", name, "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = done.stdout
    return text


def main(arguments: list[str] | None = None) -> int:
    """Write or check every version; returns the process exit code."""
    parser = argparse.ArgumentParser(description="generate the OCPP structs from their schemas")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args(arguments).check
    stale = 0
    for version in VERSIONS:
        path, text = OUTPUT / f"{version.module}.py", render(version)
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path.relative_to(ROOT)} is stale: run python tools/gen_ocpp.py")
            stale = 1
    return stale


if __name__ == "__main__":
    raise SystemExit(main())
