"""What can go wrong in a process, by who has to act. The command line turns each class into an exit code."""


class FabricscopeError(Exception):
    """Something failed that may work again later: the broker is away, the disk is full."""


class InputError(FabricscopeError):
    """What the caller gave can't be used: an option, a file, a name."""


class RefusedError(FabricscopeError):
    """Going on would lose or mix up data, as with a store that does not fit. The message has the remedy."""
