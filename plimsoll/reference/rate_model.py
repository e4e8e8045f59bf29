"""The jump-rate model, in exact integers: a utilisation goes in, interest per year comes out, both WAD."""

from __future__ import annotations

from dataclasses import dataclass

WAD = 10**18
MAX_RATE_WAD = 100 * WAD


def div_up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


@dataclass(frozen=True)
class JumpRate:
    """rate = base + multiplier * min(U, kink) + jump * max(0, U - kink), rounded up in favour of those who lend."""

    base: int
    multiplier: int
    jump: int
    kink: int

    def is_valid(self) -> bool:
        return (
            0 <= self.kink <= WAD
            and max(self.base, self.multiplier, self.jump) <= MAX_RATE_WAD
            and self.base + (self.multiplier * self.kink + self.jump * (WAD - self.kink)) // WAD <= MAX_RATE_WAD
        )

    def rate(self, utilisation: int) -> int:
        used = min(utilisation, WAD)
        slopes = self.multiplier * min(used, self.kink) + self.jump * max(0, used - self.kink)
        return self.base + div_up(slopes, WAD)
