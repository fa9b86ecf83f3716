"""A network moves here from SteVe: its exports are read as its tools write them, and brought in."""

from __future__ import annotations

import json
import stat

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.cli.onboarding import mistake
from ohmstead.apps.onboarding.sql_dump import read_export
from ohmstead.apps.onboarding.steve import TABLES, Choices, plan_from
from ohmstead.errors import OperatorError
from tests.apps.cli.test_commands import OWNER, TARIFF, Up, inside

PAYER = "0x" + "ef" * 20
CHOICES = Choices(PAYER, 22_000, False, {})
COLUMNS = {
    "charge_box": [
        "charge_box_pk",
        "charge_box_id",
        "ocpp_protocol",
        "registration_status",
        "description",
        "security_profile",
        "auth_password",
    ],
    "connector": ["connector_pk", "charge_box_id", "connector_id"],
    "ocpp_tag": [
        "ocpp_tag_pk",
        "id_tag",
        "parent_id_tag",
        "expiry_date",
        "max_active_transaction_count",
        "note",
    ],
    "transaction_start": [
        "transaction_pk",
        "event_timestamp",
        "connector_pk",
        "id_tag",
        "start_timestamp",
        "start_value",
    ],
    "transaction_stop": ["transaction_pk", "event_timestamp", "stop_timestamp", "stop_value"],
}
HASH = bcrypt.hashpw(b"kept at SteVe only", bcrypt.gensalt(4)).decode()
NOON = "2026-11-19 12:00:00.000000"
ROWS = {
    "charge_box": [
        (1, "CP-1", "ocpp1.6J", "Accepted", "Bob's place; (north)", 1, HASH),
        (2, "CP-2", "ocpp1.5J", "Pending", None, 0, None),
        (3, "CP-3", None, "Rejected", 'say "hi"\nthere', None, None),
    ],
    "connector": [(1, "CP-1", 0), (2, "CP-1", 1), (3, "CP-1", 2), (4, "CP-2", 1)],
    "ocpp_tag": [
        (1, "PARENT", None, None, 1, None),
        (2, "Card-1", "PARENT", "2027-01-01 00:00:00.000000", -1, "line one\nline two;"),
        (3, "LOST", None, None, 0, "it's gone"),
    ],
    "transaction_start": [
        (10, NOON, 2, "Card-1", NOON, "1000"),
        (11, NOON, 3, "Card-1", "2026-11-19 13:30:00.500000", "2000"),
        (12, NOON, 4, "PARENT", None, "0"),
    ],
    "transaction_stop": [(10, NOON, NOON, "1500")],
}


