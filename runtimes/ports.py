"""Ports of this machine by name (``prometheus-http``): what can be wrong with them, in words for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from settings import Settings


def chosen(settings: Settings, usual: Mapping[str, int]) -> Mapping[str, int]:
    """Return each port's number: the stack file's own, else the usual one moved by the offset."""
    return {name: settings.ports.get(name, number + settings.port_offset) for name, number in usual.items()}


def unknown(
    names: Collection[str], known: Collection[str], setting: str = "ports", kind: str = "port"
) -> list[str]:
    """Return a problem for every name in a setting that is no port, or no other thing of that kind."""
    problems = []
    for name in sorted(set(names) - set(known)):
        near = get_close_matches(name, known, n=1)
        advice = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        problems.append(f"{setting}.{name}: unknown {kind}; {advice}")
    return problems


def conflicts(ports: Mapping[str, int]) -> list[str]:
    """Return a problem for every number that two of the ports want."""
    return [
        f"ports: {' and '.join(name for name, wanted in ports.items() if wanted == number)} both want "
        f"{number}; give one of them another port"
        for number in sorted(set(ports.values()))
        if list(ports.values()).count(number) > 1
    ]


def taken(ports: Mapping[str, int], owners: Mapping[str, str]) -> list[str]:
    """Return a problem for every owner of a port; ``owners`` names who holds which."""
    problems = []
    for owner in sorted(set(owners.values())):
        names = [name for name, held_by in owners.items() if held_by == owner]
        listed = ", ".join(f"{ports[name]} ({name})" for name in names)
        problems.append(
            f"ports: {listed} {'is' if len(names) == 1 else 'are'} taken by {owner}; stop that, choose "
            f"another port with pulumi config set --path ports.{names[0]} NUMBER, or move all with portOffset"
        )
    return problems
