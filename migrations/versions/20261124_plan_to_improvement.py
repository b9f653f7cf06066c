"""The tables of the stages plan, execution, evaluation and improvement, and of the approval flow.

Revision: 0002 (after 0001)
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "return_reason",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column("code", sa.String(length=20), nullable=False, comment="Code"),
        sa.Column("name", sa.String(length=100), nullable=False, comment="Name"),
        sa.Column("name_en", sa.String(length=100), nullable=True, comment="English name"),
        sa.Column("sort", sa.Integer(), server_default="0", nullable=False, comment="Order"),
        sa.Column("is_active", sa.Boolean(), server_default="1", nullable=False, comment="In use"),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_return_reason_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_reason")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_return_reason_company_id_code")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "daily_sheet",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column("date", sa.Date(), nullable=False, comment="Visit date"),
        sa.Column("number", sa.SmallInteger(), nullable=False, comment="Print number"),
        sa.Column(
            "plan_version", sa.Integer(), nullable=False, comment="Version of the service plan"
        ),
        sa.Column("printed_at", sa.DateTime(), nullable=False, comment="Printed at"),
        sa.Column("printed_by", sa.Integer(), nullable=True, comment="Printed by"),
        sa.Column("customers", sa.Integer(), nullable=False, comment="Customers"),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_daily_sheet_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_sheet")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_daily_sheet_company_id_id")),
        sa.UniqueConstraint(
            "company_id",
            "territory_id",
            "date",
            "number",
            name=op.f("uq_daily_sheet_company_id_territory_id_date_number"),
        ),
        info={"distribution": "distributed"},
    )
    op.create_index(
        op.f("ix_daily_sheet_territory_id"), "daily_sheet", ["territory_id"], unique=False
    )
    op.create_table(
        "flow_event",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column("record", sa.String(length=24), nullable=False, comment="Kind of record"),
        sa.Column("record_id", sa.BigInteger(), nullable=False, comment="Record ID"),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        sa.Column("action", sa.String(length=24), nullable=False, comment="Action"),
        sa.Column("from_state", sa.String(length=24), nullable=False, comment="From state"),
        sa.Column("to_state", sa.String(length=24), nullable=False, comment="To state"),
        sa.Column("record_version", sa.Integer(), nullable=False, comment="Version"),
        sa.Column("at", sa.DateTime(), nullable=False, comment="Time"),
        sa.Column("user_id", sa.Integer(), nullable=True, comment="User ID"),
        sa.Column("user_name", sa.String(length=130), nullable=False, comment="Done by"),
        sa.Column(
            "reason_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="Return reason",
        ),
        sa.Column("reason", sa.String(length=500), nullable=True, comment="Reason"),
        sa.ForeignKeyConstraint(
            ["reason_id"], ["return_reason.id"], name=op.f("fk_flow_event_reason_id")
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_flow_event_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_event")),
        info={"distribution": "distributed"},
    )
    op.create_index(
        "ix_flow_event_record",
        "flow_event",
        ["company_id", "record", "record_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_flow_event_territory_id"), "flow_event", ["territory_id"], unique=False
    )
    op.create_table(
        "month_plan",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        sa.Column(
            "status",
            sa.Enum(
                "DRAFT",
                "SUBMITTED",
                "APPROVED",
                name="monthplanstatus",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Status",
        ),
        sa.Column(
            "last_problems",
            sa.String(length=2000),
            nullable=True,
            comment="Problems of the territory last month",
        ),
        sa.Column("focus", sa.String(length=2000), nullable=True, comment="Focus of this month"),
        sa.Column("visit_notes", sa.String(length=2000), nullable=True, comment="Visit plan notes"),
        sa.Column(
            "is_outdated",
            sa.Boolean(),
            server_default="0",
            nullable=False,
            comment="To be generated again",
        ),
        sa.Column("generated_at", sa.DateTime(), nullable=True, comment="Generated at"),
        sa.Column("generated_by", sa.Integer(), nullable=True, comment="Generated by"),
        sa.Column("parameter_version", sa.Integer(), nullable=True, comment="Parameter version"),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.Column(
            "revision", sa.Integer(), server_default="0", nullable=False, comment="Submissions"
        ),
        sa.Column("submitted_at", sa.DateTime(), nullable=True, comment="Submitted at"),
        sa.Column("submitted_by", sa.Integer(), nullable=True, comment="Submitted by"),
        sa.Column("decided_at", sa.DateTime(), nullable=True, comment="Decided at"),
        sa.Column("decided_by", sa.Integer(), nullable=True, comment="Decided by"),
        sa.Column(
            "return_reason", sa.String(length=500), nullable=True, comment="Returned because"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_month_plan_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_plan")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_month_plan_company_id_id")),
        sa.UniqueConstraint(
            "company_id",
            "territory_id",
            "month",
            name=op.f("uq_month_plan_company_id_territory_id_month"),
        ),
        info={"distribution": "distributed"},
    )
    op.create_index(
        op.f("ix_month_plan_territory_id"), "month_plan", ["territory_id"], unique=False
    )
    op.create_table(
        "month_summary",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        sa.Column(
            "status",
            sa.Enum("DRAFT", "SUBMITTED", name="monthsummarystatus", native_enum=False, length=24),
            nullable=False,
            comment="Status",
        ),
        sa.Column(
            "visit_text",
            sa.String(length=2000),
            nullable=True,
            comment="Completion of the visit plan",
        ),
        sa.Column(
            "analysis_text",
            sa.String(length=2000),
            nullable=True,
            comment="Accuracy of the monthly analysis",
        ),
        sa.Column(
            "plan_text",
            sa.String(length=2000),
            nullable=True,
            comment="Reasonableness of the month plan",
        ),
        sa.Column("experience", sa.String(length=2000), nullable=True, comment="Good experience"),
        sa.Column("shortcomings", sa.String(length=2000), nullable=True, comment="Shortcomings"),
        sa.Column(
            "comment",
            sa.String(length=1000),
            nullable=True,
            comment="Comment of the market manager",
        ),
        sa.Column("computed_at", sa.DateTime(), nullable=True, comment="Computed at"),
        sa.Column("data_batch_id", sa.Integer(), nullable=True, comment="Data up to import"),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.Column(
            "revision", sa.Integer(), server_default="0", nullable=False, comment="Submissions"
        ),
        sa.Column("submitted_at", sa.DateTime(), nullable=True, comment="Submitted at"),
        sa.Column("submitted_by", sa.Integer(), nullable=True, comment="Submitted by"),
        sa.Column("decided_at", sa.DateTime(), nullable=True, comment="Decided at"),
        sa.Column("decided_by", sa.Integer(), nullable=True, comment="Decided by"),
        sa.Column(
            "return_reason", sa.String(length=500), nullable=True, comment="Returned because"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_month_summary_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_summary")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_month_summary_company_id_id")),
        sa.UniqueConstraint(
            "company_id",
            "territory_id",
            "month",
            name=op.f("uq_month_summary_company_id_territory_id_month"),
        ),
        info={"distribution": "distributed"},
    )
    op.create_index(
        op.f("ix_month_summary_territory_id"), "month_summary", ["territory_id"], unique=False
    )
    op.create_table(
        "service_plan",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        sa.Column(
            "status",
            sa.Enum(
                "DRAFT",
                "SUBMITTED",
                "APPROVED",
                "RESULT_SUBMITTED",
                "RESULT_APPROVED",
                name="serviceplanstatus",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Status",
        ),
        sa.Column(
            "satisfaction_target",
            sa.SmallInteger(),
            nullable=True,
            comment="Satisfaction target (tenths)",
        ),
        sa.Column(
            "is_empty_accepted",
            sa.Boolean(),
            server_default="0",
            nullable=False,
            comment="No strategies this month",
        ),
        sa.Column("generated_at", sa.DateTime(), nullable=True, comment="Generated at"),
        sa.Column("generated_by", sa.Integer(), nullable=True, comment="Generated by"),
        sa.Column("parameter_version", sa.Integer(), nullable=True, comment="Parameter version"),
        sa.Column(
            "result_submitted_at", sa.DateTime(), nullable=True, comment="Result submitted at"
        ),
        sa.Column(
            "result_submitted_by", sa.Integer(), nullable=True, comment="Result submitted by"
        ),
        sa.Column("result_decided_at", sa.DateTime(), nullable=True, comment="Result decided at"),
        sa.Column("result_decided_by", sa.Integer(), nullable=True, comment="Result decided by"),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.Column(
            "revision", sa.Integer(), server_default="0", nullable=False, comment="Submissions"
        ),
        sa.Column("submitted_at", sa.DateTime(), nullable=True, comment="Submitted at"),
        sa.Column("submitted_by", sa.Integer(), nullable=True, comment="Submitted by"),
        sa.Column("decided_at", sa.DateTime(), nullable=True, comment="Decided at"),
        sa.Column("decided_by", sa.Integer(), nullable=True, comment="Decided by"),
        sa.Column(
            "return_reason", sa.String(length=500), nullable=True, comment="Returned because"
        ),
        sa.CheckConstraint(
            "satisfaction_target BETWEEN 0 AND 1000",
            name=op.f("ck_service_plan_satisfaction_target"),
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_service_plan_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_plan")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_service_plan_company_id_id")),
        sa.UniqueConstraint(
            "company_id",
            "territory_id",
            "month",
            name=op.f("uq_service_plan_company_id_territory_id_month"),
        ),
        info={"distribution": "distributed"},
    )
    op.create_index(
        op.f("ix_service_plan_territory_id"), "service_plan", ["territory_id"], unique=False
    )
    op.create_table(
        "visit_plan_run",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column("from_date", sa.Date(), nullable=False, comment="From"),
        sa.Column("to_date", sa.Date(), nullable=False, comment="To"),
        sa.Column("generated_at", sa.DateTime(), nullable=False, comment="Generated at"),
        sa.Column("parameter_version", sa.Integer(), nullable=False, comment="Parameter version"),
        sa.Column("added", sa.Integer(), nullable=False, comment="Visits added"),
        sa.Column("removed", sa.Integer(), nullable=False, comment="Visits removed"),
        sa.Column("kept", sa.Integer(), nullable=False, comment="Visits kept"),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_visit_plan_run_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_plan_run")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_visit_plan_run_company_id_id")),
        info={"distribution": "distributed"},
    )
    op.create_index(
        "ix_visit_plan_run_territory",
        "visit_plan_run",
        ["company_id", "territory_id", "from_date"],
        unique=False,
    )
    op.create_index(
        op.f("ix_visit_plan_run_territory_id"), "visit_plan_run", ["territory_id"], unique=False
    )
    op.create_table(
        "week_arrangement",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column("start_date", sa.Date(), nullable=False, comment="First day"),
        sa.Column("end_date", sa.Date(), nullable=False, comment="Last day"),
        sa.Column(
            "market_focus", sa.String(length=1000), nullable=True, comment="Market collection focus"
        ),
        sa.Column(
            "brand_focus", sa.String(length=1000), nullable=True, comment="Brand cultivation focus"
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.CheckConstraint("end_date >= start_date", name=op.f("ck_week_arrangement_dates")),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_week_arrangement_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_week_arrangement")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_week_arrangement_company_id_id")),
        sa.UniqueConstraint(
            "company_id",
            "territory_id",
            "start_date",
            name=op.f("uq_week_arrangement_company_id_territory_id_start_date"),
        ),
        info={"distribution": "distributed"},
    )
    op.create_index(
        op.f("ix_week_arrangement_territory_id"), "week_arrangement", ["territory_id"], unique=False
    )
    op.create_table(
        "week_summary",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column("start_date", sa.Date(), nullable=False, comment="First day"),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        sa.Column(
            "status",
            sa.Enum("DRAFT", "SUBMITTED", name="weeksummarystatus", native_enum=False, length=24),
            nullable=False,
            comment="Status",
        ),
        sa.Column("as_of", sa.Date(), nullable=False, comment="Figures up to"),
        sa.Column("elapsed_days", sa.SmallInteger(), nullable=False, comment="Order days elapsed"),
        sa.Column(
            "total_days", sa.SmallInteger(), nullable=False, comment="Order days of the month"
        ),
        sa.Column("computed_at", sa.DateTime(), nullable=True, comment="Computed at"),
        sa.Column("parameter_version", sa.Integer(), nullable=True, comment="Parameter version"),
        sa.Column("data_batch_id", sa.Integer(), nullable=True, comment="Data up to import"),
        sa.Column(
            "arrangement_text",
            sa.String(length=2000),
            nullable=True,
            comment="Reasonableness of the arrangement",
        ),
        sa.Column(
            "effect_text",
            sa.String(length=2000),
            nullable=True,
            comment="Effectiveness of the work",
        ),
        sa.Column(
            "comment",
            sa.String(length=1000),
            nullable=True,
            comment="Comment of the market manager",
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.Column(
            "revision", sa.Integer(), server_default="0", nullable=False, comment="Submissions"
        ),
        sa.Column("submitted_at", sa.DateTime(), nullable=True, comment="Submitted at"),
        sa.Column("submitted_by", sa.Integer(), nullable=True, comment="Submitted by"),
        sa.Column("decided_at", sa.DateTime(), nullable=True, comment="Decided at"),
        sa.Column("decided_by", sa.Integer(), nullable=True, comment="Decided by"),
        sa.Column(
            "return_reason", sa.String(length=500), nullable=True, comment="Returned because"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_week_summary_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_week_summary")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_week_summary_company_id_id")),
        sa.UniqueConstraint(
            "company_id",
            "territory_id",
            "start_date",
            name=op.f("uq_week_summary_company_id_territory_id_start_date"),
        ),
        info={"distribution": "distributed"},
    )
    op.create_index(
        op.f("ix_week_summary_territory_id"), "week_summary", ["territory_id"], unique=False
    )
    op.create_table(
        "daily_sheet_line",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "sheet_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Day sheet",
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Customer",
        ),
        sa.Column(
            "item_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Strategy item",
        ),
        sa.Column("sequence", sa.SmallInteger(), nullable=False, comment="Place in the route"),
        sa.Column("content", sa.String(length=700), nullable=False, comment="Visit content"),
        sa.ForeignKeyConstraint(
            ["company_id", "sheet_id"],
            ["daily_sheet.company_id", "daily_sheet.id"],
            name=op.f("fk_daily_sheet_line_company_id_sheet_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "sheet_id", "customer_id", "item_id", name=op.f("pk_daily_sheet_line")
        ),
        info={"distribution": "distributed"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "daily_visit",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Customer",
        ),
        sa.Column("date", sa.Date(), nullable=False, comment="Visit date"),
        sa.Column(
            "visit_plan_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="Planned visit",
        ),
        sa.Column(
            "mode",
            sa.Enum(
                "ONSITE",
                "PHONE",
                "ONLINE",
                "MEETING",
                name="visitmode",
                native_enum=False,
                length=24,
            ),
            nullable=True,
            comment="Visit mode",
        ),
        sa.Column(
            "outcome",
            sa.Enum("VISITED", "NOT_VISITED", name="visitoutcome", native_enum=False, length=24),
            nullable=True,
            comment="Result of the visit",
        ),
        sa.Column("started_at", sa.DateTime(), nullable=True, comment="Arrived at"),
        sa.Column(
            "minutes", sa.SmallInteger(), nullable=True, comment="Duration of the visit (minutes)"
        ),
        sa.Column(
            "unvisited_reason",
            sa.Enum(
                "CLOSED",
                "ABSENT",
                "ROUTE",
                "WEATHER",
                "OTHER",
                name="unvisitedreason",
                native_enum=False,
                length=24,
            ),
            nullable=True,
            comment="Not visited because",
        ),
        sa.Column(
            "market_issue", sa.String(length=1000), nullable=True, comment="Market anomalies"
        ),
        sa.Column("opinion", sa.String(length=1000), nullable=True, comment="Customer suggestions"),
        sa.Column(
            "effect", sa.String(length=1000), nullable=True, comment="Effect and impressions"
        ),
        sa.Column("moved_to", sa.Date(), nullable=True, comment="New visit date"),
        sa.Column("client_key", sa.String(length=40), nullable=True, comment="Draft key"),
        sa.Column("recorded_at", sa.DateTime(), nullable=True, comment="Recorded at"),
        sa.Column("recorded_by", sa.Integer(), nullable=True, comment="Recorded by"),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["customer.company_id", "customer.id"],
            name=op.f("fk_daily_visit_company_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_daily_visit_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_visit")),
        sa.UniqueConstraint(
            "company_id", "client_key", name=op.f("uq_daily_visit_company_id_client_key")
        ),
        sa.UniqueConstraint(
            "company_id",
            "customer_id",
            "date",
            name=op.f("uq_daily_visit_company_id_customer_id_date"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_daily_visit_company_id_id")),
        info={"distribution": "distributed"},
    )
    op.create_index(
        "ix_daily_visit_day", "daily_visit", ["company_id", "territory_id", "date"], unique=False
    )
    op.create_index(
        op.f("ix_daily_visit_territory_id"), "daily_visit", ["territory_id"], unique=False
    )
    op.create_table(
        "key_customer",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "plan_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Month plan",
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Customer",
        ),
        sa.Column(
            "origin",
            sa.Enum("AUTOMATIC", "MANUAL", name="roworigin", native_enum=False, length=24),
            nullable=False,
            comment="Origin",
        ),
        sa.Column(
            "is_removed",
            sa.Boolean(),
            server_default="0",
            nullable=False,
            comment="Removed by hand",
        ),
        sa.Column("note", sa.String(length=200), nullable=True, comment="Remark"),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["customer.company_id", "customer.id"],
            name=op.f("fk_key_customer_company_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "plan_id"],
            ["month_plan.company_id", "month_plan.id"],
            name=op.f("fk_key_customer_company_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "plan_id", "customer_id", name=op.f("pk_key_customer")
        ),
        info={"distribution": "distributed"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "key_customer_reason",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "plan_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Month plan",
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Customer",
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "PROBLEM_CUSTOMER",
                "BRAND",
                "MARKET",
                name="keyreason",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Reason",
        ),
        sa.Column("code", sa.String(length=24), nullable=False, comment="Problem"),
        sa.Column("indicator", sa.String(length=24), nullable=False, comment="Abnormal indicator"),
        sa.Column("product_id", sa.Integer(), nullable=False, comment="Product"),
        sa.ForeignKeyConstraint(
            ["company_id", "plan_id"],
            ["month_plan.company_id", "month_plan.id"],
            name=op.f("fk_key_customer_reason_company_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "company_id",
            "plan_id",
            "customer_id",
            "kind",
            "code",
            "indicator",
            "product_id",
            name=op.f("pk_key_customer_reason"),
        ),
        info={"distribution": "distributed"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "month_summary_figure",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "summary_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Month summary",
        ),
        sa.Column(
            "figure",
            sa.Enum(
                "VISITS_WEEKLY",
                "VISITS_SEMIMONTHLY",
                "VISITS_MONTHLY",
                "VISITS_ALL",
                "TASKS_DONE",
                "TEMPORARY_TASKS",
                "JUDGEMENTS_KEPT",
                "KEY_CUSTOMERS_KEPT",
                "BRAND_ABNORMAL",
                "MARKET_ABNORMAL",
                name="summaryfigure",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Figure",
        ),
        sa.Column("numerator", sa.BigInteger(), nullable=True, comment="Numerator"),
        sa.Column("denominator", sa.BigInteger(), nullable=True, comment="Denominator"),
        sa.ForeignKeyConstraint(
            ["company_id", "summary_id"],
            ["month_summary.company_id", "month_summary.id"],
            name=op.f("fk_month_summary_figure_company_id_summary_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "summary_id", "figure", name=op.f("pk_month_summary_figure")
        ),
        info={"distribution": "distributed"},
    )
    op.create_table(
        "planned_frequency",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "plan_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Month plan",
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Customer",
        ),
        sa.Column("is_key", sa.Boolean(), nullable=False, comment="Key customer"),
        sa.Column("strategy_count", sa.Integer(), nullable=False, comment="Strategies"),
        sa.Column(
            "direct_count", sa.Integer(), nullable=False, comment="Strategies from direct needs"
        ),
        sa.Column("effect_score", sa.Integer(), nullable=True, comment="Effect score (hundredths)"),
        sa.Column(
            "amount_fen",
            sa.BigInteger(),
            nullable=False,
            comment="Amount of the month before (fen)",
        ),
        sa.Column("rank", sa.Integer(), nullable=False, comment="Rank"),
        sa.Column(
            "generated",
            sa.Enum(
                "WEEKLY",
                "SEMIMONTHLY",
                "MONTHLY",
                name="visitfrequency",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Frequency by the rule",
        ),
        sa.Column(
            "frequency",
            sa.Enum(
                "WEEKLY",
                "SEMIMONTHLY",
                "MONTHLY",
                name="visitfrequency",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Visit frequency",
        ),
        sa.Column(
            "origin",
            sa.Enum("AUTOMATIC", "MANUAL", name="roworigin", native_enum=False, length=24),
            nullable=False,
            comment="Origin",
        ),
        sa.Column("note", sa.String(length=200), nullable=True, comment="Reason for the change"),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["customer.company_id", "customer.id"],
            name=op.f("fk_planned_frequency_company_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "plan_id"],
            ["month_plan.company_id", "month_plan.id"],
            name=op.f("fk_planned_frequency_company_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "plan_id", "customer_id", name=op.f("pk_planned_frequency")
        ),
        info={"distribution": "distributed"},
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_planned_frequency_rank",
        "planned_frequency",
        ["company_id", "plan_id", "rank"],
        unique=False,
    )
    op.create_table(
        "strategy_item",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "plan_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Service plan",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Customer",
        ),
        sa.Column(
            "strategy_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Service strategy",
        ),
        sa.Column(
            "sequence", sa.SmallInteger(), server_default="0", nullable=False, comment="Sequence"
        ),
        sa.Column(
            "source",
            sa.Enum(
                "DIRECT",
                "POTENTIAL",
                "CARRIED",
                "MANUAL",
                "TEMPORARY",
                name="itemsource",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Source",
        ),
        sa.Column(
            "content", sa.String(length=500), server_default="", nullable=False, comment="Content"
        ),
        sa.Column(
            "generated_content",
            sa.String(length=500),
            nullable=True,
            comment="Content as generated",
        ),
        sa.Column(
            "is_touched",
            sa.Boolean(),
            server_default="0",
            nullable=False,
            comment="Changed by hand",
        ),
        sa.Column(
            "is_removed",
            sa.Boolean(),
            server_default="0",
            nullable=False,
            comment="Removed by hand",
        ),
        sa.Column(
            "carried_from_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="Carried over from",
        ),
        sa.Column(
            "mark",
            sa.Enum("OPEN", "DONE", "TEMPORARY", name="itemmark", native_enum=False, length=24),
            server_default="OPEN",
            nullable=False,
            comment="Mark",
        ),
        sa.Column("done_on", sa.Date(), nullable=True, comment="Done on"),
        sa.Column(
            "visit_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="Done at the visit",
        ),
        sa.Column(
            "undone_reason",
            sa.Enum(
                "CLOSED",
                "ABSENT",
                "REFUSED",
                "NO_TIME",
                "NO_SUPPLY",
                "NEXT_MONTH",
                "OTHER",
                name="undonereason",
                native_enum=False,
                length=24,
            ),
            nullable=True,
            comment="Not done because",
        ),
        sa.Column(
            "undone_note", sa.String(length=200), nullable=True, comment="Remark on the result"
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["customer.company_id", "customer.id"],
            name=op.f("fk_strategy_item_company_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "plan_id"],
            ["service_plan.company_id", "service_plan.id"],
            name=op.f("fk_strategy_item_company_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["service_strategy.id"], name=op.f("fk_strategy_item_strategy_id")
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_strategy_item_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_item")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_strategy_item_company_id_id")),
        sa.UniqueConstraint(
            "company_id",
            "plan_id",
            "customer_id",
            "strategy_id",
            "sequence",
            name=op.f("uq_strategy_item_company_id_plan_id_customer_id_strategy_id_sequence"),
        ),
        info={"distribution": "distributed"},
    )
    op.create_index(
        "ix_strategy_item_customer",
        "strategy_item",
        ["company_id", "customer_id", "month"],
        unique=False,
    )
    op.create_index(
        "ix_strategy_item_territory",
        "strategy_item",
        ["company_id", "territory_id", "month"],
        unique=False,
    )
    op.create_index(
        op.f("ix_strategy_item_territory_id"), "strategy_item", ["territory_id"], unique=False
    )
    op.create_table(
        "strategy_item_reason",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "plan_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Service plan",
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Customer",
        ),
        sa.Column(
            "strategy_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Service strategy",
        ),
        sa.Column(
            "source",
            sa.Enum(
                "NEED",
                "STATE",
                "ABILITY",
                "PROBLEM",
                "CARRIED",
                name="reasonsource",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Source",
        ),
        sa.Column("code", sa.String(length=24), nullable=False, comment="Code of the source"),
        sa.Column("details", sa.String(length=500), nullable=True, comment="Details"),
        sa.ForeignKeyConstraint(
            ["company_id", "plan_id"],
            ["service_plan.company_id", "service_plan.id"],
            name=op.f("fk_strategy_item_reason_company_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["strategy_id"],
            ["service_strategy.id"],
            name=op.f("fk_strategy_item_reason_strategy_id"),
        ),
        sa.PrimaryKeyConstraint(
            "company_id",
            "plan_id",
            "customer_id",
            "strategy_id",
            "source",
            "code",
            name=op.f("pk_strategy_item_reason"),
        ),
        info={"distribution": "distributed"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "visit_plan",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Customer",
        ),
        sa.Column("date", sa.Date(), nullable=False, comment="Visit date"),
        sa.Column("month", sa.Integer(), nullable=False, comment="Work month of the week"),
        sa.Column(
            "origin",
            sa.Enum("AUTOMATIC", "MANUAL", name="roworigin", native_enum=False, length=24),
            nullable=False,
            comment="Origin",
        ),
        sa.Column(
            "status",
            sa.Enum(
                "PLANNED",
                "DONE",
                "MISSED",
                "CANCELLED",
                name="visitstatus",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Status",
        ),
        sa.Column("sequence", sa.SmallInteger(), nullable=True, comment="Place in the route"),
        sa.Column("moved_from", sa.Date(), nullable=True, comment="Moved from"),
        sa.Column(
            "is_touched",
            sa.Boolean(),
            server_default="0",
            nullable=False,
            comment="Changed by hand",
        ),
        sa.Column("note", sa.String(length=200), nullable=True, comment="Remark"),
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="Generation",
        ),
        sa.Column(
            "frequency",
            sa.Enum(
                "WEEKLY",
                "SEMIMONTHLY",
                "MONTHLY",
                name="visitfrequency",
                native_enum=False,
                length=24,
            ),
            nullable=True,
            comment="Planned for the frequency",
        ),
        sa.Column(
            "day_choice",
            sa.Enum(
                "WISHED",
                "LINE",
                "WEEKDAY_OFF",
                "WEEKDAY_FULL",
                name="daychoice",
                native_enum=False,
                length=24,
            ),
            nullable=True,
            comment="Reason for the day",
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["customer.company_id", "customer.id"],
            name=op.f("fk_visit_plan_company_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_visit_plan_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_plan")),
        sa.UniqueConstraint(
            "company_id",
            "customer_id",
            "date",
            name=op.f("uq_visit_plan_company_id_customer_id_date"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_visit_plan_company_id_id")),
        info={"distribution": "distributed"},
    )
    op.create_index(
        "ix_visit_plan_day", "visit_plan", ["company_id", "territory_id", "date"], unique=False
    )
    op.create_index(
        "ix_visit_plan_month", "visit_plan", ["company_id", "month", "territory_id"], unique=False
    )
    op.create_index(
        op.f("ix_visit_plan_territory_id"), "visit_plan", ["territory_id"], unique=False
    )
    op.create_table(
        "visit_plan_problem",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Generation",
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Customer",
        ),
        sa.Column(
            "obstacle",
            sa.Enum(
                "NO_FREQUENCY",
                "NO_WORKDAY",
                "DAY_FULL",
                "DATE_TAKEN",
                "WEEKDAY_OFF",
                "WEEKDAY_FULL",
                name="visitobstacle",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Obstacle",
        ),
        sa.Column(
            "missing",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="Visits missing",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "run_id"],
            ["visit_plan_run.company_id", "visit_plan_run.id"],
            name=op.f("fk_visit_plan_problem_company_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "run_id", "customer_id", "obstacle", name=op.f("pk_visit_plan_problem")
        ),
        info={"distribution": "distributed"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "week_arrangement_day",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "arrangement_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Week arrangement",
        ),
        sa.Column("date", sa.Date(), nullable=False, comment="Date"),
        sa.Column("line", sa.String(length=200), nullable=True, comment="Visit line"),
        sa.Column("note", sa.String(length=500), nullable=True, comment="Remark"),
        sa.ForeignKeyConstraint(
            ["company_id", "arrangement_id"],
            ["week_arrangement.company_id", "week_arrangement.id"],
            name=op.f("fk_week_arrangement_day_company_id_arrangement_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "arrangement_id", "date", name=op.f("pk_week_arrangement_day")
        ),
        info={"distribution": "distributed"},
    )
    op.create_table(
        "week_summary_line",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "summary_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Week summary",
        ),
        sa.Column(
            "indicator",
            sa.Enum(
                "VOLUME",
                "UNIT_VALUE",
                "KEY_GROWTH",
                name="weekindicator",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Indicator",
        ),
        sa.Column("actual_num", sa.BigInteger(), nullable=True, comment="Actual, numerator"),
        sa.Column("actual_den", sa.BigInteger(), nullable=True, comment="Actual, denominator"),
        sa.Column("target", sa.BigInteger(), nullable=True, comment="Month target (hundredths)"),
        sa.Column(
            "system_status",
            sa.Enum(
                "NORMAL",
                "ABNORMAL",
                "NO_TARGET",
                "UNDETERMINED",
                name="weekjudgement",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Judgement of the system",
        ),
        sa.Column(
            "final_status",
            sa.Enum(
                "NORMAL",
                "ABNORMAL",
                "NO_TARGET",
                "UNDETERMINED",
                name="weekjudgement",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Judgement",
        ),
        sa.Column(
            "override_reason",
            sa.String(length=500),
            nullable=True,
            comment="Reason for a different judgement",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "summary_id"],
            ["week_summary.company_id", "week_summary.id"],
            name=op.f("fk_week_summary_line_company_id_summary_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "summary_id", "indicator", name=op.f("pk_week_summary_line")
        ),
        info={"distribution": "distributed"},
    )
    op.create_table(
        "follow_up",
        sa.Column(
            "company_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Company",
        ),
        sa.Column(
            "territory_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Territory",
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Customer",
        ),
        sa.Column(
            "daily_visit_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="Visit",
        ),
        sa.Column(
            "kind",
            sa.Enum("SUGGESTION", "ANOMALY", name="followupkind", native_enum=False, length=24),
            nullable=False,
            comment="Kind",
        ),
        sa.Column("text", sa.String(length=1000), nullable=False, comment="What was said"),
        sa.Column(
            "status",
            sa.Enum(
                "OPEN",
                "IN_WORK",
                "RESOLVED",
                "ANSWERED",
                name="followupstatus",
                native_enum=False,
                length=24,
            ),
            nullable=False,
            comment="Status",
        ),
        sa.Column("owner_id", sa.Integer(), nullable=True, comment="Responsible"),
        sa.Column("due_date", sa.Date(), nullable=True, comment="Due on"),
        sa.Column("answer", sa.String(length=1000), nullable=True, comment="Answer"),
        sa.Column("resolved_at", sa.DateTime(), nullable=True, comment="Resolved at"),
        sa.Column("resolved_by", sa.Integer(), nullable=True, comment="Resolved by"),
        sa.Column("answered_on", sa.Date(), nullable=True, comment="Answered to the customer on"),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="ID"
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["customer.company_id", "customer.id"],
            name=op.f("fk_follow_up_company_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "daily_visit_id"],
            ["daily_visit.company_id", "daily_visit.id"],
            name=op.f("fk_follow_up_company_id_daily_visit_id"),
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["ab_user.id"], name=op.f("fk_follow_up_owner_id")),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_follow_up_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up")),
        sa.UniqueConstraint(
            "company_id",
            "daily_visit_id",
            "kind",
            name=op.f("uq_follow_up_company_id_daily_visit_id_kind"),
        ),
        info={"distribution": "distributed"},
    )
    op.create_index(op.f("ix_follow_up_owner_id"), "follow_up", ["owner_id"], unique=False)
    op.create_index(
        "ix_follow_up_territory",
        "follow_up",
        ["company_id", "territory_id", "status", "due_date"],
        unique=False,
    )
    op.create_index(op.f("ix_follow_up_territory_id"), "follow_up", ["territory_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_follow_up_territory_id"), table_name="follow_up")
    op.drop_index("ix_follow_up_territory", table_name="follow_up")
    op.drop_index(op.f("ix_follow_up_owner_id"), table_name="follow_up")
    op.drop_table("follow_up")
    op.drop_table("week_summary_line")
    op.drop_table("week_arrangement_day")
    op.drop_table("visit_plan_problem")
    op.drop_index(op.f("ix_visit_plan_territory_id"), table_name="visit_plan")
    op.drop_index("ix_visit_plan_month", table_name="visit_plan")
    op.drop_index("ix_visit_plan_day", table_name="visit_plan")
    op.drop_table("visit_plan")
    op.drop_table("strategy_item_reason")
    op.drop_index(op.f("ix_strategy_item_territory_id"), table_name="strategy_item")
    op.drop_index("ix_strategy_item_territory", table_name="strategy_item")
    op.drop_index("ix_strategy_item_customer", table_name="strategy_item")
    op.drop_table("strategy_item")
    op.drop_index("ix_planned_frequency_rank", table_name="planned_frequency")
    op.drop_table("planned_frequency")
    op.drop_table("month_summary_figure")
    op.drop_table("key_customer_reason")
    op.drop_table("key_customer")
    op.drop_index(op.f("ix_daily_visit_territory_id"), table_name="daily_visit")
    op.drop_index("ix_daily_visit_day", table_name="daily_visit")
    op.drop_table("daily_visit")
    op.drop_table("daily_sheet_line")
    op.drop_index(op.f("ix_week_summary_territory_id"), table_name="week_summary")
    op.drop_table("week_summary")
    op.drop_index(op.f("ix_week_arrangement_territory_id"), table_name="week_arrangement")
    op.drop_table("week_arrangement")
    op.drop_index(op.f("ix_visit_plan_run_territory_id"), table_name="visit_plan_run")
    op.drop_index("ix_visit_plan_run_territory", table_name="visit_plan_run")
    op.drop_table("visit_plan_run")
    op.drop_index(op.f("ix_service_plan_territory_id"), table_name="service_plan")
    op.drop_table("service_plan")
    op.drop_index(op.f("ix_month_summary_territory_id"), table_name="month_summary")
    op.drop_table("month_summary")
    op.drop_index(op.f("ix_month_plan_territory_id"), table_name="month_plan")
    op.drop_table("month_plan")
    op.drop_index(op.f("ix_flow_event_territory_id"), table_name="flow_event")
    op.drop_index("ix_flow_event_record", table_name="flow_event")
    op.drop_table("flow_event")
    op.drop_index(op.f("ix_daily_sheet_territory_id"), table_name="daily_sheet")
    op.drop_table("daily_sheet")
    op.drop_table("return_reason")
