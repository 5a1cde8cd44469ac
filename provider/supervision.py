"""The supervisor of one stack's directory: supervisord, started when needed, reached over its own socket."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provider.errors import ProviderError
from provider.files import write
from provider.layout import Layout
from provider.ownership import MARK, SUPERVISOR_MODULE, mark, stop_marked
from provider.runtime_folder import locked, prepare, runtime_folder
from provider.waiting import NEVER, Cancellation

CALL_TIMEOUT_SECONDS = 10.0
START_TIMEOUT_SECONDS = 20.0
KEPT_VARIABLES = ("HOME", "PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER")
"""What the stack's processes get of the engine's environment, which holds secrets."""

_BAD_NAME, _NOT_RUNNING, _ALREADY_STARTED, _STILL_RUNNING, _ALREADY_ADDED = 10, 70, 60, 91, 90
_SHUTTING_DOWN, _RUNNING = 6, 1
_UNREACHABLE = (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError)


@dataclass(frozen=True)
class ProgramState:
    """What the supervisor knows about a program."""

    status: str
    """RUNNING, STARTING, BACKOFF (crashed, waits to start again), STOPPING, STOPPED, EXITED or FATAL."""
    pid: int
    """The process id; 0 when there is no process."""

    @property
    def alive(self) -> bool:
        """Whether the process is there and not about to end."""
        return self.status in {"RUNNING", "STARTING"}


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=CALL_TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CALL_TIMEOUT_SECONDS)
        self.sock.connect(self._path)


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ARG002 (a socket has none)
        return _Connection(self._path)


class Supervisor:
    """The programs of one stack's directory under supervisord."""

    def __init__(self, directory: Path, cancellation: Cancellation = NEVER) -> None:
        self.directory = directory
        self.folder = directory / "supervisor"
        self.runtime = runtime_folder(directory)
        self.socket = self.runtime / "supervisord.sock"
        self._cancellation = cancellation

    def _call(self, method: str, *arguments: object) -> Any:
        """Call a method of supervisord; raises OSError and the like when it does not answer, else Fault."""
        with xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(str(self.socket))) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def answers(self) -> bool:
        """Say whether supervisord is there, not shutting down, and at home in this directory.

        One whose directory was removed goes on running, but can no longer read its configuration.
        """
        try:
            recorded = (self.folder / "supervisord.pid").read_text().strip()
            return bool(
                self._call("getState")["statecode"] == _RUNNING and str(self._call("getPID")) == recorded
            )
        except (*_UNREACHABLE, xmlrpc.client.Fault):
            return False

    def state(self, name: str) -> ProgramState | None:
        """Return the program's state; None when it or the supervisor is not there. Starts nothing."""
        try:
            found = self._call("getProcessInfo", name)
        except (*_UNREACHABLE, xmlrpc.client.Fault):
            return None
        return ProgramState(found["statename"], found["pid"])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        prepare(self.runtime)
        with locked(self.runtime / "lock", self._cancellation):
            yield

    def start(self, layout: Layout, section: str) -> None:
        """Put a stopped program, described by its section, under the supervisor and start it."""
        with self._locked():
            write(layout.program, section, 0o600)
            self._ensure()
            self._call("reloadConfig")
            with _tolerated(_BAD_NAME, _STILL_RUNNING):
                self._call("removeProcessGroup", layout.name)
            with _tolerated(_ALREADY_ADDED):
                self._call("addProcessGroup", layout.name)
            with _tolerated(_ALREADY_STARTED):
                self._call("startProcess", layout.name, False)

    def ensure(self) -> None:
        """Start supervisord and all its programs unless it runs; stop what a killed one left behind."""
        with self._locked():
            self._ensure()

    def _ensure(self) -> None:
        self._write_configuration()
        if self.answers():
            return
        stop_marked(self.directory)
        self.socket.unlink(missing_ok=True)
        (self.directory / "logs").mkdir(mode=0o700, exist_ok=True)
        environment = {key: value for key in KEPT_VARIABLES if (value := os.environ.get(key)) is not None}
        environment[MARK] = mark(self.directory)
        # It detaches itself (own session, no terminal) once its configuration is read and its socket is open.
        command = [sys.executable, "-P", "-m", SUPERVISOR_MODULE, "-c", "supervisor/supervisord.conf"]
        started = subprocess.run(
            command,
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            timeout=START_TIMEOUT_SECONDS,
            check=False,
        )
        if started.returncode == 0:
            for _ in NEVER.attempts(START_TIMEOUT_SECONDS, pause_seconds=0.02):
                if self.answers():
                    return
        output = (
            started.stdout.decode(errors="replace").strip()
            or f"see {self.directory / 'logs' / 'supervisord.log'}"
        )
        raise ProviderError(f"the process supervisor did not start in {self.directory}: {output}")

    def _write_configuration(self) -> None:
        programs = self.folder / "conf.d"
        programs.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One file rather than an include, whose pattern cannot be escaped when the directory's name has a [.
        sections = [path.read_text() for path in sorted(programs.glob("*.conf"))]
        write(self.folder / "supervisord.conf", "\n".join([self._main_section(), *sections]), 0o600)

    def _main_section(self) -> str:
        user = "user=root\n" if os.getuid() == 0 else ""
        return (
            "[supervisord]\n"
            f"{user}pidfile=supervisor/supervisord.pid\n"
            "logfile=logs/supervisord.log\nlogfile_maxbytes=10MB\nlogfile_backups=3\numask=077\n\n"
            f"[unix_http_server]\nfile={self.socket}\nchmod=0700\n\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        )

    def stop(self, name: str, timeout_seconds: float) -> None:
        """Stop a program and wait for its end; the supervisor itself kills it when the time is over."""
        try:
            with _tolerated(_BAD_NAME, _NOT_RUNNING, _SHUTTING_DOWN):
                self._call("stopProcess", name, False)
        except _UNREACHABLE:
            return
        for _ in NEVER.attempts(timeout_seconds + 10, pause_seconds=0.02):
            state = self.state(name)
            if state is None or state.status in {"STOPPED", "EXITED", "FATAL"}:
                return
        raise ProviderError(f"{name} does not stop; end its process by hand and run again")

    def signal(self, name: str, signal_name: str) -> None:
        """Send a signal to a running program."""
        self._call("signalProcess", name, signal_name)

    def remove(self, layout: Layout) -> None:
        """Take a stopped program from the supervisor; end the supervisor itself after the last one."""
        with self._locked():
            layout.program.unlink(missing_ok=True)
            if not self.answers():
                stop_marked(self.directory, layout.name)
            else:
                self._write_configuration()
                with _tolerated(_BAD_NAME):
                    self._call("removeProcessGroup", layout.name)
            if not any((self.folder / "conf.d").glob("*.conf")):
                self._shut_down()

    def _shut_down(self) -> None:
        with suppress(*_UNREACHABLE, xmlrpc.client.Fault):
            self._call("shutdown")
            for _ in NEVER.attempts(START_TIMEOUT_SECONDS, pause_seconds=0.02):
                if not self.socket.exists():  # it removes the socket as the last thing it does
                    break
        stop_marked(self.directory)
        for folder in (self.folder, self.runtime):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _tolerated(*codes: int) -> Iterator[None]:
    try:
        yield
    except xmlrpc.client.Fault as fault:
        if fault.faultCode not in codes:
            raise ProviderError(f"the process supervisor refused: {fault.faultString}") from None
