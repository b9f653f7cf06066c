"""The registry of entities: every other module imports them from here.

`MODELS_BY_STAGE` feeds Alembic, the data dictionary and the contract tests; `ROW_SCOPES` says
which rows of an entity a person sees (a contract test fails when an entity is in neither
`ROW_SCOPES` nor `UNSCOPED`); `LOGGED_ENTITIES` are those whose changes are written to the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.analysis.models import (
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireSource,
    QuestionnaireStatus,
)
from app.exchange.models import BatchState, ExportFile, ImportBatch, ImportMapping
from app.jobs.models import Task, TaskState
from app.master.models.catalogue import (
    AbilityItem,
    AbilityItemStrategy,
    NeedOption,
    NeedOptionStrategy,
    ProblemReason,
    ServiceStrategy,
)
from app.master.models.customer import (
    BusinessType,
    Customer,
    CustomerStatus,
    CustomerTerritory,
    FrequencySource,
    MarketType,
    OrderMode,
    Scale,
    SettleMode,
    TerminalType,
    VisitFrequency,
    VisitMode,
)
from app.master.models.product import (
    CategoryNode,
    CategoryProduct,
    CigaretteForm,
    KeyProductSnapshot,
    PriceClass,
    Product,
    ProductStatus,
    TarSource,
)
from app.master.models.sales import MonthlySales, SalesLine, SalesSource
from app.master.models.settings import CalendarDay, DaySource, ParameterValue, ParameterVersion
from app.organisation.models import (
    AssignmentKind,
    Company,
    Department,
    PortalUser,
    Territory,
    TerritoryAssignment,
)
from app.security.models import ChangeAction, ChangeLog, GrantOverride
from app.security.row_scope import (
    Criterion,
    company_rows,
    own_company,
    own_rows,
    territories,
    territory_rows,
    users,
)

__all__ = [
    "LOGGED_ENTITIES",
    "MODELS_BY_STAGE",
    "ROW_SCOPES",
    "UNSCOPED",
    "AbilityItem",
    "AbilityItemStrategy",
    "AssignmentKind",
    "BatchState",
    "BusinessType",
    "CalendarDay",
    "CategoryNode",
    "CategoryProduct",
    "ChangeAction",
    "ChangeLog",
    "CigaretteForm",
    "Company",
    "Customer",
    "CustomerStatus",
    "CustomerTerritory",
    "DaySource",
    "Department",
    "ExportFile",
    "FrequencySource",
    "GrantOverride",
    "ImportBatch",
    "ImportMapping",
    "KeyProductSnapshot",
    "MarketType",
    "MonthlySales",
    "NeedOption",
    "NeedOptionStrategy",
    "OrderMode",
    "ParameterValue",
    "ParameterVersion",
    "PortalUser",
    "PriceClass",
    "ProblemReason",
    "Product",
    "ProductStatus",
    "Questionnaire",
    "QuestionnaireAnswer",
    "QuestionnaireSource",
    "QuestionnaireStatus",
    "SalesLine",
    "SalesSource",
    "Scale",
    "ServiceStrategy",
    "SettleMode",
    "TarSource",
    "Task",
    "TaskState",
    "TerminalType",
    "Territory",
    "TerritoryAssignment",
    "VisitFrequency",
    "VisitMode",
]

MODELS_BY_STAGE: Mapping[str, tuple[type[Any], ...]] = {
    "organisation": (Company, Department, Territory, TerritoryAssignment, PortalUser),
    "master": (
        Customer,
        CustomerTerritory,
        Product,
        KeyProductSnapshot,
        CategoryNode,
        CategoryProduct,
        SalesLine,
        MonthlySales,
        CalendarDay,
        ParameterVersion,
        ParameterValue,
        ServiceStrategy,
        NeedOption,
        NeedOptionStrategy,
        AbilityItem,
        AbilityItemStrategy,
        ProblemReason,
    ),
    "analysis": (Questionnaire, QuestionnaireAnswer),
    "exchange": (ImportBatch, ImportMapping, ExportFile),
    "jobs": (Task,),
    "security": (ChangeLog, GrantOverride),
}

ROW_SCOPES: Mapping[type[Any], Criterion] = {
    Company: own_company,
    Department: company_rows,
    Territory: territories,
    TerritoryAssignment: territory_rows,
    PortalUser: users,
    Customer: territory_rows,
    CustomerTerritory: territory_rows,
    Product: company_rows,
    KeyProductSnapshot: company_rows,
    CategoryNode: company_rows,
    CategoryProduct: company_rows,
    SalesLine: territory_rows,
    MonthlySales: territory_rows,
    CalendarDay: company_rows,
    ParameterVersion: company_rows,
    ServiceStrategy: company_rows,
    NeedOption: company_rows,
    AbilityItem: company_rows,
    ProblemReason: company_rows,
    Questionnaire: territory_rows,
    ImportBatch: company_rows,
    ImportMapping: company_rows,
    ExportFile: own_rows,
    Task: own_rows,
    ChangeLog: company_rows,
}

UNSCOPED: Mapping[type[Any], str] = {
    ParameterValue: "reached through its version only",
    NeedOptionStrategy: "reached through its need only",
    AbilityItemStrategy: "reached through its item only",
    QuestionnaireAnswer: "reached through its questionnaire only",
    GrantOverride: "roles are shared by all companies; only platform administrators change them",
}

LOGGED_ENTITIES: tuple[type[Any], ...] = (
    Company,
    Department,
    Territory,
    TerritoryAssignment,
    PortalUser,
    Customer,
    Product,
    CategoryNode,
    CategoryProduct,
    CalendarDay,
    ParameterVersion,
    ServiceStrategy,
    NeedOption,
    AbilityItem,
    ProblemReason,
    Questionnaire,
    GrantOverride,
)
