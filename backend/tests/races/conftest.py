"""What several tests of races need: the database of their own application. It starts nothing."""

import pytest
from fastapi import FastAPI

from app.database.connection import Database


@pytest.fixture
def database(own_app: FastAPI) -> Database:
    database: Database = own_app.state.runtime.database
    return database
