"""Who hears of scheduled jobs: the administrators of the company, else those of the portal."""

from __future__ import annotations

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.jobs import JOBS_BY_ID
from app.jobs.job_runs import RunKey
from app.kernel.errors import N_
from app.models import ImportBatch, NoticeKind, PortalUser
from app.notices.publish import publish
from app.security.permissions import RoleName
from app.security.row_scope import UNRESTRICTED, scoped_to

GAVE_UP = N_("It is not tried again by itself. The page “Scheduled work” says why.")


def administrators_of(session: Session, company_id: int) -> list[int]:
    """The active administrators of a company; of the whole portal for 0. For a company without
    any, those of the portal.
    """
    is_administrator = PortalUser.roles.any(Role.name == RoleName.ADMINISTRATOR.value)
    query = select(PortalUser.id).where(PortalUser.active, is_administrator)
    with scoped_to(UNRESTRICTED):
        own = list(session.scalars(query.where(PortalUser.company_id == company_id)))
        return own or list(session.scalars(query.where(PortalUser.company_id.is_(None))))


def tell_of_failure(session: Session, key: RunKey) -> None:
    """A run was given up; once for every run. The caller commits."""
    publish(
        session,
        NoticeKind.JOB_FAILED,
        administrators_of(session, key.company_id),
        company_id=key.company_id or None,
        key=f"job:{key.job}:{key.company_id}:{key.period}:{key.run_no}",
        values={"job": JOBS_BY_ID[key.job].description, "error": GAVE_UP},
        endpoint="ScheduledWorkView.list",
        endpoint_values={"q_job": key.job},
    )


def tell_of_feed_failure(
    session: Session, company_id: int, file: str, checksum: str, error: str
) -> None:
    """A file of the nightly feed was rejected, told once for the same content; `error` is a
    sentence. The caller commits.
    """
    publish(
        session,
        NoticeKind.FEED_FAILED,
        administrators_of(session, company_id),
        company_id=company_id,
        key=f"feed:{company_id}:{checksum}",
        values={"file": file, "error": error},
        endpoint="ImportView.list",
    )


def tell_of_import(session: Session, company_id: int, batch: ImportBatch) -> None:
    """A file went in without a person who looks. The caller commits."""
    publish(
        session,
        NoticeKind.IMPORT_FINISHED,
        administrators_of(session, company_id),
        company_id=company_id,
        key=f"import:{batch.id}",
        values={
            "file": batch.file_name,
            "new": batch.rows_new,
            "changed": batch.rows_changed,
            "rejected": batch.rows_rejected,
        },
        endpoint="ImportView.show",
        endpoint_values={"pk": batch.id},
    )