def literal(value):
    """As mysqldump writes a value."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    text = value.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    return "'" + text.replace("\n", "\\n").replace("\0", "\\0").replace("\x1a", "\\Z") + "'"


def dump(rows=None, columns=None, between=",", after="", named=False, extended=True):
    """A dump of these tables beside one that nobody wants."""
    columns = columns or COLUMNS
    lines = [
        "-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)",
        "/*!40103 SET TIME_ZONE='+00:00' */;",
        "INSERT INTO `connector_meter_value` VALUES (1,'VALUES (1,2);',NULL);",
    ]
    for table, names in columns.items():
        lines += [f"DROP TABLE IF EXISTS `{table}`;", f"CREATE TABLE `{table}` ("]
        lines += [f"  `{name}` varchar(255) DEFAULT NULL," for name in names]
        lines += ["  PRIMARY KEY (`x`)", ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;"]
        found = (rows or ROWS)[table]
        groups = [found] if extended else [[row] for row in found]
        for group in groups:
            texts = [f"({','.join(map(literal, row))})" for row in group]
            head = f" ({', '.join(f'`{name}`' for name in names)})" if named else ""
            lines.append(f"INSERT INTO `{table}`{head} VALUES {after}{between.join(texts)};")
    return "\n".join(lines) + "\n"


def tables_of(text, tmp_path):
    path = tmp_path / "steve.sql"
    path.write_text(text)
    return read_export(path, TABLES)


@pytest.mark.parametrize(
    "style",
    [
        {},
        {"after": "\n", "between": ",\n"},  # as mariadb-dump writes it now
        {"named": True},  # --complete-insert
        {"extended": False},  # --skip-extended-insert
    ],
)
def test_a_dump_is_read_however_it_was_made(style, tmp_path):
    export = tables_of(dump(**style), tmp_path)
    assert export.is_utc
    assert set(export.tables) == set(COLUMNS)
    for table, rows in ROWS.items():
        wanted = [
            {
                name: None if value is None else str(value)
                for name, value in zip(COLUMNS[table], row, strict=True)
            }
            for row in rows
        ]
        assert export.tables[table] == wanted


def test_steves_tables_are_told_in_our_words(tmp_path):
    plan = plan_from(tables_of(dump(), tmp_path), CHOICES)
    assert plan.fleet_csv().splitlines() == [
        "id,evses,name,admission,password,password_hash,security_profile,weak",
        f"CP-1,1:22000 2:22000,Bob's place; (north),accepted,,{HASH},1,yes",
        "CP-2,1:22000,,pending,,,1,yes",
        'CP-3,1:22000,"say ""hi"" there",rejected,,,1,yes',
    ]
    assert [box.notes for box in plan.boxes] == [
        (),
        ("spoke ocpp1.5J there: only OCPP-J 1.6 and later is served here",),
        ("no connector known: one is assumed",),
    ]
    assert plan.tokens == (
        {"uid": "PARENT", "payer": PAYER, "status": "accepted"},
        {
            "uid": "Card-1",
            "payer": PAYER,
            "status": "accepted",
            "group": "PARENT",
            "expires": "2027-01-01T00:00:00.000+00:00",
        },
        {"uid": "LOST", "payer": PAYER, "status": "blocked"},
    )
    assert plan.highest == 12
    assert [(one["station"], one["transaction_id"], one["evse"]) for one in plan.transactions] == [
        ("CP-1", 11, 2),
        ("CP-2", 12, 1),
    ]
    assert plan.transactions[0]["started"] == "2026-11-19T13:30:00.500+00:00"
    assert (plan.problems, plan.notes) == ((), ())
    known = plan_from(tables_of(dump(), tmp_path), Choices(PAYER, 11_000, True, {"CP-2": "pw"}))
    assert [(box.profile, box.password) for box in known.boxes] == [(1, ""), (1, "pw"), (0, "")]


def test_the_newest_schema_calls_a_connector_an_evse(tmp_path):
    names = {
        **{k: v for k, v in COLUMNS.items() if k != "connector"},
        "evse": ["evse_pk", "charge_box_id", "evse_id", "topology_source"],
        "evse_connector": ["evse_connector_pk", "evse_pk", "connector_id", "max_electric_power"],
    }
    names["transaction_start"] = [
        n.replace("connector_pk", "evse_pk") for n in COLUMNS["transaction_start"]
    ]
    rows = {
        **ROWS,
        "evse": [(*row, "ocpp1") for row in ROWS["connector"]],
        "evse_connector": [(1, 2, 1, 50_000), (2, 3, 1, None)],
    }
    plan = plan_from(tables_of(dump(rows, names), tmp_path), CHOICES)
    assert "CP-1,1:50000 2:22000," in plan.fleet_csv()
    assert [one["transaction_id"] for one in plan.transactions] == [11, 12]


def test_csv_files_of_the_tables_will_do(tmp_path):
    for table, rows in ROWS.items():
        lines = [",".join(COLUMNS[table])]
        for row in rows:
            cells = ["\\N" if value is None else str(value) for value in row]
            lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
        (tmp_path / f"{table}.csv").write_text("\n".join(lines) + "\n")
    dumped = tmp_path / "other"
    dumped.mkdir()
    from_dump = plan_from(tables_of(dump(), dumped), CHOICES)
    assert plan_from(read_export(tmp_path, TABLES), CHOICES) == from_dump


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("charge_box", (9, "a/b", None, "Accepted", None, 0, None)), "charge box 'a/b'"),
        (("ocpp_tag", (9, "x" * 37, None, None, 1, None)), "1 to 36"),
        (("ocpp_tag", (9, "card-1", None, None, 1, None)), "stands twice"),
        (("ocpp_tag", (9, "X", None, "soon", 1, None)), "is no time"),
        (("transaction_start", (13, "x", 2, "X", None, "0")), "no time of its start"),
        (
            ("transaction_start", (13, NOON, 9, "X", NOON, "0")),
            "13: it is under way at a connector",
        ),
    ],
)
def test_what_cannot_be_brought_in_is_said_and_nothing_else_is_lost(change, word, tmp_path):
    table, row = change
    rows = {**ROWS, table: [*ROWS[table], row]}
    plan = plan_from(tables_of(dump(rows), tmp_path), CHOICES)
    assert len(plan.problems) == 1
    assert word in plan.problems[0]
    assert (len(plan.boxes), len(plan.tokens), len(plan.transactions)) == (3, 3, 2)


def test_a_charge_box_that_spoke_soap_stays_behind_by_name_and_stops_nothing(tmp_path):
    boxes = [*ROWS["charge_box"], (4, "CP-4", "ocpp1.6S", "Accepted", None, 0, None)]
    connectors = [*ROWS["connector"], (5, "CP-4", 1), (6, "CP-5", 1)]
    begun = [*ROWS["transaction_start"], (13, NOON, 5, "Card-1", NOON, "0")]
    rows = {**ROWS, "charge_box": boxes, "connector": connectors, "transaction_start": begun}
    choices = Choices(PAYER, 22_000, False, {"CP-4": "pw"})
    plan = plan_from(tables_of(dump(rows), tmp_path), choices)
    assert [box.id for box in plan.boxes] == ["CP-1", "CP-2", "CP-3"]
    assert plan.problems == ()
    assert plan.notes == (
        "charge box CP-4 (ocpp1.6S) is not brought in: it spoke SOAP there",
        "transaction 13 is under way at charge box CP-4 (ocpp1.6S)",
    )
    assert (plan.highest, len(plan.transactions)) == (13, 2)
    gone = {**rows, "transaction_start": [*begun, (14, NOON, 6, "X", NOON, "0")]}
    (problem,) = plan_from(tables_of(dump(gone), tmp_path), choices).problems
    assert problem == (
        "transaction_start 14: it is under way at charge box 'CP-5', which is not brought in"
    )


def test_a_mistake_is_told_of_the_charge_box_and_not_of_a_line_that_nobody_sees():
    one = {"line": 3, "column": 2, "name": "evses", "detail": "too many"}
    boxes = ["charge box CP-1", "charge box CP-2"]
    assert mistake("steve.sql", one, boxes) == "steve.sql: charge box CP-2: evses: too many"
    assert mistake("fleet.csv", one) == "fleet.csv:3:2: evses: too many"
    assert mistake("x", {**one, "line": 0, "name": "tariff"}, boxes) == "--tariff: too many"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no table charge_box"),
        ("INSERT INTO `charge_box` VALUES (1);\n", ":1: no columns are known"),
        ("INSERT INTO `charge_box` (`a`) VALUES (1,2);\n", "2 values for 1 columns"),
        ("INSERT INTO `charge_box` (`a`) VALUES ('x);\n", "cannot be read"),
        ("INSERT INTO `charge_box` (`a`) VALUES (1) ON DUPLICATE;\n", "something else"),
        ("INSERT INTO `charge_box` (`a`) VALUES (1),\n", "ends inside"),
        ("INSERT INTO `charge_box` SELECT 1;\n", "as mysqldump writes it"),
        (dump().replace("'CP-1'", "NULL"), "no charge_box_id"),
        (dump().replace("VALUES (10,", "VALUES (1e9,"), "is no number"),
    ],
)
def test_what_is_no_export_of_steves_is_said_so(text, word, tmp_path):
    with pytest.raises(OperatorError, match=word):
        plan_from(tables_of(text, tmp_path), CHOICES)


@given(
    st.binary(max_size=300)
    | st.lists(
        st.sampled_from(
            [
                b"INSERT INTO `charge_box` VALUES ",
                b"CREATE TABLE `charge_box` (\n",
                b"  `a` int,\n",
                b")",
                b"(",
                b"'",
                b"\\",
                b",",
                b";",
                b"\n",
                b"NULL",
                b"0x",
                b"0xfff",
                b"_binary ",
                b"x",
                b"''",
            ]
        )
    ).map(b"".join)
)
def test_whatever_a_dump_holds_is_rows_or_one_sentence(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "fuzz.sql"
    path.write_bytes(raw)
    try:
        plan_from(read_export(path, TABLES), CHOICES)
    except OperatorError as error:
        assert str(error)


def test_a_fleet_moves_here_whole_and_again_without_effect(tmp_path):
    folder, source, kept = tmp_path / "net", tmp_path / "steve.sql", tmp_path / "new.csv"
    source.write_text(dump())
    inside("init", "--dir", folder)
    with Up(folder):
        inside("tariff", "add", json.dumps(TARIFF), "--dir", folder)
        bring = ("import", "steve", source, "--payer", PAYER, "--owner", OWNER, "--tariff", "T1")
        bring = (*bring, "--dir", folder)
        said = inside(*bring, "--dry-run").stdout
        assert "3 id_tokens would be taken over: 3 new." in said
        assert "highest transaction id is 12; the next one here: 100013." in said
        assert "no password at SteVe, as CP-2" in inside(*bring, code=1).stderr
        assert "CP-1" not in inside("station", "list", "--dir", folder).stdout
        known = tmp_path / "known.csv"
        known.write_text("id,password\nCP-2,1234\n")
        bring = (*bring, "--passwords", known, "--secrets", kept)
        done = json.loads(inside(*bring, "--json").stdout)
        assert done["stations"]["new"] == 3
        assert done["adopted"]["transactions"] == {"new": 2}
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        ids = [line.split(",")[0] for line in kept.read_text().splitlines()]
        assert ids == ["id", "CP-3"]
        again = json.loads(inside(*bring, "--json").stdout)
        assert (again["stations"]["new"], again["stations"]["same"]) == (0, 3)
        assert again["adopted"]["tokens"] == {"same": 3}
        token = json.loads(inside("id-token", "show", "card-1", "--dir", folder).stdout)
        assert (token["group"], token["payer"]) == ("PARENT", PAYER)
        shown = json.loads(inside("station", "show", "CP-2", "--dir", folder).stdout)
        assert (shown["admission"], shown["password_state"]) == ("pending", "weak")
        missing = inside(*bring[:-4], "--passwords", tmp_path / "no", code=1)
        assert "cannot be read" in missing.stderr
        (tmp_path / "three.csv").write_text("a,b,c\n")
        wrong = inside(*bring[:-4], "--passwords", tmp_path / "three.csv", code=1)
        assert "expected id,password; name another --passwords" in wrong.stderr
