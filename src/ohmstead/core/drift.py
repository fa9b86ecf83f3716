"""How a station's configuration stands beside its template, and when it is put right.

    UNREAD ─a reading─▶ NO_TEMPLATE | CONFLICT | AS_WANTED | DRIFTED
    DRIFTED ─a try that held─▶ AS_WANTED        ─the station asks for a restart─▶ REBOOT
    DRIFTED ─tries are used up, nothing can be set, or it drifts again and again─▶ GIVEN_UP
    REBOOT ─read again after the restart─▶ AS_WANTED | DRIFTED | GIVEN_UP

GIVEN_UP and REBOOT last until the template or the firmware changes, the drift is gone, or a person
asks for a repair: a station is never fought in a loop.
"""

from __future__ import annotations

from ohmstead.core.device_model import Inventory, fault_of, same_value
from ohmstead.core.standard_variables import typed
from ohmstead.core.standing import Drift, DriftKind, Refusal, Stand, Standing
from ohmstead.core.template import ALWAYS, Choice, Template
from ohmstead.frozen import replace

TRIES_MAX = 3
RETRY_MS = (60_000, 600_000, 3_600_000)  # after the first, second and third try
FIGHT_MAX = 3  # times it was put right and drifted again
FIGHT_MS = 24 * 3_600_000  # within this
RESTARTS_MAX = 2
DRIFT_MAX = 200  # shown of one station: as many as a template has settings
TEXT_CHARACTERS_MAX = 300
RIVALS_SHOWN = 3  # in a sentence


def compare(
    inventory: Inventory, template: Template, refusals: tuple[Refusal, ...] = ()
) -> tuple[Drift, ...]:
    """The settings that are not as the template says."""
    known = inventory.by_name()
    refused = {(one.name.casefold(), one.wanted): one.word for one in refusals}
    found: list[Drift] = []
    for setting in template.settings:
        name = setting.name.casefold()
        variable = known.get(name)
        word = refused.get((name, setting.value), "")
        kind, text = DriftKind.DIFFERS, ""
        if variable is None:
            kind = DriftKind.ABSENT
        else:
            variable = typed(template.protocol, variable)
            if same_value(variable.value, setting.value, variable.data_type):
                continue
            text = fault_of(variable, setting.value)
            kind = DriftKind.UNFIT if text else kind
        if word:
            kind, text = DriftKind.REFUSED, f"the station said {word}"
        value = None if variable is None else variable.value
        found.append(Drift(setting.name, setting.value, value, kind, text))
    return tuple(found)


def mendable(standing: Standing) -> tuple[Drift, ...]:
    """What may be sent to the station."""
    return tuple(one for one in standing.drift if one.kind in (DriftKind.DIFFERS, DriftKind.ABSENT))


def judge(
    before: Standing, inventory: Inventory | None, choice: Choice, firmware: str, now_ms: int
) -> Standing:
    """How a station stands now, by what it said and the template that applies."""
    template = choice.template
    wanted = ("", 0) if template is None else (template.name, template.revision)
    if (before.template, before.revision, before.firmware) != (*wanted, firmware):
        before = _anew(before, wanted, firmware)
    before = replace(before, rivals=())
    if inventory is None:
        return _stands(before, Stand.UNREAD, now_ms)
    if template is None:
        return _stands(before, Stand.NO_TEMPLATE, now_ms)
    if choice.rivals:
        reason = (
            f"{_names(template.name, choice.rivals)} apply, so none does; give one a higher "
            "priority, or remove what is too many"
        )
        return _stands(replace(before, rivals=choice.rivals), Stand.CONFLICT, now_ms, reason)
    drift = compare(inventory, template, before.refusals)[:DRIFT_MAX]
    now = replace(before, drift=drift)
    if not drift:
        right = replace(now, tries=0, not_before_ms=0, restarts=0, refusals=(), is_asked=False)
        if before.state is Stand.REBOOT:
            right = _put_right(right, now_ms)
        return _stands(right, Stand.AS_WANTED, now_ms, drift=())
    if before.state in (Stand.GIVEN_UP, Stand.REBOOT):
        return _stands(now, before.state, now_ms, before.reason, drift)
    if not mendable(now) and (template.repair == ALWAYS or before.is_asked):
        return _stands(now, Stand.GIVEN_UP, now_ms, first_text(drift), drift)
    return _stands(now, Stand.DRIFTED, now_ms, "", drift)


def _names(first: str, rivals: tuple[str, ...]) -> str:
    if len(rivals) == 1:
        return f"templates {first} and {rivals[0]} both"
    more = f" and {len(rivals) - RIVALS_SHOWN} more" if len(rivals) > RIVALS_SHOWN else ""
    return f"templates {', '.join((first, *rivals[:RIVALS_SHOWN]))}{more} all"


