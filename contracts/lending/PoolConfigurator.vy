# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title The rules by which a lending pool's settings change
@license MIT
@dev See IPoolConfigurator for the roles and for what each function does; contracts/modules/reserve_slots.vy for the words.

     A frozen asset has LTV 0 for new risk, and in the liquidation test the LTV of its ramp: a running cut, or one that stands still.
     Its `to` is what the owner had set, so that nothing else has to be remembered.
"""

# ---------------------------------------------------------------- imports

# the owner, who hands over in two steps
from snekmate.auth import ownable
from snekmate.auth import ownable_2step

from interfaces import ILendingPool
from interfaces import IPoolConfigurator

# constants alone
from contracts.modules import depth_math
from contracts.modules import interest
from contracts.modules import reserve_slots

initializes: ownable
initializes: ownable_2step[ownable := ownable]

implements: IPoolConfigurator

# Not renounce_ownership: without an owner a frozen asset would stay frozen.
exports: (ownable.owner, ownable_2step.pending_owner, ownable_2step.transfer_ownership, ownable_2step.accept_ownership)

# ---------------------------------------------------------------- constants

WAD: constant(uint256) = 10**18
BPS: constant(uint256) = 10_000
HOUR: constant(uint256) = 3_600
DAY: constant(uint256) = 86_400

# A liquidation at the full bonus must be covered with this much of the collateral's value to spare.
LTV_MARGIN_BPS: constant(uint256) = 500
# Above 4/3 the floor of the seizure price (0.75 of the trigger price, with the bonus) would exceed the trigger price itself.
MAX_BONUS_BPS: constant(uint256) = 13_000
# Above it an asset needs a feed: pools alone do not follow a fall fast enough, and arbitrage ties a second one to the first.
MAX_LTV_WITHOUT_FEED_BPS: constant(uint256) = 6_500
MAX_ORIGINATION_FEE_BPS: constant(uint256) = 500
MAX_RESERVES: constant(uint256) = 128

MIN_RAMP: constant(uint256) = 7 * DAY
# While a ramp runs, the listing rule holds for what it began with.
MAX_RAMP: constant(uint256) = 365 * DAY

MAX_PAUSE: constant(uint256) = 3 * DAY
# As long as the longest pause: an asset is open for at least half of the time, whoever is guardian.
PAUSE_COOL_DOWN: constant(uint256) = 3 * DAY
ACTIONS_AT: constant(uint256) = 252
ALL_ACTIONS: constant(uint256) = 15

MAX_LIQUIDATION_PAUSE: constant(uint256) = 6 * HOUR
# Prices have moved while nobody could liquidate: from here on borrowers get time to answer.
PAUSE_WITHOUT_GRACE: constant(uint256) = HOUR
MAX_GRACE: constant(uint256) = 4 * HOUR
LIQUIDATION_COOL_DOWN: constant(uint256) = DAY

# A new oracle may differ from the old one by a 20th, 5 %.
ORACLE_BOUND: constant(uint256) = 20
# For so long a new oracle, or model, is compared with the one before the last change as well: many small steps are not a large one.
ANCHOR_TIME: constant(uint256) = DAY
# Two AMM sources and a feed, each of which gets a bounded part of it
BAND_GAS: constant(uint256) = 5_000_000
QUESTION_GAS: constant(uint256) = 200_000

# Either rate, the old or the new, is at most twice the other and 10 points a year.
RATE_FACTOR: constant(uint256) = 2
RATE_POINTS_WAD: constant(uint256) = 10**17
# Models are compared there, and at the present utilisation. The kinks in use lie between the third and the fourth.
UTILISATIONS: constant(uint256[5]) = [0, 50 * 10**16, 80 * 10**16, 90 * 10**16, WAD]

# ---------------------------------------------------------------- immutables

deployer: immutable(address)

# ---------------------------------------------------------------- storage


# What the pool holds of an asset
struct Words:
    market: uint256
    listing: uint256
    caps: uint256
    ramp: uint256
    stakers: address


# What the prices of two oracles are compared by; fields in the order of IPriceOracle.Band
struct Prices:
    low: uint256
    high: uint256
    liquidation_high: uint256
    liquidation_low: uint256
    fresh_low: uint256
    fresh_high: uint256
    depth: uint256
    liquidation_depth: uint256


# What was in use before the first change of the last day
struct Anchor:
    was: address
    until: uint256


pool: public(address)
steward: public(address)
guardian: public(address)

# by asset. The pool has no words of one that is not listed.
is_listed: HashMap[address, bool]
pausable_from: public(HashMap[address, uint256])

liquidation_pause_began: uint256
liquidation_paused_until: public(uint256)
liquidation_pausable_from: public(uint256)
# of the last switch of oracles that disagreed; lifting a pause does not shorten it
switch_grace_until: uint256

oracle_anchor: Anchor
# by asset
rate_model_anchors: HashMap[address, Anchor]

# ---------------------------------------------------------------- constructor


@deploy
def __init__(owner: address, steward: address, guardian: address):
    """
    @dev The deployer keeps nothing but `attach`.
    """
    ownable.__init__()
    ownable_2step.__init__()
    assert owner != empty(address), "configurator: zero address"
    ownable_2step._transfer_ownership(owner)
    deployer = msg.sender
    self._set_steward(steward)
    self._set_guardian(guardian)


# ---------------------------------------------------------------- external, deployer


@external
def attach(pool: address):
    assert msg.sender == deployer, "configurator: not deployer"
    assert self.pool == empty(address), "configurator: already attached"
    named: uint256 = 0
    answers: bool = False
    answers, named = self._ask_word(pool, method_id("configurator()", output_type=bytes4))
    assert answers and named == convert(self, uint256), "configurator: bad pool"
    self.pool = pool
    log IPoolConfigurator.Attached(pool=pool)


# ---------------------------------------------------------------- external, owner: reserves


@external
def list_reserve(asset: address, rate_model: address, ltv_bps: uint256, bonus_bps: uint256, reserve_factor_bps: uint256):
    ownable._check_owner()
    pool: ILendingPool = self._pool()
    assert not self.is_listed[asset], "configurator: already listed"
    answers: bool = False
    decimals: uint256 = 0
    answers, decimals = self._ask_word(asset, method_id("decimals()", output_type=bytes4))
    assert answers and 6 <= decimals and decimals <= 18, "configurator: bad decimals"
    self._check_ltv(ltv_bps, bonus_bps)
    self._check_feed(asset, ltv_bps)
    self._check_reserve_factor(reserve_factor_bps)
    self._check_rates(rate_model, empty(address), empty(address))
    # Only a pool of two reserves may have a FULL one.
    if staticcall pool.reserves_count() == 2:
        for id: uint256 in range(2):
            if self._words(staticcall pool.reserve_at(id)).listing & reserve_slots.DEPTH_FULL != 0:
                self._refuse_depth_mode()
    self.is_listed[asset] = True
    words: Words = empty(Words)
    words.market = convert(rate_model, uint256) | (reserve_factor_bps << reserve_slots.RESERVE_FACTOR_AT)
    words.listing = (ltv_bps << reserve_slots.LTV_AT) | (bonus_bps << reserve_slots.BONUS_AT)
    self._configure(asset, words)
    log IPoolConfigurator.Listed(
        asset=asset,
        rate_model=rate_model,
        ltv_bps=ltv_bps,
        bonus_bps=bonus_bps,
        reserve_factor_bps=reserve_factor_bps,
    )


@external
def set_depth_mode(asset: address, mode: uint256):
    ownable._check_owner()
    words: Words = self._listed(asset)
    # FULL changes who is liquidatable: never under anybody's feet.
    if mode > depth_math.FULL or (
        mode == depth_math.FULL and (words.market & reserve_slots.SEEDED != 0 or staticcall ILendingPool(self.pool).reserves_count() > 2)
    ):
        self._refuse_depth_mode()
    old_mode: uint256 = self._depth_mode(words)
    words.listing = (words.listing & ~(3 << reserve_slots.DEPTH_MODE_AT)) | (mode << reserve_slots.DEPTH_MODE_AT)
    self._configure(asset, words)
    log IPoolConfigurator.DepthModeSet(asset=asset, old_mode=old_mode, mode=mode)


@external
def set_ltv(asset: address, ltv_bps: uint256, ramp_seconds: uint256):
    ownable._check_owner()
    words: Words = self._listed(asset)
    self._check_ltv(ltv_bps, self._bonus_bps(words))
    old_ltv_bps: uint256 = self._ltv_bps(words)
    # A cut is open to an asset that has lost its feed.
    if ltv_bps > old_ltv_bps:
        self._check_feed(asset, ltv_bps)
    liquidation_ltv_bps: uint256 = max(self._liquidation_ltv_bps(words), ltv_bps)
    ramp_until: uint256 = 0
    words.listing = (words.listing & ~((reserve_slots.MASK_14 << reserve_slots.LTV_AT) | reserve_slots.RAMPING)) | (
        ltv_bps << reserve_slots.LTV_AT
    )
    if ltv_bps < liquidation_ltv_bps:
        # Also where a ramp is running: it begins anew, at what it has come to.
        assert MIN_RAMP <= ramp_seconds and ramp_seconds <= MAX_RAMP, "configurator: bad ramp"
        ramp_until = block.timestamp + ramp_seconds
        words.listing = words.listing | reserve_slots.RAMPING
        words.ramp = self._ramp(liquidation_ltv_bps, ltv_bps, ramp_until)
    self._configure(asset, words)
    log IPoolConfigurator.LtvSet(
        asset=asset,
        old_ltv_bps=old_ltv_bps,
        ltv_bps=ltv_bps,
        liquidation_ltv_bps=liquidation_ltv_bps,
        ramp_until=ramp_until,
    )


@external
def set_bonus(asset: address, bonus_bps: uint256):
    ownable._check_owner()
    words: Words = self._listed(asset)
    largest: uint256 = self._ltv_bps(words)
    if self._is_ramp_running(words):
        largest = words.ramp & reserve_slots.MASK_14
    self._check_ltv(largest, bonus_bps)
    old_bonus_bps: uint256 = self._bonus_bps(words)
    words.listing = (words.listing & ~(reserve_slots.MASK_14 << reserve_slots.BONUS_AT)) | (bonus_bps << reserve_slots.BONUS_AT)
    self._configure(asset, words)
    log IPoolConfigurator.BonusSet(asset=asset, old_bonus_bps=old_bonus_bps, bonus_bps=bonus_bps)


@external
def set_reserve_factor(asset: address, reserve_factor_bps: uint256):
    ownable._check_owner()
    words: Words = self._listed(asset)
    self._check_reserve_factor(reserve_factor_bps)
    old: uint256 = self._reserve_factor_bps(words)
    words.market = (words.market & ~(reserve_slots.MASK_14 << reserve_slots.RESERVE_FACTOR_AT)) | (
        reserve_factor_bps << reserve_slots.RESERVE_FACTOR_AT
    )
    self._configure(asset, words)
    log IPoolConfigurator.ReserveFactorSet(asset=asset, old_reserve_factor_bps=old, reserve_factor_bps=reserve_factor_bps)


@external
def set_rate_model(asset: address, rate_model: address):
    ownable._check_owner()
    words: Words = self._listed(asset)
    old_rate_model: address = self._rate_model(words)
    anchor: Anchor = self._anchored(self.rate_model_anchors[asset], old_rate_model)
    self.rate_model_anchors[asset] = anchor
    is_compared: bool = not self._is_frozen(words)
    if is_compared:
        self._check_rates(rate_model, old_rate_model, anchor.was)
    else:
        self._check_rates(rate_model, empty(address), empty(address))
    state: ILendingPool.ReserveState = staticcall ILendingPool(self.pool).reserve_state(asset)
    if state.debt != 0:
        utilisation_wad: uint256 = state.debt * WAD // (state.cash + state.debt)
        rate_wad: uint256 = self._checked_rate(rate_model, utilisation_wad)
        if is_compared:
            self._check_jump(state.borrow_rate_wad, rate_wad)
            self._check_near(anchor.was, utilisation_wad, rate_wad)
    words.market = (words.market & ~reserve_slots.MASK_160) | convert(rate_model, uint256)
    self._configure(asset, words)
    log IPoolConfigurator.RateModelSet(asset=asset, old_rate_model=old_rate_model, rate_model=rate_model)


@external
def set_origination_fee(asset: address, fee_bps: uint256, stakers: address):
    ownable._check_owner()
    words: Words = self._listed(asset)
    assert fee_bps <= MAX_ORIGINATION_FEE_BPS, "configurator: bad fee"
    old_fee_bps: uint256 = self._origination_fee_bps(words)
    old_stakers: address = words.stakers
    words.market = (words.market & ~(reserve_slots.MASK_9 << reserve_slots.ORIGINATION_FEE_AT)) | (fee_bps << reserve_slots.ORIGINATION_FEE_AT)
    words.stakers = stakers
    self._configure(asset, words)
    log IPoolConfigurator.OriginationFeeSet(
        asset=asset,
        old_fee_bps=old_fee_bps,
        fee_bps=fee_bps,
        old_stakers=old_stakers,
        stakers=stakers,
    )


@external
def set_caps(asset: address, supply_cap: uint256, debt_cap: uint256):
    ownable._check_owner()
    self._set_caps(asset, self._listed(asset), supply_cap, debt_cap)


@external
def unfreeze(asset: address):
    ownable._check_owner()
    words: Words = self._listed(asset)
    assert self._is_frozen(words), "configurator: not frozen"
    # While it was frozen an oracle without its feed could come.
    self._check_feed(asset, self._ltv_bps(words))
    words.market = words.market & ~reserve_slots.FROZEN
    self._configure(asset, words)
    log IPoolConfigurator.FrozenSet(asset=asset, old_frozen=True, frozen=False)


@external
def lift_pause(asset: address):
    ownable._check_owner()
    words: Words = self._listed(asset)
    assert self._paused_actions(words) != 0, "configurator: not paused"
    self.pausable_from[asset] = block.timestamp + PAUSE_COOL_DOWN
    self._set_pause(asset, words, 0, 0)


# ---------------------------------------------------------------- external, owner: pool


@external
def set_oracle(oracle: address):
    ownable._check_owner()
    pool: ILendingPool = self._pool()
    assert oracle.is_contract, "configurator: no code"
    old_oracle: address = staticcall pool.oracle()
    grace_until: uint256 = 0
    reserves_count: uint256 = staticcall pool.reserves_count()
    if old_oracle != empty(address) and reserves_count != 0:
        anchor: Anchor = self._anchored(self.oracle_anchor, old_oracle)
        self.oracle_anchor = anchor
        for id: uint256 in range(reserves_count, bound=MAX_RESERVES):
            asset: address = staticcall pool.reserve_at(id)
            words: Words = self._words(asset)
            with_depth: bool = self._depth_mode(words) == depth_math.FULL
            agree: bool = False
            prices: Prices = empty(Prices)
            agree, prices = self._ask_band(oracle, asset)
            if agree:
                agree = self._agrees(old_oracle, asset, prices, with_depth)
            if agree and anchor.was != old_oracle:
                agree = self._agrees(anchor.was, asset, prices, with_depth)
            has_feed: bool = self._has_feed(oracle, asset, self._liquidation_ltv_bps(words))
            if not (agree and has_feed):
                if not self._is_frozen(words):
                    assert agree, "configurator: oracles disagree"
                    self._refuse_without_feed()
                grace_until = block.timestamp + MAX_GRACE
    new_risk_from: uint256 = 0
    liquidation_from: uint256 = 0
    new_risk_from, liquidation_from = staticcall pool.guards()
    extcall pool.set_oracle(oracle, max(new_risk_from, grace_until))
    if grace_until != 0:
        self.switch_grace_until = grace_until
        engine: address = staticcall pool.engine()
        if engine != empty(address):
            extcall pool.set_engine(engine, max(liquidation_from, grace_until))
    log IPoolConfigurator.OracleSet(old_oracle=old_oracle, oracle=oracle, grace_until=grace_until)


@external
def set_engine(engine: address):
    ownable._check_owner()
    pool: ILendingPool = self._pool()
    answers: bool = False
    named: uint256 = 0
    answers, named = self._ask_word(engine, method_id("pool()", output_type=bytes4))
    assert answers and named == convert(self.pool, uint256), "configurator: bad engine"
    old_engine: address = staticcall pool.engine()
    # It may be the first one, named in the grace period after a switch of oracles.
    extcall pool.set_engine(engine, max((staticcall pool.guards())[1], self.switch_grace_until))
    log IPoolConfigurator.EngineSet(old_engine=old_engine, engine=engine)


@external
def lift_liquidation_pause():
    ownable._check_owner()
    old_until: uint256 = self.liquidation_paused_until
    assert block.timestamp < old_until, "configurator: not paused"
    self._close_liquidation(block.timestamp, block.timestamp - self.liquidation_pause_began)


@external
def set_steward(steward: address):
    ownable._check_owner()
    self._set_steward(steward)


@external
def set_guardian(guardian: address):
    ownable._check_owner()
    self._set_guardian(guardian)


# ---------------------------------------------------------------- external, steward


@external
def lower_caps(asset: address, supply_cap: uint256, debt_cap: uint256):
    self._check_steward()
    words: Words = self._listed(asset)
    assert self._is_no_more(supply_cap, self._supply_cap(words)), "configurator: cap raised"
    assert self._is_no_more(debt_cap, self._debt_cap(words)), "configurator: cap raised"
    self._set_caps(asset, words, supply_cap, debt_cap)


@external
def freeze(asset: address):
    self._check_steward()
    words: Words = self._listed(asset)
    assert not self._is_frozen(words), "configurator: already frozen"
    words.market = words.market | reserve_slots.FROZEN
    self._configure(asset, words)
    log IPoolConfigurator.FrozenSet(asset=asset, old_frozen=False, frozen=True)


# ---------------------------------------------------------------- external, guardian


@external
def pause(asset: address, actions: uint256, duration: uint256):
    self._check_guardian()
    words: Words = self._listed(asset)
    self._check_actions(actions)
    assert duration <= MAX_PAUSE, "configurator: bad duration"
    # rounded down, so that no pause is longer than that
    until: uint256 = (block.timestamp + duration) >> reserve_slots.PAUSE_SHIFT
    assert until > block.timestamp >> reserve_slots.PAUSE_SHIFT, "configurator: bad duration"
    assert block.timestamp >= self.pausable_from[asset], "configurator: cooling down"
    self.pausable_from[asset] = (until << reserve_slots.PAUSE_SHIFT) + PAUSE_COOL_DOWN
    self._set_pause(asset, words, actions, until)


@external
def add_to_pause(asset: address, actions: uint256):
    self._check_guardian()
    words: Words = self._listed(asset)
    self._check_actions(actions)
    running: uint256 = self._paused_actions(words)
    assert running != 0, "configurator: not paused"
    self._set_pause(asset, words, running | actions, self._paused_until(words))


@external
def pause_liquidation(duration: uint256):
    self._check_guardian()
    assert duration != 0 and duration <= MAX_LIQUIDATION_PAUSE, "configurator: bad duration"
    assert block.timestamp >= self.liquidation_pausable_from, "configurator: cooling down"
    self.liquidation_pause_began = block.timestamp
    self._close_liquidation(block.timestamp + duration, duration)


# ---------------------------------------------------------------- external views


@view
@external
def configuration(asset: address) -> IPoolConfigurator.Configuration:
    words: Words = self._listed(asset)
    ramp_until: uint256 = 0
    if self._is_ramp_running(words):
        ramp_until = words.ramp >> reserve_slots.RAMP_END_AT
    actions: uint256 = self._paused_actions(words)
    paused_until: uint256 = 0
    if actions != 0:
        paused_until = self._paused_until(words) << reserve_slots.PAUSE_SHIFT
    return IPoolConfigurator.Configuration(
        rate_model=self._rate_model(words),
        reserve_factor_bps=self._reserve_factor_bps(words),
        origination_fee_bps=self._origination_fee_bps(words),
        stakers=words.stakers,
        ltv_bps=self._ltv_bps(words),
        new_risk_ltv_bps=(words.listing >> reserve_slots.LTV_AT) & reserve_slots.MASK_14,
        liquidation_ltv_bps=self._liquidation_ltv_bps(words),
        ramp_until=ramp_until,
        bonus_bps=self._bonus_bps(words),
        depth_mode=self._depth_mode(words),
        supply_cap=self._supply_cap(words),
        debt_cap=self._debt_cap(words),
        frozen=self._is_frozen(words),
        paused_actions=actions,
        paused_until=paused_until,
    )


# ---------------------------------------------------------------- internals: who may, and reasons with several places


@internal
@view
def _check_steward():
    assert msg.sender == self.steward, "configurator: not steward"


@internal
@view
def _check_guardian():
    assert msg.sender == self.guardian, "configurator: not guardian"


@internal
@pure
def _check_ltv(ltv_bps: uint256, bonus_bps: uint256):
    assert BPS <= bonus_bps and bonus_bps <= MAX_BONUS_BPS, "configurator: bad bonus"
    # LTV <= 1/bonus - 5 %, multiplied out
    assert ltv_bps <= BPS and (ltv_bps + LTV_MARGIN_BPS) * bonus_bps <= BPS * BPS, "configurator: bad ltv"


@internal
@pure
def _check_reserve_factor(reserve_factor_bps: uint256):
    assert reserve_factor_bps <= BPS, "configurator: bad reserve factor"


@internal
@pure
def _check_actions(actions: uint256):
    assert actions != 0 and actions <= ALL_ACTIONS, "configurator: bad actions"


@internal
@pure
def _refuse_depth_mode():
    raise "configurator: bad depth mode"


@internal
@pure
def _refuse_without_feed():
    raise "configurator: no feed"


@internal
@view
def _check_feed(asset: address, ltv_bps: uint256):
    if not self._has_feed(staticcall ILendingPool(self.pool).oracle(), asset, ltv_bps):
        self._refuse_without_feed()


# ---------------------------------------------------------------- internals: roles


@internal
def _set_steward(steward: address):
    log IPoolConfigurator.StewardSet(old_steward=self.steward, steward=steward)
    self.steward = steward


@internal
def _set_guardian(guardian: address):
    log IPoolConfigurator.GuardianSet(old_guardian=self.guardian, guardian=guardian)
    self.guardian = guardian


# ---------------------------------------------------------------- internals: the pool's words


@internal
@view
def _pool() -> ILendingPool:
    assert self.pool != empty(address), "configurator: not attached"
    return ILendingPool(self.pool)


@internal
@view
def _words(asset: address) -> Words:
    words: Words = empty(Words)
    words.market, words.listing, words.caps, words.ramp, words.stakers = staticcall ILendingPool(self.pool).config_words(asset)
    return words


@internal
@view
def _listed(asset: address) -> Words:
    assert self.is_listed[asset], "configurator: not listed"
    return self._words(asset)


@internal
def _configure(asset: address, changed: Words):
    """
    @notice Write the words, with the LTV and the ramp as they belong to an asset that is frozen or not, without what has run out
    """
    words: Words = changed
    if self._paused_actions(words) == 0:
        words.market = words.market & ~(reserve_slots.PAUSED_ANY | (reserve_slots.MASK_26 << reserve_slots.PAUSED_UNTIL_AT))
    ltv_bps: uint256 = self._ltv_bps(words)
    frozen: bool = self._is_frozen(words)
    running: bool = self._is_ramp_running(words)
    if not running:
        words.ramp = 0
        if frozen:
            words.ramp = self._ramp(ltv_bps, ltv_bps, block.timestamp)
    words.listing = words.listing & ~((reserve_slots.MASK_14 << reserve_slots.LTV_AT) | reserve_slots.RAMPING)
    if not frozen:
        words.listing = words.listing | (ltv_bps << reserve_slots.LTV_AT)
    if frozen or running:
        words.listing = words.listing | reserve_slots.RAMPING
    extcall ILendingPool(self.pool).configure(asset, words.market, words.listing, words.caps, words.ramp, words.stakers)


@internal
@pure
def _rate_model(words: Words) -> address:
    return convert(words.market & reserve_slots.MASK_160, address)


@internal
@pure
def _reserve_factor_bps(words: Words) -> uint256:
    return (words.market >> reserve_slots.RESERVE_FACTOR_AT) & reserve_slots.MASK_14


@internal
@pure
def _origination_fee_bps(words: Words) -> uint256:
    return (words.market >> reserve_slots.ORIGINATION_FEE_AT) & reserve_slots.MASK_9


@internal
@pure
def _bonus_bps(words: Words) -> uint256:
    return (words.listing >> reserve_slots.BONUS_AT) & reserve_slots.MASK_14


@internal
@pure
def _depth_mode(words: Words) -> uint256:
    return (words.listing >> reserve_slots.DEPTH_MODE_AT) & 3


@internal
@pure
def _is_frozen(words: Words) -> bool:
    return words.market & reserve_slots.FROZEN != 0


# ---------------------------------------------------------------- internals: LTV


@internal
@pure
def _ltv_bps(words: Words) -> uint256:
    """
    @notice What the owner has set
    """
    if words.listing & reserve_slots.RAMPING != 0:
        return (words.ramp >> reserve_slots.RAMP_TO_AT) & reserve_slots.MASK_14
    return (words.listing >> reserve_slots.LTV_AT) & reserve_slots.MASK_14


@internal
@view
def _is_ramp_running(words: Words) -> bool:
    return words.listing & reserve_slots.RAMPING != 0 and block.timestamp < words.ramp >> reserve_slots.RAMP_END_AT


@internal
@view
def _liquidation_ltv_bps(words: Words) -> uint256:
    if not self._is_ramp_running(words):
        return self._ltv_bps(words)
    return reserve_slots._ramped(words.ramp, block.timestamp)


@internal
@view
def _ramp(from_bps: uint256, to_bps: uint256, until: uint256) -> uint256:
    return (
        from_bps
        | (to_bps << reserve_slots.RAMP_TO_AT)
        | (block.timestamp << reserve_slots.RAMP_START_AT)
        | (until << reserve_slots.RAMP_END_AT)
    )


# ---------------------------------------------------------------- internals: caps


@internal
@pure
def _supply_cap(words: Words) -> uint256:
    return words.caps & reserve_slots.MASK_128


@internal
@pure
def _debt_cap(words: Words) -> uint256:
    return words.caps >> 128


@internal
@pure
def _is_no_more(cap: uint256, old_cap: uint256) -> bool:
    # 0, no cap, is the most there can be
    return old_cap == 0 or (cap != 0 and cap <= old_cap)


@internal
def _set_caps(asset: address, listed: Words, supply_cap: uint256, debt_cap: uint256):
    assert max(supply_cap, debt_cap) <= reserve_slots.MASK_128, "configurator: bad cap"
    words: Words = listed
    old_supply_cap: uint256 = self._supply_cap(words)
    old_debt_cap: uint256 = self._debt_cap(words)
    words.caps = supply_cap | (debt_cap << 128)
    self._configure(asset, words)
    log IPoolConfigurator.CapsSet(
        asset=asset,
        old_supply_cap=old_supply_cap,
        supply_cap=supply_cap,
        old_debt_cap=old_debt_cap,
        debt_cap=debt_cap,
    )


# ---------------------------------------------------------------- internals: pauses


@internal
@pure
def _paused_until(words: Words) -> uint256:
    """
    @dev In units of 64 seconds
    """
    return (words.market >> reserve_slots.PAUSED_UNTIL_AT) & reserve_slots.MASK_26


@internal
@view
def _paused_actions(words: Words) -> uint256:
    """
    @notice What is paused now
    """
    if block.timestamp >> reserve_slots.PAUSE_SHIFT >= self._paused_until(words):
        return 0
    return words.market >> ACTIONS_AT


@internal
def _set_pause(asset: address, listed: Words, actions: uint256, until: uint256):
    words: Words = listed
    old_actions: uint256 = self._paused_actions(words)
    old_until: uint256 = 0
    if old_actions != 0:
        old_until = self._paused_until(words) << reserve_slots.PAUSE_SHIFT
    words.market = (
        (words.market & ~(reserve_slots.PAUSED_ANY | (reserve_slots.MASK_26 << reserve_slots.PAUSED_UNTIL_AT)))
        | (actions << ACTIONS_AT)
        | (until << reserve_slots.PAUSED_UNTIL_AT)
    )
    self._configure(asset, words)
    log IPoolConfigurator.PauseSet(
        asset=asset,
        old_actions=old_actions,
        actions=actions,
        old_until=old_until,
        paused_until=until << reserve_slots.PAUSE_SHIFT,
    )


@internal
def _close_liquidation(until: uint256, paused_for: uint256):
    """
    @notice Close liquidation and new risk until `until`, and for the grace period that belongs to a pause of that length
    @dev Whoever could not be liquidated does not take more debt in the meantime, nor in the grace period.
    """
    pool: ILendingPool = self._pool()
    engine: address = staticcall pool.engine()
    oracle: address = staticcall pool.oracle()
    assert engine != empty(address) and oracle != empty(address), "configurator: no engine"
    opens_from: uint256 = until
    if paused_for > PAUSE_WITHOUT_GRACE:
        opens_from = until + min(paused_for, MAX_GRACE)
    opens_from = max(opens_from, self.switch_grace_until)
    old_until: uint256 = self.liquidation_paused_until
    old_opens_from: uint256 = (staticcall pool.guards())[1]
    self.liquidation_paused_until = until
    self.liquidation_pausable_from = opens_from + LIQUIDATION_COOL_DOWN
    extcall pool.set_engine(engine, opens_from)
    extcall pool.set_oracle(oracle, opens_from)
    log IPoolConfigurator.LiquidationPauseSet(
        old_until=old_until,
        paused_until=until,
        old_opens_from=old_opens_from,
        opens_from=opens_from,
    )


# ---------------------------------------------------------------- internals: oracles, models, engines


@internal
@view
def _agrees(old_oracle: address, asset: address, new: Prices, with_depth: bool) -> bool:
    """
    @param new What the new oracle says
    """
    answers: bool = False
    old: Prices = empty(Prices)
    answers, old = self._ask_band(old_oracle, asset)
    return (
        answers
        and self._is_near(old.low, new.low)
        and self._is_near(old.high, new.high)
        and self._is_near(old.liquidation_high, new.liquidation_high)
        and self._is_near(old.liquidation_low, new.liquidation_low)
        and self._is_near(old.fresh_low, new.fresh_low)
        and self._is_near(old.fresh_high, new.fresh_high)
        and (not with_depth or self._is_near(old.liquidation_depth, new.liquidation_depth))
    )


@internal
@view
def _has_feed(oracle: address, asset: address, ltv_bps: uint256) -> bool:
    """
    @notice The oracle has the feed that an asset with this LTV needs, if it needs one. One that does not say so has none.
    """
    if ltv_bps <= MAX_LTV_WITHOUT_FEED_BPS:
        return True
    answers: bool = False
    word: uint256 = 0
    answers, word = self._ask(oracle, abi_encode(asset, method_id=method_id("has_feed(address)")), QUESTION_GAS)
    return answers and word == 1


@internal
@pure
def _is_near(old: uint256, new: uint256) -> bool:
    # 0, no price, is near 0 alone
    return max(old, new) - min(old, new) <= old // ORACLE_BOUND


@internal
@view
def _ask_band(oracle: address, asset: address) -> (bool, Prices):
    success: bool = False
    answer: Bytes[352] = b""
    success, answer = raw_call(
        oracle,
        abi_encode(asset, method_id=method_id("band(address)")),
        max_outsize=352,
        gas=BAND_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if success and len(answer) == 320:
        return True, abi_decode(slice(answer, 0, 256), Prices)
    # Who executes a switch and gives too little gas must not close liquidation for a grace period by it.
    assert success or msg.gas > BAND_GAS // 63, "configurator: not enough gas"
    return False, empty(Prices)


@internal
@view
def _anchored(anchor: Anchor, present: address) -> Anchor:
    if block.timestamp < anchor.until:
        return anchor
    return Anchor(was=present, until=block.timestamp + ANCHOR_TIME)


@internal
@view
def _check_rates(rate_model: address, old_rate_model: address, anchor: address):
    """
    @param old_rate_model, anchor What it is compared with; the zero address: nothing
    """
    least: uint256 = 0
    for utilisation_wad: uint256 in UTILISATIONS:
        rate_wad: uint256 = self._checked_rate(rate_model, utilisation_wad)
        assert rate_wad >= least, "configurator: bad rate model"
        least = rate_wad
        self._check_near(old_rate_model, utilisation_wad, rate_wad)
        self._check_near(anchor, utilisation_wad, rate_wad)


@internal
@view
def _check_near(old_rate_model: address, utilisation_wad: uint256, rate_wad: uint256):
    """
    @dev A model that does not answer has nothing to compare with.
    """
    answers: bool = False
    old_rate_wad: uint256 = 0
    answers, old_rate_wad = self._ask_rate(old_rate_model, utilisation_wad)
    if answers:
        self._check_jump(old_rate_wad, rate_wad)


@internal
@pure
def _check_jump(old_rate_wad: uint256, rate_wad: uint256):
    # what the pool would make of it
    old: uint256 = min(old_rate_wad, interest.MAX_RATE_WAD)
    assert max(old, rate_wad) <= RATE_FACTOR * min(old, rate_wad) + RATE_POINTS_WAD, "configurator: rate jumps"


@internal
@view
def _checked_rate(rate_model: address, utilisation_wad: uint256) -> uint256:
    answers: bool = False
    rate_wad: uint256 = 0
    answers, rate_wad = self._ask_rate(rate_model, utilisation_wad)
    assert answers and rate_wad <= interest.MAX_RATE_WAD, "configurator: bad rate model"
    return rate_wad


@internal
@view
def _ask_rate(rate_model: address, utilisation_wad: uint256) -> (bool, uint256):
    return self._ask(rate_model, abi_encode(utilisation_wad, method_id=method_id("borrow_rate_wad(uint256)")), interest.RATE_MODEL_GAS)


@internal
@view
def _ask_word(target: address, question: bytes4) -> (bool, uint256):
    return self._ask(target, concat(question, b""), QUESTION_GAS)


@internal
@view
def _ask(target: address, question: Bytes[36], given: uint256) -> (bool, uint256):
    """
    @notice (there is an answer of one word, the word). One that burns gas or answers more is none.
    @dev Nobody makes it silent by giving too little gas: a 64th of that remains, with which nothing can be configured.
    """
    success: bool = False
    answer: Bytes[64] = b""
    success, answer = raw_call(target, question, max_outsize=64, gas=given, is_static_call=True, revert_on_failure=False)
    if success and len(answer) == 32:
        return True, abi_decode(answer, uint256)
    return False, 0
