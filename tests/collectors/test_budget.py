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


def test_when_many_have_read_at_once_what_is_held_exceeds_the_limit_by_one_message() -> None:
    async def test() -> None:
        budget, most, taken = Budget(100), 0, 0
        all_have_read = asyncio.Barrier(200)

        async def reader() -> None:
            nonlocal most, taken
            await all_have_read.wait()
            await budget.room()
            for _ in range(2):  # the parts of one message
                budget.take(15)
            taken += 1
            most = max(most, budget.held)

        async def kafka() -> None:
            while taken < 200:
                await asyncio.sleep(0)
                if budget.exhausted:
                    budget.release(budget.held)

        await asyncio.wait_for(asyncio.gather(kafka(), *(reader() for _ in range(200))), 10)
        assert 100 <= most < 130

    asyncio.run(test())


def test_who_gives_up_waiting_does_not_hold_up_the_others() -> None:
    async def test() -> None:
        budget = Budget(1)
        budget.take(1)
        waiting = [asyncio.create_task(budget.room()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        budget.release(1)
        await asyncio.wait_for(asyncio.gather(*waiting[1:]), 10)

    asyncio.run(test())


def test_for_as_long_as_there_is_a_line_nobody_comes_before_it() -> None:
    """A line that moves is still one: who stands in it is not read, and so not silent."""

    async def test() -> None:
        budget, order = Budget(100), list[int]()
        budget.take(100)

        async def reader(number: int) -> None:
            await budget.room()
            budget.take(60)
            order.append(number)

        waiting = [asyncio.create_task(reader(number)) for number in range(3)]
        await asyncio.sleep(0)
        budget.release(100)
        await asyncio.wait_for(asyncio.gather(*waiting[:2]), 10)
        budget.release(60)
        assert budget.held < budget.limit
        assert budget.exhausted, "the third has not had its turn"
        late = asyncio.create_task(reader(3))
        await asyncio.wait_for(waiting[2], 10)
        budget.release(budget.held)
        await asyncio.wait_for(late, 10)
        assert order == [0, 1, 2, 3]
        assert not budget.exhausted

    asyncio.run(test())