def _anew(before: Standing, wanted: tuple[str, int], firmware: str) -> Standing:
    """Another template, another revision or another firmware: what was tried does not count."""
    return Standing(
        station_id=before.station_id,
        protocol=before.protocol,
        read_ms=before.read_ms,
        count=before.count,
        dropped=before.dropped,
        problem=before.problem,
        problem_ms=before.problem_ms,
        template=wanted[0],
        revision=wanted[1],
        firmware=firmware,
        since_ms=before.since_ms,
        is_asked=before.is_asked and before.template == wanted[0],
        asked_by=before.asked_by,
    )


def _stands(
    standing: Standing,
    state: Stand,
    now_ms: int,
    reason: str = "",
    drift: tuple[Drift, ...] = (),
) -> Standing:
    since_ms = standing.since_ms if state is standing.state and standing.since_ms else now_ms
    reason = reason[:TEXT_CHARACTERS_MAX]
    return replace(standing, state=state, reason=reason, since_ms=since_ms, drift=drift)


def first_text(drift: tuple[Drift, ...]) -> str:
    """What is wrong with the first setting, and how many more there are."""
    one = drift[0]
    more = f" (and {len(drift) - 1} more)" if len(drift) > 1 else ""
    said = one.text or f"is {one.found!r:.80} where {one.wanted!r:.80} is wanted"
    return f"{one.name[:100]} {said}{more}"


def is_due(standing: Standing, template: Template, now_ms: int) -> bool:
    """Whether a try may begin: something can be sent, it is wanted, and it is time."""
    wanted = template.repair == ALWAYS or standing.is_asked
    fresh = (standing.template, standing.revision) == (template.name, template.revision)
    waits = standing.not_before_ms > now_ms
    return (
        wanted
        and fresh
        and not waits
        and standing.state is Stand.DRIFTED
        and bool(mendable(standing))
    )


def begin_try(standing: Standing, now_ms: int) -> Standing:
    """The standing as a try begins, or GIVEN_UP where another would be a fight."""
    recent = tuple(at for at in standing.repaired_ms if now_ms - at < FIGHT_MS)
    standing = replace(standing, repaired_ms=recent)
    if len(recent) >= FIGHT_MAX:
        hours = FIGHT_MS // 3_600_000
        reason = (
            f"it was put right {len(recent)} times within {hours} hours and changed again each "
            "time; something else sets it"
        )
        return _stands(standing, Stand.GIVEN_UP, now_ms, reason, standing.drift)
    if standing.tries >= TRIES_MAX:
        return give_up(standing, now_ms)
    pause_ms = RETRY_MS[min(standing.tries, len(RETRY_MS) - 1)]
    return replace(standing, tries=standing.tries + 1, not_before_ms=now_ms + pause_ms)


def give_up(standing: Standing, now_ms: int, reason: str = "") -> Standing:
    """No more tries."""
    said = reason or f"after {standing.tries} tries {first_text(standing.drift)}"
    return _stands(standing, Stand.GIVEN_UP, now_ms, said, standing.drift)


def after_try(standing: Standing, needs_restart: tuple[str, ...], now_ms: int) -> Standing:
    """How a station stands that was just judged again after a try."""
    if standing.state is Stand.AS_WANTED:
        return _put_right(standing, now_ms)
    if standing.state is not Stand.DRIFTED:
        return standing
    if needs_restart:
        some = ", ".join(needs_restart)[:200]
        return _stands(
            standing, Stand.REBOOT, now_ms, f"{some} holds after a restart", standing.drift
        )
    return give_up(standing, now_ms) if standing.tries >= TRIES_MAX else standing


def _put_right(standing: Standing, now_ms: int) -> Standing:
    return replace(standing, repaired_ms=(*standing.repaired_ms, now_ms)[-FIGHT_MAX:])


def after_restart(standing: Standing, now_ms: int) -> Standing:
    """A station that was to restart has, and was read: what differs still does so for good or is
    tried again."""
    if standing.state is not Stand.REBOOT:
        return standing
    if standing.restarts >= RESTARTS_MAX or standing.tries >= TRIES_MAX:
        said = f"it restarted, and {first_text(standing.drift)}"
        return give_up(standing, now_ms, said)
    again = replace(standing, not_before_ms=0)
    return _stands(again, Stand.DRIFTED, now_ms, "", standing.drift)


def asked(standing: Standing, by: str, now_ms: int) -> Standing:
    """A person asks for a repair: what was tried before does not count any more."""
    clean = replace(
        standing,
        tries=0,
        not_before_ms=0,
        restarts=0,
        repaired_ms=(),
        refusals=(),
        is_asked=True,
        asked_by=by[:TEXT_CHARACTERS_MAX],
        drift=tuple(
            replace(one, kind=DriftKind.DIFFERS, text="") if one.kind is DriftKind.REFUSED else one
            for one in standing.drift
        ),
    )
    if clean.state in (Stand.GIVEN_UP, Stand.REBOOT):
        return _stands(clean, Stand.DRIFTED, now_ms, "", clean.drift)
    return clean
