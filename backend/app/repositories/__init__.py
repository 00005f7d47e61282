"""The only SQL. A repository is born with its owner; nothing here knows HTTP or decides a rule."""
