import pytest

from pipeline.pgwire.commands import Begin, End, Savepoint, Show
from pipeline.pgwire.refusal import RefusalError
from pipeline.pgwire.transaction import Transaction

BEGIN = Begin("BEGIN", None)
REPEATABLE = Begin("BEGIN", "repeatable read")
COMMIT = End("COMMIT", chain=False)
ROLLBACK = End("ROLLBACK", chain=False)


def refused(transaction: Transaction, savepoint: Savepoint) -> str:
    with pytest.raises(RefusalError) as error:
        transaction.savepoint(savepoint)
    return error.value.sqlstate


def test_a_failed_transaction_takes_nothing_but_its_end() -> None:
    transaction = Transaction()
    transaction.begin(BEGIN)
    transaction.fail()
    for command in (None, Show("all"), BEGIN):
        with pytest.raises(RefusalError) as error:
            transaction.check(command)
        assert error.value.sqlstate == "25P02"
    transaction.check(COMMIT)
    assert transaction.end(COMMIT) == "ROLLBACK"
    assert transaction.state == "I"


def test_an_error_outside_a_transaction_fails_none() -> None:
    transaction = Transaction()
    transaction.fail()
    assert transaction.state == "I"
    transaction.check(None)


def test_going_back_to_a_savepoint_heals() -> None:
    transaction = Transaction()
    transaction.begin(BEGIN)
    for name in ("a", "b", "a", "c"):
        transaction.savepoint(Savepoint("SAVEPOINT", name))
    transaction.fail()
    transaction.savepoint(Savepoint("ROLLBACK", "a"))
    assert (transaction.state, transaction.savepoints) == ("T", ["a", "b", "a"])
    transaction.savepoint(Savepoint("RELEASE", "b"))
    assert transaction.savepoints == ["a"]
    assert refused(transaction, Savepoint("ROLLBACK", "b")) == "3B001"


def test_a_savepoint_needs_a_transaction() -> None:
    assert refused(Transaction(), Savepoint("SAVEPOINT", "a")) == "25P01"


def test_what_a_failed_transaction_saw_does_not_come_back() -> None:
    transaction = Transaction()
    transaction.begin(REPEATABLE)
    assert transaction.held
    transaction.savepoint(Savepoint("SAVEPOINT", "a"))
    transaction.fail()
    assert not transaction.held
    assert refused(transaction, Savepoint("ROLLBACK", "a")) == "0A000"


def test_isolation_lasts_as_long_as_its_transaction_or_its_chain() -> None:
    transaction = Transaction()
    transaction.begin(REPEATABLE)
    assert transaction.end(End("COMMIT", chain=True)) == "COMMIT"
    assert transaction.held
    transaction.end(ROLLBACK)
    assert not transaction.held
    transaction.begin(BEGIN)
    assert (transaction.state, transaction.isolation) == ("T", "read committed")
