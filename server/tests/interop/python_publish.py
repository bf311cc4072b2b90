"""Publishes with the `valkey` package as PROTOCOL.md shows it, and prints the event's id.

Usage: python_publish.py VALKEY_PORT CHANNEL PAYLOAD IDEMPOTENCY_KEY
"""

import sys

import valkey

port, channel, payload, key = sys.argv[1:]
client = valkey.Valkey(port=int(port))
print(client.fcall("tidings_publish", 1, f"updates:{{{channel}}}", payload, key).decode())
