"""Publishes the largest payload, receives it with the `websockets` package, and prints the message's length in bytes.

Usage: python_largest.py URL VALKEY_PORT CHANNEL
"""

import asyncio
import json
import sys

import valkey
from websockets.asyncio.client import connect

# What a replica sends at most by default, in bytes.
MAX_PAYLOAD = 512 * 1024

# Far longer than any answer or event takes, in seconds.
PATIENCE_S = 20


async def main(url, valkey_port, channel):
    empty = json.dumps([{"id": "1", "name": ""}], separators=(",", ":"))
    payload = empty.replace('""', f'"{"x" * (MAX_PAYLOAD - len(empty))}"')
    # With the package's default limit for a message.
    async with asyncio.timeout(PATIENCE_S), connect(url) as connection:
        call = {"jsonrpc": "2.0", "id": 1, "method": "onUpdates", "params": {"channel": channel}}
        await connection.send(json.dumps(call))
        while "started" not in await connection.recv():
            pass
        with valkey.Valkey(port=int(valkey_port)) as publisher:
            publisher.fcall("tidings_publish", 1, f"updates:{{{channel}}}", payload)
        message = await connection.recv()
    assert json.loads(message)["params"]["result"]["type"] == "data", message[:1000]
    print(len(message))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
