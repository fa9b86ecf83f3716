"""The domain, pure: no I/O, no clock, no random numbers; standard library, units and hashing only."""
