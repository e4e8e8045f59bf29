# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title What a configurator asks of an engine, and nothing else: for tests that speak in the engine's name
@license MIT
"""

pool: public(immutable(address))


@deploy
def __init__(pool_: address):
    pool = pool_
