"""Command line: `python3 -m toolchain setup | list | env`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have an older Python than the project needs
    sys.exit(
        "This needs Python 3.11 or newer; {} is {}.{}.\n"
        "Install one and name it: make up PYTHON=python3.12".format(sys.executable, *sys.version_info[:2])
    )

from toolchain.command import main

sys.exit(main(sys.argv[1:]))
