"""Plays story.js with the `websockets` package, and prints the transcript as JSON.

Usage: python_websockets.py URL VALKEY_PORT CHANNEL UPDATES, where UPDATES is a JSON array of two payloads.
"""

import asyncio
import itertools
import json
import sys
from collections import defaultdict

from websockets.asyncio.client import connect

# Far longer than any answer or event takes, in seconds.
PATIENCE_S = 20


async def within(awaitable, what):
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await awaitable
    except TimeoutError:
        raise TimeoutError(f"there was no {what} within {PATIENCE_S} s") from None


class Client:
    """JSON-RPC over one connection: answers go to who called, events to a queue per subscription."""

    def __init__(self, connection):
        self.connection = connection
        self.transcript = []
        self.ids = itertools.count(1)
        self.calls = {}
        # As long as what the server sends in one story.
        self.events = defaultdict(asyncio.Queue)

    async def receive(self):
        """Ends when the connection does."""
        async for text in self.connection:
            message = json.loads(text)
            if "id" not in message:
                subscription, event = message["params"]["subscription"], message["params"]["result"]
                self.transcript.append({"subscription": subscription, "event": event})
                self.events[subscription].put_nowait(event)
            else:
                method, answer = self.calls.pop(message["id"])
                if "error" in message:
                    raise RuntimeError(f"{method} was answered {message['error']}")
                self.transcript.append({"call": method, "result": message["result"]})
                answer.set_result(message["result"])

    async def call(self, method, params):
        call_id = next(self.ids)
        answer = asyncio.get_running_loop().create_future()
        self.calls[call_id] = method, answer
        request = {"jsonrpc": "2.0", "id": call_id, "method": method, "params": params}
        await self.connection.send(json.dumps(request))
        return await within(answer, f"answer to {method}")

    async def event(self, subscription):
        await within(self.events[subscription].get(), f"event of subscription {subscription}")


async def publish(valkey_port, channel, data):
    message = ["PUBLISH", f"updates:{{{channel}}}", json.dumps(data)]
    try:
        program = await asyncio.create_subprocess_exec(
            "valkey-cli", "-p", valkey_port, *message, stdout=asyncio.subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise RuntimeError("valkey-cli is missing; to get it, run .ci/install") from None
    if await program.wait() != 0:
        raise RuntimeError("valkey-cli failed")


async def play(client, valkey_port, channel, updates):
    first = await client.call("onUpdates", {"channel": channel})
    await client.event(first)
    witness = await client.call("onUpdates", {"channel": channel})
    await client.event(witness)

    await publish(valkey_port, channel, updates[0])
    await client.event(first)
    await client.event(witness)

    await client.call("onUpdates_unsubscribe", [first])
    await publish(valkey_port, channel, updates[1])
    await client.event(witness)
    await client.call("userById", {"id": "1"})

    await client.call("onUpdates_unsubscribe", {"subscription": witness})
    await client.call("onUpdates_unsubscribe", {"subscription": witness})


async def main(url, valkey_port, channel, updates):
    async with connect(url) as connection:
        client = Client(connection)
        # An error of one ends the other, and the group raises it.
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(client.receive())
            await play(client, valkey_port, channel, json.loads(updates))
            receiving.cancel()
    print(json.dumps(client.transcript))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
