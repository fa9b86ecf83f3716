"""The first file of a multipart/form-data body, block by block (RFC 7578)."""

from __future__ import annotations

from collections.abc import Iterator

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from ohmstead.apps.files.receiving import CutShort

SEGMENTS_MAX = 16  # parts of one body


class FirstFile:
    """Feed it the body; it gives the bytes of the first part that has a file name."""

    def __init__(self, boundary: str) -> None:
        self.name = ""
        self._inside = False
        self._done = False
        try:
            self._parser = PushMultipartParser(boundary, max_segment_count=SEGMENTS_MAX)
        except MultipartError as error:
            raise CutShort(f"the body is no multipart/form-data: {error}") from None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Bytes of the file in this block; raises CutShort for what is no multipart body."""
        try:
            for event in self._parser.parse(data):
                if isinstance(event, MultipartSegment):
                    self._inside = not self._done and bool(event.filename)
                    if self._inside:
                        self.name = event.filename or ""
                elif event is None:
                    self._done = self._done or self._inside
                    self._inside = False
                elif self._inside:
                    yield bytes(event)
        except MultipartError as error:
            raise CutShort(f"the body is no multipart/form-data: {error}") from None

    def end(self) -> None:
        """The body is over; raises CutShort when the file is not."""
        try:
            self._parser.close()
        except MultipartError as error:
            raise CutShort(f"the body ended early: {error}") from None
        if not self._done:
            raise CutShort("the body holds no file: send a part with a file name, or the bytes")
