"""Tables as SQLModel classes, and the frozen row of each; nothing here validates input or speaks to a database."""
