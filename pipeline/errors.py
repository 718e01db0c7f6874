"""What can go wrong in a replica, by who has to act. The command line turns each class into an exit code."""


class PipelineError(Exception):
    """Something failed that may work again later: the broker is away, the disk is full."""


class InputError(PipelineError):
    """What the caller gave can't be used: an option, a file, a name."""


class RefusedError(PipelineError):
    """Going on would lose or mix up data, as with a store that does not fit. The message has the remedy."""
