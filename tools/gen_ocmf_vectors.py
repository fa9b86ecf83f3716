"""Write vectors/ocmf_own.json: OCMF records on every curve we verify, with keys in every spelling.

The makers' records have no brainpoolP256r1 and no ``oca:`` key, so we sign our own. Private keys
follow from their curve's name and signatures are deterministic (RFC 6979), so the file is the same
on every machine. Run ``python tools/gen_ocmf_vectors.py``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

OUT = Path(__file__).resolve().parent.parent / "vectors" / "ocmf_own.json"
CURVES: dict[str, tuple[str, ec.EllipticCurve]] = {
    "secp256r1": ("ECDSA-secp256r1-SHA256", ec.SECP256R1()),
    "secp256k1": ("ECDSA-secp256k1-SHA256", ec.SECP256K1()),
    "secp384r1": ("ECDSA-secp384r1-SHA256", ec.SECP384R1()),
    "secp192r1": ("ECDSA-secp192r1-SHA256", ec.SECP192R1()),
    "brainpoolP256r1": ("ECDSA-brainpool256r1-SHA256", ec.BrainpoolP256R1()),
}
DETERMINISTIC = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
PAYLOAD = (
    '{"FV":"1.2","GI":"Ohmstead vectors","GS":"OV-1","PG":"T%d","MS":"OV-M-%s","IS":true,'
    '"IT":"CENTRAL","ID":"pseudonym","RD":['
    '{"TM":"2026-11-20T08:00:00,000+0100 S","TX":"B","RV":%s,"RI":"1-b:1.8.0","RU":"kWh",'
    '"EF":"","ST":"G"},'
    '{"TM":"2026-11-20T08:30:00,000+0100 S","TX":"E","RV":1011.25,"RI":"1-b:1.8.0","RU":"kWh",'
    '"EF":"","ST":"G"}]}'
)


def private_key(name: str, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    """Return the test key of a curve: public knowledge, for vectors only."""
    seed = hashlib.sha512(f"ohmstead vector key {name}".encode()).digest()
    return ec.derive_private_key(int.from_bytes(seed[: curve.key_size // 8 - 1], "big"), curve)


def spellings(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """Return every spelling of a public key that meters and stations were seen to use."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    oca = b"oca:base16:asn1:" + der.hex().encode()
    spaced = " ".join(der.hex().upper()[at : at + 4] for at in range(0, 2 * len(der), 4))
    return {
        "hex DER": der.hex(),
        "spaced hex DER": spaced,
        "base64 of DER": base64.b64encode(der).decode(),
        "base64 of hex DER": base64.b64encode(der.hex().encode()).decode(),
        "base64 of oca: and hex DER": base64.b64encode(oca).decode(),
        "oca: and hex DER": oca.decode(),
        "PEM": key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "hex point": point[1:].hex(),
        "base64 of point with 04": base64.b64encode(point).decode(),
    }


def record(payload: str, algorithm: str, signature: bytes, encoding: str = "hex") -> str:
    """Join the three sections."""
    encoded = signature.hex() if encoding == "hex" else base64.b64encode(signature).decode()
    return f'OCMF|{payload}|{{"SA":"{algorithm}","SE":"{encoding}","SD":"{encoded}"}}'


def vectors() -> list[dict[str, str]]:
    """Return all records with the verdict each must get."""
    made: list[dict[str, str]] = []

    def add(
        name: str, curve: str, ocmf: str, key: str, verdict: str, point_curve: str = ""
    ) -> None:
        made.append(
            {
                "name": name,
                "curve": curve,
                "ocmf": ocmf,
                "public_key": key,
                "point_curve": point_curve,
                "verdict": verdict,
            }
        )

    for page, (name, (algorithm, curve)) in enumerate(CURVES.items()):
        key = private_key(name, curve)
        payload = PAYLOAD % (page, name, "1000.123456")
        signature = key.sign(payload.encode(), DETERMINISTIC)
        honest = record(payload, algorithm, signature)
        names = spellings(key.public_key())
        for spelling, text in names.items():
            bare = name if "point" in spelling else ""
            add(f"{name}, key as {spelling}", name, honest, text, "valid", bare)
        hex_der = names["hex DER"]
        in_base64 = record(payload, algorithm, signature, "base64")
        add(f"{name}, signature in base64", name, in_base64, hex_der, "valid")
        forged = record(PAYLOAD % (page, name, "0.123456"), algorithm, signature)
        add(f"{name}, other register", name, forged, hex_der, "invalid_signature")
        spaced = record(payload + " ", algorithm, signature)
        add(f"{name}, a space more", name, spaced, hex_der, "invalid_signature")
        other = private_key(name + " other", curve).public_key()
        add(f"{name}, other key", name, honest, spellings(other)["hex DER"], "invalid_signature")
        add(f"{name}, no key", name, honest, "", "no_key")
        add(f"{name}, broken key", name, honest, hex_der[:-2], "key_unreadable")
        sha384 = record(payload, algorithm.replace("SHA256", "SHA384"), signature)
        add(f"{name}, other hash", name, sha384, hex_der, "unsupported_algorithm")
    return made


def main() -> None:
    """Write the file."""
    header = "Generated from fixed test keys by tools/gen_ocmf_vectors.py"
    OUT.write_text(json.dumps({"about": header, "records": vectors()}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
