"""Text that is written into a statement as a literal, for what cannot be a parameter. It runs nothing."""


def literal(text: str) -> str:
    r"""Return text as a literal of PostgreSQL, whatever the server's `standard_conforming_strings` says.

    A backslash means something only in the form with an E, where it is doubled; a quote is doubled in either form.

    Raises:
        ValueError: The text holds something that cannot be printed, such as a NUL or half a character.
    """
    # Spec: features/operations.md#OPS-101
    if not text.isprintable():
        raise ValueError("only printable text is written into a statement")
    quoted = text.replace("'", "''")
    return f"'{quoted}'" if "\\" not in quoted else "E'" + quoted.replace("\\", "\\\\") + "'"
