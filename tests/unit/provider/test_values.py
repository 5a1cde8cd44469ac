"""Property values, input checks, differences and passwords."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from provider import checks, password
from provider.changes import changes
from provider.definition import ProcessDefinition
from provider.service import difference
from provider.values import UNKNOWN, Secret, contains_secret, contains_unknown, from_struct, plain, to_struct

VALID: dict[str, Any] = {"name": "server", "directory": "/stack", "program": "/bin/server"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        9090,
        1.5,
        "",
        "text",
        [1, ["a"]],
        {"a": {"b": None}},
        Secret({"a": "b"}),
        [Secret("x")],
        UNKNOWN,
    ],
)
def test_values_survive_the_wire(value: Any) -> None:
    assert from_struct(to_struct({"key": value})) == {"key": value}


def test_an_unknown_secret_stays_both() -> None:
    value = from_struct(to_struct({"key": Secret(UNKNOWN)}))["key"]
    assert contains_secret(value)
    assert contains_unknown(value)


def test_a_secret_does_not_show() -> None:
    assert "canary" not in repr(Secret("canary"))
    definition = ProcessDefinition.from_inputs({**VALID, "secretFiles": Secret({"token": "canary"})})
    assert "canary" not in repr(definition)


def test_secret_files_become_secret_whatever_they_came_as() -> None:
    for given in ({"token": "x"}, {"token": Secret("x")}, Secret({"token": "x"})):
        checked, problems = checks.check({**VALID, "secretFiles": given})
        assert problems == []
        assert checked["secretFiles"] == Secret({"token": "x"})


@pytest.mark.parametrize(
    ("given", "key", "reason"),
    [
        ({"name": "Bad Name"}, "name", "lower-case"),
        ({"name": "logs"}, "name", "not one of logs"),
        ({"name": None}, "name", "is missing"),
        ({"directory": "relative"}, "directory", "absolute path"),
        ({"arguments": Secret(["x"])}, "arguments", "put it into secretFiles"),
        ({"environment": {"A": Secret("x")}}, "environment", "put it into secretFiles"),
        ({"environment": {"A B": "x"}}, "environment", "name of an environment variable"),
        ({"environment": {"OBSERVABILITY_STACK_DIRECTORY": "x"}}, "environment", "set by the provider"),
        ({"files": {"../x": "y"}}, "files", "relative path"),
        ({"files": {"/x": "y"}}, "files", "relative path"),
        ({"secretFiles": {"a/b": "y"}}, "secretFiles", "without folders"),
        ({"ports": {"http": 70000}}, "ports", "from 1 to 65535"),
        ({"reloadSignal": "HANGUP"}, "reloadSignal", "SIGHUP"),
        ({"reloadCheck": {"url": "http://x"}}, "reloadCheck", "url and metric"),
        ({"healthUrl": "localhost"}, "healthUrl", "http or https"),
        ({"deleteData": "yes"}, "deleteData", "true or false"),
        ({"argumnets": []}, "argumnets", "unknown input"),
    ],
)
def test_bad_inputs_are_named(given: dict[str, Any], key: str, reason: str) -> None:
    _, problems = checks.check({**VALID, **given})
    assert [(found, reason in text) for found, text in problems] == [(key, True)]


def test_all_problems_come_at_once_and_unknowns_are_no_problem() -> None:
    _, problems = checks.check(
        {"name": "X", "directory": "x", "program": UNKNOWN, "ports": {"http": UNKNOWN}}
    )
    assert [key for key, _ in problems] == ["name", "directory"]


def test_a_bad_secret_is_not_told() -> None:
    _, problems = checks.check({**VALID, "secretFiles": Secret({"token": {"nested": "canary"}})})
    assert "canary" not in str(problems)
    assert problems[0][0] == "secretFiles"


def test_the_difference_names_exactly_what_changed() -> None:
    maps, replacing = frozenset({"files", "secretFiles"}), frozenset({"name"})
    old = {"name": "a", "files": {"rules/a.yaml": "1", "b": "1", "c": "1"}, "secretFiles": Secret({"t": "1"})}
    new = {"name": "a", "files": {"rules/a.yaml": "2", "b": "1", "d": "1"}, "secretFiles": Secret({"t": "2"})}
    found = changes(old, new, maps=maps, replacing=replacing)
    assert {path: change.kind for path, change in found.items()} == {
        'files["rules/a.yaml"]': "update",
        'files["c"]': "delete",
        'files["d"]': "add",
        'secretFiles["t"]': "update",
    }
    answer = difference(found)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.diffs) == ["files", "secretFiles"]
    assert not answer.replaces
    assert changes(old, old, maps=maps, replacing=replacing) == {}
    renamed = difference(changes(old, {**old, "name": "z"}, maps=maps, replacing=replacing))
    assert list(renamed.replaces) == ["name"]
    assert renamed.deleteBeforeReplace


def test_an_unknown_input_is_a_change() -> None:
    found = changes({"version": "1"}, {"version": UNKNOWN}, maps=frozenset(), replacing=frozenset())
    assert list(found) == ["version"]


def test_passwords_are_random_url_safe_and_secret() -> None:
    identifier, first = password.create({"length": 40}, preview=False)
    _, second = password.create({"length": 40}, preview=False)
    assert isinstance(first["result"], Secret)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{38}[A-Za-z0-9]", plain(first["result"]))
    assert plain(first["result"]) != plain(second["result"])
    assert identifier == "generated"


def test_a_previewed_password_is_unknown_and_secret() -> None:
    assert password.create({"length": 32}, preview=True)[1]["result"] == Secret(UNKNOWN)


def test_a_password_is_replaced_by_another_length_or_keeper_only() -> None:
    old = {"length": 32, "keepers": {"a": "1"}}
    assert password.diff(old, dict(old)) == {}
    assert password.diff(old, {**old, "length": 33})["length"].replace
    assert password.diff(old, {**old, "keepers": {"a": "2"}})["keepers"].replace


@pytest.mark.parametrize("length", [11, 257, 1.5, True, "32"])
def test_a_bad_length_is_refused(length: object) -> None:
    assert password.check({"length": length})[1][0][0] == "length"


def test_no_file_is_long() -> None:
    files = Path(password.__file__).parent.glob("*.py")
    assert {file.name for file in files if len(file.read_text().splitlines()) > 250} == set()
