"""The socket a server listens on."""

from __future__ import annotations

import asyncio
import socket

from matinee.cli.serve import listen


def test_small_answers_are_sent_at_once() -> None:
    """Without this an answer in two parts waits 40 ms for the client to acknowledge the first."""

    async def accepted() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            found.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        async with await asyncio.start_server(met, sock=listener):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            told = await asyncio.wait_for(found, 10)
            writer.close()
            await writer.wait_closed()
        return told

    assert asyncio.run(accepted())
