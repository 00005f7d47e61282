"""The rules of the OpenAPI document, and a small document that keeps them all until a test breaks one."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from spec_tools.documentation import (
    check_components,
    check_examples,
    check_inputs,
    check_names,
    check_operations,
    check_responses,
)

Document = dict[str, Any]
Check = Callable[[Document], list[str]]
Seed = Callable[[Document], object]
CHECKS: list[Check] = [
    check_operations,
    check_examples,
    check_names,
    check_responses,
    check_inputs,
    check_components,
]


def reference(name: str) -> Document:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}


def component(document: Document, name: str) -> Document:
    schema: Document = document["components"]["schemas"][name]
    return schema


def patch(document: Document) -> Document:
    operation: Document = document["paths"]["/api/tasks/{task_id}"]["patch"]
    return operation


DOCUMENT: Document = {
    "paths": {
        "/api/tasks/{task_id}": {
            "patch": {
                "operationId": "updateTask",
                "summary": "Change a task",
                "description": "Changes what is named.",
                "tags": ["tasks"],
                "requestBody": {"content": {"application/json": reference("TaskUpdate")}},
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {**reference("TaskRead"), "example": {"id": "1", "parts": []}}
                        }
                    },
                    "404": {"content": {"application/problem+json": reference("Problem")}},
                },
            }
        },
    },
    "components": {
        "schemas": {
            "TaskUpdate": {
                "type": "object",
                "additionalProperties": False,
                "examples": [{"due": None}],
                "properties": {"due": {"anyOf": [{"$ref": "#/components/schemas/Due"}, {"type": "null"}]}},
            },
            "Due": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"date": {"type": "string"}},
            },
            "TaskRead": {
                "type": "object",
                "required": ["id", "parts"],
                "properties": {
                    "id": {"type": "string"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/TaskRead"}},
                },
            },
            "Problem": {"type": "object", "properties": {"code": {"type": "string"}}},
        }
    },
}


def seeded(seed: Seed) -> Document:
    document = deepcopy(DOCUMENT)
    seed(document)
    return document
