"""``network.toml``: one file is one network. Every key has a default; a wrong one is named."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ohmstead.apps.wording import reworded
from ohmstead.errors import ConfigError
from ohmstead.units import BPS, Asset

FILE_NAME = "network.toml"
FILE_LENGTH_MAX = 1 << 20
THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")
SHARES_MAX = 6  # a receipt has at most 8 slots: these, the host and the payer

Seconds = Annotated[int, msgspec.Meta(ge=1, le=366 * 86_400)]
StationPath = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^/([A-Za-z0-9._~-]+/){0,8}\{station_id\}$",
        max_length=200,
        description="a path that ends in {station_id}, as in /steve/{station_id}",
    ),
]
Address = Annotated[
    str,
    msgspec.Meta(
        pattern="^0x[0-9a-fA-F]{40}$", description="an address: 0x and 40 hexadecimal digits"
    ),
]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; unknown keys are refused so that a misspelling is never silent."""


class ShareConfig(_Section, frozen=True):
    """One payee of every session beside the host: basis points of the price."""

    name: str
    address: Address
    bps: Annotated[int, msgspec.Meta(ge=1, le=BPS)]


class NetworkConfig(_Section, frozen=True):
    """Who this network is and what it counts in."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "commons"
    asset: str = "tUSD/6"
    time_zone: str = "Etc/UTC"


class ChainConfig(_Section, frozen=True):
    """The ledger sessions settle on. ``anvil`` is the embedded demo chain; its keys are public."""

    kind: Literal["anvil", "rpc", "none"] = "anvil"
    url: str = ""
    # What sessions are paid in on a chain of others; empty: the test stablecoin of a local chain.
    stablecoin: Annotated[str, msgspec.Meta(pattern="^(0x[0-9a-fA-F]{40})?$")] = ""
    final: Literal["tag", "depth"] = "tag"
    final_depth: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 12
    window_s: Seconds = 86_400  # time during which an anchored epoch is not yet final
    dump_every_s: Seconds = 5
    thaw_s: Seconds = 14 * 86_400


class MoneyConfig(_Section, frozen=True):
    """Holds and epochs. Amounts are strings of whole minor units, as everywhere outside."""

    hold_minor: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,30}$")] = "40000000"
    session_max_s: Seconds = 86_400
    offline_window_s: Seconds = 7 * 86_400
    epoch_s: Seconds = 3_600
    epoch_sessions_max: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 100_000
    shortfall: Literal["host"] = "host"  # who waits for what exceeds the hold
    shares: tuple[ShareConfig, ...] = ()


class TlsConfig(_Section, frozen=True):
    """The listener for stations that speak TLS: security profiles 2 and 3."""

    bind: str = ""  # empty: no such listener
    # Files; more than one when the listener has an RSA and an ECDSA certificate.
    certificate: str | tuple[str, ...] = ""
    key: str | tuple[str, ...] = ""
    client_ca: str = ""
    revoked: str = ""
    organization: str = ""
    min_version: Literal["1.2", "1.3"] = "1.2"
    policy: Literal["forward-secret", "whitepaper"] = "forward-secret"
    proxy_protocol: bool = False
    names: Literal["id", "serial"] = "id"
    ocsp: Literal["hard", "soft", "off"] = "off"


class PaceConfig(_Section, frozen=True):
    """How fast one station may talk; one that talks faster is read more slowly, nothing is lost."""

    messages_per_s: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500
    bytes_per_s: Annotated[int, msgspec.Meta(ge=1_024, le=1 << 30)] = 1 << 20
    burst_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 40
    log_ins_per_minute: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 60


class OcppConfig(_Section, frozen=True):
    """How stations are met."""

    bind: str = "127.0.0.1:9000"
    heartbeat_s: Seconds = 300
    retry_s: Seconds = 60
    drain_s: Seconds = 30
    call_timeout_s: Seconds = 30
    report_interval_s: Seconds = 60
    frame_bytes_max: Annotated[int, msgspec.Meta(ge=1_024, le=16 << 20)] = 1 << 16
    handshakes_max: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500
    clock_skew_s: Seconds = 300
    paths: tuple[StationPath, ...] = ()
    open_networks: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    proxy_protocol: bool = False
    read_configuration: Literal["boot", "request"] = "boot"
    onboarding: Literal["refuse", "approve"] = "refuse"
    newcomers_max: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    newcomers_per_hour: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 60
    tls: TlsConfig = TlsConfig()
    pace: PaceConfig = PaceConfig()


class FtpConfig(_Section, frozen=True):
    """Files for stations that know nothing newer than FTP; off until it is bound."""

    bind: str = ""
    url: str = ""
    tls: Literal["none", "offered", "required"] = "none"
    passive_ports: Annotated[str, msgspec.Meta(pattern="^([0-9]{1,5}-[0-9]{1,5})?$")] = ""
    masquerade: str = ""
    connections_max: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 50


class FilesConfig(_Section, frozen=True):
    """Where stations fetch firmware and bring their logs."""

    http_bind: str = ""
    http_url: str = ""
    https_bind: str = ""
    https_url: str = ""
    certificate: str | tuple[str, ...] = ""
    key: str | tuple[str, ...] = ""
    upload_bytes_max: Annotated[int, msgspec.Meta(ge=1_024, le=1 << 34)] = 64 << 20
    uploads_kept: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    link_s: Seconds = 7 * 86_400
    upload_s: Seconds = 3_600
    connections_max: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500
    ftp: FtpConfig = FtpConfig()


class HttpConfig(_Section, frozen=True):
    """Where the API and the pages are served."""

    bind: str = "127.0.0.1:8080"
    public_url: str = ""


class WebhooksConfig(_Section, frozen=True):
    """Where events may be told to beside public https addresses."""

    allow: tuple[str, ...] = ()
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=60)] = 10


class AlertsConfig(_Section, frozen=True):
    """When a person is told; 0 turns a rule off."""

    offline_s: Annotated[int, msgspec.Meta(ge=0, le=366 * 86_400)] = 900
    fault_s: Annotated[int, msgspec.Meta(ge=0, le=366 * 86_400)] = 60
    idle_days: Annotated[int, msgspec.Meta(ge=0, le=3_650)] = 7
    clock_off_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 120
    certificate_days: Annotated[int, msgspec.Meta(ge=0, le=3_650)] = 30
    store_down_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 60
    settler_s: Annotated[int, msgspec.Meta(ge=0, le=366 * 86_400)] = 600
    flooding_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 300
    rivals: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 3


class MailConfig(_Section, frozen=True):
    """By which server alerts are mailed, and to whom; the password is keys/mail.password."""

    server: str = ""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()


class PkiConfig(_Section, frozen=True):
    """Plug & Charge and certificates: who is asked about them, and what is believed."""

    pool_url: Annotated[str, msgspec.Meta(pattern=r"^(https?://[!-~]+)?$", max_length=500)] = ""
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=60)] = 10
    roots: str = ""  # a file: V2G roots and roots of mobility operators
    authorities: str = ""  # a file: authorities below them, to check OCSP by
    central_validation: bool = True
    revocation: Literal["hard", "soft", "off"] = "hard"
    ocsp_hosts: tuple[str, ...] = ()
    renew_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 30


Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]
Many = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class DataTransferConfig(_Section, frozen=True):
    """Who answers DataTransfer of one vendor: an address, or an installed entry point."""

    vendor_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    message_id: Annotated[str, msgspec.Meta(max_length=50)] = ""  # empty: every other one
    url: Annotated[str, msgspec.Meta(pattern="^(https?://[!-~]+)?$", max_length=2_000)] = ""
    entry_point: Annotated[str, msgspec.Meta(max_length=100)] = ""
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5


class RetentionConfig(_Section, frozen=True):
    """How long what is not money or proof is kept, and how much of it of each station."""

    quarantine_days: Days = 730
    quarantine_max: Many = 10_000
    quarantine_mb: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 64
    commands_days: Days = 400
    commands_max: Many = 5_000
    attempts_days: Days = 730
    events_days: Days = 730
    reservations_days: Days = 400
    reservations_max: Many = 5_000
    terminal_payments_max: Many = 20_000
    answers_days: Days = 30
    answers_max: Many = 20_000
    dead_letters_days: Days = 90
    dead_letters_max: Many = 10_000
    person_stations_days: Days = 30


class LogConfig(_Section, frozen=True):
    """How much is said beside the output; ``ohmstead up --verbose`` says debug whatever this is."""

    level: Literal["debug", "info", "warning", "error"] = "warning"


class Config(_Section, frozen=True):
    """The whole file."""

    network: NetworkConfig = NetworkConfig()
    chain: ChainConfig = ChainConfig()
    money: MoneyConfig = MoneyConfig()
    ocpp: OcppConfig = OcppConfig()
    http: HttpConfig = HttpConfig()
    webhooks: WebhooksConfig = WebhooksConfig()
    alerts: AlertsConfig = AlertsConfig()
    mail: MailConfig = MailConfig()
    log: LogConfig = LogConfig()
    files: FilesConfig = FilesConfig()
    pki: PkiConfig = PkiConfig()
    retention: RetentionConfig = RetentionConfig()
    data_transfer: tuple[DataTransferConfig, ...] = ()

    @property
    def asset(self) -> Asset:
        return Asset.parse(self.network.asset)


def load(path: Path) -> Config:
    """Read and check ``network.toml``; raises ConfigError naming the file, the line and the key."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; run `ohmstead init --dir {path.parent}` to write one"
        ) from None
    if len(raw) > FILE_LENGTH_MAX:
        raise ConfigError(f"{path}: more than {FILE_LENGTH_MAX} bytes; this is no network.toml")
    return parse(raw, str(path))


