"""What a campaign finds."""


class Mismatch(AssertionError):
    pass
