"""Any EVM chain over JSON-RPC, and the supervised anvil that is the embedded one."""
