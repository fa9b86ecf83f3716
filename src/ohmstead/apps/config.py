"""``network.toml``: one file is one network. Every key has a default; a wrong one is named."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ohmstead.apps.config_sections import (
    AlertsConfig,
    ChainConfig,
    DataTransferConfig,
    FilesConfig,
    FtpConfig,
    HttpConfig,
    LogConfig,
    MailConfig,
    MoneyConfig,
    NetworkConfig,
    OcppConfig,
    PaceConfig,
    PkiConfig,
    RetentionConfig,
    Section,
    ShareConfig,
    TlsConfig,
    WebhooksConfig,
)
from ohmstead.apps.wording import reworded
from ohmstead.errors import ConfigError
from ohmstead.units import BPS, Asset

__all__ = [
    "EVERYWHERE",
    "FILE_LENGTH_MAX",
    "FILE_NAME",
    "SHARES_MAX",
    "THIS_MACHINE",
    "AlertsConfig",
    "ChainConfig",
    "Config",
    "DataTransferConfig",
    "FilesConfig",
    "FtpConfig",
    "HttpConfig",
    "LogConfig",
    "MailConfig",
    "MoneyConfig",
    "NetworkConfig",
    "OcppConfig",
    "PaceConfig",
    "PkiConfig",
    "RetentionConfig",
    "ShareConfig",
    "TlsConfig",
    "WebhooksConfig",
    "files",
    "host_port",
    "load",
    "parse",
    "port_range",
]

FILE_NAME = "network.toml"
FILE_LENGTH_MAX = 1 << 20
THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")
SHARES_MAX = 6  # a receipt has at most 8 slots: these, the host and the payer


class Config(Section, frozen=True):
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
        (["files", "ftp", "implicit_bind"], ftp.implicit_bind, ftp.implicit_url),
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
    if config.https_url and not config.https_bind and not config.http_bind:
        message = "needs https_bind, or http_bind for a proxy that ends TLS"
        raise refuse(["files", "https_url"], message)
    for name in ("url", "implicit_url"):
        try:
            host_port(getattr(ftp, name) or "none:0")
        except ValueError as error:
            raise refuse(["files", "ftp", name], str(error)) from None
    if len(files(config.certificate)) != len(files(config.key)):
        raise refuse(["files", "key"], "one for each certificate, in the same order")
    needs_tls = config.https_bind or ftp.implicit_bind or (ftp.bind and ftp.tls != "none")
    if needs_tls and not config.certificate:
        message = "needed for files.https_bind, files.ftp.tls and files.ftp.implicit_bind"
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
