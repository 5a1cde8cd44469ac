"""The plugin's entry point: serve the engine that started it until that engine is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

from provider.protocol import skip_the_sdk
from provider.waiting import Cancellation

skip_the_sdk()

from pulumi.runtime.proto import provider_pb2_grpc  # noqa: E402

from provider.service import Service  # noqa: E402

THREADS = 64
"""More than the engine's usual parallelism: a start that waits for health must not hold up another one."""
MESSAGE_BYTES = 400 * 1024 * 1024
"""The engine's own limit for one message."""
CLEANING_UP_SECONDS = 60.0


def main() -> None:
    """Print the port, as every plugin does, and serve."""
    cancellation = Cancellation()
    service = Service(cancellation)
    options = [
        ("grpc.max_receive_message_length", MESSAGE_BYTES),
        ("grpc.max_send_message_length", MESSAGE_BYTES),
    ]
    server = grpc.server(ThreadPoolExecutor(max_workers=THREADS), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    stopped = threading.Event()

    def end(*_: object) -> None:
        cancellation.cancel()
        stopped.set()

    # The engine ends its plugins with SIGINT, and waits for them.
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    parent = os.getppid()
    while not stopped.wait(1.0):
        if os.getppid() != parent:  # the engine was killed: nobody will record what is being made now
            cancellation.cancel()
            break
    idle = service.wait_idle(CLEANING_UP_SECONDS)
    server.stop(grace=None)
    if not idle:
        os._exit(1)  # a thread that is stuck would keep the interpreter alive


if __name__ == "__main__":
    main()
