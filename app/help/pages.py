"""What the pages of the menu are for, besides the fourteen steps; data only.

Steps have their words in `app.workflow.step_help`. A contract test wants one or the other for
every row of the menu.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.kernel.errors import N_


@dataclass(frozen=True, slots=True)
class PageHelp:
    """`text` is a msgid; `clause` the manual's, empty where the manual says nothing."""

    text: str
    clause: str = ""


PAGE_HELP: Mapping[str, PageHelp] = {
    "HomeView.index": PageHelp(
        N_(
            "Your month at a glance: how the fourteen steps stand, what is to be done and by when, "
            "what is abnormal, and which days have visits. Every figure tells where it comes "
            "from and leads to its rows. The month in the top bar decides what you see."
        ),
        "§2.1",
    ),
    "ReadinessView.index": PageHelp(
        N_(
            "Everything a month needs before it can begin – sales, calendar, holders, visit modes, "
            "products, watched products, questionnaire, parameters and catalogues – with what is "
            "missing, why it matters, who mends it and where."
        ),
        "§1",
    ),
    "FocusProductView.list": PageHelp(
        N_(
            "Market managers issue the products a department watches, from month to month. Brand "
            "targets can only be set for these products."
        ),
        "§2.2-3",
    ),
    "VisitListView.list": PageHelp(
        N_(
            "All planned visits as a list to filter and export. Visits are planned and moved in "
            "the visit plan."
        ),
        "§2.2-9",
    ),
    "ApprovalView.index": PageHelp(
        N_(
            "What waits for a decision: service strategies, month plans, results, and summaries to "
            "read. Shown is what departs from the rules; what breaks none can be approved "
            "together. A return needs a reason, and nobody decides on their own record."
        ),
        "§2.2-7/8/12",
    ),
    "FollowUpView.list": PageHelp(
        N_(
            "Suggestions and anomalies that visits brought up, each with a responsible person and "
            "a due day, until the customer has been told the answer."
        ),
        "§2.2-11",
    ),
    "CustomerView.list": PageHelp(
        N_(
            "The customers of your territories. The visit mode must be maintained: without it a "
            "customer is on no week arrangement and no day sheet. The visit frequency is written "
            "when the month plan is approved, and can be changed by hand afterwards."
        ),
        "§1.1",
    ),
    "CategoryTreeView.tree": PageHelp(
        N_(
            "The tree of product categories. Only leaves hold products; move, rename and order "
            "the nodes here."
        ),
        "§1.2",
    ),
    "CategoryProductView.list": PageHelp(
        N_(
            "Which leaf of the category tree each product belongs to. A product has exactly one "
            "place; products without one are missing from every figure by category."
        ),
        "§1.2",
    ),
    "ProductView.list": PageHelp(
        N_(
            "The company's products and which of them are key brands; by default none is. Growth "
            "and share of key brands count the products that carry the flag in the month."
        ),
        "§1.3",
    ),
    "NewProductView.list": PageHelp(
        N_(
            "The tar content of the products. It comes with the import; correct what is wrong. A "
            "value set by hand is never overwritten by an import."
        ),
        "§1.4",
    ),
    "MonthlySalesView.list": PageHelp(
        N_(
            "Sales by customer, product and month, rolled up from the imported sales lines; the "
            "analyses read them."
        )
    ),
    "SalesLineView.list": PageHelp(
        N_(
            "The imported sales lines, one per customer, product and order day. A line belongs to "
            "the territory in which the customer stood on the order day."
        )
    ),
    "NeedsExtractionView.index": PageHelp(
        N_(
            "The answers customers gave on the ordering platform are fetched here, by the clock on "
            "the cut-off day or by hand. A repetition never replaces answers that were confirmed "
            "or changed by a person."
        ),
        "§2.2-1",
    ),
    "ImportView.list": PageHelp(
        N_(
            "Files brought into the portal: upload, match the columns, see what would be new, "
            "changed or rejected, then import. Rejected rows can be downloaded with the reason."
        )
    ),
    "ExportFileView.list": PageHelp(
        N_("Large exports are written in the background and can be downloaded here for a while.")
    ),
    "TaskView.list": PageHelp(
        N_(
            "Work that takes longer runs in the background. See how far it is, what failed and "
            "why, and run it again."
        )
    ),
    "ScheduledWorkView.list": PageHelp(
        N_(
            "Work that runs by the clock: when each job ran for which company and period, how long "
            "it took, what it did or why it failed, and when it runs next. A run can be repeated "
            "with a reason."
        )
    ),
    "WorkCalendarView.index": PageHelp(
        N_(
            "Workdays, holidays and make-up workdays of the company. Visits, due days and the "
            "progress of the week summary follow this calendar. A year without the official "
            "calendar knows weekends only."
        )
    ),
    "ParameterView.index": PageHelp(
        N_(
            "Thresholds and weights of the method. Saving makes a new version; every computed "
            "record keeps the number of the version it was computed with."
        )
    ),
    "ServiceStrategyView.list": PageHelp(
        N_("The catalogue of service strategies that needs, states and problems call for."),
        "§2.2-7",
    ),
    "NeedOptionView.list": PageHelp(
        N_(
            "The needs a customer can name in the questionnaire and the strategies each of them "
            "calls for. A month uses the version that was valid when it began."
        ),
        "§2.2-1",
    ),
    "AbilityItemView.list": PageHelp(
        N_("The items by which the ability of a customer is scored, with weight and guidance."),
        "§2.2-2",
    ),
    "ProblemReasonView.list": PageHelp(
        N_("The reasons to choose from when an abnormal figure is explained in an analysis."),
        "§2.2-5/6",
    ),
    "ReturnReasonView.list": PageHelp(
        N_("The reasons to choose from when a submitted record is returned."), "§2.2-7/8/12"
    ),
    "CompanyView.list": PageHelp(
        N_("The companies that share this portal; none sees the data of another.")
    ),
    "DepartmentView.list": PageHelp(
        N_(
            "Market departments and the market manager of each. A market manager sees the "
            "territories of the departments headed and approves their plans."
        )
    ),
    "TerritoryView.list": PageHelp(
        N_(
            "Territories hold customers and all plans, analyses and summaries; they stay when the "
            "person in charge changes."
        )
    ),
    "AssignmentView.list": PageHelp(
        N_(
            "Who works on which territory from when to when: one primary holder, and substitutes "
            "during an absence. Both see and plan the territory as long as the assignment lasts."
        )
    ),
    "UserView.list": PageHelp(
        N_("Accounts, their roles and company. A locked account cannot log in.")
    ),
    "MatrixView.index": PageHelp(
        N_(
            "Which role may do what. Deviations from the shipped defaults are marked and can be "
            "taken back."
        )
    ),
    "AccessKeyView.list": PageHelp(
        N_("Keys with which other programs send data; a key is shown once and can be revoked.")
    ),
    "ChangeLogView.list": PageHelp(
        N_("Who changed what and when, field by field, also by imports and calculations.")
    ),
}
"""Endpoint of the menu row → its explanation."""
