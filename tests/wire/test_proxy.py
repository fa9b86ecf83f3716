"""The PROXY v2 header, whole, cut anywhere, byte by byte, and made up."""

from __future__ import annotations

import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.proxy import REST_BYTES_MAX, SIGNATURE, Proxied, ProxyParser

TCP4 = socket.inet_aton("203.0.113.9") + socket.inet_aton("10.0.0.1") + b"\x30\x39\x23\x28"
TCP6 = (
    socket.inet_pton(socket.AF_INET6, "2001:db8::9")
    + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    + b"\x30\x39\x23\x28"
)


def header(rest=TCP4, command=0x21, family=0x11, length=None):
    size = len(rest) if length is None else length
    return SIGNATURE + bytes([command, family]) + size.to_bytes(2, "big") + rest


def tlv(kind, value):
    return bytes([kind]) + len(value).to_bytes(2, "big") + value


def tls(flags=0x07, verify=0, name=b"S1"):
    names = tlv(0x21, b"TLSv1.3") + (tlv(0x22, name) if name is not None else b"")
    return tlv(0x20, bytes([flags]) + verify.to_bytes(4, "big") + names)


def read(data, step=1 << 20):
    """Feed as a socket would, never more than is wanted; return the header and what is left."""
    parser = ProxyParser()
    while True:
        count = min(step, parser.wanted)
        assert count > 0, "a parser that wants nothing has an event"
        if not data:
            return None, data
        found = parser.receive(data[:count])
        data = data[count:]
        if found is not None:
            return found, data


@pytest.mark.parametrize("step", [1, 5, 1_000])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (header(), Proxied("203.0.113.9")),
        (header(TCP6, family=0x21), Proxied("2001:db8::9")),
        (header(b"", command=0x20, family=0x00), Proxied()),
        (header(TCP4, command=0x20), Proxied()),  # LOCAL: the addresses mean nothing
        (header(b"", family=0x00), Proxied()),
        (header(TCP4 + tlv(0x04, b"\0" * 9)), Proxied("203.0.113.9")),
        (header(TCP4 + tls()), Proxied("203.0.113.9", True, "S1")),
        (header(TCP4 + tls(verify=1)), Proxied("203.0.113.9", True)),  # not verified: no name
        (header(TCP4 + tls(flags=0x01)), Proxied("203.0.113.9", True)),  # TLS, no certificate
        (header(TCP4 + tls(flags=0x06)), Proxied("203.0.113.9")),  # a name and no TLS
        (header(TCP4 + tls(name=None)), Proxied("203.0.113.9", True)),
        (header(TCP4 + tls(name=b"x" * 300)), Proxied("203.0.113.9", True)),
        (
            header(b"\0" * 10 + b"\xff\xff" + TCP4[:4] + b"\0" * 20, family=0x21),
            Proxied("203.0.113.9"),
        ),
    ],
)
def test_a_header_says_where_the_connection_comes_from(data, expected, step):
    assert read(data + b"GET /", step) == (expected, b"GET /")


@pytest.mark.parametrize(
    "data",
    [
        b"GET /ocpp/S1 HTTP/1.1\r\n",
        b"PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n",  # version 1
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 20,  # TLS without a header
        header(command=0x11),
        header(command=0x22),
        header(family=0x12),  # UDP
        header(family=0x31),  # a Unix socket
        header(TCP4[:11]),
        header(length=REST_BYTES_MAX + 1),
        header(TCP4 + b"\x04"),
        header(TCP4 + b"\x04\x00"),
        header(TCP4 + b"\x04\x00\x05abcd"),
        header(TCP4 + tlv(0x20, b"\x01\0\0\0")),
        header(TCP4 + tls() + tls()),
        header(TCP4 + tls(name=b"\xff\xfe")),
    ],
)
@pytest.mark.parametrize("step", [1, 1_000])
def test_what_is_no_header_is_refused(data, step):
    with pytest.raises(RemoteProtocolError):
        read(data, step)


def test_no_byte_of_the_connection_itself_is_asked_for():
    parser = ProxyParser()
    assert parser.wanted == 16
    assert parser.receive(header()[:16]) is None
    assert parser.wanted == 12
    with pytest.raises(RemoteProtocolError):
        parser.receive(TCP4 + b"G")


headers = st.builds(
    header,
    st.binary(max_size=80)
    | st.builds(lambda more: TCP4 + more, st.binary(max_size=60))
    | st.builds(
        lambda flags, verify, name: TCP4 + tls(flags, verify, name),
        st.integers(0, 255),
        st.integers(0, 2),
        st.binary(max_size=20),
    ),
    st.sampled_from([0x20, 0x21]) | st.integers(0, 255),
    st.sampled_from([0x00, 0x11, 0x21]) | st.integers(0, 255),
    st.none() | st.integers(0, 65_535),
)


@given(headers | st.binary(max_size=200), st.integers(1, 40))
@example(header(TCP4 + tls()), 1)
def test_any_bytes_are_a_header_or_a_protocol_error(data, step):
    outcomes = []
    for size in (1, step):
        try:
            outcomes.append(read(data, size))
        except RemoteProtocolError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1], "how it is cut makes no difference"


@given(st.integers(0, len(header(TCP4 + tls())) - 1), st.integers(0, 255))
def test_any_byte_may_be_another_one(at, value):
    data = bytearray(header(TCP4 + tls()))
    data[at] = value
    try:
        found, _ = read(bytes(data), 7)
    except RemoteProtocolError:
        return
    assert found is None or isinstance(found, Proxied)
