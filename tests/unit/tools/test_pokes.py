"""Which pools are touched: those that stand still at a price that the oracle has not reached, and not more than once a minute."""

from eth_abi.abi import encode

from plimsoll.pokes import Idle, unsettled

POOL, OTHER = "0xa", "0xb"


def test_due__stands_still__after_five_minutes_and_then_each_minute() -> None:
    idle = Idle()
    touched = [now for now in range(1_000, 1_600) if idle.due(POOL, 7, now)]
    assert touched == [1_300, 1_360, 1_420, 1_480, 1_540]


def test_due__somebody_trades__waits_anew() -> None:
    idle = Idle()
    assert not any(idle.due(POOL, now // 200, now) for now in range(1_000, 3_000))
    assert not any(idle.due(POOL, 15, now) for now in range(3_000, 3_300))
    assert idle.due(POOL, 15, 3_300)


def test_due__blocks_far_apart__once_a_block_at_most() -> None:
    idle = Idle()
    assert [idle.due(POOL, 7, now) for now in (0, 1_000, 2_000, 2_059, 2_060)] == [False, True, True, False, True]


def window(fresh_sum: int, seconds: int, tick: int) -> bytes:
    """The answer to window(0) of a pool whose market is at `tick`, with some liquidity."""
    present = (tick % 2**128 << 128) + 10**18
    head = encode(["uint256", "int256", "uint256", "int256", "uint256", "uint256", "uint256"], [1, 0, 0, fresh_sum, seconds, present, 0])
    return head + bytes(20 * 32)


def test_unsettled__more_than_a_thousand_ticks__and_not_one_less() -> None:
    for mean in (-223_339, 223_339):
        assert not unsettled(window(mean * 70, 70, mean + 1_000))
        assert unsettled(window(mean * 70, 70, mean + 1_001))
        assert not unsettled(window(mean * 70, 70, mean - 1_000))
        assert unsettled(window(mean * 70, 70, mean - 1_001))
        # the mean is rounded down
        assert unsettled(window(mean * 70 - 1, 70, mean + 1_000))
    assert not unsettled(window(0, 0, 5_000))


def test_watch__settled_meanwhile__forgotten() -> None:
    idle = Idle()
    idle.due(POOL, 7, 0)
    idle.due(OTHER, 7, 0)
    idle.watch([OTHER])
    assert not idle.due(POOL, 7, 300)
    assert idle.due(OTHER, 7, 300)
