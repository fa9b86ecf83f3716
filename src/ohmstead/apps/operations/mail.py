"""Alerts by e-mail, through the operator's own mail server."""

from __future__ import annotations

import asyncio
import hashlib
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Any

from ohmstead.apps.config import MailConfig, host_port
from ohmstead.apps.operations.posting import NotPosted
from ohmstead.ports import Job

PASSWORD_FILE = Path("keys") / "mail.password"
TIMEOUT_S = 30
SUBJECT_LENGTH_MAX = 120


class Mailer:
    """Sends what the outbox holds; ``context`` is for TLS, the system's trust by default."""

    def __init__(
        self,
        directory: Path,
        network: str,
        config: MailConfig,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._directory = directory
        self._network = network
        self._context = context
        self.reconfigure(config)

    def reconfigure(self, config: MailConfig) -> None:
        """Mail so from the next letter on."""
        self.is_on = bool(config.server and config.to)
        self._config = config

    async def carry(self, job: Job) -> None:
        """Send one mail; raises NotPosted. smtplib blocks, so a thread waits for it."""
        if self.is_on:
            await asyncio.to_thread(self._send, self._message(job.id, job.payload))

    async def say(self, id_: str, text: str) -> None:
        """Send a line past the outbox: for when nothing can be stored. Raises NotPosted."""
        if self.is_on:
            message = self._message(id_, {"subject": text, "lines": [text]})
            await asyncio.to_thread(self._send, message)

    def _message(self, id_: str, payload: dict[str, Any]) -> EmailMessage:
        message = EmailMessage()
        subject = _one_line(str(payload["subject"]))[:SUBJECT_LENGTH_MAX]
        message["Subject"] = f"[{_one_line(self._network)}] {subject}"
        message["From"] = self._config.sender
        message["To"] = ", ".join(self._config.to)
        message["Date"] = formatdate()
        # The same job has the same id, so that a mail that is sent twice is seen once.
        digest = hashlib.sha256(f"{self._network}\0{id_}".encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{digest}@ohmstead>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n".join(_one_line(str(line)) for line in payload["lines"]) + "\n")
        return message

    def _send(self, message: EmailMessage) -> None:
        config = self._config
        host, port = host_port(config.server)
        context = self._context or ssl.create_default_context()
        try:
            if config.tls == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    host, port, timeout=TIMEOUT_S, context=context
                )
            else:
                server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
            with server:
                if config.tls == "starttls":
                    server.starttls(context=context)
                if config.user:
                    server.login(config.user, read_password(self._directory))
                server.send_message(message)
        except (smtplib.SMTPException, OSError) as error:
            raise NotPosted(f"the mail server {config.server} {_one_line(said(error))}") from None


def read_password(directory: Path) -> str:
    """The password of mail.user; raises NotPosted naming its file and what is wrong with it."""
    path = directory / PASSWORD_FILE
    try:
        if path.stat().st_mode & 0o077:
            raise NotPosted(f"{path} can be read by others: run `chmod 600 {path}`")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        why = f"{path}: {error.strerror}; write the password of mail.user there, mode 0600"
        raise NotPosted(why) from None
    except UnicodeDecodeError:
        raise NotPosted(f"{path} is not UTF-8 text; save it as UTF-8") from None


def said(error: smtplib.SMTPException | OSError) -> str:
    """What went wrong at the server, as the end of a sentence that begins with its name."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            each = (f"{to} ({_answer(*what)})" for to, what in error.recipients.items())
            return f"does not take mail for {', '.join(each)}"
        case smtplib.SMTPSenderRefused():
            answer = _answer(error.smtp_code, error.smtp_error)
            return f"does not take mail from mail.sender ({answer})"
        case smtplib.SMTPAuthenticationError():
            answer = _answer(error.smtp_code, error.smtp_error)
            return f"refused mail.user with its password in keys/mail.password ({answer})"
        case smtplib.SMTPServerDisconnected():
            return "ended the connection; does mail.tls say what it speaks?"
        case smtplib.SMTPResponseException():
            return f"answered {_answer(error.smtp_code, error.smtp_error)}"
        case smtplib.SMTPNotSupportedError():
            return f"cannot do what is asked: {error}"
        case smtplib.SMTPException():
            return f"cannot be used: {error}"
        case ssl.SSLCertVerificationError():
            return f"shows a certificate that is not trusted: {error.verify_message}"
        case ssl.SSLError():
            why = str(getattr(error, "reason", None) or "it failed").replace("_", " ").lower()
            return f"cannot be spoken to in TLS ({why}); does mail.tls say what it speaks?"
        case TimeoutError():
            return f"did not answer within {TIMEOUT_S} s"
        case ConnectionRefusedError():
            return "takes no connection: nothing listens there; is mail.server right?"
        case socket.gaierror():
            return "is not known by this name; is mail.server right?"
    return f"cannot be reached: {error.strerror or type(error).__name__}"


def _answer(code: int, text: bytes | str) -> str:
    """A server's own words, which are for people, with the number they begin with."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return f"{code} {words}".strip()


def _one_line(text: str) -> str:
    """What stations say may stand in a header: no line of it may end there."""
    return "".join(char if char.isprintable() else " " for char in text)
