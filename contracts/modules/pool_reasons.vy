# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title What the lending pool says in several places
@license MIT
@dev A call takes 4 bytes of its code, a reason 60.
"""

# ---------------------------------------------------------------- imports

from contracts.modules import reasons

# ---------------------------------------------------------------- internals


@internal
@pure
def _refuse_zero():
    reasons._refuse("pool: zero amount")


@internal
@pure
def _refuse_zero_shares():
    reasons._refuse("pool: zero shares")


@internal
@pure
def _refuse_same_asset():
    reasons._refuse("pool: same asset")


@internal
@pure
def _refuse_without_cash():
    reasons._refuse("pool: insufficient cash")


@internal
@pure
def _refuse_without_supply():
    reasons._refuse("pool: insufficient supply")


@internal
@pure
def _refuse_debt_of_another():
    reasons._refuse("pool: own debt only")


@internal
@pure
def _refuse_unpriced():
    reasons._refuse("pool: no price")


@internal
@pure
def _refuse_debt_cap():
    reasons._refuse("pool: debt cap")


@internal
@pure
def _refuse_beyond_depth():
    reasons._refuse("pool: beyond depth")


@internal
@pure
def _refuse_frozen():
    reasons._refuse("pool: frozen")


@internal
@pure
def _refuse_paused():
    reasons._refuse("pool: paused")


@internal
@pure
def _refuse_deferred():
    reasons._refuse("pool: deferred")