def parse(raw: bytes, where: str) -> Config:
    """Read the text of a ``network.toml``; ``where`` names it in errors."""
    try:
        text = raw.decode()
        config = msgspec.convert(tomllib.loads(text), Config)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{where}:{line}: not UTF-8 text; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        line_match = re.search(r"line (\d+)", str(error))
        line_text = line_match[1] if line_match else str(text.count("\n") + 1)
        raise ConfigError(f"{where}:{line_text}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        message, _, location = str(error).partition(" - at `$")
        keys = [part for part in re.split(r"[.\[\]`]+", location) if part]
        unknown = re.search(r"unknown field `(\w+)`", message)
        if unknown:
            keys.append(unknown[1])
        words = reworded(Config, str(error), tomllib.loads(text))
        key = ".".join(keys) or "the file"
        detail = words.partition(": ")[2] or words
        raise ConfigError(f"{where}:{_line_of(text, keys)}: key {key}: {detail}") from None
    except (ValueError, RecursionError) as error:
        # tomllib itself: a number of thousands of digits, brackets without end.
        raise ConfigError(f"{where}:1: not TOML that can be read: {error}") from None
    _check(config, text, where)
    return config


def _check(config: Config, text: str, where: str) -> None:
    def refuse(keys: list[str], message: str) -> ConfigError:
        return ConfigError(f"{where}:{_line_of(text, keys)}: key {'.'.join(keys)}: {message}")

    try:
        Asset.parse(config.network.asset)
    except ValueError as error:
        raise refuse(["network", "asset"], str(error)) from None
    try:
        ZoneInfo(config.network.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = config.network.time_zone
        raise refuse(["network", "time_zone"], f"no IANA time zone is called {zone!r}") from None
    if config.chain.kind == "rpc" and not config.chain.url:
        raise refuse(["chain", "url"], 'needed when chain.kind is "rpc"')
    if len(config.money.shares) > SHARES_MAX:
        raise refuse(["money", "shares"], f"at most {SHARES_MAX} payees beside the host")
    total = sum(share.bps for share in config.money.shares)
    if total >= BPS:
        raise refuse(["money", "shares"], f"{total} of {BPS} basis points leave the host nothing")
    addresses = [share.address.lower() for share in config.money.shares]
    if len(set(addresses)) < len(addresses):
        raise refuse(["money", "shares"], "one address stands twice; add the two shares up")
    if wrong := _check_transfers(config.data_transfer):
        raise refuse(["data_transfer"], wrong)
    tls = config.ocpp.tls
    for network in config.webhooks.allow:
        try:
            ip_network(network)
        except ValueError:
            message = f"{network!r} is no network, as in 10.0.0.0/8"
            raise refuse(["webhooks", "allow"], message) from None
    if config.mail.to and not (config.mail.server and config.mail.sender):
        raise refuse(["mail", "to"], "needs mail.server (HOST:PORT) and mail.sender as well")
    if config.mail.server:
        try:
            mail_host, _ = host_port(config.mail.server)
        except ValueError as error:
            raise refuse(["mail", "server"], str(error)) from None
        if config.mail.tls == "none" and mail_host not in THIS_MACHINE:
            message = f'"none" is for a server on this machine, not {mail_host}'
            raise refuse(["mail", "tls"], message)
    binds = [("ocpp", config.ocpp.bind), ("http", config.http.bind)]
    for section, bind in [*binds, *([("ocpp.tls", tls.bind)] if tls.bind else [])]:
        try:
            host_port(bind)
        except ValueError as error:
            raise refuse([*section.split("."), "bind"], str(error)) from None
    for name in ("certificate", "key"):
        if tls.bind and not getattr(tls, name):
            raise refuse(["ocpp", "tls", name], "needed when ocpp.tls.bind is set")
    if len(files(tls.certificate)) != len(files(tls.key)):
        raise refuse(["ocpp", "tls", "key"], "one for each certificate, in the same order")
    for name in ("open_networks", "trusted_proxies"):
        for network in getattr(config.ocpp, name):
            try:
                ip_network(network)
            except ValueError as error:
                text_of = f"{error}; expected a network as in 10.1.0.0/16"
                raise refuse(["ocpp", name], text_of) from None
    _check_files(config.files, refuse)


def _check_files(config: FilesConfig, refuse: Callable[[list[str], str], ConfigError]) -> None:
    ftp = config.ftp
    for keys, bind, url in (
        (["files", "http_bind"], config.http_bind, config.http_url),
        (["files", "https_bind"], config.https_bind, config.https_url),
        (["files", "ftp", "bind"], ftp.bind, ftp.url),
    ):
        try:
            host = host_port(bind)[0] if bind else ""
        except ValueError as error:
            raise refuse(keys, str(error)) from None
        if host in EVERYWHERE and not url:
            name = keys[-1].replace("bind", "url")
            raise refuse(keys, f"this is every address: say in {name} by which one stations come")
    for name, scheme in (("http_url", "http"), ("https_url", "https")):
        url = getattr(config, name)
        if url and not re.fullmatch(rf"{scheme}://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", url):
            raise refuse(["files", name], f"expected {scheme}://HOST:PORT, not {url!r}")
    if ftp.url:
        try:
            host_port(ftp.url)
        except ValueError as error:
            raise refuse(["files", "ftp", "url"], str(error)) from None
    if len(files(config.certificate)) != len(files(config.key)):
        raise refuse(["files", "key"], "one for each certificate, in the same order")
    needs_tls = bool(config.https_bind) or (bool(ftp.bind) and ftp.tls != "none")
    if needs_tls and not config.certificate:
        message = "needed for files.https_bind and for files.ftp.tls"
        raise refuse(["files", "certificate"], message)
    first, last = port_range(ftp.passive_ports)
    if not 0 <= first <= last <= 65_535:
        message = f"{ftp.passive_ports!r} is no range of ports, as in 50000-50099"
        raise refuse(["files", "ftp", "passive_ports"], message)
    if ftp.masquerade:
        try:
            IPv4Address(ftp.masquerade)
        except ValueError:
            message = f"{ftp.masquerade!r} is no IPv4 address, and FTP has no place for another"
            raise refuse(["files", "ftp", "masquerade"], message) from None


def port_range(text: str) -> tuple[int, int]:
    """The first and last port of ``FIRST-LAST``; (0, 0) for an empty text."""
    first, _, last = (text or "0-0").partition("-")
    return int(first), int(last)


def _check_transfers(hooks: tuple[DataTransferConfig, ...]) -> str:
    """What is wrong with the hooks of DataTransfer; empty if nothing is."""
    known: set[tuple[str, str]] = set()
    for one in hooks:
        if bool(one.url) == bool(one.entry_point):
            return f"{one.vendor_id}: give either url or entry_point"
        name = (one.vendor_id.casefold(), one.message_id)
        if name in known:
            return f"{one.vendor_id} {one.message_id}".rstrip() + " stands twice; keep one of them"
        known.add(name)
    return ""


def files(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """The files of a key that takes one or several."""
    return names if isinstance(names, tuple) else (names,) if names else ()


def host_port(text: str) -> tuple[str, int]:
    """Split ``HOST:PORT``; raises ValueError that shows what was expected."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"expected HOST:PORT, as in 127.0.0.1:8080, not {text!r}")
    return host.strip("[]"), int(port)


def _line_of(text: str, keys: list[str]) -> int:
    """Return the 1-based line where the deepest of ``keys`` that stands in the text is written."""
    found, start = 1, 0
    for key in keys:
        pattern = re.compile(rf"^\s*(?:\[+\s*(?:[\w.]+\.)?{key}\s*\]+|{key}\s*=)", re.MULTILINE)
        match = pattern.search(text, start)
        if match is None:
            continue
        start = match.start() if "[" not in match[0] else match.end()
        found = text[: match.end()].count("\n") + 1
    return found
