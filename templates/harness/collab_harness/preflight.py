"""Every problem of a submission that can be seen without running it, by the rules of preflight.json.

preflight.json: {"required_files": [...], "max_files": n, "max_bytes": n, "json_files": [{"path", "required_keys": [...],
"properties": {key: <JSON Schema of the subset below>}}]}. The collaboration server reads the same file before it bills.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from collab_harness.faults import SubmissionFault, printable
from collab_harness.staging import regular_files

Json = dict[str, Any]

_TYPES: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
MAX_JSON_BYTES = 1 << 20


def preflight(folder: Path, rules: Json) -> list[str]:
    """All problems at once; an empty list means that the submission may be started."""
    try:
        files = {entry.name: entry.path for entry in regular_files(folder, rules["max_files"], rules["max_bytes"])}
    except SubmissionFault as fault:
        return [str(fault)]
    except OSError as error:
        return [f"the submission cannot be read: {error.strerror}"]
    problems = [f"{name}: is missing" for name in rules["required_files"] if name not in files]
    for rule in rules["json_files"]:
        if rule["path"] in files:
            problems += _json_problems(files[rule["path"]], rule)
    return problems


def _json_problems(path: Path, rule: Json) -> list[str]:
    data = path.read_bytes()
    if len(data) > MAX_JSON_BYTES:
        return [f"{rule['path']}: larger than {MAX_JSON_BYTES} bytes"]
    schema = {"type": "object", "required": rule["required_keys"], "properties": rule.get("properties", {})}
    closed = {"additionalProperties": False} if "properties" in rule else {}
    try:
        # UTF-8 and nothing else, as whoever reads it next expects; `json.loads` of bytes would guess the encoding.
        problems = schema_problems(json.loads(data.decode("utf-8")), schema | closed, rule["path"])
    except (ValueError, RecursionError) as error:
        return [f"{rule['path']}: no valid JSON ({error})"]
    return [printable(problem) for problem in problems]


def schema_problems(value: Any, schema: Json, at: str) -> list[str]:
    """JSON Schema keywords type, const, pattern, minimum, maximum, maxLength, minItems, items, required, properties,
    additionalProperties; anything else is refused, so that no rule is silently ignored."""
    unknown = set(schema) - _KEYWORDS
    if unknown:
        raise ValueError(f"keywords that are not understood: {sorted(unknown)}")
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (kind in ("integer", "number") and isinstance(value, bool))):
        return [f"{at}: must be of type {kind}"]
    return [*_scalar_problems(value, schema, at), *_array_problems(value, schema, at), *_object_problems(value, schema, at)]


_KEYWORDS = {
    "type", "description", "const", "pattern", "minimum", "maximum", "maxLength", "minItems", "items", "required",
    "properties", "additionalProperties",
}  # fmt: skip


def _scalar_problems(value: Any, schema: Json, at: str) -> list[str]:
    problems = []
    if "const" in schema and value != schema["const"]:
        problems.append(f"{at}: must be {json.dumps(schema['const'])}")
    if isinstance(value, str):
        if len(value) > schema.get("maxLength", len(value)):
            problems.append(f"{at}: is longer than {schema['maxLength']} characters")
        if "pattern" in schema and not re.search(_python_pattern(schema["pattern"]), value):
            problems.append(f"{at}: does not match {schema['pattern']}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            problems.append(f"{at}: must lie between {schema.get('minimum')} and {schema.get('maximum')}")
    return problems


def _python_pattern(pattern: str) -> str:
    """JSON Schema's `$` is the very end; Python's also stands before a last newline."""
    return re.sub(r"(?<!\\)\$$", r"\\Z", pattern)


def _array_problems(value: Any, schema: Json, at: str) -> list[str]:
    if not isinstance(value, list):
        return []
    problems = [f"{at}: needs at least {schema['minItems']} items"] if len(value) < schema.get("minItems", 0) else []
    for i, item in enumerate(value if "items" in schema else []):
        problems += schema_problems(item, schema["items"], f"{at}[{i}]")
    return problems


def _object_problems(value: Any, schema: Json, at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    known: Json = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    problems = [f"{at}: {key} is missing" for key in schema.get("required", []) if key not in value]
    for key, item in value.items():
        if key in known:
            problems += schema_problems(item, known[key], f"{at}: {key}")
        elif others is False:
            problems.append(f"{at}: {key} is not a known key ({', '.join(sorted(known))})")
        elif isinstance(others, dict):
            problems += schema_problems(item, others, f"{at}: {key}")
    return problems
