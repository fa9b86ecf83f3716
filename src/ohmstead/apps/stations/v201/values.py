"""MeterValue of OCPP 2.x: numbers with a unit and a multiplier, signed data beside them."""

from __future__ import annotations

from collections.abc import Iterable

from ohmstead.apps.stations.readings import Values, record_of, to_mwh
from ohmstead.wire import ocmf
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v201 import (
    LocationEnumType,
    MeasurandEnumType,
    MeterValueType,
    ReadingContextEnumType,
    SampledValueType,
    SignedMeterValueType,
)

# 2.0.1 part 2, SampledValueType: measurand defaults to Energy.Active.Import.Register, location to
# Outlet.
_REGISTER = MeasurandEnumType.ENERGY_ACTIVE_IMPORT_REGISTER
_OUTLET = LocationEnumType.OUTLET
_BEGIN = ReadingContextEnumType.TRANSACTION_BEGIN


def read(meter_values: Iterable[MeterValueType | v21.MeterValueType]) -> Values:
    """Read the energy register; raises RemoteProtocolError for a time that is none."""
    plain: list[tuple[int, int]] = []
    signed: list[bytes] = []
    refused: list[str] = []
    begins: list[tuple[int, int]] = []
    for meter_value in meter_values:
        at_ms = parse_time(meter_value.timestamp)
        for sample in meter_value.sampled_value:
            if sample.signed_meter_value is not None:
                signed.append(_record(sample.signed_meter_value))
            if sample.measurand is not None and sample.measurand != _REGISTER:
                continue
            if not _is_whole(sample):
                continue
            name, multiplier, unit = "Wh", 0, sample.unit_of_measure
            if unit is not None:
                name, multiplier = unit.unit or name, unit.multiplier or 0
            try:
                value = at_ms, to_mwh(sample.value, name, multiplier)
            except ValueError as error:
                refused.append(str(error))
                continue
            plain.append(value)
            if sample.context == _BEGIN:
                begins.append(value)
    if len(signed) > 1:  # each value may carry the record of all of them
        signed = list(dict.fromkeys(signed))
    return Values(tuple(plain), tuple(signed), tuple(refused), tuple(begins))


def _record(signed: SignedMeterValueType | v21.SignedMeterValueType) -> bytes:
    return record_of(
        lambda: ocmf.carried_in_201(signed.signed_meter_data, signed.public_key or ""),
        signed.signed_meter_data,
    )


def _is_whole(sample: SampledValueType | v21.SampledValueType) -> bool:
    # Not one phase's share, and not another place's.
    return sample.phase is None and (sample.location is None or sample.location == _OUTLET)
