"""Inverse Finance, April 2022: a TWAP taken right after its own update spanned one block, and so was the spot price.

Here windows begin at boundaries of the clock: no update, poke or trade can shorten one (ORA-10).
"""

import boa
import pytest

from plimsoll.reference.band import BUCKET
from tests.oracle_market import now
from tests.oracle_pair import new_pair_market


@pytest.mark.parametrize("how", ["new_risk", "liquidation", "poke"])
@pytest.mark.parametrize("phase", [0, 1, 119, 120, 121, 179])
def test_price__pumped_in_the_block_before_and_updated__no_more_than_its_share(how: str, phase: int) -> None:
    market = new_pair_market()
    boa.env.time_travel(seconds=2400)
    boa.env.time_travel(seconds=(phase - now()) % BUCKET)
    before = market.band()
    # Everything that could count as an update, in the block of the attack and in the next
    market.write(how)
    market.move_to(market.spot() * 3)
    market.pair.sync()
    market.write(how)
    # In the same block nothing has happened yet
    assert market.band() == before

    boa.env.time_travel(seconds=12)
    market.pair.sync()
    market.write(how)
    after = market.band()
    # Twelve seconds of at least 300 at three times the price: 1.0001^(10987 * 12 / 300) = 1.045
    assert after.high <= before.high * 1_045 // 1_000
    # What can be borrowed against it has not moved at all
    assert after.low == before.low
    # Twelve seconds of at least 60: 1.246
    assert after.fresh <= before.fresh * 1_246 // 1_000
