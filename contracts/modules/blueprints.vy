# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title ERC-5202 blueprints
@license MIT
"""

# What stands before the init code in a blueprint
PREAMBLE: constant(Bytes[3]) = x"FE7100"


@internal
def _hash_of_init_code(target: address) -> bytes32:
    """
    @notice keccak256 of the init code that `target` holds as a blueprint
    @dev Vyper hashes no code of a length that is not known before, so a throw-away contract does it: it copies the
         blueprint after the preamble, and leaves a zero byte (STOP) and the hash as its own code.
    """
    assert slice(target.code, 0, 3) == PREAMBLE, "factory: not a blueprint"
    probe: address = raw_create(
        concat(
            x"73",  # PUSH20 target
            convert(target, bytes20),
            x"803b6003900380",  # size: EXTCODESIZE - 3, twice
            x"60035f843c",  # EXTCODECOPY(target, to 0, from 3, size)
            x"5f20600152",  # MSTORE(1, KECCAK256(0, size))
            x"5f5f53",  # MSTORE8(0, 0)
            x"60215ff3",  # RETURN(0, 33)
        )
    )
    return convert(slice(probe.code, 1, 32), bytes32)
