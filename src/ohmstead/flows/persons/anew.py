"""Work that stations get when id_tokens are forgotten: a counter that names it, and its job."""

from __future__ import annotations

from ohmstead.core.local_list import REVISION
from ohmstead.core.network import Counter
from ohmstead.flows.local_lists import CLEAR_CACHE, REFRESH_LISTS, count_of
from ohmstead.ports import Job, State


def lists_anew(state: State) -> tuple[Counter, Job]:
    """Have every local list made anew, and sent where its station is there."""
    revision = count_of(state, REVISION) + 1
    job = Job(f"{REFRESH_LISTS}/{revision}", REFRESH_LISTS, REFRESH_LISTS, {})
    return Counter(REVISION, revision), job


def caches_anew(state: State, payload: dict[str, object]) -> tuple[Counter, Job]:
    """Have the caches of all stations emptied."""
    number = count_of(state, CLEAR_CACHE) + 1
    job = Job(f"{CLEAR_CACHE}/{number}", CLEAR_CACHE, CLEAR_CACHE, payload)
    return Counter(CLEAR_CACHE, number), job
