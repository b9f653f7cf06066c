"""Job runs: which scheduled job ran for which company and period; the process that runs them.

Revision: 0005 (after 0004)
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def id_column(name: str, comment: str) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=False, comment=comment)


def upgrade() -> None:
    op.create_table(
        "job_run",
        id_column("id", "ID"),
        sa.Column("job", sa.String(40), nullable=False, comment="Scheduled job"),
        id_column("company_id", "Company"),
        sa.Column("period", sa.String(40), nullable=False, comment="Period"),
        sa.Column("run_no", sa.Integer(), nullable=False, comment="Run number"),
        sa.Column("state", sa.String(24), nullable=False, comment="State"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="Attempts"),
        sa.Column("started_at", sa.DateTime(), nullable=False, comment="Started at"),
        sa.Column("heartbeat_at", sa.DateTime(), nullable=False, comment="Last sign of life"),
        sa.Column("finished_at", sa.DateTime(), nullable=True, comment="Finished at"),
        sa.Column("next_try_at", sa.DateTime(), nullable=True, comment="Next attempt"),
        sa.Column("rows", sa.Integer(), nullable=False, comment="Rows"),
        sa.Column("sentence", sa.String(500), nullable=False, comment="Result"),
        sa.Column("sentence_values", sa.JSON(), nullable=False, comment="Values of the result"),
        sa.Column("error_number", sa.String(12), nullable=True, comment="Error number"),
        sa.Column("requested_by", sa.Integer(), nullable=True, comment="Requested by"),
        sa.Column("requested_name", sa.String(130), nullable=False, comment="Requested by"),
        sa.Column("reason", sa.String(200), nullable=True, comment="Reason"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
        sa.UniqueConstraint(
            "job",
            "company_id",
            "period",
            "run_no",
            name=op.f("uq_job_run_job_company_id_period_run_no"),
        ),
        info={"distribution": "local"},
    )
    op.create_index("ix_job_run_state", "job_run", ["state", "id"])
    op.create_index("ix_job_run_company", "job_run", ["company_id", "id"])
    op.create_table(
        "jobs_process",
        id_column("id", "ID"),
        sa.Column("host", sa.String(100), nullable=False, comment="Host"),
        sa.Column("pid", sa.Integer(), nullable=False, comment="Process number"),
        sa.Column("started_at", sa.DateTime(), nullable=False, comment="Started at"),
        sa.Column("seen_at", sa.DateTime(), nullable=False, comment="Last sign of life"),
        sa.Column("ended_at", sa.DateTime(), nullable=True, comment="Ended at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs_process")),
        info={"distribution": "local"},
    )


def downgrade() -> None:
    op.drop_table("jobs_process")
    op.drop_index("ix_job_run_company", "job_run")
    op.drop_index("ix_job_run_state", "job_run")
    op.drop_table("job_run")
