"""Reports that come in parts, merged by the request they answer; in memory, asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PARTS_MAX = 1_000  # of one report
ITEMS_MAX = 5_000  # of one report

MONITORS, DISPLAY_MESSAGES, CUSTOMER = "monitors", "display_messages", "customer_information"


@dataclass(slots=True)
class Report:
    """What a station answered to one request so far; the last one of its kind."""

    request_id: int
    at_ms: int
    complete: bool = False
    parts: set[int] = field(default_factory=set)  # seqNo of those that came
    last: int = -1  # seqNo of the part that no other follows
    items: dict[str, object] = field(default_factory=dict)


def merge(
    reports: dict[str, Report],
    kind: str,
    request_id: int,
    items: Mapping[str, object],
    now_ms: int,
    part: int | None = None,
    to_be_continued: bool = False,
) -> Report:
    """Add a part; one of another request, or the first one after a whole report, begins anew.

    ``part`` is its seqNo where it has one: the report is complete when all up to the last have
    come, in whatever order.
    """
    known = reports.get(kind)
    begins = part is None or part == 0
    if known is None or known.request_id != request_id or (known.complete and begins):
        known = reports[kind] = Report(request_id, now_ms)
    for name, item in items.items():
        if name in known.items or len(known.items) < ITEMS_MAX:
            known.items[name] = item
    known.at_ms = now_ms
    if part is None:
        known.complete = not to_be_continued
        return known
    if part in known.parts or len(known.parts) < PARTS_MAX:
        known.parts.add(part)
    if not to_be_continued:
        known.last = part
    known.complete = known.last >= 0 and known.parts.issuperset(range(min(known.last, PARTS_MAX)))
    return known
