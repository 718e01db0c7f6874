import asyncio
import time

import pytest

from pipeline.pgwire.admission import Allowed
from pipeline.pgwire.parser import Parser
from pipeline.pgwire.refusal import STATEMENT_TOO_COMPLEX, RefusalError

ALLOWED = Allowed({"main": frozenset({"incident"})})
ENDLESS = "with a as (with b as (" * 8


@pytest.mark.parametrize(
    "query",
    [
        ENDLESS,
        "select " + "- " * 32_000,
        "select " + "(" * 60_000,
        "select " + "f(" * 400 + "1" + ")" * 400,
        "select " + "not " * 10_000 + "true",
        "select 1" + ",1" * 32_000,
    ],
    ids=lambda query: query[:30],
)
def test_what_the_parser_cannot_do_in_time_is_refused_and_the_next_is_parsed(query: str) -> None:
    async def asked() -> str:
        async with Parser() as parser:
            await parser.admit("select 1", ALLOWED)
            with pytest.raises(RefusalError) as refused:
                await parser.admit(query, ALLOWED)
            assert len(await parser.admit("from incident", ALLOWED)) == 1
            return refused.value.sqlstate

    assert asyncio.run(asked()) == STATEMENT_TOO_COMPLEX


def test_meanwhile_the_event_loop_goes_on() -> None:
    async def asked() -> int:
        turns = 0
        async with Parser() as parser:
            waiting = asyncio.create_task(parser.admit(ENDLESS, ALLOWED))
            while not waiting.done():
                await asyncio.sleep(0.01)
                turns += 1
            with pytest.raises(RefusalError):
                await waiting
        return turns

    assert asyncio.run(asked()) > 20


def test_a_caller_that_goes_away_leaves_no_answer_for_the_next() -> None:
    async def asked() -> list[str]:
        async with Parser() as parser:
            await parser.admit("select 1", ALLOWED)
            waiting = asyncio.create_task(parser.admit("select 1, 2", ALLOWED))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            with pytest.raises(RefusalError, match="elsewhere"):
                await parser.admit("from elsewhere", ALLOWED)
            return [statement.text for statement in await parser.admit("select 3", ALLOWED)]

    assert asyncio.run(asked()) == ["select 3"]


def test_many_ask_at_once_and_each_gets_its_answer() -> None:
    async def asked() -> list[str]:
        async with Parser() as parser:
            queries = [f"select {number}" for number in range(50)]
            found = await asyncio.gather(*(parser.admit(query, ALLOWED) for query in queries))
            return [statement.text for (statement,) in found]

    assert asyncio.run(asked()) == [f"select {number}" for number in range(50)]


def test_a_query_is_parsed_in_milliseconds() -> None:
    async def asked() -> float:
        query = "select rule, count(*) from incident where opened_at > now() - interval 1 hour group by all"
        async with Parser() as parser:
            await parser.admit(query, ALLOWED)
            taken = []
            for _ in range(20):
                began = time.perf_counter()
                await parser.admit(query, ALLOWED)
                taken.append(time.perf_counter() - began)
            return min(taken)

    assert asyncio.run(asked()) < 0.02


def test_lone_surrogates_are_no_reason_to_fail() -> None:
    async def asked() -> int:
        async with Parser() as parser:
            return len(await parser.admit("select '\ud800'", ALLOWED))

    assert asyncio.run(asked()) == 1
