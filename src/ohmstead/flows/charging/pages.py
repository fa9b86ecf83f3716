"""Which pages of a meter are known: one (key, context, page) is one record in the whole network.

Most records carry a page higher than all before, and for those nothing has to be looked up:

    a PageHead names a session and a page ``since``; of the pages above it, those that are stored
    are that session's, and the highest of those stands in its Progress

It holds because every page is stored through :meth:`PageBook.add`, in the same commit as the
Progress that names it. A session that finds a head of another's takes it over from the highest
page there, so what it stores itself is above ``since`` or needs no claim.
"""

from __future__ import annotations

from ohmstead.core.bill import PageHead, head_key
from ohmstead.core.meter import PAGE_BITS, SignedReading
from ohmstead.core.progress import Pages, Progress, top_page, with_page
from ohmstead.core.session import Session
from ohmstead.ports import State

PAGE_MAX = (1 << PAGE_BITS) - 1


class PageBook:
    """The pages of one session's meter as one message finds them, and what it adds."""

    __slots__ = ("_heads", "_session_id", "_state", "_tops", "fresh", "heads", "pages")

    def __init__(self, state: State, session: Session, pages: tuple[Pages, ...]) -> None:
        self._state = state
        self._session_id = session.id
        self._heads: dict[str, PageHead | None] = {}
        self._tops: dict[str, int] = {}
        self.pages = pages  # the session's, with what was added
        self.fresh: dict[str, SignedReading] = {}  # what was added, by key
        self.heads: list[PageHead] = []  # what was taken over

    def known(self, record: SignedReading, key: str) -> SignedReading | None:
        """The record that stands at this page, whoever's it is; ``key`` is the record's own."""
        if record.page > self._top(record):
            return None
        return self.fresh.get(key) or self._state.get(SignedReading, key)

    def add(self, record: SignedReading, key: str) -> None:
        """Store a record of the session at a page where none stands."""
        top, context = self._top(record), record.context
        head = self._heads[context]
        if head is None or (head.session_id != self._session_id and record.page > head.since):
            head = PageHead(record.key_id, context, self._session_id, top)
            self._heads[context] = head
            self.heads.append(head)
        self._tops[context] = max(top, record.page)
        self.pages = with_page(self.pages, context, record.page)
        self.fresh[key] = record

    def _top(self, record: SignedReading) -> int:
        """A page above which none is stored: exact, or higher than need be."""
        context = record.context
        top = self._tops.get(context)
        if top is None:
            head = self._state.get(PageHead, head_key(record.key_id, context))
            self._heads[context] = head
            self._tops[context] = top = self._found_top(head, context)
        return top

    def _found_top(self, head: PageHead | None, context: str) -> int:
        if head is None:
            return -1
        pages = self.pages
        if head.session_id != self._session_id:
            progress = self._state.get(Progress, head.session_id)
            if progress is None:
                return PAGE_MAX  # nobody knows: every page is looked up
            pages = progress.pages
        return max(head.since, top_page(pages, context))
