"""How the schema came to be, step by step, as Alembic runs it.

What has been released is not changed, and calls nothing of the application that may change.
"""
