"""The tables of ``network.toml``: every key has a default, and its bounds are written here."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ohmstead.units import BPS

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


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; unknown keys are refused so that a misspelling is never silent."""


class ShareConfig(Section, frozen=True):
    """One payee of every session beside the host: basis points of the price."""

    name: str
    address: Address
    bps: Annotated[int, msgspec.Meta(ge=1, le=BPS)]


class NetworkConfig(Section, frozen=True):
    """Who this network is and what it counts in."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "commons"
    asset: str = "tUSD/6"
    time_zone: str = "Etc/UTC"


class ChainConfig(Section, frozen=True):
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


class MoneyConfig(Section, frozen=True):
    """Holds and epochs. Amounts are strings of whole minor units, as everywhere outside."""

    hold_minor: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,30}$")] = "40000000"
    session_max_s: Seconds = 86_400
    offline_window_s: Seconds = 7 * 86_400
    epoch_s: Seconds = 3_600
    epoch_sessions_max: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 100_000
    shortfall: Literal["host"] = "host"  # who waits for what exceeds the hold
    shares: tuple[ShareConfig, ...] = ()


class TlsConfig(Section, frozen=True):
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


class PaceConfig(Section, frozen=True):
    """How fast one station may talk; one that talks faster is read more slowly, nothing is lost."""

    messages_per_s: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500
    bytes_per_s: Annotated[int, msgspec.Meta(ge=1_024, le=1 << 30)] = 1 << 20
    burst_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 40
    log_ins_per_minute: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 60


class OcppConfig(Section, frozen=True):
    """How stations are met."""

    bind: str = "127.0.0.1:9000"
    heartbeat_s: Seconds = 300
    retry_s: Seconds = 60
    drain_s: Seconds = 30
    call_timeout_s: Seconds = 30
    report_interval_s: Seconds = 60
    frame_bytes_max: Annotated[int, msgspec.Meta(ge=1_024, le=16 << 20)] = 1 << 16
    handshakes_max: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500
    compression: bool = True
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


class FtpConfig(Section, frozen=True):
    """Files for stations that know nothing newer than FTP; off until it is bound."""

    bind: str = ""
    url: str = ""
    tls: Literal["none", "offered", "required"] = "none"
    implicit_bind: str = ""
    implicit_url: str = ""
    passive_ports: Annotated[str, msgspec.Meta(pattern="^([0-9]{1,5}-[0-9]{1,5})?$")] = ""
    masquerade: str = ""
    connections_max: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 50


class FilesConfig(Section, frozen=True):
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


class HttpConfig(Section, frozen=True):
    """Where the API and the pages are served."""

    bind: str = "127.0.0.1:8080"
    public_url: str = ""
    reasons: Literal["optional", "required"] = "optional"


class WebhooksConfig(Section, frozen=True):
    """Where events may be told to beside public https addresses."""

    allow: tuple[str, ...] = ()
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=60)] = 10


class AlertsConfig(Section, frozen=True):
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


class MailConfig(Section, frozen=True):
    """By which server alerts are mailed, and to whom; the password is keys/mail.password."""

    server: str = ""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()


class PkiConfig(Section, frozen=True):
    """Plug & Charge and certificates: who is asked about them, and what is believed."""

    pool_url: Annotated[str, msgspec.Meta(pattern=r"^(https?://[!-~]+)?$", max_length=500)] = ""
    est_path: Annotated[str, msgspec.Meta(pattern=r"^/[!-~]*\{request\}[!-~]*$")] = (
        "/.well-known/cpo/{request}"
    )
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=60)] = 10
    roots: str = ""  # a file: V2G roots and roots of mobility operators
    authorities: str = ""  # a file: authorities below them, to check OCSP by
    central_validation: bool = True
    revocation: Literal["hard", "soft", "off"] = "hard"
    ocsp_hosts: tuple[str, ...] = ()
    renew_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 30


Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]
Many = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class DataTransferConfig(Section, frozen=True):
    """Who answers DataTransfer of one vendor: an address, or an installed entry point."""

    vendor_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    message_id: Annotated[str, msgspec.Meta(max_length=50)] = ""  # empty: every other one
    url: Annotated[str, msgspec.Meta(pattern="^(https?://[!-~]+)?$", max_length=2_000)] = ""
    entry_point: Annotated[str, msgspec.Meta(max_length=100)] = ""
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5


class RetentionConfig(Section, frozen=True):
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
    wire_log_days: Days = 30
    person_stations_days: Days = 30


class LogConfig(Section, frozen=True):
    """How much is said beside the output; ``ohmstead up --verbose`` says debug whatever this is."""

    level: Literal["debug", "info", "warning", "error"] = "warning"
