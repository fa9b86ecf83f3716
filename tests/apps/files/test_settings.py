"""The sections of files in network.toml: each mistake is named with what to do."""

from __future__ import annotations

import pytest

from ohmstead.apps import config as configuration
from ohmstead.errors import ConfigError

TLS = 'certificate = "c.pem"\nkey = "c.key"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[files]\nhttp_bind = "9080"', "http_bind"),
        ('[files]\nhttp_bind = "0.0.0.0:9080"', "http_url"),
        ('[files]\nhttps_bind = "127.0.0.1:9444"', "files.certificate"),
        (f'[files]\nhttps_bind = "[::]:9444"\n{TLS}', "https_url"),
        ('[files]\nhttp_url = "https://x"', "http://HOST:PORT"),
        ('[files]\nhttps_url = "https://x"', "proxy"),
        ('[files]\ncertificate = "c.pem"', "one for each"),
        ("[files]\nuploads_kept = 0", "uploads_kept"),
        ('[files.ftp]\nbind = "127.0.0.1:21"\ntls = "offered"', "files.certificate"),
        ('[files.ftp]\nimplicit_bind = "127.0.0.1:990"', "files.certificate"),
        ('[files.ftp]\nurl = "ftp://x"', "HOST:PORT"),
        ('[files.ftp]\npassive_ports = "50099-50000"', "range of ports"),
        ('[files.ftp]\npassive_ports = "1-99999"', "range of ports"),
        ('[files.ftp]\nmasquerade = "files.example.org"', "IPv4"),
    ],
)
def test_a_mistake_is_named(text, named):
    with pytest.raises(ConfigError, match=named):
        configuration.parse(text.encode(), "network.toml")


def test_a_proxy_may_end_tls():
    text = '[files]\nhttp_bind = "127.0.0.1:9080"\nhttps_url = "https://files.example.org/csms"'
    assert configuration.parse(text.encode(), "network.toml").files.https_url
