"""What another CSMS leaves behind comes in from tables, whole or not at all, by command."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.onboarding.left_csv import (
    TOKEN_COLUMNS,
    TRANSACTION_COLUMNS,
    read_tokens,
    read_transactions,
)
from tests.apps.cli.test_commands import Up, inside

PAYER = "0x" + "ef" * 20
OTHER = "0x" + "cd" * 20
TOKENS = f"""uid,payer,status,expires,group
Card-1,,accepted,2027-01-01T00:00:00Z,F
LOST,{OTHER},blocked,,
"""
OPEN = "station;transaction_id;ocpp;evse\nCP-1;4711;;2\n\nCP-2;4712;2.x;1\nCP-2;tx-Ab:1;;\n"


def test_a_table_is_told_in_the_words_of_the_api():
    tokens = read_tokens("t.csv", TOKENS, PAYER)
    assert tokens.problems == ()
    assert [(row.line, row.said["uid"], row.said["payer"]) for row in tokens.rows] == [
        (2, "Card-1", PAYER),
        (3, "LOST", OTHER),
    ]
    found = read_transactions("o.csv", OPEN)
    assert found.problems == ()
    assert [(row.line, row.said) for row in found.rows] == [
        (2, {"station": "CP-1", "transaction_id": 4711, "evse": 2}),
        (4, {"station": "CP-2", "transaction_id": "4712", "evse": 1}),  # a text of 2.x
        (5, {"station": "CP-2", "transaction_id": "tx-Ab:1"}),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "t.csv:1: the first line names the columns, and uid must be there"),
        ("payer\n", "uid must be there"),
        ("uid,uid\n", "t.csv:1: column uid stands twice"),
        ("uid,stats\n", "t.csv:1: no column is called 'stats'; did you mean status?"),
        ("uid,payer\n,0x1\n", "t.csv:2: uid: is empty"),
        ("uid\nA\n\na\n", "t.csv:4: uid: stands in line 2 already"),
        ("uid\nA,B\n", "t.csv:2: 2 cells under 1 columns"),
        ('uid\n"A\n', "not CSV"),
    ],
)
def test_what_is_wrong_with_a_table_of_id_tokens_is_said_by_its_line(text, words):
    problems = read_tokens("t.csv", text, PAYER).problems
    assert any(words in one for one in problems), problems


def test_an_id_token_that_nobody_pays_is_said():
    (problem,) = read_tokens("t.csv", "uid\nA\n", "").problems
    assert "t.csv:2: payer:" in problem and "--payer" in problem


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("CP-1,x,1.6", "transaction_id: of OCPP 1.6 is a number, not 'x'"),
        ("CP-1,1,1.5", "ocpp: is 1.6 or 2.x, not '1.5'"),
        ("CP-1,,1.6", "o.csv:2: transaction_id: is empty"),
        ("CP-1,7,\nCP-1,7,2.x", "o.csv:3: transaction_id: stands in line 2 already"),
    ],
)
def test_what_is_wrong_with_a_table_of_transactions_is_said_by_its_line(line, words):
    problems = read_transactions("o.csv", f"station,transaction_id,ocpp\n{line}\n").problems
    assert any(words in one for one in problems), problems


CELLS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["1.6", "2.x", "4711", "9" * 40, "²", "Card-1", '"', ""]
)


@given(st.lists(st.lists(CELLS, max_size=8), max_size=6), st.booleans())
def test_whatever_a_table_holds_is_rows_or_sentences(lines, named):
    text = "\n".join(",".join(line) for line in lines)
    for read, columns in (
        (lambda text: read_tokens("f", text, PAYER), TOKEN_COLUMNS),
        (lambda text: read_transactions("f", text), TRANSACTION_COLUMNS),
    ):
        found = read((",".join(columns) + "\n" if named else "") + text)
        assert all(one.startswith("f:") for one in found.problems)


def test_what_a_csms_leaves_is_brought_in_by_command_or_refused_by_line(tmp_path):
    folder, tokens, transactions = tmp_path / "net", tmp_path / "t.csv", tmp_path / "o.csv"
    tokens.write_text(TOKENS)
    transactions.write_text(OPEN)
    inside("init", "--dir", folder)
    with Up(folder):
        here = ("--dir", folder)
        bring = ("import", "csms", "maeve", "--id-tokens", tokens, "--payer", PAYER, *here)
        whole = (*bring, "--transactions", transactions)
        assert "nothing is given" in inside("import", "csms", "maeve", *here, code=1).stderr
        said = inside(*whole, "--dry-run").stdout
        assert "3 transactions under way would be taken over: 3 new." in said
        assert "transaction id here: 104712." in said  # 4712 is a text and counts for nothing
        assert "No transaction of another" in inside("import", "left", *here).stdout

        for file, text, words in (
            (tokens, "uid,payer\nA,0x12\n", "t.csv:2: payer: expected an address: 0x and 40 hex"),
            (tokens, "uid,status\nA,lost\n", "t.csv:2: status: "),
            (tokens, "uid,expires\nA,soon\n", "t.csv:2: expires: is a time with its zone"),
            (tokens, "uid\nA\nü\n", "t.csv:3: an id_token has 1 to"),
            (transactions, "station,transaction_id\nCP-1,a/b\n", "o.csv:2: transaction_id: "),
            (transactions, "station,transaction_id\nCP-1,2147483647\n", "o.csv:2: transaction_id:"),
            (transactions, "station,transaction_id,evse\nCP-1,1,two\n", "o.csv:2: evse: "),
        ):
            before = file.read_text()
            file.write_text(text)
            refused = inside(*whole, code=1)
            assert words in refused.stderr, refused.stderr
            assert "Nothing was imported." in refused.stderr
            file.write_text(before)
        high = inside(*bring, "--highest", 2**31 - 2, code=1)
        assert "lower --margin" in high.stderr
        assert "No transaction of another" in inside("import", "left", *here).stdout

        for outcome in ("new", "same"):
            done = json.loads(inside(*whole, "--highest", 5_000, "--json").stdout)
            assert done["tokens"] == {outcome: 2}
            assert done["transactions"] == {outcome: 3}
            assert done["next_transaction_id"] == 105_001
        left = inside("import", "left", *here).stdout
        assert "tx-Ab:1" in left and left.count("maeve") == 3
        token = json.loads(inside("id-token", "show", "card-1", *here).stdout)
        assert (token["group"], token["payer"]) == ("F", PAYER)
