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

    __slots__ = ("_context", "_head", "_session_id", "_state", "_top", "fresh", "heads", "pages")

    def __init__(self, state: State, session: Session, pages: tuple[Pages, ...]) -> None:
        self._state = state
        self._session_id = session.id
        self._context: str | None = None  # the one that is open: its head, and its top
        self._head: PageHead | None = None
        self._top = -1  # no page above is stored: exact, or higher than need be
        self.pages = pages  # the session's, with what was added
        self.fresh: dict[str, SignedReading] = {}  # what was added, by key
        self.heads: dict[str, PageHead] = {}  # what was taken over, by context

    def known(self, record: SignedReading, key: str) -> SignedReading | None:
        """The record that stands at this page, whoever's it is; ``key`` is the record's own."""
        if record.context != self._context:
            self._open(record.key_id, record.context)
        if record.page > self._top:
            return None
        return self.fresh.get(key) or self._state.get(SignedReading, key)

    def add(self, record: SignedReading, key: str) -> None:
        """Store a record of the session at a page that :meth:`known` just found free."""
        head, context, page = self._head, record.context, record.page
        if head is None or (head.session_id != self._session_id and page > head.since):
            self._head = PageHead(record.key_id, context, self._session_id, self._top)
            self.heads[context] = self._head
        if page > self._top:
            self._top = page
        self.pages = with_page(self.pages, context, page)
        self.fresh[key] = record

    def _open(self, key_id: str, context: str) -> None:
        head = self.heads.get(context) or self._state.get(PageHead, head_key(key_id, context))
        self._context, self._head, self._top = context, head, -1
        if head is None:
            return
        pages = self.pages
        if head.session_id != self._session_id:
            progress = self._state.get(Progress, head.session_id)
            if progress is None:
                self._top = PAGE_MAX  # nobody knows: every page is looked up
                return
            pages = progress.pages
        self._top = max(head.since, top_page(pages, context))
