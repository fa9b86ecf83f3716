"""Decoders of files and documents: what operators, drivers and a chain's node hand us."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import tempfile
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from ohmstead.adapters.chain.evm import shapes
from ohmstead.adapters.chain.evm.events import read_event
from ohmstead.apps import config as config_module
from ohmstead.apps import trust as trust_module
from ohmstead.apps.api.paging import key_before
from ohmstead.apps.api.problems import Problem
from ohmstead.apps.onboarding.fleet_csv import COLUMNS, read_fleet
from ohmstead.apps.onboarding.sql_dump import read_export
from ohmstead.apps.onboarding.steve import TABLES, Choices, plan_from
from ohmstead.apps.operations import archive
from ohmstead.apps.stations.authority import FileAuthority, Unsuitable, suitable_for_v2g
from ohmstead.apps.verification import OcmfVerifier, ledger_of, zone
from ohmstead.core import canonical
from ohmstead.core.receipt import public_copy
from ohmstead.core.receipt_checks import CHECK_NAMES, check_receipt
from ohmstead.core.tariff_document import read_tariff, tariff_document
from ohmstead.core.tariff_ocpi import TariffError, parse_ocpi_tariff
from ohmstead.errors import (
    ChainUnavailable,
    ConfigError,
    LocalProtocolError,
    OperatorError,
    RemoteProtocolError,
)
from ohmstead.units import Asset
from tests.conftest import find_shared
from tests.fuzz.engine import Contradiction, Target
from tests.fuzz.mutate import TEXTS, changed, mutated, words, written

ROOT = Path(__file__).parents[2]


# --- a fleet in CSV ------------------------------------------------------------------------------

OWNER = "0x" + "ab" * 20
FLEET = (
    f"id,evses,tariff,owner,name,time_zone,strictness,password,security_profile\n"
    f'CP-1,1:22000 2:50000:2,T,{OWNER},"Market, square",Europe/Zurich,strict,pass word,1\n'
    f"CP-2,,T,{OWNER},,,,,2\n"
    f'CP 3,1:7400,T,{OWNER},"say ""hi""\nthere",Etc/UTC,lenient,,0\n'
)
CELLS = ["1:22000", "1:0", "1:2:3:4", "999999999999:1", "Accepted", "rejected", "-1", "٣:٣", *TEXTS]


def run_fleet(data: bytes) -> None:
    table = read_fleet(data.decode("utf-8", "surrogateescape"), OWNER, "T")
    if bool(table.rows) == bool(table.wrong) and not table.wrong:
        raise Contradiction("neither stations nor what is wrong")
    for wrong in table.wrong:
        if wrong.line < 1 or wrong.column < 0 or not wrong.detail:
            raise Contradiction(f"a mistake without a place: {wrong}")


def make_fleet(rng: Random) -> bytes:
    names = rng.sample(COLUMNS, rng.randrange(1, len(COLUMNS)))
    if rng.random() < 0.9 and "id" not in names:
        names.append("id")
    delimiter = rng.choice(",,;\t")
    lines = [delimiter.join(names)]
    for number in range(rng.choice((0, 1, 3, 3, 20))):
        cells = [_cell(rng, name, number) for name in names]
        lines.append(delimiter.join(cells + [""] * (rng.random() < 0.1)))
    text = rng.choice(("", "\ufeff")) + rng.choice(("\n", "\r\n", "\r")).join(lines)
    return text.encode("utf-8", "surrogatepass")


def _cell(rng: Random, name: str, number: int) -> str:
    good = {"id": f"CP-{number}", "evses": "1:22000 2:11000", "owner": OWNER, "tariff": "T"}
    text = good.get(name, "") if rng.random() < 0.7 else rng.choice(CELLS)
    quoted = '"' + text.replace('"', '""') + '"'
    return quoted if rng.random() < 0.3 else text.replace("\n", " ")


def raw_fleet(rng: Random) -> bytes:
    return mutated(rng, FLEET.encode(), [FLEET.encode()])


# --- another CSMS's database ---------------------------------------------------------------------

DUMP = b"""-- MySQL dump 10.13
/*!40103 SET TIME_ZONE='+00:00' */;
CREATE TABLE `charge_box` (
  `charge_box_pk` int NOT NULL,
  `charge_box_id` varchar(255) NOT NULL,
  `ocpp_protocol` varchar(255) DEFAULT NULL,
  `registration_status` varchar(255) NOT NULL,
  `description` mediumtext,
  `security_profile` int DEFAULT NULL,
  `auth_password` varchar(500) DEFAULT NULL,
  PRIMARY KEY (`charge_box_pk`)
) ENGINE=InnoDB;
INSERT INTO `charge_box` VALUES (1,'CP-1','ocpp1.6J','Accepted','Bob\\'s; (north)',1,NULL),
(2,'CP-2',NULL,'Pending',_utf8mb4'a''b',0,0x24326124);
CREATE TABLE `connector` (
  `connector_pk` int NOT NULL,
  `charge_box_id` varchar(255) NOT NULL,
  `connector_id` int NOT NULL
);
INSERT INTO `connector` VALUES (1,'CP-1',0),(2,'CP-1',1),(3,'CP-2',1);
INSERT INTO `ocpp_tag` (`ocpp_tag_pk`,`id_tag`,`parent_id_tag`,`expiry_date`,
`max_active_transaction_count`,`note`) VALUES (1,'CARD',NULL,'2027-01-01 00:00:00',-1,'x');
INSERT INTO `transaction_start` (`transaction_pk`,`event_timestamp`,`connector_pk`,`id_tag`,
`start_timestamp`,`start_value`) VALUES (7,'2026-01-01 00:00:00',2,'CARD',
'2026-01-01 00:00:00.000000','1200');
INSERT INTO `transaction_stop` (`transaction_pk`,`event_timestamp`,`stop_timestamp`,`stop_value`)
VALUES (6,'2026-01-01 00:00:00','2026-01-01 00:00:00','1300');
"""
CHOICES = Choices(OWNER, 22_000, False, {})


@cache
def kept_folder() -> tempfile.TemporaryDirectory[str]:
    """Gone when the process ends."""
    place = Path("/dev/shm")  # where it is: a million small files should not wear out a disk
    where = place if place.is_dir() else None
    return tempfile.TemporaryDirectory(prefix="ohmstead-fuzz-", dir=where)


def folder() -> Path:
    """A place for files that a decoder wants as files; its own for each process."""
    return Path(kept_folder().name)


def run_dump(data: bytes) -> None:
    path = folder() / "dump.sql"
    path.write_bytes(data)
    _plan(path)


def run_tables(data: bytes) -> None:
    """CSV files of one folder, each begun by its name."""
    path = folder() / "tables"
    path.mkdir(exist_ok=True)
    for old in path.iterdir():
        old.unlink()
    for part in data.split(b"\x1e"):
        name, _, body = part.partition(b"\n")
        if name.decode("latin-1") in TABLES:
            (path / f"{name.decode()}.csv").write_bytes(body)
    _plan(path)


def _plan(path: Path) -> None:
    plan = plan_from(read_export(path, TABLES), CHOICES)
    table = read_fleet(plan.fleet_csv(), OWNER, "T")
    for wrong in table.wrong:
        if not wrong.detail:
            raise Contradiction("a mistake without words")


def make_dump(rng: Random) -> bytes:
    lines = DUMP.decode("latin-1").split("\n")
    for _ in range(rng.choice((1, 2, 5))):
        at = rng.randrange(len(lines))
        pick = rng.randrange(6)
        if pick == 0:
            del lines[at]
        elif pick == 1:
            lines.insert(at, lines[rng.randrange(len(lines))])
        elif pick == 2:
            lines[at] = lines[at].replace("'", rng.choice(("\\'", "''", "`", "_utf8'", "0x")), 1)
        else:
            lines[at] = words(rng, lines[at])
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def raw_dump(rng: Random) -> bytes:
    return mutated(rng, DUMP, [DUMP])


TABLES_CSV = b"\x1e".join(
    (
        b"charge_box\ncharge_box_pk,charge_box_id,ocpp_protocol,registration_status,description\n"
        b"1,CP-1,ocpp1.6J,Accepted,x\n2,CP-2,\\N,Pending,NULL\n",
        b"connector\nconnector_pk,charge_box_id,connector_id\n1,CP-1,0\n2,CP-1,1\n",
        b"ocpp_tag\nocpp_tag_pk,id_tag,parent_id_tag,expiry_date\n1,CARD,\\N,2027-01-01 00:00:00\n",
        b"transaction_start\ntransaction_pk,connector_pk,id_tag,start_timestamp,start_value\n"
        b"7,2,CARD,2026-01-01 00:00:00,1200\n",
        b"transaction_stop\ntransaction_pk,stop_timestamp,stop_value\n6,2026-01-01 00:00:00,1\n",
    )
)


def make_tables(rng: Random) -> bytes:
    parts = TABLES_CSV.decode().split("\x1e")
    for _ in range(rng.choice((1, 2, 4))):
        at = rng.randrange(len(parts))
        parts[at] = words(rng, parts[at])
    return "\x1e".join(parts).encode("utf-8", "surrogatepass")


def raw_tables(rng: Random) -> bytes:
    return mutated(rng, TABLES_CSV, [TABLES_CSV])


# --- network.toml and trust.json -----------------------------------------------------------------

TOML = """[network]
name = "commons"
asset = "tUSD/6"
time_zone = "Europe/Zurich"

[money]
hold_minor = "40000000"
shares = [{ name = "a", address = "OWNER", bps = 500 }]

[ocpp]
bind = "127.0.0.1:9000"
heartbeat_s = 300
paths = ["/steve/{station_id}"]
open_networks = ["10.0.0.0/8"]

[ocpp.tls]
bind = "0.0.0.0:9443"
certificate = ["a.pem", "b.pem"]
key = ["a.key", "b.key"]

[alerts]
idle_days = 7

[mail]
server = "127.0.0.1:25"
tls = "none"
sender = "a@b"
to = ["c@d"]
""".replace("OWNER", OWNER)


def run_toml(data: bytes) -> None:
    try:
        config_module.parse(data, "network.toml")
    except ConfigError as error:
        if not str(error).startswith("network.toml:"):
            raise Contradiction(f"an error without a place: {error}") from None
        raise


def make_toml(rng: Random) -> bytes:
    lines = TOML.split("\n")
    for _ in range(rng.choice((1, 1, 3))):
        at = rng.randrange(len(lines))
        pick = rng.randrange(5)
        if pick == 0:
            lines.insert(rng.randrange(len(lines)), lines[at])
        elif pick == 1 and "=" in lines[at]:
            name = lines[at].partition("=")[0]
            values = ("1e400000", "9" * 5_000, "-1", "inf", "nan", "true", "[]", "{}", '"x"')
            more = ("1979-05-27T07:32:00Z", "0x7fffffffffffffffffff", "'''a'''", "[[[[]]]]")
            lines[at] = f"{name}= {rng.choice((*values, *more))}"
        else:
            lines[at] = words(rng, lines[at])
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def raw_toml(rng: Random) -> bytes:
    return mutated(rng, TOML.encode(), [TOML.encode()])


TRUST = {
    "format": "ohmstead-trust/1",
    "network": "commons",
    "chain_id": 31337,
    "settlement": OWNER,
    "registry": OWNER,
    "escrow": OWNER,
    "validators": [OWNER],
    "meter_keys": {"CP1": ["0x" + "5a" * 32]},
}


def run_trust(data: bytes) -> None:
    path = folder() / "trust.json"
    path.write_bytes(data)
    trust_module.load_trust(path)


# --- receipts ------------------------------------------------------------------------------------


@cache
def receipts() -> list[bytes]:
    vectors = json.loads((ROOT / "vectors" / "receipts.json").read_text())
    return [text.encode() for text in vectors["documents"].values()]


@cache
def trust_of_receipts() -> object:
    from ohmstead.core.receipt_checks import Trust

    return Trust(**json.loads((ROOT / "vectors" / "receipts.json").read_text())["trust"])


class Verifier(OcmfVerifier):
    """The same answers; a record that comes again is not checked again."""

    readings = cache(OcmfVerifier.readings)


VERIFIER = Verifier()


def run_receipt(data: bytes) -> None:
    trust = trust_of_receipts() if len(data) % 2 else None
    checks = check_receipt(data, VERIFIER, zone, trust)  # type: ignore[arg-type]
    if not checks or {check.name for check in checks} - set(CHECK_NAMES):
        raise Contradiction("checks without a name")
    ledger_of(data)
    Verifier.readings.cache_clear() if Verifier.readings.cache_info().currsize > 5_000 else None
    public_copy(data)


def make_receipt(rng: Random) -> bytes:
    tree = changed(rng, json.loads(rng.choice(receipts())))
    data = written(tree)
    if rng.random() < 0.8:
        try:
            return canonical.encode(json.loads(data))
        except Exception:  # what canonical JSON has no words for goes as it is
            return data
    return data


def raw_receipt(rng: Random) -> bytes:
    return mutated(rng, rng.choice(receipts()), receipts())


def run_canonical(data: bytes) -> None:
    tree = canonical.decode(data)
    if canonical.encode(tree) != data:
        raise Contradiction("canonical, and written otherwise")


CANONICAL = [b'{"a":1,"b":[true,null,"\xc3\xa9"]}', b"[]", b'{"":{"":-9007199254740991}}', b'"x"']


def make_canonical(rng: Random) -> bytes:
    return written(changed(rng, json.loads(rng.choice(CANONICAL)))).replace(b" ", b"")


def raw_canonical(rng: Random) -> bytes:
    return mutated(rng, rng.choice(CANONICAL), CANONICAL)


# --- tariffs -------------------------------------------------------------------------------------


@cache
def tariffs() -> list[object]:
    shared = find_shared()
    found: list[object] = []
    if shared is not None:
        for path in sorted((shared / "vectors" / "tariffs").glob("*/tariff.json")):
            found.append(json.loads(path.read_text()))
    component = {"type": "ENERGY", "price": 0.35, "step_size": 1, "vat": 20}
    element = {"price_components": [component], "restrictions": {"start_time": "09:00"}}
    found.append({"id": "T", "currency": "EUR", "elements": [element]})
    return found


EURO = Asset.parse("EUR/2")


def run_tariff(data: bytes) -> None:

    try:
        document = json.loads(data, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise TariffError("not JSON") from None
    tariff = parse_ocpi_tariff(document, EURO)
    if read_tariff(tariff_document(tariff)) != tariff:
        raise Contradiction("a tariff that is read otherwise than it is written")


def make_tariff(rng: Random) -> bytes:
    return written(changed(rng, rng.choice(tariffs()), rng.choice((0, 1, 1, 2))))


def raw_tariff(rng: Random) -> bytes:
    every = [written(tree) for tree in tariffs()]
    return mutated(rng, rng.choice(every), every)


def _part(kind: str, price: float, **more: Any) -> dict[str, Any]:
    return {"type": kind, "price": price, "step_size": 300, **more}


RICH: list[dict[str, Any]] = [
    {
        "id": "R1",
        "currency": "EUR",
        "min_price": {"excl_vat": 0.5},
        "max_price": {"excl_vat": 50},
        "elements": [
            {
                "price_components": [_part("FLAT", 1.25, vat=21), _part("ENERGY", 0.3333)],
                "restrictions": {
                    "start_time": "22:00",
                    "end_time": "06:00",
                    "day_of_week": ["MONDAY", "SUNDAY"],
                    "start_date": "2026-01-01",
                    "end_date": "2027-01-01",
                    "min_kwh": 1.5,
                    "max_kwh": 80,
                    "min_power": 3.7,
                    "max_power": 22,
                    "min_duration": 60,
                    "max_duration": 7200,
                },
            },
            {"price_components": [_part("TIME", 2), _part("PARKING_TIME", 6.5, vat=9.5)]},
        ],
    },
    {
        "id": "R2",
        "currency": "EUR",
        "elements": [
            {
                "price_components": [_part("FLAT", 2), _part("TIME", 1)],
                "restrictions": {"reservation": "RESERVATION_EXPIRES"},
            },
            {"price_components": [_part("ENERGY", 0)]},
        ],
    },
]


def run_kept_tariff(data: bytes) -> None:
    read_tariff(canonical.decode(data))


@cache
def kept_tariffs() -> list[bytes]:
    found = []
    for tree in json.loads(json.dumps([*tariffs(), *RICH]), parse_float=Decimal):
        with contextlib.suppress(TariffError):
            found.append(canonical.encode(tariff_document(parse_ocpi_tariff(tree, EURO))))
    return found


def make_kept_tariff(rng: Random) -> bytes:
    """Three of four are canonical documents with values as such fields may have them, so that they
    are read; the fourth has anything anywhere."""
    tree = json.loads(rng.choice(kept_tariffs()))
    if rng.randrange(4):
        for _ in range(rng.choice((0, 1, 1, 2, 4))):
            _vary(rng, tree)
        with contextlib.suppress(LocalProtocolError):  # a character that no text has
            return canonical.encode(tree)
        return written(tree)
    data = written(changed(rng, tree))
    try:
        return canonical.encode(json.loads(data))
    except Exception:  # as above
        return data


def raw_kept_tariff(rng: Random) -> bytes:
    """One byte in a number or a name: most stay canonical, and go on to what reads them."""
    data = bytearray(rng.choice(kept_tariffs()))
    if rng.randrange(4) == 0:
        return mutated(rng, bytes(data), kept_tariffs())
    places = [at for at, byte in enumerate(data) if chr(byte).isalnum()]
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.choice(places)
        data[at] = ord(rng.choice("123456789" if chr(data[at]).isdigit() else "abcXYZ"))
    return bytes(data)


def _vary(rng: Random, tree: Any) -> None:
    """Change one value of a document, wherever it is, for one of its kind."""
    node = tree
    while True:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        if not keys:
            return
        at = rng.choice(keys)
        if not isinstance(node[at], dict | list) or not node[at]:
            break
        node = node[at]
    old = node[at]
    if isinstance(old, bool):
        node[at] = not old
    elif isinstance(old, int):
        node[at] = rng.choice(
            (0, 1, old + 1, min(old * 10, 2**53 - 1), -old, 86_400, 10**9, 2**53 - 1)
        )
    elif isinstance(old, str) and old.isdigit():
        node[at] = rng.choice(("0", "1", str(int(old) + 1), "9" * 18, "9" * 80, "01", "-1"))
    elif isinstance(old, str):
        node[at] = rng.choice((old, old[:1], "", "FLAT", "TIME", "00:00", "MONDAY", *TEXTS[:4]))
    elif isinstance(old, list) and isinstance(node, list):
        node.append(rng.choice(node))


# --- certificates, backups, a chain's node, cursors ----------------------------------------------


@cache
def requests() -> list[bytes]:
    found = []
    for curve in (ec.SECP256R1(), ec.SECP384R1()):
        key = ec.derive_private_key(7, curve)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CP1")])
        builder = x509.CertificateSigningRequestBuilder().subject_name(name)
        request = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
        found.append(request.public_bytes(serialization.Encoding.DER))
    return found


def _pem(der: bytes) -> bytes:
    import base64

    body = base64.encodebytes(der).decode().replace("\n", "")
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return (
        f"-----BEGIN CERTIFICATE REQUEST-----\n{lines}\n-----END CERTIFICATE REQUEST-----\n"
    ).encode()


def run_csr(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    refused = 0
    for read in (_for_station, _for_secc, _for_secc_20):
        try:
            read(text)
        except Unsuitable as error:
            if not 0 < len(error.code) <= 20:  # OCPP's reasonCode
                raise Contradiction(f"a reason that OCPP cannot say: {error.code}") from None
            refused += 1
    if refused == 3:
        raise Unsuitable("CsrUnreadable", "by all of them")


def _for_station(text: str) -> None:
    """What is signed has to be a certificate of this name, and nobody's authority."""
    issued = authority().issue(("CP1",), text, NOW_MS)
    leaf = x509.load_pem_x509_certificate(issued.chain.encode())
    leaf.verify_directly_issued_by(authority().certificate)
    names = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
    if [one.value for one in names] != ["CP1"] or constraints.ca:
        raise Contradiction("a certificate that nobody may have")


def _for_secc(text: str) -> None:
    suitable_for_v2g(text, 2)


def _for_secc_20(text: str) -> None:
    suitable_for_v2g(text, 20)


@cache
def authority() -> FileAuthority:
    return FileAuthority.make(folder() / "authority", "Fuzz", NOW_MS)


@cache
def csr_keys() -> list[Any]:
    """Made once a run: an RSA key takes a while. What is refused of one is its kind, not its
    numbers, so that they are other ones in each process is no matter."""
    curves = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1(), ec.SECP224R1())
    keys: list[Any] = [ec.derive_private_key(7, curve) for curve in curves]
    keys += [rsa.generate_private_key(65_537, bits) for bits in (1_024, 2_048)]
    return [*keys, ed25519.Ed25519PrivateKey.from_private_bytes(b"7" * 32), _ed448()]


