"""What a notification says, by every channel the same: what is wrong, where, and where to go from there.

The texts are in ``alertmanager.tmpl``, a link a line: lines with a link that would lead nowhere are left out.
"""

from __future__ import annotations

from pathlib import Path

from placement import Placement

FILE = Path(__file__).with_name("alertmanager.tmpl")


def template(name: str) -> str:
    """Return what a setting of Alertmanager says to have one of the templates fill it."""
    return f'{{{{ template "observability.{name}" . }}}}'


def templates(placement: Placement, grafana: str) -> str:
    """Return the file of templates; ``grafana`` is Grafana's base URL, empty where there is none."""
    silence = _silence(placement.public_url("alertmanager"), grafana.rstrip("/"))
    nowhere = [] if silence else ['"observability.silence"']
    # Prometheus writes this link, with its own address.
    nowhere += [] if placement.public_url("prometheus") else [".GeneratorURL"]
    lines = FILE.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not any(link in line for link in nowhere)) + silence


def _silence(alertmanager: str, grafana: str) -> str:
    """Return the template of the page that silences what has the labels given, empty where there is none."""
    value = '{{ template "observability.encoded" .Value }}'
    if alertmanager:
        separator = "{{ if $index }}%2C%20{{ end }}"
        before, after = f"{alertmanager}/#/silences/new?filter=%7B", "%7D"
        matcher = f"{separator}{{{{ .Name }}}}%3D%22{value}%22"
    elif grafana:
        before, after = f"{grafana}/alerting/silence/new?alertmanager=Alertmanager", ""
        matcher = f"&matcher={{{{ .Name }}}}%3D{value}"
    else:
        return ""
    matchers = f"{{{{ range $index, $pair := .SortedPairs }}}}{matcher}{{{{ end }}}}"
    return f'\n{{{{ define "observability.silence" }}}}{before}{matchers}{after}{{{{ end }}}}\n'
