"""A process that does not come up says why, however it ends."""

from __future__ import annotations

import os
import sys

import pytest

from ohmstead.apps.running.successor import STDERR, Successor, reporting
from ohmstead.errors import ConfigError, OperatorError
from tests.apps.cli.test_commands import COMMAND

REPORTS = """
import sys
from ohmstead.apps.running.successor import reporting
from ohmstead.errors import OperatorError
with reporting():
    print("a line of the log", file=sys.stderr)
    raise {error}
"""


async def reason(*command):
    child = Successor(command)
    try:
        child._child.wait(60)
        return await child.why()
    finally:
        child.close()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("import sys; sys.exit('the disk is full')", "the disk is full"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9 ended it"),
        ("import sys; sys.exit(3)", "it ended with code 3"),
        ("import sys; sys.exit('red \\x1b[31mtext')", "red [31mtext"),
        ("import sys; sys.exit('x' * 9_000)", "x" * 1_000),
        (REPORTS.format(error="OperatorError('port 1 is taken')"), "port 1 is taken"),
        (REPORTS.format(error="KeyError('a defect')"), "KeyError: 'a defect'"),
    ],
)
async def test_the_last_words_of_a_process_are_its_reason(code, why):
    assert await reason(sys.executable, "-c", code) == why


async def test_a_build_that_knows_an_option_no_more_says_which():
    said = await reason(*COMMAND, "up", "--take-the-house")
    assert said.startswith("No such option: --take-the-house")


async def test_a_program_that_is_gone_is_told_at_once():
    with pytest.raises(OperatorError, match=r"no new process can be begun: .*No such file"):
        Successor(["/nowhere/ohmstead", "up"])


async def test_what_it_logs_goes_where_the_house_logs_and_a_traceback_is_not_lost(capfd):
    assert await reason(sys.executable, "-c", REPORTS.format(error="ValueError('x')")) == (
        "ValueError: x"
    )
    said = capfd.readouterr().err
    assert said.startswith("a line of the log\n")
    assert said.count("Traceback") == 1
    await reason(sys.executable, "-c", "import nowhere")
    assert "Traceback" in capfd.readouterr().err


def test_a_house_that_nobody_restarts_reports_to_nobody(monkeypatch):
    monkeypatch.delenv(STDERR, raising=False)
    with pytest.raises(ConfigError), reporting():
        raise ConfigError("as ever")
    assert STDERR not in os.environ
