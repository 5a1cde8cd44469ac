"""Prometheus' templates in labels and annotations: what makes Prometheus refuse the whole rule file."""

from __future__ import annotations

import re

_ACTION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`')
_WORD = re.compile(r"\$?[A-Za-z_][A-Za-z0-9_]*|\.[A-Za-z_][A-Za-z0-9_.]*|\$")
_VARIABLES = {"$", "$labels", "$value", "$externalLabels", "$externalURL"}
_OPENING = {"if", "range", "with", "define", "block"}
_FUNCTIONS = {
    "and", "call", "html", "index", "slice", "js", "len", "not", "or", "print", "printf", "println",
    "urlquery", "eq", "ge", "gt", "le", "lt", "ne", "query", "first", "label", "value", "strvalue", "args",
    "reReplaceAll", "safeHtml", "match", "title", "toUpper", "toLower", "graphLink", "tableLink",
    "sortByLabel", "stripPort", "stripDomain", "humanize", "humanize1024", "humanizeDuration",
    "humanizePercentage", "humanizeTimestamp", "toTime", "toDuration", "now", "pathPrefix", "externalURL",
    "parseDuration", "urlQueryEscape", "if", "else", "end", "range", "with", "define", "block", "template",
    "break", "continue", "nil", "true", "false",
}  # fmt: skip


def literal(text: str) -> str:
    """Return the template of exactly this text."""
    return text.replace("{{", '{{ "{{" }}')


def template_problem(text: str) -> str:
    """Return why ``text`` is no template that Prometheus accepts, nothing where it is one."""
    rest = _ACTION.sub("", text)
    if "{{" in rest or "}}" in rest:
        return "has {{ without }} (or }} without {{)"
    depth, declared = 0, set[str]()
    for action in _ACTION.findall(text):
        words = _WORD.findall(_QUOTED.sub(" ", action))
        if not words and not action.strip():
            return "has an empty {{ }}"
        if re.search(r"\$[A-Za-z_]\w*(\s*,\s*\$[A-Za-z_]\w*)*\s*:?=", action):
            declared |= {word for word in words if word.startswith("$")}
        first = words[0] if words else ""
        depth += (first in _OPENING) - (first == "end")
        if depth < 0:
            return "has {{ end }} without its beginning"
        for word in words:
            if word.startswith("$") and word not in _VARIABLES | declared:
                return f"uses {word}, which alerts do not have; they have $labels and $value"
            if word[0] not in "$." and word not in _FUNCTIONS:
                return f"uses the unknown function {word}"
    return "has {{ if }}, {{ range }} or {{ with }} without {{ end }}" if depth else ""
