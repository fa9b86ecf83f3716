"""Every page of the documentation is found by following links, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = sorted([README, *DOCS.rglob("*.md")])
README_LINES_MAX = 150
# The sessions' own list of what is left; it goes when its issue is resolved.
UNLINKED = {DOCS / "internals" / "PROGRESS.md"}
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")


def prose(page):
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page):
    """Where a page's links into this repository lead, each with its anchor."""
    found = _LINK.findall(_CODE.sub("", prose(page)))
    inside = [one.partition("#") for one in found if not re.match(r"\w+:", one)]
    return [
        ((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in inside
    ]


def anchors(page):
    """A page's headings as GitHub turns them into anchors."""
    heads = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def opened(target):
    """The pages that are seen at a link: a folder shows its README, or the list of its files."""
    if target.is_dir():
        index = target / "README.md"
        return [index] if index.exists() else sorted(target.glob("*.md"))
    return [target] if target.suffix == ".md" else []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page):
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target.name}#{anchor}"


def test_every_page_is_found_by_following_links_from_the_readme():
    found, next_ones = set(), [README]
    while next_ones:
        page = next_ones.pop()
        if page not in found:
            found.add(page)
            next_ones += [one for target, _ in links(page) for one in opened(target)]
    lost = set(PAGES) - found - UNLINKED
    assert not lost, f"link these from README.md or docs/operating/README.md: {sorted(lost)}"


def test_the_list_of_operators_pages_names_each_of_them():
    index = DOCS / "operating" / "README.md"
    listed = {target for target, _ in links(index)}
    missing = set((DOCS / "operating").glob("*.md")) - listed - {index}
    assert not missing, f"list these in docs/operating/README.md: {sorted(missing)}"


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) < README_LINES_MAX
