# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Isolated markets for any token
@license MIT
@notice See interfaces/IMarketFactory.vyi
@dev Everything that is asked of the world is read, and everything of the market is set, before its token is called to move for the first
     time (it has told its decimals, statically): whatever it does then, it does to a finished market. The factory holds nothing
     between calls, and a call back into it is refused.
"""

# ---------------------------------------------------------------- imports

from ethereum.ercs import IERC20

# who lists quotes and rate models, and names the guardian
from snekmate.auth import ownable
from snekmate.auth import ownable_2step

from interfaces import ILendingPool
from interfaces import IMarketFactory
from interfaces import IObservations
from interfaces import IPairFactory
from interfaces import IPoolConfigurator
from interfaces import IPriceOracle

# the cap on collateral
from contracts.modules import depth_math

# exact transfers
from contracts.modules import transfers

implements: IMarketFactory

initializes: ownable
initializes: ownable_2step[ownable := ownable]

exports: (
    ownable.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
)

# ---------------------------------------------------------------- constants

WAD: constant(uint256) = 10**18
BPS: constant(uint256) = 10_000

# A page of a list
PAGE: constant(uint256) = 64
# ERC-5202: FE 71 00
PREAMBLE_SIZE: constant(uint256) = 3

LEAST_AGE: constant(uint256) = 7 * 86_400

# Without a feed nothing carries more than 65 %
MOST_LTV_BPS: constant(uint256) = 6_500
# Somebody must act for it where gas is dear and the pair thin; and more would take too much from a borrower
LEAST_BONUS_BPS: constant(uint256) = 10_500
MOST_BONUS_BPS: constant(uint256) = 12_000
# The treasury's shares are the first to bear a deficit
LEAST_RESERVE_FACTOR_BPS: constant(uint256) = 1_000
MOST_RESERVE_FACTOR_BPS: constant(uint256) = 5_000
LEAST_BORROW_LIMIT_BPS: constant(uint256) = 5_000
MOST_BORROW_LIMIT_BPS: constant(uint256) = 8_000
# The treasury's part of what is seized, the protocol's own: 3 %
LIQUIDATION_FEE_BPS: constant(uint256) = 300
LEAST_MIN_DEPTH: constant(uint256) = 10_000 * WAD
# Who owns nearly all of a pair could leave it, and move what is left at no cost
LEAST_PART_OF_DEPTH: constant(uint256) = 8
# What is lent beyond the debt cap serves withdrawals alone
QUOTE_SUPPLY_PART: constant(uint256) = 2
# Worth of a seed, at least
LEAST_SEED: constant(uint256) = WAD

MASK_128: constant(uint256) = 2**128 - 1

# ---------------------------------------------------------------- immutables

pair_factory: public(immutable(address))
# Blueprints
pool_blueprint: public(immutable(address))
configurator_blueprint: public(immutable(address))
engine_blueprint: public(immutable(address))
oracle_blueprint: public(immutable(address))
# Of each pool
treasury: public(immutable(address))
operators: public(immutable(address))
extension: public(immutable(address))
min_debt_wad: public(immutable(uint256))

unvetted: public(constant(bool)) = True

# ---------------------------------------------------------------- storage

guardian: public(reentrant(address))
quote_of: public(reentrant(HashMap[address, IMarketFactory.Quote]))
is_rate_model: public(reentrant(HashMap[address, bool]))

# Oracles of markets to come, by what they are made of
prepared: HashMap[bytes32, address]
pool_of: public(reentrant(HashMap[bytes32, address]))
pools: DynArray[address, 2**32]
pools_by_tokens: HashMap[address, HashMap[address, DynArray[address, 2**32]]]
market: HashMap[address, IMarketFactory.Market]

# ---------------------------------------------------------------- constructor


@deploy
def __init__(
    pairs: address,
    pool: address,
    configurator: address,
    engine: address,
    oracle: address,
    treasury_: address,
    operators_: address,
    extension_: address,
    min_debt: uint256,
    owner: address,
    first_guardian: address,
):
    """
    @param pairs The PairFactory whose pairs count
    @param pool, configurator, engine, oracle ERC-5202 blueprints of LendingPool, PoolConfigurator, LiquidationEngine, IsolatedOracle
    @param min_debt As LendingPool's, WAD
    """
    ownable.__init__()
    ownable_2step.__init__()
    assert pairs != empty(address) and owner != empty(address), "market: zero address"
    ownable_2step._transfer_ownership(owner)
    pair_factory = pairs
    pool_blueprint = pool
    configurator_blueprint = configurator
    engine_blueprint = engine
    oracle_blueprint = oracle
    treasury = treasury_
    operators = operators_
    extension = extension_
    min_debt_wad = min_debt
    self._set_guardian(first_guardian)


# ---------------------------------------------------------------- external, anyone


@external
def prepare_oracle(token: address, quote: address, terms: IMarketFactory.Terms) -> address:
    assert self.quote_of[quote].listed, "market: not a quote"
    key: bytes32 = self._prepared_key(self._id(token, quote, terms), quote)
    assert self.prepared[key] == empty(address), "market: exists"
    oracle: address = self._new_oracle(token, quote, self._old_pair(token, quote), terms.min_depth)
    self.prepared[key] = oracle
    log IMarketFactory.OraclePrepared(token=token, quote=quote, oracle=oracle)
    return oracle


@external
def open_market(token: address, quote: address, terms: IMarketFactory.Terms, token_seed: uint256, quote_seed: uint256) -> address:
    id: bytes32 = self._id(token, quote, terms)
    assert self.pool_of[id] == empty(address), "market: exists"
    assert self.quote_of[quote].listed, "market: not a quote"
    assert not self.quote_of[token].listed, "market: token is a quote"
    self._check_side(terms.token)
    self._check_side(terms.quote)
    assert terms.token.ltv_bps != 0, "market: bad ltv"
    assert LEAST_BORROW_LIMIT_BPS <= terms.borrow_limit_bps and terms.borrow_limit_bps <= MOST_BORROW_LIMIT_BPS, "market: bad borrow limit"

    market: IMarketFactory.Market = empty(IMarketFactory.Market)
    market.id = id
    market.token = token
    market.quote = quote
    market.creator = msg.sender
    market.created_ts = block.timestamp
    market.unvetted = True
    market.pair = self._old_pair(token, quote)
    market.oracle = self._take_oracle(market, terms.min_depth)
    market.depth = self._check_prices(market, terms, token_seed, quote_seed)
    market = self._new_pool(market, terms)

    self.pool_of[id] = market.pool
    self.pools.append(market.pool)
    self.pools_by_tokens[token][quote].append(market.pool)
    self.market[market.pool] = market
    log IMarketFactory.MarketOpened(
        token=token,
        quote=quote,
        pool=market.pool,
        id=id,
        pair=market.pair,
        oracle=market.oracle,
        engine=market.engine,
        configurator=market.configurator,
        creator=msg.sender,
        depth=market.depth,
        terms=terms,
        unvetted=True,
    )
    # Strangers' code from here on
    self._seed(market.pool, quote, quote_seed)
    self._seed(market.pool, token, token_seed)
    return market.pool


# ---------------------------------------------------------------- external, guardian


@external
def pause(pool: address, asset: address, actions: uint256, duration: uint256):
    extcall IPoolConfigurator(self._to_pause(pool)).pause(asset, actions, duration)


@external
def add_to_pause(pool: address, asset: address, actions: uint256):
    extcall IPoolConfigurator(self._to_pause(pool)).add_to_pause(asset, actions)


@external
def pause_liquidation(pool: address, duration: uint256):
    extcall IPoolConfigurator(self._to_pause(pool)).pause_liquidation(duration)


# ---------------------------------------------------------------- external, owner


@external
def set_quote(quote: address, price: uint256):
    ownable._check_owner()
    assert price != 0, "market: bad price"
    self._set_quote(quote, IMarketFactory.Quote(listed=True, price=price, feed=empty(address), heartbeat=0, min_answer=0, max_answer=0))


@external
def set_quote_feed(quote: address, feed: address, heartbeat: uint256, min_answer: uint256, max_answer: uint256):
    ownable._check_owner()
    assert feed != empty(address), "market: zero address"
    self._set_quote(
        quote,
        IMarketFactory.Quote(listed=True, price=0, feed=feed, heartbeat=heartbeat, min_answer=min_answer, max_answer=max_answer),
    )


@external
def remove_quote(quote: address):
    ownable._check_owner()
    self._set_quote(quote, empty(IMarketFactory.Quote))


@external
def set_rate_model(rate_model: address, listed: bool):
    ownable._check_owner()
    self.is_rate_model[rate_model] = listed
    log IMarketFactory.RateModelSet(rate_model=rate_model, listed=listed)


@external
def set_guardian(guardian: address):
    ownable._check_owner()
    self._set_guardian(guardian)


# ---------------------------------------------------------------- external views


@external
@view
@reentrant
def markets_count() -> uint256:
    return len(self.pools)


@external
@view
@reentrant
def markets(offset: uint256, count: uint256) -> DynArray[IMarketFactory.Market, PAGE]:
    page: DynArray[IMarketFactory.Market, PAGE] = []
    total: uint256 = len(self.pools)
    for i: uint256 in range(min(count, PAGE), bound=PAGE):
        # Not a sum: `offset` may be anything
        if offset >= total or i >= unsafe_sub(total, offset):
            break
        page.append(self.market[self.pools[unsafe_add(offset, i)]])
    return page


@external
@view
@reentrant
def market_of(token: address, quote: address) -> IMarketFactory.Market:
    if len(self.pools_by_tokens[token][quote]) == 0:
        return empty(IMarketFactory.Market)
    return self.market[self.pools_by_tokens[token][quote][0]]


@external
@view
@reentrant
def markets_of(token: address, quote: address, offset: uint256, count: uint256) -> DynArray[IMarketFactory.Market, PAGE]:
    page: DynArray[IMarketFactory.Market, PAGE] = []
    total: uint256 = len(self.pools_by_tokens[token][quote])
    for i: uint256 in range(min(count, PAGE), bound=PAGE):
        if offset >= total or i >= unsafe_sub(total, offset):
            break
        page.append(self.market[self.pools_by_tokens[token][quote][unsafe_add(offset, i)]])
    return page


@external
@view
@reentrant
def market_at(pool: address) -> IMarketFactory.Market:
    return self.market[pool]


@external
@view
@reentrant
def id_of(token: address, quote: address, terms: IMarketFactory.Terms) -> bytes32:
    return self._id(token, quote, terms)


@external
@view
@reentrant
def most_caps(
    depth: uint256, low: uint256, high: uint256, quote_price: uint256, ltv_bps: uint256, bonus_bps: uint256
) -> (uint256, uint256, uint256, uint256):
    return self._most_caps(depth, low, high, quote_price, ltv_bps, bonus_bps)


# ---------------------------------------------------------------- internals: what is asked of the world


@internal
@view
def _old_pair(token: address, quote: address) -> address:
    pair: address = staticcall IPairFactory(pair_factory).getPair(token, quote)
    assert pair != empty(address), "market: no pair"
    window: IObservations.Window = staticcall IObservations(pair).window(0)
    # Before the first provision of liquidity it is 0
    assert window.started_ts != 0 and window.started_ts + LEAST_AGE <= block.timestamp, "market: pair too young"
    return pair


@internal
@view
def _check_prices(market: IMarketFactory.Market, terms: IMarketFactory.Terms, token_seed: uint256, quote_seed: uint256) -> uint256:
    """
    @notice What depends on the pair: the caps, the least depth, the seeds. Returns the depth.
    """
    band: IPriceOracle.Band = staticcall IPriceOracle(market.oracle).band(market.token)
    price: uint256 = (staticcall IPriceOracle(market.oracle).band(market.quote)).low
    assert IPriceOracle.Why.THIN not in band.why and IPriceOracle.Why.THIN_FOR_NEW_RISK not in band.why, "market: pair too thin"
    assert band.low != 0 and price != 0, "market: no price"
    # The six hours need not be known yet: until they are, there is no new risk
    assert band.why & ~IPriceOracle.Why.SHORT_HISTORY == empty(IPriceOracle.Why), "market: pair unsettled"
    assert (
        LEAST_MIN_DEPTH <= terms.min_depth and terms.min_depth <= band.depth and band.depth // LEAST_PART_OF_DEPTH <= terms.min_depth
    ), "market: bad min depth"

    supply: uint256 = 0
    debt: uint256 = 0
    quote_supply: uint256 = 0
    quote_debt: uint256 = 0
    supply, debt, quote_supply, quote_debt = self._most_caps(band.depth, band.low, band.high, price, terms.token.ltv_bps, terms.token.bonus_bps)
    self._check_caps(terms.token, supply, debt)
    self._check_caps(terms.quote, quote_supply, quote_debt)
    # The division by the price rounds down in the caps, up here
    assert token_seed >= (LEAST_SEED * WAD - 1) // band.low + 1, "market: seed too small"
    assert quote_seed >= (LEAST_SEED * WAD - 1) // price + 1, "market: seed too small"
    return band.depth


@internal
@view
def _check_side(side: IMarketFactory.Side):
    assert self.is_rate_model[side.rate_model], "market: bad rate model"
    assert side.ltv_bps <= MOST_LTV_BPS, "market: bad ltv"
    assert LEAST_BONUS_BPS <= side.bonus_bps and side.bonus_bps <= MOST_BONUS_BPS, "market: bad bonus"
    assert (
        LEAST_RESERVE_FACTOR_BPS <= side.reserve_factor_bps and side.reserve_factor_bps <= MOST_RESERVE_FACTOR_BPS
    ), "market: bad reserve factor"


@internal
@pure
def _check_caps(side: IMarketFactory.Side, supply: uint256, debt: uint256):
    # 0 would be no cap
    assert side.supply_cap != 0 and side.supply_cap <= supply, "market: bad cap"
    assert side.debt_cap != 0 and side.debt_cap <= debt, "market: bad cap"


@internal
@pure
def _most_caps(
    depth: uint256, low: uint256, high: uint256, quote_price: uint256, ltv_bps: uint256, bonus_bps: uint256
) -> (uint256, uint256, uint256, uint256):
    taken: uint256 = depth_math._cap(min(depth, depth_math.UNLIMITED - 1), depth_math._risk(ltv_bps, bonus_bps))
    return (
        min(taken * WAD // low, MASK_128),
        min(taken * WAD // high, MASK_128),
        min(depth // QUOTE_SUPPLY_PART * WAD // quote_price, MASK_128),
        min(taken * ltv_bps // BPS * WAD // quote_price, MASK_128),
    )


@internal
@pure
def _id(token: address, quote: address, terms: IMarketFactory.Terms) -> bytes32:
    return keccak256(abi_encode(token, quote, terms))


@internal
@view
def _prepared_key(id: bytes32, quote: address) -> bytes32:
    """
    @notice What decides all of an oracle: the market, and how its quote is priced now
    """
    return keccak256(abi_encode(id, self.quote_of[quote]))


# ---------------------------------------------------------------- internals: building


@internal
def _take_oracle(market: IMarketFactory.Market, min_depth: uint256) -> address:
    key: bytes32 = self._prepared_key(market.id, market.quote)
    oracle: address = self.prepared[key]
    if oracle == empty(address):
        return self._new_oracle(market.token, market.quote, market.pair, min_depth)
    extcall IPriceOracle(oracle).poke(market.token)
    return oracle


@internal
def _new_oracle(token: address, quote: address, pair: address, min_depth: uint256) -> address:
    q: IMarketFactory.Quote = self.quote_of[quote]
    oracle: address = create_from_blueprint(
        oracle_blueprint,
        token,
        quote,
        pair,
        min_depth,
        q.price,
        q.feed,
        q.heartbeat,
        q.min_answer,
        q.max_answer,
        code_offset=PREAMBLE_SIZE,
    )
    # The first of the six hours
    extcall IPriceOracle(oracle).poke(token)
    return oracle


@internal
def _new_pool(before: IMarketFactory.Market, terms: IMarketFactory.Terms) -> IMarketFactory.Market:
    """
    @notice All of a market but its seeds
    """
    market: IMarketFactory.Market = before
    # No steward: what he froze nobody could open again
    # At an address of its own: nobody's other market can stand where this one was expected. The pool's follows from it.
    market.configurator = create_from_blueprint(configurator_blueprint, self, empty(address), self, code_offset=PREAMBLE_SIZE, salt=market.id)
    market.pool = create_from_blueprint(
        pool_blueprint,
        treasury,
        terms.borrow_limit_bps,
        min_debt_wad,
        market.configurator,
        operators,
        extension,
        code_offset=PREAMBLE_SIZE,
        salt=market.id,
    )
    market.engine = create_from_blueprint(engine_blueprint, market.pool, LIQUIDATION_FEE_BPS, code_offset=PREAMBLE_SIZE)

    configurator: IPoolConfigurator = IPoolConfigurator(market.configurator)
    extcall configurator.attach(market.pool)
    extcall configurator.set_oracle(market.oracle)
    extcall configurator.set_engine(market.engine)
    self._list(configurator, market.token, terms.token)
    extcall configurator.set_depth_mode(market.token, depth_math.FULL)
    self._list(configurator, market.quote, terms.quote)
    return market


@internal
def _list(configurator: IPoolConfigurator, asset: address, side: IMarketFactory.Side):
    extcall configurator.list_reserve(asset, side.rate_model, side.ltv_bps, side.bonus_bps, side.reserve_factor_bps)
    extcall configurator.set_caps(asset, side.supply_cap, side.debt_cap)


@internal
def _seed(pool: address, asset: address, amount: uint256):
    transfers._pull(asset, msg.sender, amount)
    assert extcall IERC20(asset).approve(pool, amount, default_return_value=True, skip_contract_check=True), "market: approve failed"
    extcall ILendingPool(pool).seed(asset, amount)


# ---------------------------------------------------------------- internals: configuration


@internal
@view
def _to_pause(pool: address) -> address:
    assert msg.sender == self.guardian, "market: not guardian"
    configurator: address = self.market[pool].configurator
    assert configurator != empty(address), "market: unknown"
    return configurator


@internal
def _set_quote(quote: address, word: IMarketFactory.Quote):
    assert quote != empty(address), "market: zero address"
    self.quote_of[quote] = word
    log IMarketFactory.QuoteSet(
        quote=quote,
        listed=word.listed,
        price=word.price,
        feed=word.feed,
        heartbeat=word.heartbeat,
        min_answer=word.min_answer,
        max_answer=word.max_answer,
    )


@internal
def _set_guardian(guardian: address):
    log IMarketFactory.GuardianSet(old_guardian=self.guardian, guardian=guardian)
    self.guardian = guardian
