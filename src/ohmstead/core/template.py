"""Templates: what the configuration of some stations should be.

One template applies to a station, and templates are not merged. One that names the station goes
before one that means it by vendor, model and firmware; then the higher priority; of two that are
equal in both neither applies, and their names are said (:func:`applying`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ohmstead.core.device_model import Variable, fault_of, is_secret, read_name
from ohmstead.core.standard_variables import V16, typed
from ohmstead.frozen import Frozen

TEMPLATES_MAX = 100
SETTINGS_MAX = 200  # of one template
STATIONS_MAX = 1_000  # that one template names
PATTERN_CHARACTERS_MAX = 50
STARS_MAX = 4  # of one pattern
PRIORITY_MAX = 100
NAME_CHARACTERS_MAX = 50  # of a key, a component or a variable
V201, V21, ANY_2X = "2.0.1", "2.1", "2.x"
PROTOCOLS = (V16, V201, V21, ANY_2X)
VALUE_CHARACTERS_MAX = {V16: 500, V201: 1_000, V21: 1_000, ANY_2X: 1_000}
NEVER, ALWAYS, IDLE = "never", "always", "idle"

_TEMPLATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")
_PASSWORD_IN_URL = re.compile(r"\w{2,10}://[^/\s:@]*:[^/\s@]*@")
# What decides where a station connects and with what: a wrong value and it never comes back.
_RISKY_16 = re.compile(
    r"securityprofile|additionalrootcertificatecheck|"
    r"(?:central.?system|csms|backend|backoffice|ocpp|server).{0,20}(?:url|uri|address|endpoint)",
    re.IGNORECASE,
)
_RISKY_COMPONENTS = ("securityctrlr", "networkconfiguration")
_RISKY_2X = ("ocppcommctrlr.networkconfigurationpriority", "ocppcommctrlr.activenetworkprofile")


class Setting(Frozen, array_like=True):
    """One variable and the value it should have."""

    name: str
    value: str


class Template(Frozen):
    """What some stations should be set to, and what may be done about it."""

    name: str
    protocol: str  # whose words the settings are in: one of PROTOCOLS
    settings: tuple[Setting, ...]
    stations: tuple[str, ...] = ()
    vendor: str = ""  # patterns with * and without case; empty: any
    model: str = ""
    firmware: str = ""
    priority: int = 0
    repair: str = NEVER  # or ALWAYS; asked by a person it is repaired anyway
    reboot: str = NEVER  # or IDLE: restarted when nobody charges, if a station asks for it
    allow_risky: bool = False
    revision: int = 1
    changed_ms: int = 0

    @property
    def key(self) -> str:
        return self.name


class Facts(Frozen):
    """What decides which template applies to a station."""

    station_id: str
    vendor: str
    model: str
    firmware: str
    protocol: str


class Choice(Frozen):
    """The template of a station; with ``rivals``, by name, there are more, and so there is none."""

    template: Template | None = None
    rivals: tuple[str, ...] = ()


def means(template: Template, facts: Facts) -> bool:
    """Whether a template is for a station."""
    family = ANY_2X if facts.protocol in (V201, V21) else V16
    if template.protocol not in (facts.protocol, family):
        return False
    if template.stations:
        return facts.station_id in template.stations
    return (
        fits(template.vendor, facts.vendor)
        and fits(template.model, facts.model)
        and fits(template.firmware, facts.firmware)
    )


def applying(templates: Iterable[Template], facts: Facts) -> Choice:
    """The one template that applies to a station, by the rule above."""
    found = [one for one in templates if means(one, facts)]
    found.sort(key=lambda one: (not one.stations, -one.priority, one.name))
    if not found:
        return Choice()
    first, rank = found[0], (bool(found[0].stations), found[0].priority)
    equal = (one.name for one in found[1:] if (bool(one.stations), one.priority) == rank)
    return Choice(first, tuple(equal))


def fits(pattern: str, text: str) -> bool:
    """Whether a text is as a pattern says: * is anything, case does not count, empty is any."""
    if not pattern:
        return True
    parts = (re.escape(part) for part in pattern.casefold().split("*"))
    return re.fullmatch(".*".join(parts), text.casefold(), re.DOTALL) is not None


def check(template: Template) -> None:
    """Raise ValueError with a sentence that names what cannot be."""
    if not _TEMPLATE.fullmatch(template.name):
        raise ValueError(
            f"name: {template.name[:60]!r} is not 1 to 48 letters, digits, dots, dashes and "
            "underscores"
        )
    if template.protocol not in PROTOCOLS:
        raise ValueError(f"ocpp: is one of {', '.join(PROTOCOLS)}, not {template.protocol[:20]!r}")
    _check_stations(template)
    if not 0 < len(template.settings) <= SETTINGS_MAX:
        raise ValueError(f"settings: a template has 1 to {SETTINGS_MAX} of them")
    seen: set[str] = set()
    for setting in template.settings:
        if setting.name.casefold() in seen:
            raise ValueError(f"settings: {setting.name[:60]} stands twice")
        seen.add(setting.name.casefold())
        fault = _fault_of(template, setting)
        if fault:
            raise ValueError(f"settings: {setting.name[:60]!r} {fault}")


def _check_stations(template: Template) -> None:
    patterns = {name: getattr(template, name) for name in ("vendor", "model", "firmware")}
    chosen = any(patterns.values())
    if chosen == bool(template.stations):
        raise ValueError(
            'choose stations by `stations`, or by `vendor`, `model` and `firmware` ("*" for every '
            "one), and not by both"
        )
    if len(template.stations) > STATIONS_MAX:
        raise ValueError(f"stations: at most {STATIONS_MAX} are named; choose by vendor and model")
    for name, pattern in patterns.items():
        if len(pattern) > PATTERN_CHARACTERS_MAX or pattern.count("*") > STARS_MAX:
            raise ValueError(
                f"{name}: has at most {PATTERN_CHARACTERS_MAX} characters and {STARS_MAX} of *"
            )
    if not 0 <= template.priority <= PRIORITY_MAX:
        raise ValueError(f"priority: is 0 to {PRIORITY_MAX}, the highest first")


def _fault_of(template: Template, setting: Setting) -> str:
    """Why a setting may not stand in a template, in words that follow its name."""
    if is_secret(setting.name):
        return "is a password or a key, which a template never sets; see `ohmstead station set`"
    if _PASSWORD_IN_URL.search(setting.value):
        return "would hold a password in a URL, which a template never does"
    limit = VALUE_CHARACTERS_MAX[template.protocol]
    if len(setting.value) > limit:
        return f"has a value of more than {limit} characters"
    if template.protocol == V16:
        if not 0 < len(setting.name) <= NAME_CHARACTERS_MAX:
            return f"is no key: it has 1 to {NAME_CHARACTERS_MAX} characters"
    else:
        name = read_name(setting.name)
        if name is None:
            return "is no variable, as in AuthCtrlr.Enabled or EVSE@1.Power#MaxSet"
        parts = (name.component, name.instance, name.variable, name.variable_instance)
        if max(map(len, parts)) > NAME_CHARACTERS_MAX:
            return f"has a part of more than {NAME_CHARACTERS_MAX} characters"
    fault = fault_of(typed(template.protocol, Variable(setting.name)), setting.value)
    if fault:
        return fault
    if is_risky(template.protocol, setting.name) and not template.allow_risky:
        return (
            "decides how the station reaches this house, and a wrong value loses it; say "
            "`allow_risky` if that is meant"
        )
    return ""


def is_risky(protocol: str, name: str) -> bool:
    """Whether a station may never come back from a wrong value of this."""
    if protocol == V16:
        return _RISKY_16.search(name) is not None
    known = read_name(name)
    if known is None:
        return False
    component = known.component.casefold()
    return component in _RISKY_COMPONENTS or f"{component}.{known.variable.casefold()}" in _RISKY_2X
