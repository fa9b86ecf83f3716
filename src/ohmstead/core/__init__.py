"""The domain, pure: no I/O, no clock, no chance; standard library, units and hashing only."""
