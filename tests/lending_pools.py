"""Lending pools as they are deployed: the pool, the code it extends itself with, who knows operators, and who may change settings."""

from __future__ import annotations

from typing import Any

from tests.conftest import load


def new_pool(treasury: Any, borrow_limit_bps: int, min_debt: int, configurator: Any, operators: Any = None) -> Any:
    extension = load("lending/PoolExtension.vy").deploy()
    operators = operators or load("periphery/Operators.vy").deploy().address
    pool = load("lending/LendingPool.vy").deploy(treasury, borrow_limit_bps, min_debt, configurator, operators, extension.address)
    return with_events_of(pool, extension)


def with_events_of(pool: Any, extension: Any) -> Any:
    """The pool emits what its extension logs. Titanoboa knows only the events of a contract's own code, not all of its interface."""
    pool.__dict__["event_abi_for"] = pool.event_abi_for | extension.event_abi_for
    return pool


def new_configured_pool(owner: Any, treasury: Any, borrow_limit_bps: int, min_debt: int) -> tuple[Any, Any]:
    """A pool and its configurator, whose owner, steward and guardian are one."""
    configurator = load("lending/PoolConfigurator.vy").deploy(owner, owner, owner)
    pool = new_pool(treasury, borrow_limit_bps, min_debt, configurator.address)
    configurator.attach(pool.address)
    return pool, configurator
