"""One virtual station to try a network by hand: its meter, its memory, and why it is refused.

It imitates: its meter signs with a key derived from a seed, and the energy is made up.
"""

from __future__ import annotations

import json
from pathlib import Path
from ssl import SSLContext

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from ohmstead.apps.virtual.link import UpgradeRefused
from ohmstead.apps.virtual.meter import VirtualMeter, key_from_seed
from ohmstead.apps.virtual.tls import Trouble
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen

UNAUTHORISED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429


class Trial(Frozen):
    """What is tried; ``memory`` is the file that keeps what the meter has counted.

    ``password`` is None for a station that shows a certificate instead. ``tries`` is how often a
    server that does not answer is asked, 0 for ever.
    """

    station_id: str
    password: str | None
    url: str
    protocol: str
    seed: str
    memory: Path
    tls: SSLContext | None = None
    tries: int = 5


def serial_of(station_id: str) -> str:
    """The serial number of a station's virtual meter."""
    return f"{station_id}-M1"


def meter_of(station_id: str, seed: str, register_mwh: int = 0, page: int = 0) -> VirtualMeter:
    """The virtual meter of a station, as it was left."""
    serial = serial_of(station_id)
    key = key_from_seed(f"{seed}/{serial}")
    return VirtualMeter(key, serial, register_mwh, page)


def sign_binding(station_id: str, seed: str, digest: bytes) -> tuple[int, int]:
    """Sign 32 bytes as they are with the key of a station's virtual meter; (r, s)."""
    key = key_from_seed(f"{seed}/{serial_of(station_id)}")
    algorithm = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
    return decode_dss_signature(key.sign(digest, algorithm))


def why_refused(trial: Trial, refused: UpgradeRefused) -> OperatorError:
    """One sentence: why this station is not let in, and what to do."""
    name, url = trial.station_id, trial.url
    if refused.tls is not None:
        return OperatorError(f"{url}: {refused.tls}; {_TLS_HINTS[refused.tls.trouble]}")
    if refused.status == UNAUTHORISED and trial.password is None:
        return OperatorError(
            f"{url} takes no certificate of {name}: it has no ocpp.tls.client_ca, or this is the "
            "address of another listener"
        )
    text = {
        UNAUTHORISED: f"this is not the password of {name}; make a new one with "
        f"`ohmstead station set {name} --rotate-password`",
        FORBIDDEN: f"{url} refuses {name}: {refused.said}; see `ohmstead station show {name}`",
        NOT_FOUND: f"{url} knows no station {name}; see `ohmstead station add`",
        TOO_MANY: f"too many wrong passwords for {name} from here; wait a minute",
    }.get(refused.status, f"{refused}; give the house's address with --url")
    return OperatorError(text)


_TLS_HINTS = {
    Trouble.NO_TLS: "give the address of its TLS listener with --url, or ws:// for one without",
    Trouble.DATES: "renew it there, and look at this machine's clock",
    Trouble.NAME: "give the name it is for with --url",
    Trouble.UNTRUSTED: "give the certificate of the CA that signed it with --ca FILE",
    Trouble.REFUSED: "it may not trust --cert, which may have expired, been revoked or be of "
    "another CA than its ocpp.tls.client_ca",
}


def remembered(trial: Trial) -> VirtualMeter:
    """The meter as this station left it; raises OperatorError for a file that is no memory."""
    try:
        kept = json.loads(trial.memory.read_bytes())
        register_mwh, page = int(kept["register_mwh"]), int(kept["page"])
    except FileNotFoundError:
        register_mwh = page = 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(f"{trial.memory} cannot be read: {error}; restore it") from None
    return meter_of(trial.station_id, trial.seed, register_mwh, page)


def remember(trial: Trial, meter: VirtualMeter) -> None:
    """Keep what the meter has counted."""
    trial.memory.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"register_mwh": meter.register_mwh, "page": meter.page()})
    trial.memory.write_text(text + "\n")
