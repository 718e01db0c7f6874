"""The memory that a process allows its sessions."""

import asyncio

from collectors.budget import Budget


def test_there_is_room_below_the_limit_and_none_at_it() -> None:
    budget = Budget(100)
    budget.take(99)
    assert not budget.exhausted
    budget.take(1)
    assert budget.exhausted
    budget.release(1)
    assert not budget.exhausted


def test_a_record_larger_than_all_of_it_gets_through() -> None:
    async def test() -> None:
        budget = Budget(100)
        await budget.room()
        budget.take(5_000)
        assert budget.exhausted
        budget.release(5_000)
        await budget.room()

    asyncio.run(test())


def test_whoever_waits_goes_on_one_by_one_and_the_limit_holds_by_a_record() -> None:
    async def test() -> None:
        budget, most, taken = Budget(100), 0, 0

        async def reader() -> None:
            nonlocal most, taken
            for _ in range(20):
                await budget.room()
                budget.take(30)
                taken += 1
                most = max(most, budget.held)
                await asyncio.sleep(0)

        async def kafka() -> None:
            while taken < 200 or budget.held:
                await asyncio.sleep(0)
                if budget.held:
                    budget.release(30)

        await asyncio.wait_for(asyncio.gather(kafka(), *(reader() for _ in range(10))), 10)
        assert taken == 200
        assert 100 <= most < 130
        assert budget.held == 0

    asyncio.run(test())
