"""The JSON Schemas used for validation: the files in `schemas/` are the contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

_PACKAGE = Path(__file__).parents[1]
_IN_WHEEL, _IN_CHECKOUT = _PACKAGE / "schemas", _PACKAGE.parent / "schemas"


class Schema:
    """A JSON Schema (2020-12), compiled.

    is_valid -- returns whether an instance has no fault
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._validator = jsonschema_rs.Draft202012Validator(document)
        self.is_valid: Callable[[object], bool] = self._validator.is_valid

    def fault(self, instance: object) -> str | None:
        """Return the place and keyword of the instance's first fault, without any value; None if it is valid."""
        if self.is_valid(instance):
            return None
        error = next(self._validator.iter_errors(instance))
        return "/".join(map(str, [*error.instance_path, error.schema_path[-1]]))


def load_schema(name: str) -> Schema:
    """Return the schema in the file `<name>.schema.json`, from the wheel or the checkout."""
    folder = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_CHECKOUT
    return Schema(orjson.loads((folder / f"{name}.schema.json").read_bytes()))
