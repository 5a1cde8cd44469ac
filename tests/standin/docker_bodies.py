"""Arguments of the Docker plugin as bodies of the requests of Docker's own API; pure functions."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

Properties = Mapping[str, Any]
_MIB = 1024 * 1024
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def container_body(inputs: Properties) -> dict[str, Any]:
    """Return what creates a container with these arguments of the plugin."""
    body: dict[str, Any] = {
        "Image": inputs["image"],
        "Hostname": inputs.get("hostname", ""),
        "User": inputs.get("user", ""),
        "Labels": labels(inputs),
        "Env": inputs.get("envs", []),
        "ExposedPorts": {_port(port): {} for port in inputs.get("ports", [])},
        "HostConfig": host_configuration(inputs),
    }
    if "entrypoints" in inputs:
        body["Entrypoint"] = inputs["entrypoints"]
    if "command" in inputs:
        body["Cmd"] = inputs["command"]
    if health := inputs.get("healthcheck"):
        body["Healthcheck"] = {
            "Test": health["tests"],
            "Interval": _nanoseconds(health["interval"]),
            "Timeout": _nanoseconds(health["timeout"]),
            "StartPeriod": _nanoseconds(health["startPeriod"]),
            "Retries": health["retries"],
        }
    return body


def host_configuration(inputs: Properties) -> dict[str, Any]:
    """Return the part of a container that concerns the machine."""
    capabilities = inputs.get("capabilities", {})
    host: dict[str, Any] = {
        "NetworkMode": inputs.get("networkMode", "bridge"),
        "PidMode": inputs.get("pidMode", ""),
        "ReadonlyRootfs": inputs.get("readOnly", False),
        "CapAdd": capabilities.get("adds", []),
        "CapDrop": capabilities.get("drops", []),
        "SecurityOpt": inputs.get("securityOpts", []),
        "Tmpfs": inputs.get("tmpfs", {}),
        "RestartPolicy": {"Name": inputs.get("restart", "no")},
        "Mounts": [_mount(mount) for mount in inputs.get("mounts", [])],
        "PortBindings": {
            _port(port): [{"HostIp": port["ip"], "HostPort": str(port["external"])}]
            for port in inputs.get("ports", [])
        },
    }
    if "memory" in inputs:
        host |= {"Memory": inputs["memory"] * _MIB, "MemorySwap": inputs["memorySwap"] * _MIB}
    if "cpus" in inputs:
        host["NanoCpus"] = round(float(inputs["cpus"]) * 1e9)
    if "logDriver" in inputs:
        host["LogConfig"] = {"Type": inputs["logDriver"], "Config": inputs.get("logOpts", {})}
    return host


def _mount(mount: Properties) -> dict[str, Any]:
    found = {
        "Type": mount["type"],
        "Source": mount["source"],
        "Target": mount["target"],
        "ReadOnly": mount.get("readOnly", False),
    }
    options = mount.get("bindOptions")
    return {**found, **({"BindOptions": {"Propagation": options["propagation"]}} if options else {})}


def network_body(inputs: Properties) -> dict[str, Any]:
    """Return what creates a network."""
    subnets = [{"Subnet": each["subnet"]} for each in inputs.get("ipamConfigs", [])]
    return {
        "Name": inputs["name"],
        "Driver": inputs.get("driver", "bridge"),
        "Internal": inputs.get("internal", False),
        "Labels": labels(inputs),
        "CheckDuplicate": True,
        **({"IPAM": {"Config": subnets}} if subnets else {}),
    }


def labels(inputs: Properties) -> dict[str, str]:
    """Return labels as the engine wants them."""
    return {label["label"]: label["value"] for label in inputs.get("labels", [])}


def _port(port: Properties) -> str:
    return f"{port['internal']}/{port.get('protocol', 'tcp')}"


def _nanoseconds(duration: str) -> int:
    """Return a Go duration such as ``1m30s``."""
    parts = re.findall(r"([\d.]+)(ms|s|m|h)", duration)
    return round(sum(float(number) * _SECONDS[unit] for number, unit in parts) * 1e9)


def archive(uploads: Sequence[Properties]) -> bytes:
    """Return uploads as the archive that is unpacked at a container's root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as files:
        for upload in uploads:
            content = upload["content"].encode()
            entry = tarfile.TarInfo(upload["file"].lstrip("/"))
            entry.size, entry.mode = len(content), int(upload.get("permissions", "0644"), 8)
            files.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
