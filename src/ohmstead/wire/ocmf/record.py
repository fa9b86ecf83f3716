"""One OCMF record, parsed beside its untouched bytes.

"Between signing and validation, the payload section must not be manipulated": the bytes that were
received are kept and hashed, and everything else here is a copy made for reading. Numbers stay
decimal text ("the representation must not be transformed"), and energy becomes whole mWh only
where that is exact.
"""

from __future__ import annotations

from ohmstead.errors import RemoteProtocolError
from ohmstead.frozen import Frozen

RECORD_MAX = 65_536  # bytes of a whole record; the records seen in the wild end at 1 kB
READINGS_MAX = 1_024  # RD entries
TEXT_MAX = 512  # characters of a text we keep; TT, the longest of the format, has 250
SIGNATURE_MAX = 256  # bytes; secp521r1 in DER would need 139
NUMBER_MAX = 24  # characters of a register value, as in the settlement contract's parser
MWH_MAX = 2**64 - 1
DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256"  # table 22: "default in OCMF Version 0.4"
DEFAULT_SIGNATURE_TYPE = "application/x-der"  # table 8
UNIT_DECIMALS = {"kWh": 6, "Wh": 3}  # decimal places that make whole mWh


class UnsupportedFormat(RemoteProtocolError):
    """Signed data that is not OCMF (EDL40, PCDF, Alfen ...): keep it raw, do not call it proven."""


class MalformedRecord(RemoteProtocolError):
    """It says OCMF and does not follow the format; the message names the field."""


class OcmfReading(Frozen):
    """One RD entry after inheritance: "fields that have an identical value to the previous reading
    are omitted ... only within a signed record". TM, TX, RI, RU, RT, EF and ST are inherited. RV
    is not: it "can be omitted if only the occurrence of an error condition is to be indicated",
    so an entry without RV is an event without a value.

    ``mwh`` is None where there is no value, the unit is not energy, or the value is not whole
    mWh; ``doubt`` then says which. A value may be negative: judging it is not this module's work.
    """

    entry: int  # position in RD
    at_ms: int  # milliseconds since 1970 UTC; a local time that falls before 1970 counts as 0
    clock: str  # U unknown, I informative, S synchronised, R relative; "" where not told
    tx: str  # B C X E L R A P S T, "" outside a transaction (fiscal)
    status: str  # ST, table 10: G is good
    register: str  # RI, an OBIS code, "" where the record names none
    unit: str  # RU
    value: str  # RV as it was written, "" where omitted
    current: str  # RT: AC, DC or ""
    error_flags: str  # EF: "E" energy unusable, "t" time unusable
    mwh: int | None
    doubt: str
    own_fields: frozenset[str]  # what this entry itself states
    time: str  # TM as this entry writes it, "" where inherited
    fits_chain: bool  # the settlement contract could read this entry itself: see chain.py


class OcmfRecord(Frozen):
    """A record: the bytes as received and a parsed copy.

    ``signature`` is b"" where SD is not in its declared encoding: such a record is readable and
    its signature is invalid.
    """

    raw: bytes
    payload: bytes
    payload_sha256: bytes
    algorithm: str  # SA, or the default
    signature_type: str  # SM, or the default
    signature: bytes
    context: str  # the letter of PG: T transaction, F fiscal
    page: int
    format_version: str
    gateway_serial: str  # GS
    meter_serial: str  # MS
    id_assigned: bool  # IS
    id_type: str  # IT
    id_data: str  # ID; often the driver's card: never publish it
    readings: tuple[OcmfReading, ...]
