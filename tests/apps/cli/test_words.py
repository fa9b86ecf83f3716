"""What a command says when it was typed wrongly: its own options, and what to do."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from ohmstead.apps.cli import main
from ohmstead.apps.cli.client import in_options
from ohmstead.apps.cli.usage import plain

SAID = {
    "owner: expected an address": "--owner: expected an address",
    "evses[0].id: must be at least 1; ttl_s: missing": "--evse: must be at least 1; --ttl: missing",
    "`keep_old` goes with `rotate_password`": "--keep-old goes with `rotate_password`",
    "`ohmstead station list` shows them": "`ohmstead station list` shows them",
    "nothing: of ours": "nothing: of ours",
    "try again, or let it wait with `queue`": "try again",
    "try again, or say `keep_old`": "try again, or say --keep-old",
}


@pytest.mark.parametrize("sentence", SAID)
def test_a_field_of_the_api_is_told_as_the_option_it_was_typed_as(sentence):
    app, told = typer.Typer(), []

    @app.command()
    def typed(
        owner: str = "",
        evse: Annotated[str, typer.Option("--evse")] = "",
        ttl_s: Annotated[int, typer.Option("--ttl")] = 1,
        keep_old: Annotated[bool, typer.Option()] = False,
    ):
        told.append(in_options(sentence))

    CliRunner().invoke(app, [])
    assert told == [SAID[sentence]]


def test_outside_of_a_command_a_sentence_stays_as_it_is():
    assert in_options("owner: expected an address") == "owner: expected an address"


TYPED = {
    "station set X --security-profile abc": "expected a whole number, not 'abc'",
    "station set X --security-profile 9": "must be at most 3, not '9'",
    "pki test-init --generation x": "expected a whole number, not 'x'",
    "pki install X f --use Foo": "'Foo' is not one of 'V2GRootCertificate', 'MORoot",
}


@pytest.mark.parametrize("words", TYPED)
def test_a_value_that_does_not_fit_is_told_in_words_for_people(words):
    made = CliRunner().invoke(main.app, words.split())
    assert made.exit_code == 2
    assert TYPED[words] in made.stderr
    assert "Input should" not in made.stderr and "Value error" not in made.stderr


def test_what_a_library_says_in_its_own_words_is_said_without_its_name_for_a_value():
    assert plain({"type": "x", "msg": "Input should be a dream."}) == "expected a dream"