def _ed448() -> ed448.Ed448PrivateKey:
    return ed448.Ed448PrivateKey.from_private_bytes(b"7" * 57)


NOW_MS = 1_795_000_000_000
CSR_NAMES = ("CP1", "CP1", "CP1", "CP1", "cp1", "CP1 ", "CP2", "CP1\x00", "é", "x" * 64)
CSR_OIDS = (
    x509.NameOID.ORGANIZATION_NAME,
    x509.NameOID.COUNTRY_NAME,
    x509.NameOID.SERIAL_NUMBER,
    x509.NameOID.DOMAIN_COMPONENT,
    x509.NameOID.COMMON_NAME,
)
CSR_WISHES: tuple[x509.ExtensionType, ...] = (
    x509.BasicConstraints(ca=True, path_length=None),
    x509.BasicConstraints(ca=False, path_length=None),
    x509.SubjectAlternativeName([x509.DNSName("evil.test"), x509.DNSName("*")]),
    x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.OCSP_SIGNING]),
    x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x30\x80\xff" * 9),
    x509.NameConstraints([x509.DNSName("test")], None),
)


def make_csr(rng: Random) -> bytes:
    """Names, wishes and keys are changed before it is signed, so that the signature is good; of
    one in four a byte is changed afterwards."""
    name = [x509.NameAttribute(x509.NameOID.COMMON_NAME, rng.choice(CSR_NAMES))]
    for oid in rng.sample(CSR_OIDS, rng.choice((0, 0, 0, 1, 2))):
        name.append(x509.NameAttribute(oid, "NL"))
    rng.shuffle(name)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(name))
    for wish in rng.sample(CSR_WISHES, rng.choice((0, 0, 1, 2))):
        with contextlib.suppress(ValueError):  # a kind that is there already
            builder = builder.add_extension(wish, critical=rng.random() < 0.5)
    if rng.random() < 0.2:
        challenge = x509.oid.AttributeOID.CHALLENGE_PASSWORD
        builder = builder.add_attribute(challenge, b"s\xc3\xa9" * rng.choice((0, 1, 99)))
    kinds = csr_keys()
    key = rng.choice((*kinds[:3], *kinds[:3], *kinds))
    if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        request = builder.sign(key, None)
    else:
        is_ec = isinstance(key, ec.EllipticCurvePrivateKey)
        how = rng.choice((hashes.SHA256(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()))
        if rng.random() < 0.1:
            how = rng.choice((hashes.SHA224(), hashes.SHA3_256()) if is_ec else (hashes.SHA224(),))
        request = builder.sign(key, how, **({"ecdsa_deterministic": True} if is_ec else {}))
    der = request.public_bytes(serialization.Encoding.DER)
    if rng.random() < 0.25:
        at = rng.randrange(len(der))
        der = der[:at] + bytes([rng.randrange(256)]) + der[at + 1 :]
    return _pem(der)


def raw_csr(rng: Random) -> bytes:
    """Bytes of a good one changed, in its DER or in what stands around it."""
    every = [_pem(der) for der in requests()]
    pick = rng.randrange(4)
    if pick == 0:
        return mutated(rng, rng.choice(every), every)
    if pick == 1:
        return _pem(mutated(rng, rng.choice(requests()), requests()))
    noise = bytes(rng.choice(b"abc \n\t\r=-") for _ in range(rng.randrange(40)))
    one = rng.choice(every)
    if pick == 2:
        return noise.replace(b"-", b"") + b"\n" + one + noise
    return one.replace(b"\n", rng.choice((b"\r\n", b"\n", b"\n\n", b" \n")))


@cache
def backup() -> bytes:
    import hashlib

    parts = {"ohmstead.db": b"SQLite format 3\x00" * 4, "network.toml": TOML.encode()}
    manifest = {
        "format": archive.FORMAT,
        "made": "2026-11-20T12:00:00Z",
        "made_ms": 1_795_000_000_000,
        "ohmstead": "0.1",
        "layout": 1,
        "network": "commons",
        "pepper": "",
        "parts": [
            {"name": n, "bytes": len(b), "sha256": hashlib.sha256(b).hexdigest()}
            for n, b in parts.items()
        ],
    }
    return _tar({archive.MANIFEST: json.dumps(manifest).encode(), **parts})


def _tar(files: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.type = len(body), kind
            tar.addfile(member, io.BytesIO(body))
    return out.getvalue()


def run_backup(data: bytes) -> None:
    import shutil

    path, into = folder() / "backup.tar", folder() / "restored"
    path.write_bytes(data)
    into.mkdir(exist_ok=True)
    try:
        archive.unpack(path, into)
    finally:
        outside = [p.name for p in folder().iterdir()]
        shutil.rmtree(into)
        if set(outside) - {
            "backup.tar",
            "restored",
            "dump.sql",
            "tables",
            "trust.json",
            "authority",
        }:
            raise Contradiction(f"a backup wrote outside of its folder: {outside}")


def make_backup(rng: Random) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(backup())) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    manifest = changed(rng, json.loads(files[archive.MANIFEST]), rng.choice((0, 1, 2)))
    names = ["../x", "/etc/x", "keys/../../x", "keys/a", "chain/gen-1", "network.toml", "x" * 99]
    made = {archive.MANIFEST: written(manifest)}
    for name, body in files.items():
        if name != archive.MANIFEST and rng.random() < 0.8:
            made[rng.choice(names) if rng.random() < 0.3 else name] = body
    return _tar(made, rng.choice((tarfile.REGTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, b"L")))


def raw_backup(rng: Random) -> bytes:
    return mutated(rng, backup(), [backup()])


HASH, ADDRESS = "0x" + "5a" * 32, "0x" + "a5" * 20
TOPIC = "0x" + "00" * 12 + "a5" * 20
NODE: list[object] = [
    {"number": "0x1", "hash": HASH, "parentHash": HASH, "timestamp": "0x5", "baseFeePerGas": "0x7"},
    {
        "transactionHash": HASH,
        "blockNumber": "0x1",
        "blockHash": HASH,
        "status": "0x1",
        "gasUsed": "0x5208",
        "effectiveGasPrice": "0x1",
        "contractAddress": ADDRESS,
    },
    {"hash": HASH, "from": ADDRESS, "nonce": "0x0", "blockNumber": None},
    {
        "address": ADDRESS,
        "topics": [HASH, TOPIC],
        "data": "0x" + "00" * 64,
        "blockNumber": "0x1",
        "blockHash": HASH,
        "transactionHash": HASH,
        "logIndex": "0x0",
    },
]


@cache
def topics() -> list[str]:
    from ohmstead.adapters.chain.evm.contracts import artifact

    return [
        "0x" + topic.hex() for name in ("ChargingEscrow", "Settlement")
        for topic in artifact(name).events
    ]  # fmt: skip


def run_node(data: bytes) -> None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise ChainUnavailable("not JSON") from None
    refused = 0
    for read in (shapes.as_block, _receipt, _transaction, _events):
        try:
            read(value)
        except ChainUnavailable:
            refused += 1
    if refused == 4:
        raise ChainUnavailable("nothing")


def _receipt(value: object) -> None:
    shapes.as_receipt(value, HASH)


def _transaction(value: object) -> None:
    shapes.as_transaction(value, HASH)


def _events(value: object) -> None:
    log = shapes.as_log(value)
    for contract in ("ChargingEscrow", "Settlement"):
        read_event(contract, log)


def make_node(rng: Random) -> bytes:
    tree = rng.choice(NODE)
    if tree is NODE[3]:
        assert isinstance(tree, dict)
        many = rng.randrange(5)
        data = "0x" + rng.randbytes(32 * rng.randrange(8)).hex()
        tree = tree | {"topics": [rng.choice(topics()), *[TOPIC] * many], "data": data}
    return written(changed(rng, tree, rng.choice((0, 1, 1, 2))))


def raw_node(rng: Random) -> bytes:
    every = [written(tree) for tree in NODE]
    return mutated(rng, rng.choice(every), every)


def run_cursor(data: bytes) -> None:
    key_before(data.decode("utf-8", "surrogateescape"))


def targets() -> list[Target]:
    trust = written(TRUST)
    operator, remote = (OperatorError,), (RemoteProtocolError,)
    return [
        Target("fleet-csv", run_fleet, raw_fleet, make_fleet, (), share=20),
        Target("steve-dump", run_dump, raw_dump, make_dump, operator, share=8),
        Target("steve-csv", run_tables, raw_tables, make_tables, operator, share=5),
        Target("network-toml", run_toml, raw_toml, make_toml, (ConfigError,), share=10),
        Target(
            "trust-file",
            run_trust,
            lambda rng: mutated(rng, trust, [trust]),
            lambda rng: written(changed(rng, TRUST)),
            operator,
            share=8,
        ),
        Target("receipt", run_receipt, raw_receipt, make_receipt, remote, share=15),
        Target("canonical-json", run_canonical, raw_canonical, make_canonical, remote, share=10),
        Target("ocpi-tariff", run_tariff, raw_tariff, make_tariff, (TariffError,), share=15),
        Target(
            "kept-tariff",
            run_kept_tariff,
            raw_kept_tariff,
            make_kept_tariff,
            (ValueError, RemoteProtocolError),
        ),
        Target("station-csr", run_csr, raw_csr, make_csr, (Unsuitable,)),
        Target("backup", run_backup, raw_backup, make_backup, operator, share=3),
        Target("chain-node", run_node, raw_node, make_node, (ChainUnavailable,), share=15),
        Target(
            "list-cursor",
            run_cursor,
            lambda rng: rng.randbytes(rng.randrange(40)),
            lambda rng: mutated(rng, b"U1QtMQ", [b"YS8x"]),
            (Problem,),
            share=5,
        ),
    ]
