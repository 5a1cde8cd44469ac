"""`python -m examples.shop --port 8080 --log-file PATH`: serve the shop on 127.0.0.1."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import uvicorn
from observability_sdk import instrument

from examples.shop.app import create_app


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser("python -m examples.shop", description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="port on 127.0.0.1 (default: 8080)")
    parser.add_argument("--log-file", type=Path, help="write log lines here as well as to standard output")
    parser.add_argument("--otlp-endpoint", help="base URL of an OTLP/HTTP receiver (default: the SDK's)")
    parser.add_argument("--environment", default="local", help="deployment environment (default: local)")
    parser.add_argument(
        "--reconcile-seconds", type=float, default=5.0, help="between two runs of the job (default: 5)"
    )
    given = parser.parse_args()
    telemetry = instrument(
        "shop",
        version="1.0.0",
        environment=given.environment,
        otlp_endpoint=given.otlp_endpoint,
        log_file=given.log_file,
    )
    # Without this, uvicorn ends the process by the signal itself, and the last spans are lost.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        # The SDK's middleware writes the access log; uvicorn's own lines go through the root logger as JSON.
        uvicorn.run(
            create_app(telemetry, given.reconcile_seconds),
            host="127.0.0.1",
            port=given.port,
            access_log=False,
            log_config=None,
        )
    finally:
        telemetry.shutdown()


if __name__ == "__main__":
    main()
