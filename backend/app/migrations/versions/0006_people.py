"""What an account says of its person: role, profile, whether it is disabled, and since when its tokens are good.

See specs/database/migrations/0006-people.md.
"""

from alembic import op

from app.migrations.online import add_constraint, execute

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COLUMNS = {
    "kind": "text DEFAULT 'person' NOT NULL",
    "role": "text DEFAULT 'user' NOT NULL",
    "time_zone": "text",
    "language": "text",
    "week_start": "text DEFAULT 'monday' NOT NULL",
    "own_fields": "text[] DEFAULT '{}' NOT NULL",
    "email_verified_at": "timestamptz",
    "disabled_at": "timestamptz",
    "tokens_valid_from": "timestamptz",
    "deleted_at": "timestamptz",
    "version": "bigint DEFAULT 1 NOT NULL",
}
_RULES = {
    "kind": "kind IN ('person', 'administration')",
    "role": "role IN ('user', 'admin')",
    "week_start": (
        "week_start IN ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday')"
    ),
}


def upgrade() -> None:
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, kind in _COLUMNS.items())
    execute(f"ALTER TABLE agendum.account {added}")
    for name, rule in _RULES.items():
        add_constraint("account", f"ck_account_{name}", f"CHECK ({rule})")


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("account", name, schema="agendum")
