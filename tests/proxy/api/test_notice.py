import asyncio
import threading

import pytest

from proxy.api.notice import Notice


async def test_every_waiter_is_told_from_any_thread() -> None:
    notice = Notice().bind()
    waiters = [asyncio.create_task(notice.wait(after)) for after in (0, 1, 2)]
    thread = threading.Thread(target=notice.publish, args=(2,))
    thread.start()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiters[:2])
    thread.join()
    assert not waiters[2].done()
    notice.publish(3)
    async with asyncio.timeout(5):
        await waiters[2]


async def test_what_has_happened_is_not_waited_for() -> None:
    notice = Notice().bind()
    notice.publish(5)
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await notice.wait(4)


async def test_older_news_wake_nobody() -> None:
    notice = Notice().bind()
    notice.publish(5)
    notice.publish(4)
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(notice.wait(5), 0.01)


def test_news_before_and_after_the_loop_are_harmless() -> None:
    notice = Notice()
    notice.publish(1)

    async def bind() -> None:
        notice.bind()

    asyncio.run(bind())
    notice.publish(2)
