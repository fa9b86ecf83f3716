"""The schema is counted from here on. A store of the days before holds the same tables: adopted."""

from __future__ import annotations

from ohmstead.adapters.store.migration import Migration

MIGRATION = Migration(1, "counted", "0.1.0", adds=("rewritings",))
