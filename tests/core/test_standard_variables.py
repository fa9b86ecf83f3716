"""What the standards say of a value counts where its station says nothing; vendors stay free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core import standard_variables
from ohmstead.core.device_model import Variable, fault_of, read_name
from ohmstead.core.standard_variables import standard, typed
from ohmstead.core.template import PROTOCOLS, V16, V201, Setting, Template, check

KNOWN = {
    V16: tuple(standard_variables._STANDARD_16),
    V201: tuple(standard_variables._STANDARD_2X),
}


def refusal(protocol, name, value):
    """Why no template may ask for this; empty if one may."""
    risky = Template("T", protocol, (Setting(name, value),), vendor="*", allow_risky=True)
    try:
        check(risky)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("protocol", "name", "value", "words"),
    [
        ("1.6", "HeartbeatInterval", "-5", "'HeartbeatInterval' is at least 0, not -5"),
        ("1.6", "heartbeatinterval", "5.5", "is a whole number, not '5.5'"),
        ("1.6", "HeartbeatInterval", "٣", "is a whole number"),
        ("1.6", "HeartbeatInterval", "", "is a whole number"),
        ("1.6", "WebSocketPingInterval", "-1", "is at least 0"),
        ("1.6", "LightIntensity", "101", "is 0 to 100, not 101"),
        ("1.6", "SecurityProfile", "4", "is 0 to 3, not 4"),
        ("1.6", "StopTransactionOnInvalidId", "yes", "is true or false, not 'yes'"),
        ("2.x", "OCPPCommCtrlr.HeartbeatInterval", "-5", "is at least 0, not -5"),
        ("2.0.1", "SampledDataCtrlr.TxUpdatedInterval", "often", "is a whole number"),
        ("2.1", "AuthCtrlr.Enabled", "1", "is true or false"),
        ("2.x", "DeviceDataCtrlr.ItemsPerMessage[GetReport]", "-1", "is at least 0"),
        ("2.x", "AuthCtrlr.Enabled#Target", "1", "is true or false"),
        ("2.x", "TxCtrlr.TxStartPoint", "Authorised", "takes ParkingBayOccupancy, EVConnected"),
        ("2.x", "MonitoringCtrlr.OfflineQueuingSeverity", "10", "is 0 to 9"),
    ],
)
def test_a_value_that_the_standard_forbids_is_refused_in_a_sentence(protocol, name, value, words):
    assert words in refusal(protocol, name, value)


@pytest.mark.parametrize(
    ("protocol", "name", "value"),
    [
        ("1.6", "HeartbeatInterval", "0"),
        ("1.6", "VendorOffset", "-5"),
        ("1.6", "MeterValuesSampledData", "Energy.Active.Import.Register"),
        ("1.6", "LocalPreAuthorize", "TRUE"),
        ("2.x", "VendorCtrlr.HeartbeatInterval", "-5"),
        ("2.x", "OCPPCommCtrlr.VendorOffset", "-5"),
        ("2.x", "TxCtrlr.TxStopPoint", "EVConnected,Authorized"),
        ("2.1", "SmartChargingCtrlr.LimitChangeSignificance", "2.5"),
    ],
)
def test_what_the_standard_allows_or_does_not_know_is_free(protocol, name, value):
    assert refusal(protocol, name, value) == ""


@pytest.mark.parametrize("protocol", [V16, V201])
def test_no_variable_of_a_standard_takes_a_number_below_zero_or_loses_its_name(protocol):
    assert len(KNOWN[protocol]) > 35
    for name in KNOWN[protocol]:
        assert fault_of(typed(protocol, Variable(name)), "-1"), name
        assert protocol == V16 or read_name(name) is not None


@given(st.sampled_from(PROTOCOLS), st.text(max_size=40), st.text(max_size=12))
def test_any_name_and_any_value_are_allowed_or_refused_in_words(protocol, name, value):
    refusal(protocol, name, value)
    if standard(protocol, name) is None:
        assert typed(protocol, Variable(name, value)) == Variable(name, value)


def test_a_stations_own_word_goes_before_the_standard():
    said = Variable("OCPPCommCtrlr.HeartbeatInterval", "1", data_type="integer", min_limit="60")
    known = typed(V201, said)
    assert fault_of(known, "5") == "is at least 60, not 5"
    odd = Variable("OCPPCommCtrlr.HeartbeatInterval", "1", data_type="string")
    assert typed(V201, odd) == odd
