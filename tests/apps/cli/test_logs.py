"""What is written to the log, and what never is."""

from __future__ import annotations

import logging

import structlog

from ohmstead.apps.cli.up import log_to_stderr


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
