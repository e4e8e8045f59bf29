import boa

from tests.pool_world import World


def test_code__as_deployed__leaves_room_below_the_limit(world: World) -> None:
    """24,576 bytes are the limit (EIP-170)."""
    assert len(boa.env.get_code(world.pool.address)) < 24_300
