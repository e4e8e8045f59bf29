"""Everybody does everything at any time with three assets, and after each step pool and ledger agree. What is checked on the way:
pool_life.py. On pyrevm, and a little of it on titanoboa, which records the lines that run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.chains import Boa, Revm
from tests.depth import examples
from tests.stateful.pool_life import ACTIONS, Life

T = TypeVar("T")


class Drawn:
    """Hypothesis draws, and makes what fails small."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def choice(self, values: Sequence[T]) -> T:
        drawn: T = self.data.draw(st.sampled_from(values))
        return drawn

    def integer(self, least: int, most: int) -> int:
        return int(self.data.draw(st.integers(least, most)))


class PoolMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.life = Life(Revm())

    @rule(action=st.sampled_from(ACTIONS), data=st.data())
    def act(self, action: str, data: Any) -> None:
        self.life.step(action, Drawn(data))

    def teardown(self) -> None:
        self.life.end()


class BoaPoolMachine(PoolMachine):
    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        chain = Boa()
        self.anchor = chain.anchor()
        self.anchor.__enter__()
        self.life = Life(chain)

    def teardown(self) -> None:
        try:
            self.life.end()
        finally:
            self.anchor.__exit__(None, None, None)


PoolMachine.TestCase.settings = settings(max_examples=examples(500), stateful_step_count=50)
BoaPoolMachine.TestCase.settings = settings(max_examples=examples(2), stateful_step_count=50)
TestPoolMachine = PoolMachine.TestCase
TestPoolMachineOnTitanoboa = BoaPoolMachine.TestCase
