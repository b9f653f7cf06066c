"""What people keep of a list under a name."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import Distribution, Recorded, table_info
from app.kernel.db import db
from app.kernel.labels import label
from app.organisation.models import PortalUser


class SavedView(Recorded, db.Model):
    """已存视图: a list with its filters, order, page size and columns. Grain: owner × list × name.

    `list_name` is the class name of the list. `query` holds the arguments of its address in their
    order, [[name, value], …], as `app.saved_views.rules.kept_arguments` keeps them. A shared view
    is offered to everybody of the company who may read the list.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        UniqueConstraint("owner_id", "list_name", "name"),
        Index("ix_saved_view_shared", "company_id", "list_name"),
        table_info(Distribution.LOCAL),
    )

    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"), **label("Company"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), **label("Owner"))
    list_name: Mapped[str] = mapped_column(String(60), **label("List"))
    name: Mapped[str] = mapped_column(String(60), **label("Name of the view"))
    query: Mapped[list[list[str]]] = mapped_column(JSON, **label("Arguments"))
    is_shared: Mapped[bool] = mapped_column(default=False, **label("Shared"))

    owner: Mapped[PortalUser] = relationship(PortalUser, foreign_keys=[owner_id])

    def __repr__(self) -> str:
        return self.name


class DefaultView(db.Model):
    """默认视图: what opens when a person opens a list without further words.

    Grain: person × list. The view may be a colleague's shared one.
    """

    __tablename__ = "default_view"
    __table_args__ = (table_info(Distribution.LOCAL),)

    user_id: Mapped[int] = mapped_column(
        ForeignKey("ab_user.id"), primary_key=True, **label("User ID")
    )
    list_name: Mapped[str] = mapped_column(String(60), primary_key=True, **label("List"))
    view_id: Mapped[int] = mapped_column(
        ForeignKey("saved_view.id", ondelete="CASCADE"), index=True, **label("Saved view")
    )
