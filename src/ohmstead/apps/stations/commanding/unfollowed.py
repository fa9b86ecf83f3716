"""Commands that change what a station logs in with are not sent as they are.

The house would go on expecting the old password and refuse its own station. Whoever wants a new one
asks for a rotation, which lets both in until the station has used the new one (``passwords``).
"""

from __future__ import annotations

import msgspec

from ohmstead.apps.stations.commanding.checks import BadCommand

# 1.6 security whitepaper A.2; 2.0.1 SecurityCtrlr, and NetworkConfiguration of 2.1. Names of keys,
# components and variables have no case.
KEY_16, VARIABLE_2X = "authorizationkey", "basicauthpassword"


def check_password_stays(station_id: str, action: str, payload: bytes) -> None:
    """Raise BadCommand for a request that would change a station's password behind our back.

    ``station_id`` may be empty where many are meant. What cannot be read is left to its schema.
    """
    try:
        body = msgspec.json.decode(payload or b"{}")
    except (ValueError, RecursionError):
        return
    if not isinstance(body, dict):
        return
    names: list[object] = []
    if action == "ChangeConfiguration":
        names = [body.get("key")]
    elif action == "SetVariables":
        rows = body.get("setVariableData")
        found = [row.get("variable") for row in _dicts(rows)]
        names = [one.get("name") for one in _dicts(found)]
    for name in names:
        if isinstance(name, str) and name.strip().casefold() in (KEY_16, VARIABLE_2X):
            raise BadCommand(
                f"{action} of {name.strip()[:50]} would lock the station out, because this house "
                f"would not know the new password; use `ohmstead station set {station_id or 'ID'} "
                "--rotate-password --deliver`"
            )


def _dicts(rows: object) -> list[dict[str, object]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
