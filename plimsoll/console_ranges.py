"""The console's helpers for ranges and swaps: plimsoll.deposits with an account of Ape, and what came of it in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plimsoll import words
from plimsoll.abi import Artifacts, Contract
from plimsoll.addresses import AddressBook, is_address
from plimsoll.console_prices import in_one_line
from plimsoll.deposits import Deposits, Number, Opened
from plimsoll.errors import Problem
from plimsoll.pool_command import show
from plimsoll.pool_text import name_and_fee, range_text
from plimsoll.pools import Flows, Pool, Position, Reader
from plimsoll.rpc import DEV_CHAIN_ID, Rpc, checksum, to_hex, to_int

if TYPE_CHECKING:
    from rich.console import Console

MINE: Any = object()


def helpers(ape: Any, at: Callable[[str, str], Any], rpc: Rpc, book: AddressBook, artifacts: Artifacts, console: Console) -> dict[str, Any]:
    """By the names that the console gives them; `at` makes Ape's contract of a name and an address."""

    def signer(account: Any) -> Any:
        if isinstance(account, str):
            raise Problem(f"'{account}' cannot sign: give the account itself, account=accounts.load('{account}')")
        if account is not None:
            return account
        if rpc.chain_id != DEV_CHAIN_ID:
            raise Problem("name the account that signs: account=accounts.load('...')")
        return ape.accounts.test_accounts[0]

    def deposits(account: Any) -> Deposits:
        chosen = signer(account)

        def send(contract: Contract, function: str, args: Sequence[Any]) -> Mapping[str, Any]:
            # a quarter to spare: a later block may have to write more of the pool's history than this one would
            request = {"from": str(chosen.address), "to": contract.address, "data": to_hex(contract.data(function, *args))}
            gas = to_int(rpc.call("eth_estimateGas", request)) * 5 // 4
            receipt = getattr(at(contract.interface.name, contract.address), function)(*args, sender=chosen, gas_limit=gas)
            return rpc.wait(str(receipt.txn_hash))

        return Deposits(rpc, book, artifacts, str(chosen.address), send, console.print)

    told = in_one_line(console)

    def opened(o: Opened) -> int:
        p = o.pool
        position = Position(o.token_id, "", o.lower, o.upper, o.liquidity, o.amounts, (0, 0), Flows())
        quote = p.coins[p.quote]
        console.print(
            f"#{o.token_id} in {name_and_fee(p)}, range {range_text(p, position)}: {_both(p, o.amounts)}, "
            f"worth {quote.text(p.in_quote(o.amounts), 2)}",
            soft_wrap=True,
        )
        return o.token_id

    @told
    def open_range(
        asset: Any,
        width: Any = "narrow",
        *,
        against: Any = None,
        fee: Number | None = None,
        slippage: Number = "0.5",
        account: Any = None,
        **amounts: Number,
    ) -> int:
        """Deposit around the price: open_range("eth", "narrow", usd=1000). Returns the position's id."""
        return opened(deposits(account).open(asset, width, amounts, against=against, fee=fee, slippage=slippage))

    @told
    def move_range(token_id: int, width: Any, *, slippage: Number = "0.5", account: Any = None) -> int:
        """All of a position into another range around the price, under a new id, which is returned."""
        return opened(deposits(account).move(token_id, width, slippage=slippage))

    @told
    def compound(token_id: int, *, slippage: Number = "0.5", account: Any = None) -> None:
        """The fees of a position back into its range."""
        pool, amounts = deposits(account).compound(token_id, slippage=slippage)
        console.print(f"#{token_id}: {_both(pool, amounts)} added", soft_wrap=True)

    @told
    def close_range(token_id: int, *, slippage: Number = "0.5", account: Any = None) -> None:
        """Everything out of a position, fees included."""
        pool, amounts = deposits(account).close(token_id, slippage=slippage)
        console.print(f"#{token_id}: {_both(pool, amounts)} paid out", soft_wrap=True)

    @told
    def ranges(account: Any = MINE) -> None:
        """What is deposited: by Anvil's first account (elsewhere by everybody), by another one, or, with None, by everybody."""
        if account is MINE:
            account = ape.accounts.test_accounts[0] if rpc.chain_id == DEV_CHAIN_ID else None
        owner = None if account is None else str(getattr(account, "address", account))
        if owner is not None and not is_address(owner):
            raise Problem(f"'{owner}' is no account")
        found = Reader(rpc, book, artifacts).pools(account=checksum(owner) if owner else None)
        if found:
            show(found, console, 100)
        else:
            console.print("nothing is deposited")

    @told
    def quote(amount: Number, *tokens: Any) -> None:
        """What a swap would give, by each way: quote(1000, "usd", "eth"). The best first."""
        found = Deposits(rpc, book, artifacts, "", lambda *_: {}).routes(amount, tokens)
        width = max(len(r.name) for r in found)
        for r in found:
            last = r.tokens[-1]
            console.print(
                f"{r.name:<{width}}  {last.text(r.amount_out, 6)}, price impact {words.percent(r.price_impact_wad, 2)}, "
                f"fees {words.percent(r.fee_wad, 2)}",
                soft_wrap=True,
            )

    return {
        "open_range": open_range,
        "move_range": move_range,
        "compound": compound,
        "close_range": close_range,
        "ranges": ranges,
        "quote": quote,
    }


def _both(pool: Pool, amounts: tuple[int, int]) -> str:
    return " + ".join(pool.coins[i].text(amounts[i]) for i in (pool.base, pool.quote))
