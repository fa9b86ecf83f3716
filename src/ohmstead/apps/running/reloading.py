"""What of a configuration changes while the house runs: all of it is right, or nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ohmstead.apps.boot import House
from ohmstead.apps.config import Config
from ohmstead.apps.gateway import Certificates
from ohmstead.apps.running.checking import check
from ohmstead.frozen import Frozen

LIVE = frozenset(
    {"alerts", "mail", "webhooks", "log", "http.reasons"}
    | {f"ocpp.{key}" for key in ("retry_s", "drain_s", "call_timeout_s", "handshakes_max")}
    | {f"ocpp.{key}" for key in ("open_networks", "trusted_proxies", "onboarding")}
    | {f"ocpp.tls.{key}" for key in ("certificate", "key", "client_ca", "revoked")}
    | {f"ocpp.tls.{key}" for key in ("organization", "min_version", "policy")}
)
"""Keys, and sections whole, that hold from a reload on; every other one waits for a restart."""

TLS_FILES = "the TLS files"


class Reloaded(Frozen):
    """What a reload did; ``config`` is what holds now, which may be between the two files."""

    config: Config
    changed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


def reload(house: House, old: Config, new: Config, set_level: Callable[[str], None]) -> Reloaded:
    """Let what can change hold from now on, for those who connect from now on.

    Raises ConfigError naming the file and what is wrong with it; nothing has changed then.
    """
    check(house.directory, new)  # what a restart will need, too
    before, after = _flat(old), _flat(new)
    names = [name for name in after if before[name] != after[name]]
    current, certificates = house.gateway.certificates, None
    changed = [name for name in names if _is_live(name, has_tls=current is not None)]
    holds = msgspec.convert(_nested({**before, **{name: after[name] for name in changed}}), Config)
    if current is not None:
        certificates = Certificates(holds.ocpp.tls, house.directory)  # may raise: before the rest
        if current.are_stale:
            changed.append(TLS_FILES)
    house.gateway.reconfigure(holds.ocpp, certificates)
    house.office.alarms.reconfigure(holds.alerts)
    house.office.mailer.reconfigure(holds.mail)
    house.office.webhooks.reconfigure(holds.webhooks)
    if "log.level" in changed:
        set_level(holds.log.level)
    house.config = holds
    house.look_at_certificates()
    return Reloaded(holds, tuple(changed), tuple(name for name in names if name not in changed))


def _is_live(name: str, *, has_tls: bool) -> bool:
    if name.startswith("ocpp.tls.") and not has_tls:
        return False  # nobody listens with it yet
    return name in LIVE or name.partition(".")[0] in LIVE


def _flat(config: Any, prefix: str = "") -> dict[str, Any]:
    """Every key of the file by its whole name, and its value as plain data."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(config):
        value = getattr(config, field.name)
        if isinstance(value, msgspec.Struct):
            found.update(_flat(value, f"{prefix}{field.name}."))
        else:
            found[prefix + field.name] = msgspec.to_builtins(value)
    return found


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *sections, key = name.split(".")
        into = nested
        for section in sections:
            into = into.setdefault(section, {})
        into[key] = value
    return nested
