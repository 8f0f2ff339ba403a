"""What the page `/docs` says of the routes, read from the OpenAPI schema."""

import json
from typing import Any, Dict, List, NamedTuple

_Schema = Dict[str, Any]
_JSON = "application/json"
# Limits that a field of a request may have, and their text on the page.
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "default": "default {}",
}


class FieldDocs(NamedTuple):
    """A field of a request or of an answer.

    Attributes:
        name: Its path, with dots.
        type: Its type.
        about: What it is, and its limits.
    """

    name: str
    type: str
    about: str


class RouteDocs(NamedTuple):
    """A route.

    Attributes:
        method: Method, such as POST.
        path: Its path.
        about: What it does.
        takes: Fields of the request.
        answers: Fields of the answer.
        answer: Type of the answer.
        codes: Status codes of errors.
        example: Body of a request in JSON; empty without one.
        is_secured: Whether it needs an API key, where there are any.
    """

    method: str
    path: str
    about: str
    takes: List[FieldDocs]
    answers: List[FieldDocs]
    answer: str
    codes: List[str]
    example: str
    is_secured: bool


def describe_routes(openapi: _Schema) -> List[RouteDocs]:
    """Describe all routes.

    Args:
        openapi: The OpenAPI schema.

    Returns:
        The routes in the order of the schema.
    """
    types = _Types(openapi.get("components", {}).get("schemas", {}))
    found = []
    for path, methods in openapi["paths"].items():
        for method, route in methods.items():
            body = _content(route.get("requestBody", {}))
            answer = _content(route["responses"]["200"])
            examples = types.resolve(body).get("examples", [])
            found.append(
                RouteDocs(
                    method.upper(),
                    path,
                    route["description"],
                    types.fields(body),
                    types.fields(answer),
                    types.name(answer) if answer else "text",
                    [code for code in route["responses"] if code != "200"],
                    json.dumps(examples[0]) if examples else "",
                    "401" in route["responses"],
                )
            )
    return found


def _content(described: _Schema) -> _Schema:
    schema: _Schema = described.get("content", {}).get(_JSON, {}).get("schema", {})
    return schema


class _Types:
    """Names and fields of the types of a schema."""

    def __init__(self, named: Dict[str, _Schema]) -> None:
        self._named = named

    def resolve(self, schema: _Schema) -> _Schema:
        """Return the type that a reference names."""
        if "$ref" in schema:
            return self._named[schema["$ref"].rpartition("/")[2]]
        return schema

    def name(self, schema: _Schema) -> str:
        """Name a type as people write it: "list of string"."""
        if "$ref" in schema:
            return str(schema["$ref"].rpartition("/")[2])
        if "anyOf" in schema:
            return " or ".join(self.name(one) for one in schema["anyOf"])
        if "enum" in schema:
            return " or ".join(json.dumps(value) for value in schema["enum"])
        if schema.get("type") == "array":
            return f"list of {self.name(schema['items'])}"
        if "additionalProperties" in schema and "properties" not in schema:
            return f"object of {self.name(schema['additionalProperties'])}"
        return str(schema.get("type", "any"))

    def fields(self, schema: _Schema, prefix: str = "") -> List[FieldDocs]:
        """List the fields of a type, those within them after each."""
        found: Dict[str, FieldDocs] = {}
        for inner in self._objects(schema):
            for name, field in inner.get("properties", {}).items():
                told = [field.get("description", "").rstrip(".")]
                told += [
                    text.format(json.dumps(field[limit]))
                    for limit, text in _LIMITS.items()
                    if field.get(limit) is not None
                ]
                about = "; ".join(part for part in told if part)
                path = f"{prefix}{name}"
                found.setdefault(path, FieldDocs(path, self.name(field), about))
                for deeper in self.fields(field, f"{path}."):
                    found.setdefault(deeper.name, deeper)
        return list(found.values())

    def _objects(self, schema: _Schema) -> List[_Schema]:
        """List the objects that a value may be, or may be a list of."""
        schema = self.resolve(schema)
        if "anyOf" in schema:
            return [one for part in schema["anyOf"] for one in self._objects(part)]
        if schema.get("type") == "array":
            return self._objects(schema["items"])
        return [schema] if "properties" in schema else []
