"""Tells in sentences how what a specification says differs from what is there; it reads nothing itself."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass


def compare_values(expected: object, actual: object, *, side: str, name: str = "") -> list[str]:
    """Tell every difference, going into mappings and dataclasses.

    Args:
        expected: What the specification says.
        actual: What is there.
        side: What the actual value was read from, such as "the database".
        name: What is compared, to begin each sentence with.
    """
    if expected == actual:
        return []
    expected_parts, actual_parts = _parts(expected), _parts(actual)
    if expected_parts is None or actual_parts is None:
        return [f"{name}: the spec says {_shown(expected)}, {side} {_shown(actual)}"]
    return [
        difference
        for part in sorted(expected_parts.keys() | actual_parts.keys())
        for difference in _compare_part(
            part, expected_parts, actual_parts, side=side, name=f"{name} {part}".strip()
        )
    ]


def _compare_part(
    part: str, expected: Mapping[str, object], actual: Mapping[str, object], *, side: str, name: str
) -> list[str]:
    if part not in actual:
        return [f"{name}: in the spec, missing in {side}"]
    if part not in expected:
        return [f"{name}: in {side}, missing in the spec"]
    return compare_values(expected[part], actual[part], side=side, name=name)


def _parts(value: object) -> Mapping[str, object] | None:
    if isinstance(value, Mapping):
        return value
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return None


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "nothing"
    return "nothing" if value is None else str(value)
