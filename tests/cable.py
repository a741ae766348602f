"""What lies between a browser and the server, and can be cut, for tests of lines that drop."""

import asyncio
import threading
from urllib.parse import urlsplit


class Cable:
    """What lies between a browser and the server, and can be cut."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._loop = asyncio.new_event_loop()
        self._ends: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._drop)

    def mend(self) -> None:
        self._is_cut = False

    def remove(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        self._drop()
        # Their ends are gone: what carried between them is over by itself.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    def _drop(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def _serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self._is_cut:
            back.transport.abort()
            return
        far, there = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._ends |= {back, there}
        await asyncio.gather(_carry(near, there), _carry(far, back))
        self._ends -= {back, there}


async def _carry(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            to.write(data)
            await to.drain()
    except ConnectionError:
        pass
    finally:
        to.close()
