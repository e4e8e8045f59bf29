"""Plimsoll: a lending market whose load line follows the depth of the water."""

__version__ = "0.1.0"
