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
DATA_EXCEPTION: Final = "22000"
UNDEFINED_OBJECT: Final = "42704"
UNDEFINED_COLUMN: Final = "42703"
UNDEFINED_FUNCTION: Final = "42883"
UNDEFINED_STATEMENT: Final = "26000"
UNDEFINED_CURSOR: Final = "34000"
UNDEFINED_SAVEPOINT: Final = "3B001"
OBJECT_NOT_IN_STATE: Final = "55000"
DUPLICATE_CURSOR: Final = "42P03"
DUPLICATE_STATEMENT: Final = "42P05"
NO_TRANSACTION: Final = "25P01"
FAILED_TRANSACTION: Final = "25P02"
IDLE_IN_TRANSACTION: Final = "25P03"
QUERY_CANCELED: Final = "57014"
SHUTDOWN: Final = "57P01"
CRASHED_BEFORE: Final = "57P02"
OUT_OF_MEMORY: Final = "53200"
TOO_MANY_CONNECTIONS: Final = "53300"
INTERNAL: Final = "XX000"
NOT_AUTHORIZED: Final = "28000"
INVALID_PARAMETER: Final = "22023"


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
