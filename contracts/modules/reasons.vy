# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title Reverting with words, in one place
@license MIT
@dev An assert with words of its own takes 60 bytes more of a contract's code.
"""


@internal
@pure
def _refuse(reason: String[32]):
    raise reason
