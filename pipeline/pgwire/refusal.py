"""What a client is told when it doesn't get what it asked for."""

from typing import Final

SYNTAX_ERROR: Final = "42601"
UNDEFINED_TABLE: Final = "42P01"
INSUFFICIENT_PRIVILEGE: Final = "42501"
READ_ONLY: Final = "25006"
FEATURE_NOT_SUPPORTED: Final = "0A000"
PROGRAM_LIMIT_EXCEEDED: Final = "54000"
STATEMENT_TOO_COMPLEX: Final = "54001"
PROTOCOL_VIOLATION: Final = "08P01"
INVALID_PASSWORD: Final = "28P01"  # noqa: S105 - an error code
INVALID_TEXT: Final = "22P02"
INVALID_BINARY: Final = "22P03"


class RefusalError(Exception):
    """An error as PostgreSQL clients know it (documentation, appendix A and section 54.8).

    Attributes:
        sqlstate: the five characters of the error's class and condition.
        message: one sentence: what, and what to do.
        position: the character of the query's text it is about, the first is 1; None where it is about none.
    """

    def __init__(self, sqlstate: str, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.position = position

    def moved(self, characters: int) -> "RefusalError":
        """Return the same error for a text that began ``characters`` further on."""
        position = None if self.position is None else self.position + characters
        return RefusalError(self.sqlstate, self.message, position)
