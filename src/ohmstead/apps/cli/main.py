"""``ohmstead``: one command for each thing a person does with a network.

Errors are one sentence that says what to do; exit code 2 for usage, 1 for a failed operation.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import ohmstead
from ohmstead.apps.cli import alerts as alert_commands
from ohmstead.apps.cli import (
    authority,
    commands,
    data_transfers,
    files,
    house,
    looking,
    meters,
    migrate,
    money,
    moving,
    newcomers,
    onboarding,
    operations,
    persons,
    pki,
    quarantine,
    rollouts,
    stations,
    templates,
    virtual,
)
from ohmstead.apps.cli import replay as replay_command
from ohmstead.apps.cli import running as running_commands
from ohmstead.apps.cli import webhooks as webhook_commands
from ohmstead.apps.cli.common import FAILED, warn
from ohmstead.apps.cli.usage import Reworded
from ohmstead.errors import OhmsteadError

app = typer.Typer(
    name="ohmstead",
    help="An EV charging network in which anyone can verify any kilowatt-hour.",
    no_args_is_help=True,
    add_completion=False,
    cls=Reworded,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("init")(house.init)
app.command("up")(house.up)
app.command("verify")(house.verify)
app.command("status")(money.status)
app.command("reconcile")(money.reconcile)
app.command("faucet", cls=money.AmountCommand)(money.faucet)
app.command("attempts")(looking.summarise_attempts)
app.command("backup")(operations.backup)
app.command("restore")(operations.restore)
app.command("resume")(operations.resume)
app.command("restart")(running_commands.restart)
app.command("reload")(running_commands.reload)
app.command("migrate")(migrate.migrate)
app.command("replay")(replay_command.replay)
app.command("demo")(replay_command.demo)
stations.station.command("import")(onboarding.import_stations)
stations.station.command("pending")(newcomers.list_pending)
stations.station.command("approve")(newcomers.approve_station)
stations.station.command("reject")(newcomers.reject_station)
stations.station.command("configuration")(templates.show_configuration)
stations.station.command("frames")(onboarding.show_frames)
stations.station.command("logs")(files.station_logs)
stations.station.command("quarantine")(quarantine.list_quarantine)
app.add_typer(files.firmware, name="firmware")
app.add_typer(moving.importing, name="import")
app.add_typer(stations.station, name="station")
app.add_typer(commands.command, name="command")
app.add_typer(rollouts.rollout, name="rollout")
app.add_typer(meters.meter, name="meter")
app.add_typer(authority.ca, name="ca")
app.add_typer(pki.pki, name="pki")
stations.station.command("certificates")(pki.station_certificates)
app.add_typer(stations.tariff, name="tariff")
app.add_typer(stations.id_token, name="id-token")
app.add_typer(money.session, name="session")
app.add_typer(money.epoch, name="epoch")
app.add_typer(money.key_commands, name="key")
app.add_typer(templates.template, name="template")
app.add_typer(virtual.virtual, name="virtual")
app.add_typer(webhook_commands.webhook, name="webhook")
app.add_typer(data_transfers.data_transfer, name="data-transfer")
app.add_typer(persons.person, name="person")
app.add_typer(alert_commands.alert, name="alert")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(ohmstead.__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Options of every command."""


def run() -> None:
    """The entry point: what this package raises on purpose is one line, never a traceback."""
    try:
        app()
    except OhmsteadError as error:
        warn(str(error))
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + SIGINT, as shells count


if __name__ == "__main__":
    run()
