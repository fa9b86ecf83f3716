"""What is written to the log, and what never is."""

from __future__ import annotations

import logging
import sys

import httpx
import pytest
import structlog

from ohmstead.apps.cli.up import log_to_stderr


@pytest.mark.parametrize(("tty", "no_color", "coloured"), [(0, "", 0), (1, "1", 0), (1, "", 1)])
def test_only_a_terminal_that_wants_colours_is_sent_them(
    tty, no_color, coloured, capsys, monkeypatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: bool(tty))
    monkeypatch.setenv("NO_COLOR", no_color)
    log_to_stderr(logging.WARNING)
    try:
        structlog.get_logger().warning("a station is away", station="CP1")
    finally:
        structlog.reset_defaults()
    assert ("\x1b[" in capsys.readouterr().err) == bool(coloured)


def test_an_error_in_the_log_shows_no_local_variables(capsys):
    log_to_stderr(logging.WARNING)
    try:
        password = "of-a-station-in-the-field"
        try:
            raise ValueError(f"{len(password)} characters")
        except ValueError as error:
            structlog.get_logger().error("a handler failed", station="CP1", exc_info=error)
    finally:
        structlog.reset_defaults()
    seen = capsys.readouterr().err
    assert "CP1" in seen and "ValueError" in seen
    assert "of-a-station" not in seen.replace('password = "of-a-station-in-the-field"', "")


def test_the_url_of_a_node_that_has_a_key_in_it_is_never_logged(caplog):
    log_to_stderr(logging.DEBUG)
    try:
        with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client:
            client.get("http://node.example/v2/secret-of-the-provider")
    finally:
        structlog.reset_defaults()
        logging.getLogger().setLevel(logging.WARNING)
    assert "secret-of-the-provider" not in caplog.text
