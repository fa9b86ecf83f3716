"""The settler's real anvil, for what stands on it."""

from tests.apps.settler.conftest import anvil, anvil_binary

__all__ = ["anvil", "anvil_binary"]
