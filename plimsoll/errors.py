"""Errors that a user can do something about."""


class Problem(Exception):
    """One line: what is wrong, where, and what to do. Commands show it without a traceback and end with code 1."""


class KeeperError(Problem):
    """The keeper cannot go on."""
