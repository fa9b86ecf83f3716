"""Ohmstead: a decentralised EV charging network in which anyone can verify any kilowatt-hour."""

__version__ = "0.1.0"
