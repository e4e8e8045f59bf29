"""What a deployment's entries are called in the address book."""

from __future__ import annotations

from plimsoll.presets import RANGE_POOL, Asset, Preset, TestRangePool


def pair_name(preset: Preset, role: str, quote: str | None = None) -> str:
    """The pair of an asset's first source, or with `quote` of its second one."""
    if quote is not None:
        return f"Pair.{role}.{quote}"
    return "Pair" if len(preset.priced) == 1 else f"Pair.{role}"


def range_pool_name(preset: Preset, asset: str, quote: str, fee_pips: int) -> str:
    """Of a test pool or a second source."""
    plan = preset.range_pools
    known = {(p.asset, p.quote, p.fee_pips) for p in plan.test_pools} if plan is not None else set()
    known |= {(a.role, s.quote, s.fee_pips) for a in preset.priced if (s := a.second_source) is not None and s.kind == RANGE_POOL}
    if known == {(asset, quote, fee_pips)}:
        return "RangePool"
    against = "" if quote == preset.asset(asset).quote else f".{quote}"
    return f"RangePool.{asset}{against}.{fee_pips}"


def second_source_name(preset: Preset, asset: Asset) -> str:
    assert asset.second_source is not None
    second = asset.second_source
    if second.kind == RANGE_POOL:
        return range_pool_name(preset, asset.role, second.quote, second.fee_pips)
    return pair_name(preset, asset.role, second.quote)


def pool_name(preset: Preset, pool: TestRangePool) -> str:
    return range_pool_name(preset, pool.asset, pool.quote, pool.fee_pips)


def model_name(role: str) -> str:
    return f"RateModel.{role}"


def vault_name(role: str) -> str:
    return f"ReserveVault.{role}"


def token_name(role: str) -> str:
    return f"Token.{role}"


def feed_name(role: str) -> str:
    return f"Feed.{role}"
