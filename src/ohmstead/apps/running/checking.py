"""Everything of a configuration that can be read, before a house is let go of for its sake.

A restart hands the house over and a reload changes it; what would fail after that is found here,
while nothing has changed yet.
"""

from __future__ import annotations

from pathlib import Path

from ohmstead.adapters.clock import SystemClock
from ohmstead.apps.config import Config, files
from ohmstead.apps.files.service import context_of
from ohmstead.apps.gateway import Certificates
from ohmstead.apps.operations.mail import read_password
from ohmstead.apps.operations.posting import NotPosted
from ohmstead.apps.pki import certificates_of
from ohmstead.apps.stations.authority import KEY_FILE, FileAuthority
from ohmstead.apps.stations.revoking import CRL_FILE
from ohmstead.apps.transfers.hooks import Hooks
from ohmstead.errors import ConfigError

SECRETS = ("pepper", "pseudonym")  # in keys/


def check(directory: Path, config: Config) -> None:
    """Read every file that this configuration names; raises ConfigError naming file and key."""
    if config.ocpp.tls.bind:
        Certificates(config.ocpp.tls, directory)
    if config.files.certificate:
        context_of(config.files, directory)
    certificates_of(directory, config.pki)
    FileAuthority.load(directory)
    Hooks(config, b"", SystemClock())
    if config.mail.server and config.mail.to and config.mail.user:
        try:
            read_password(directory)
        except NotPosted as error:
            raise ConfigError(str(error)) from None
    for name in SECRETS:
        _check_secret(directory / "keys" / name)


def absent(directory: Path, config: Config) -> list[tuple[str, Path]]:
    """The keys of a configuration that name files, and those of the files that are not there."""
    tls, pki = config.ocpp.tls, config.pki
    # Our own list of what was revoked is written anew at each start.
    is_ours = tls.revoked == CRL_FILE and (directory / "keys" / KEY_FILE).exists()
    named = [
        *(("ocpp.tls.certificate", name) for name in files(tls.certificate)),
        *(("ocpp.tls.key", name) for name in files(tls.key)),
        ("ocpp.tls.client_ca", tls.client_ca),
        ("ocpp.tls.revoked", "" if is_ours else tls.revoked),
        *(("files.certificate", name) for name in files(config.files.certificate)),
        *(("files.key", name) for name in files(config.files.key)),
        ("pki.roots", pki.roots),
        ("pki.authorities", pki.authorities),
    ]
    wanted = [(key, directory / name) for key, name in named if name]
    return [(key, path) for key, path in wanted if not _is_there(path)]


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # in a folder that may not be looked into
        return False


def _check_secret(path: Path) -> None:
    try:
        bytes.fromhex(path.read_text().strip())
    except FileNotFoundError:
        return  # it is made on first use
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; the house cannot do without it") from None
    except ValueError:
        problem = f"{path} is not what was written there; restore it from a backup"
        raise ConfigError(problem) from None
