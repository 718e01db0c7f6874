"""Whether a session is in a transaction, and of which kind.

Nothing is ever written, so a transaction only decides what statements see: each the store as it is when it
begins (READ COMMITTED, as PostgreSQL's default is), or all the same (REPEATABLE READ, SERIALIZABLE).
"""

from dataclasses import dataclass, field
from typing import Final

from pipeline.pgwire.answers import State
from pipeline.pgwire.commands import HELD, READ_COMMITTED, Begin, Command, End, Savepoint
from pipeline.pgwire.refusal import (
    FAILED_TRANSACTION,
    FEATURE_NOT_SUPPORTED,
    NO_TRANSACTION,
    UNDEFINED_SAVEPOINT,
    RefusalError,
)

MOST_SAVEPOINTS: Final = 1_000


@dataclass(slots=True)
class Transaction:
    """The state of one session.

    Attributes:
        state: ``I`` for none, ``T`` for one, ``E`` for one in which a statement failed.
        isolation: of the transaction.
        default: isolation of those to come.
        savepoints: their names, the newest last.
    """

    state: State = "I"
    isolation: str = READ_COMMITTED
    default: str = READ_COMMITTED
    savepoints: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether all statements see the same."""
        return self.state == "T" and self.isolation in HELD

    def check(self, command: Command | None) -> None:
        """Raise RefusalError if ``command``, or a question, can't be in a transaction that failed."""
        ends = isinstance(command, End) or (isinstance(command, Savepoint) and command.tag == "ROLLBACK")
        if self.state == "E" and not ends:
            raise RefusalError(
                FAILED_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block",
            )

    def begin(self, begin: Begin) -> None:
        """A transaction begins; in one this does nothing."""
        if self.state == "I":
            self.state, self.isolation = "T", begin.isolation or self.default

    def end(self, end: End) -> str:
        """The transaction ends; return what is answered: COMMIT of one that failed is a ROLLBACK."""
        tag = "ROLLBACK" if self.state == "E" else end.tag
        chain = end.chain and self.state != "I"
        self.state = "T" if chain else "I"
        if not chain:
            self.isolation = self.default
        self.savepoints.clear()
        return tag

    def fail(self) -> None:
        """A statement failed."""
        if self.state == "T":
            self.state = "E"

    def savepoint(self, savepoint: Savepoint) -> None:
        """A savepoint is set, forgotten or gone back to; raises RefusalError if there is none."""
        if self.state == "I":
            raise RefusalError(NO_TRANSACTION, f"{savepoint.tag} can only be used in transaction blocks")
        if savepoint.tag == "SAVEPOINT":
            del self.savepoints[:-MOST_SAVEPOINTS]
            self.savepoints.append(savepoint.name)
            return
        if savepoint.name not in self.savepoints:
            raise RefusalError(UNDEFINED_SAVEPOINT, f'savepoint "{savepoint.name}" does not exist')
        if self.state == "E" and self.isolation in HELD:
            raise RefusalError(
                FEATURE_NOT_SUPPORTED,
                f"a failed {self.isolation.upper()} transaction has let go: ROLLBACK",
            )
        place = len(self.savepoints) - 1 - self.savepoints[::-1].index(savepoint.name)
        del self.savepoints[place + (savepoint.tag == "ROLLBACK") :]
        if savepoint.tag == "ROLLBACK":
            self.state = "T"
