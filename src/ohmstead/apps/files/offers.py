"""Which ways of moving a file we offer, and the URLs that stations reach them by."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from ohmstead.apps.config import FilesConfig, host_port
from ohmstead.core.files import Protocol, Ticket, choose
from ohmstead.errors import OperatorError

WORDS = ", ".join(one.value for one in Protocol)


class NoProtocol(OperatorError):
    """No way of moving a file is offered here that the station knows."""


@dataclass(slots=True)
class Offers:
    """The base of each protocol's URLs, as in http://files.example.org; filled as we listen."""

    config: FilesConfig
    bases: dict[Protocol, str] = field(default_factory=dict)

    def listening(self, protocol: Protocol, bind: str, port: int, url: str) -> None:
        """We listen for ``protocol`` on ``port`` now; ``url`` is the operator's word for it."""
        base = url or f"{protocol.value}://{_authority(host_port(bind)[0], port)}"
        self.bases[protocol] = base.rstrip("/")

    def choose(self, said: tuple[Protocol, ...], wanted: str = "") -> Protocol:
        """The protocol for a station; raises NoProtocol saying what to do."""
        offered = tuple(self.bases)
        if not offered:
            raise NoProtocol(
                "files are not served here: set files.https_bind or files.http_bind (or "
                "files.ftp.bind) in network.toml and start the house anew"
            )
        if wanted:
            found = next((one for one in offered if one.value == wanted), None)
            if found is None:
                names = ", ".join(one.value for one in offered)
                raise NoProtocol(f"{wanted} is not served here; choose one of {names}")
            return found
        chosen = choose(offered, said)
        if chosen is None:
            names = ", ".join(one.value for one in said)
            raise NoProtocol(
                f"the station moves files by {names} only, which is not served here; see [files] "
                "in network.toml"
            )
        return chosen

    def url(self, ticket: Ticket, secret: str, file_name: str = "") -> str:
        """The URL by which a ticket is used; an upload's ends with "/", for the station's name."""
        base = self.bases.get(ticket.protocol)
        if base is None:
            raise NoProtocol(f"{ticket.protocol.value} is not served here any more")
        name = quote(file_name)
        if ticket.protocol in (Protocol.FTP, Protocol.FTPS):
            scheme, _, place = base.partition("://")
            return f"{scheme}://{ticket.id}:{secret}@{place}/{name}"
        return f"{base}/files/{ticket.id}/{secret}/{name}"


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
