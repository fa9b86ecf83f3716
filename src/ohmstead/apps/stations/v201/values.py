"""MeterValue of OCPP 2.0.1: numbers with a unit and a multiplier, signed data beside them."""

from __future__ import annotations

from collections.abc import Iterable

from ohmstead.apps.stations.readings import ENERGY, Values, record_of, to_mwh
from ohmstead.wire import ocmf
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v201 import MeterValueType, SampledValueType, SignedMeterValueType


def read(meter_values: Iterable[MeterValueType]) -> Values:
    """Read the energy register; raises RemoteProtocolError for a time that is none."""
    plain: list[tuple[int, int]] = []
    signed: list[bytes] = []
    refused: list[str] = []
    for meter_value in meter_values:
        at_ms = parse_time(meter_value.timestamp)
        for sample in meter_value.sampled_value:
            if sample.signed_meter_value is not None:
                signed.append(_record(sample.signed_meter_value))
            if not _is_register(sample):
                continue
            unit = sample.unit_of_measure
            name = (unit.unit if unit else None) or "Wh"
            try:
                multiplier = (unit.multiplier if unit else None) or 0
                plain.append((at_ms, to_mwh(sample.value, name, multiplier)))
            except ValueError as error:
                refused.append(str(error))
    return Values(tuple(plain), tuple(dict.fromkeys(signed)), tuple(refused))


def _record(signed: SignedMeterValueType) -> bytes:
    return record_of(
        lambda: ocmf.carried_in_201(signed.signed_meter_data, signed.public_key),
        signed.signed_meter_data,
    )


def _is_register(sample: SampledValueType) -> bool:
    # 2.0.1 part 2, SampledValueType: measurand defaults to Energy.Active.Import.Register and
    # location to Outlet.
    return (
        (sample.measurand or ENERGY) == ENERGY
        and sample.phase is None
        and (sample.location or "Outlet") == "Outlet"
    )
