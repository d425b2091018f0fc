"""A proxy between the web app and its database that delays, cuts and swallows what it passes on."""

import asyncio
import contextlib
import random
import threading

# Commands of the test take this long to be seen.
POLL_S = 0.01


class Proxy:
    """Listens where a server of its own would, in `directory`, and passes on to the server in `upstream`."""

    def __init__(self, directory, upstream):
        directory.mkdir()
        self.path, self.upstream = (str(place / ".s.PGSQL.5432") for place in (directory, upstream))
        self.delay_s = 0  # at most, for each piece
        self.swallows = False  # it takes connections, and what is sent to it, and says nothing
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)

    def __enter__(self):
        self.thread.start()
        self.server = self.ask(asyncio.start_unix_server(self.serve, self.path))
        return self

    def __exit__(self, *_):
        self.ask(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    async def end(self):
        self.server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def ask(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            above_reader, above_writer = await asyncio.open_unix_connection(self.upstream)
            await asyncio.gather(self.pass_on(reader, above_writer), self.pass_on(above_reader, writer))

    async def pass_on(self, reader, writer):
        self.writers.add(writer)
        try:
            while data := await reader.read(65536):
                await asyncio.sleep(random.uniform(0, self.delay_s))
                while self.swallows:
                    await asyncio.sleep(POLL_S)
                writer.write(data)
                await writer.drain()
        finally:
            self.writers.discard(writer)
            writer.close()

    def cut(self, count):
        """Ends so many connections, in the middle of whatever they are carrying."""

        async def abort():
            for writer in random.sample(sorted(self.writers, key=id), min(count, len(self.writers))):
                writer.transport.abort()

        self.ask(abort())
