"""Open Charge Metering Format: what certified meters sign, read and checked as received.

    extract.py  OCPP carrier (plain, JSON, hex, base64, signedMeterValue) -> the record's bytes
    usual.py    the record's bytes -> OcmfRecord, quickly where they are written as usual, else by
    exact.py    the record's bytes -> OcmfRecord, or what is wrong with them
    record.py   OcmfRecord, a parsed copy beside the untouched bytes, and its limits
    keys.py     a public key in any spelling of the wild -> PublicKey
    verify.py   OcmfRecord and PublicKey -> Verdict, never an exception
    chain.py    which readings the settlement contract's own parser could read
    sign.py     the writer, for our edge agent and the virtual meter

Clauses quoted in this package are of OCMF 1.2 (SAFE e.V.).
"""

from __future__ import annotations

from ohmstead.wire.ocmf.chain import fits_chain
from ohmstead.wire.ocmf.extract import Carried, carried_in_16, carried_in_201, extract_ocmf
from ohmstead.wire.ocmf.keys import CURVES, Curve, KeyUnreadable, PublicKey, load_key
from ohmstead.wire.ocmf.record import (
    MalformedRecord,
    OcmfReading,
    OcmfRecord,
    UnsupportedFormat,
)
from ohmstead.wire.ocmf.sign import Entry, Identity, Sign, p256_signer, sign_record
from ohmstead.wire.ocmf.usual import parse
from ohmstead.wire.ocmf.verify import (
    Examined,
    Verdict,
    examine,
    low_s,
    posted_rs,
    signature_rs,
    verify,
)

__all__ = [
    "CURVES",
    "Carried",
    "Curve",
    "Entry",
    "Examined",
    "Identity",
    "KeyUnreadable",
    "MalformedRecord",
    "OcmfReading",
    "OcmfRecord",
    "PublicKey",
    "Sign",
    "UnsupportedFormat",
    "Verdict",
    "carried_in_16",
    "carried_in_201",
    "examine",
    "extract_ocmf",
    "fits_chain",
    "load_key",
    "low_s",
    "p256_signer",
    "parse",
    "posted_rs",
    "sign_record",
    "signature_rs",
    "verify",
]
