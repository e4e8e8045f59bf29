"""What an attack on an asset's price costs, and what it could bring."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
# `ape run` has the project on the path only while it reads this file
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from plimsoll.cli import endpoint, guarded, json_option, network_option  # noqa: E402

EXAMPLE = """
\b
Examples:
  ape run attack-cost ETH
  ape run attack-cost ETH --factor 2 --blocks 150
  ape run attack-cost ETH --up-to 4
  ape run attack-cost volatile --factor 1.3 --blocks 25 --block-time 2 --json

\b
The price of now counts as the honest one. Costs are in units of account, gas left out:
  unopposed    nobody else trades meanwhile: the attacker trades there and back, and loses the fees twice
  arbitraged   in each block somebody trades the price back first, and the attacker moves it again
  capital      what must be in hand; of the unopposed trade it comes back
An attack moves all sources of the asset until the edge of the band that it needs has followed:
  borrow against it   low up: borrow more than the collateral is worth, within its cap by depth
  borrow it           high down: borrow it on too little collateral
  seize it            liquidation_high down: liquidate those who have it as collateral
  call its debts      liquidation_low up: liquidate those who owe it
Gains are upper bounds: the whole cap in use, by those who owe what suits him best. "Of what is there": with what the pool
holds now. The grade is that of the worst attack at any factor from 1.1 to 16, against arbitrage:
  cost / gain at least   A 10   B 3   C 1.5   D 1   E 0.5   F less (E and F: an attack may pay)
The second grade is for an asset that trades nowhere else; the third for liquidity that leaves first, until the source shows
just the minimum depth (new risk) or a quarter of it (liquidation) when it has been moved; the fourth for both.

\b
The last table has the largest absolute caps on supply and debt (`ape run market caps`) at which no attack gains in each of
these cases, up to the factor --up-to, and the command that sets them. Of a case where the caps by depth are enough it has
what would do without them. "beyond": whether larger factors gain nothing either; a loan against an asset whose price nobody
holds up has no such bound. "no debt fits": the pool refuses debts as small as that; under such a cap on debt nobody can borrow
the asset, under such a cap on supply nobody can borrow the least debt against it alone. What leaves is reckoned not to be the
attacker's, and what is left neither: to whoever owns part of what is left the pool pays that part of his fees back, and the
caps shrink with it.

\b
Exit codes: 0 done, 1 error, 2 usage.
"""


class Factor(click.ParamType):
    name = "factor"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        try:
            factor = Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            self.fail(f"'{value}' is no number.", param, ctx)
        if not Fraction(1001, 1000) <= factor <= 1000:
            self.fail(f"{value} is not in the range 1.001<=x<=1000.", param, ctx)
        return factor


@click.command(epilog=EXAMPLE, short_help="what moving an asset's price costs, against what it could bring")
@click.argument("asset")
@network_option
@click.option("--factor", type=Factor(), default="1.5", show_default=True, help="By which the price is moved, up and down.")
@click.option(
    "--blocks", type=click.IntRange(1, 100_000), default=1, show_default=True, help="For how long a source, or the band, is to stand there."
)
@click.option("--block-time", type=click.IntRange(1, 600), default=12, show_default=True, help="Seconds between blocks.")
@click.option("--up-to", type=Factor(), default="16", show_default=True, help="The largest factor at which the absolute caps are to hold.")
@json_option
@guarded
def cli(asset: str, network: str, factor: Fraction, blocks: int, block_time: int, up_to: Fraction, as_json: bool) -> None:
    """What it costs to move the price of ASSET (symbol, role or address), and the oracle's band with it, against what could be
    borrowed or seized at that price; a grade; and the caps at which no attack gains.
    """
    from plimsoll.attack import cost_command

    sys.exit(cost_command.run(endpoint(network), asset, factor, blocks, block_time, up_to, as_json, network))


if __name__ == "__main__":
    cli()
