"""Words people search by: of customers, products and the rows of files on their way in.

Revision: 0007 (after 0006)
"""

import sqlalchemy as sa
from alembic import op

# The rule has one home; rows written later are spelled by it too.
from app.kernel.spelling import search_words

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAMED = ("customer", "product")
STAGED = ("stage_customers", "stage_products")
ROWS_PER_BATCH = 5_000


def upgrade() -> None:
    for table in NAMED:
        op.add_column(
            table,
            sa.Column(
                "search_words",
                sa.String(400),
                nullable=False,
                server_default="",
                comment="Search words",
            ),
        )
        _spell(table)
    for table in STAGED:
        op.add_column(table, sa.Column("search_words", sa.String(400), nullable=True))
    op.create_index(
        "ix_customer_search",
        "customer",
        ["company_id", "territory_id", "search_words", "code", "phone"],
    )


def _spell(name: str) -> None:
    """Fill the column of the rows that are there, batch by batch in the order of their ids."""
    table = sa.table(name, sa.column("id"), sa.column("name"), sa.column("search_words"))
    connection = op.get_bind()
    page = sa.select(table.c.id, table.c.name).order_by(table.c.id).limit(ROWS_PER_BATCH)
    write = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("row"))
        .values(search_words=sa.bindparam("words"))
    )
    last = 0
    while rows := connection.execute(page.where(table.c.id > last)).all():
        connection.execute(
            write, [{"row": row.id, "words": search_words(row.name)} for row in rows]
        )
        last = rows[-1].id


def downgrade() -> None:
    op.drop_index("ix_customer_search", "customer")
    for table in (*NAMED, *STAGED):
        op.drop_column(table, "search_words")
