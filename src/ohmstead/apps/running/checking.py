"""Everything of a configuration that can be read, before a house is let go of for its sake.

A restart hands the house over and a reload changes it; what would fail after that is found here,
while nothing has changed yet.
"""

from __future__ import annotations

from pathlib import Path

from ohmstead.adapters.clock import SystemClock
from ohmstead.apps.config import Config
from ohmstead.apps.files.service import context_of
from ohmstead.apps.gateway import Certificates
from ohmstead.apps.operations.mail import read_password
from ohmstead.apps.operations.posting import NotPosted
from ohmstead.apps.pki import certificates_of
from ohmstead.apps.stations.authority import FileAuthority
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
