import boa

from tests.pair_world import ZERO


def test_set_fee_to__by_the_setter__names_the_receiver(factory, owner, treasury):
    factory.setFeeTo(treasury, sender=owner)
    assert factory.feeTo() == treasury
    factory.setFeeTo(ZERO, sender=owner)
    assert factory.feeTo() == ZERO


def test_set_fee_to__by_anyone_else__reverts(factory, attacker, treasury):
    with boa.reverts("UniswapV2: FORBIDDEN"):
        factory.setFeeTo(attacker, sender=attacker)
    with boa.reverts("UniswapV2: FORBIDDEN"):
        factory.setFeeTo(attacker, sender=treasury)


def test_set_fee_to_setter__by_the_setter__hands_the_right_over(factory, owner, treasury):
    factory.setFeeToSetter(treasury, sender=owner)
    assert factory.feeToSetter() == treasury
    with boa.reverts("UniswapV2: FORBIDDEN"):
        factory.setFeeTo(owner, sender=owner)
    factory.setFeeTo(treasury, sender=treasury)


def test_set_fee_to_setter__by_anyone_else__reverts(factory, attacker):
    with boa.reverts("UniswapV2: FORBIDDEN"):
        factory.setFeeToSetter(attacker, sender=attacker)


def test_set_fee_to_setter__to_nobody__closes_the_switch_for_ever(factory, owner):
    factory.setFeeToSetter(ZERO, sender=owner)
    with boa.reverts("UniswapV2: FORBIDDEN"):
        factory.setFeeTo(owner, sender=owner)
