"""Reads Markdown as sections with tables, list items and abbreviations.

It knows the shape of a document and never what a table means.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

REPOSITORY = Path(__file__).resolve().parents[2]
SPECIFICATIONS = REPOSITORY / "specs"

Value = TypeVar("Value")


class SpecificationError(ValueError):
    """A specification is not written in the form that its readers understand."""


@dataclass(frozen=True, slots=True)
class Table:
    """A Markdown table.

    Attributes:
        columns: The cells of its head.
        rows: The cells of each row by the name of their column.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A list item.

    Attributes:
        label: The bold words that it begins with, or an empty string.
        text: Everything after them.
    """

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between one heading and the next, of whatever level.

    Attributes:
        title: The words of the heading, empty before the first one.
        tables: Its tables in order.
        items: Its list items in order, nested ones included.
        abbreviations: Code that a paragraph explains by other code, as in "`a` stands for `b`".
    """

    title: str
    tables: tuple[Table, ...]
    items: tuple[Item, ...]
    abbreviations: Mapping[str, str]

    def rows(self, *columns: str) -> tuple[Mapping[str, str], ...]:
        """Give the rows of every table that has exactly these columns."""
        return tuple(row for table in self.tables if table.columns == columns for row in table.rows)


def read_sections(text: str) -> tuple[Section, ...]:
    """Read the sections of a Markdown document in order."""
    root = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text))
    return tuple(_section(title, nodes) for title, nodes in _by_heading(root.children))


def read_blocks(text: str, language: str) -> tuple[str, ...]:
    """Read the fenced blocks of a language in a Markdown document, in order and as they are printed."""
    # Spec: features/spec-driven.md#SPEC-013
    tokens = MarkdownIt("commonmark").parse(text)
    return tuple(
        token.content for token in tokens if token.type == "fence" and token.info.strip() == language
    )


def unique(pairs: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """Make a mapping of pairs.

    Raises:
        SpecificationError: A name comes twice.
    """
    mapping: dict[str, Value] = {}
    for name, value in pairs:
        if name in mapping:
            raise SpecificationError(f"{name} is described twice")
        mapping[name] = value
    return mapping


def _by_heading(nodes: Sequence[SyntaxTreeNode]) -> Iterator[tuple[str, list[SyntaxTreeNode]]]:
    title: str = ""
    content: list[SyntaxTreeNode] = []
    for node in nodes:
        if node.type == "heading":
            yield title, content
            title, content = _text(node), []
        else:
            content.append(node)
    yield title, content


def _section(title: str, nodes: Iterable[SyntaxTreeNode]) -> Section:
    every = [descendant for node in nodes for descendant in node.walk()]
    return Section(
        title=title,
        tables=tuple(_table(node) for node in every if node.type == "table"),
        items=tuple(_item(node) for node in every if node.type == "list_item"),
        abbreviations=unique(
            pair for node in every if node.type == "paragraph" for pair in _abbreviations(node)
        ),
    )


def _table(node: SyntaxTreeNode) -> Table:
    head, *body = [[_text(cell) for cell in row.children] for row in node.walk() if row.type == "tr"]
    return Table(tuple(head), tuple(dict(zip(head, cells, strict=True)) for cells in body))


def _item(node: SyntaxTreeNode) -> Item:
    inline = _inline(node)
    spans = [span for span in inline.children if span.type != "text" or span.content] if inline else []
    if not spans or spans[0].type != "strong":
        return Item("", _text(node))
    label = "".join(part.content for part in spans[0].children)
    return Item(label, _text(node).removeprefix(f"{spans[0].markup}{label}{spans[0].markup}").strip())


def _abbreviations(paragraph: SyntaxTreeNode) -> Iterator[tuple[str, str]]:
    inline = _inline(paragraph)
    spans = inline.children if inline else []
    for short, words, long in zip(spans, spans[1:], spans[2:], strict=False):
        if (short.type, words.content.strip(), long.type) == ("code_inline", "stands for", "code_inline"):
            yield short.content, long.content


def _inline(node: SyntaxTreeNode) -> SyntaxTreeNode | None:
    return next((descendant for descendant in node.walk() if descendant.type == "inline"), None)


def _text(node: SyntaxTreeNode) -> str:
    inline = _inline(node)
    if inline is None:
        return ""
    spans = inline.children
    return spans[0].content if len(spans) == 1 and spans[0].type == "code_inline" else inline.content
