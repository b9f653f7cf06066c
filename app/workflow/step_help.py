"""What each of the fourteen steps wants, in words; data only, beside `STEPS`.

Who, by when, gates, approval and what a step feeds are read from `STEPS` itself. The texts follow
the clauses of the manual (§2.2) in the portal's own words.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.kernel.errors import N_

STEP_HELP: Mapping[int, str] = {
    1: N_(
        "Collect what every customer needs this month. Customers who order online answer the "
        "questionnaire on the ordering platform by the cut-off day of the month before, and the "
        "portal fetches their answers; for all others you enter them before your first visit. "
        "Then confirm the questionnaires, several at once if you like: only confirmed answers "
        "become service strategies, and “no need” is an answer too."
    ),
    2: N_(
        "Find out how every customer is doing. First compute the operating effect from the sales "
        "of the month before, then score the ability of each customer, and when all are scored "
        "generate the strategies. Without this last action the potential needs of the customers "
        "yield no service strategies, and the statistics of the territory stay empty."
    ),
    3: N_(
        "Set targets of the four rates for products you want to watch. Choose from the products "
        "your market manager has issued, and say from which month to which month the targets "
        "hold. What you set this month is what next month's analysis compares with."
    ),
    4: N_(
        "For each brand target choose the customers who should have the product on their shelf, "
        "with the help of filters. This list is the denominator of the listing rate; without it "
        "that rate cannot be judged."
    ),
    5: N_(
        "Judge last month's four rates of the watched products. The portal compares actual and "
        "target and proposes “abnormal” where the shortfall reaches the limit; you confirm or "
        "decide otherwise with a reason, and write down the problems of the month and the focus "
        "of the next. Abnormal products make customers with the same problem key customers."
    ),
    6: N_(
        "Judge last month's indicators of the territory, enter those that only people know, and "
        "write down problems and next focus. Set the targets of the working month here as well: "
        "the week summaries compare with them. Abnormal indicators make customers with the same "
        "problem key customers."
    ),
    7: N_(
        "Decide what to do for whom this month. Enter the satisfaction target, generate the "
        "strategies from direct and potential needs, adjust the list and submit it. Submitted "
        "plans are read-only; week arrangements and daily records begin when your market manager "
        "has approved."
    ),
    8: N_(
        "Plan the month: last month's problems, this month's focus, and the key customers, who "
        "are visited every week. The other customers are ranked by their number of strategies and "
        "get a weekly, twice-monthly or monthly visit. When the market manager approves, the "
        "frequencies are written to the customers."
    ),
    9: N_(
        "Put visits on days, by hand or generated from the frequencies, for the month or at the "
        "start of each week. Generated visits keep to workdays, wished weekdays and what a day "
        "can hold. Days without planned visits have no week arrangement and no day sheet."
    ),
    10: N_(
        "At the start of the week write what market information to collect and which brands to "
        "cultivate, and the line of each day. Customers and what to say to each of them are "
        "listed for you: all strategies that are not done yet."
    ),
    11: N_(
        "Print the sheet before you leave or open it on the phone. After each visit record "
        "anomalies of the market, what the customer suggests, and the effect of the visit; a "
        "visit that did not happen needs a reason. Suggestions and anomalies become follow-ups."
    ),
    12: N_(
        "After the day's visits mark what is done with ★ and log temporary tasks as ●. At the "
        "end of the month give a reason for what is still open and submit the result; your market "
        "manager approves it."
    ),
    13: N_(
        "At the end of the week compare sales volume, value per carton and growth of key brands "
        "with the targets of the month and judge each of them. Write whether the arrangement of "
        "the week was sensible and whether the work had effect, then submit."
    ),
    14: N_(
        "Look back on the month: how far the visits were completed, how accurate the analyses "
        "and how sensible the plan were, what went well and what did not. The portal provides the "
        "figures; the lessons are yours and go into the next month."
    ),
}
"""Number of the step → its explanation, a msgid."""
