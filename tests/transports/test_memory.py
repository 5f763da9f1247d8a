"""The in-memory port: what a real port does, without one."""

import asyncio

import pytest

from radiosync.limits import UNREAD_BYTES
from radiosync.ports import PortReason, TransportError
from radiosync.transports.memory import MemoryTransport, memory_pair


async def test_what_is_written_to_one_is_read_from_the_other() -> None:
    one, other = memory_pair("one", "other")
    await one.open()
    await other.open()
    await one.write(b"over")
    await one.write(b" there")
    assert await other.read() == b"over there"
    await other.write(b"back")
    assert await one.read() == b"back"


async def test_read_waits() -> None:
    one, other = memory_pair("one", "other")
    await one.open()
    await other.open()
    reading = asyncio.create_task(other.read())
    await asyncio.sleep(0)
    assert not reading.done()
    await one.write(b"x")
    assert await reading == b"x"


async def test_what_comes_while_it_is_closed_is_lost() -> None:
    port = MemoryTransport("port")
    port.on_host_bytes(b"early")
    await port.open()
    port.on_host_bytes(b"in time")
    assert await port.read() == b"in time"


async def test_what_nobody_reads_is_bounded() -> None:
    port = MemoryTransport("port")
    await port.open()
    port.on_host_bytes(b"old" + bytes(UNREAD_BYTES))
    assert await port.read() == bytes(UNREAD_BYTES)


async def test_unplugging_ends_a_read_that_waits() -> None:
    port = MemoryTransport("port")
    await port.open()
    reading = asyncio.create_task(port.read())
    await asyncio.sleep(0)
    port.unplug()
    with pytest.raises(TransportError, match="not plugged in") as caught:
        await reading
    assert caught.value.reason is PortReason.MISSING
    with pytest.raises(TransportError):
        await port.write(b"x")
    with pytest.raises(TransportError):
        await port.open()


async def test_after_replugging_it_must_be_opened_again() -> None:
    port = MemoryTransport("port")
    await port.open()
    port.unplug()
    port.replug()
    with pytest.raises(TransportError):
        await port.write(b"x")
    await port.open()
    port.on_host_bytes(b"x")
    assert await port.read() == b"x"
    assert port.opened == 2


async def test_closing_ends_a_read_that_waits() -> None:
    port = MemoryTransport("port")
    await port.open()
    reading = asyncio.create_task(port.read())
    await asyncio.sleep(0)
    await port.close()
    await port.close()
    with pytest.raises(TransportError):
        await reading
