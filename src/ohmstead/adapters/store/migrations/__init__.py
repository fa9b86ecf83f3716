"""Every migration of the house's store, one file each, in order.

A store that this build opens had all of them, or gets the missing ones then. To add one: copy the
newest file, raise the number, put its ``MIGRATION`` into the list, and run ``tools/gen_schema.py``.
"""

from __future__ import annotations

from ohmstead.adapters.store.migration import Migration
from ohmstead.adapters.store.migrations import m0001_counted

MIGRATIONS: tuple[Migration, ...] = (m0001_counted.MIGRATION,)
