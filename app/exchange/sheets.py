"""`SHEETS`: the kinds of files the portal takes, one row per sheet.

The importer, the template workbooks, the staging tables, the mapping page and the contract test
all read this table; a new sheet is a row here (and a hook in `sheet_hooks` when it has rules of
its own). Chinese words here are headers of files of the field, not text of the portal.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.analysis.models.needs import QuestionnaireAnswer, QuestionnaireSource
from app.exchange.sheet_types import CellType as T
from app.exchange.sheet_types import Reference, Sheet, SheetColumn
from app.exchange.sheets_master import (
    CATEGORIES,
    CATEGORY_PRODUCTS,
    CUSTOMERS,
    PRODUCTS,
    TERRITORIES,
    USERS,
)
from app.kernel.errors import N_
from app.master.models.catalogue import NeedOption
from app.master.models.customer import Customer
from app.master.models.product import Product
from app.master.models.sales import SalesLine

CUSTOMER_WORDS = (
    "客户编码", "客户代码", "客户编号", "许可证号", "专卖许可证号", "零售户编码", "cust_code",
)  # fmt: skip

SALES_LINES = Sheet(
    "sales_lines",
    N_("Sales lines"),
    SalesLine,
    key=("customer", "product", "order_date", "order_no"),
    # Company-wide facts: whoever may create the company's customers may bring in their sales.
    grants=(("Customer", "cu"),),
    columns=(
        SheetColumn(
            "customer",
            T.REFERENCE,
            CUSTOMER_WORDS,
            reference=Reference(Customer, many=True),
            required=True,
            length=20,
        ),
        SheetColumn(
            "product",
            T.REFERENCE,
            (
                "商品编码",
                "商品代码",
                "商品编号",
                "卷烟代码",
                "规格代码",
                "item_code",
                "item_number",
            ),
            reference=Reference(Product),
            required=True,
        ),
        SheetColumn(
            "order_date",
            T.DATE,
            ("订货日期", "订单日期", "销售日期", "日期", "date", "born_date"),
            required=True,
        ),
        SheetColumn(
            "order_no",
            T.CODE,
            ("订单号", "订单编号", "单据号", "invoice_item_number", "co_num"),
            default="",
        ),
        SheetColumn(
            "demanded_cartons",
            T.INTEGER,
            ("需求量", "需求数量", "订货量", "申请量", "qty_need"),
            least=-1_000_000_000,
            most=1_000_000_000,
        ),
        SheetColumn(
            "delivered_cartons",
            T.INTEGER,
            ("销量", "实际供应量", "供货量", "送货量", "数量", "条数", "quantity", "qty_ord"),
            required=True,
            least=-1_000_000_000,
            most=1_000_000_000,
        ),
        SheetColumn(
            "amount_fen",
            T.MONEY,
            ("金额", "销售额", "批发额", "含税金额", "amt"),
            required=True,
            least=-(10**14),
            most=10**14,
        ),
        SheetColumn("channel", T.CHOICE, ("订货渠道", "订货方式", "渠道")),
        SheetColumn("settle_mode", T.CHOICE, ("结算方式", "付款方式")),
    ),
    derived={
        "territory_id": "where the customer stood on the order date",
        "demanded_cartons": "the delivered quantity when the file has no demand",
    },
    inherits={"channel": "order_mode", "settle_mode": "settle_mode"},
    workings=("month",),
    logged=False,
    only_imported=True,
    hint=N_(
        "Without a demand the delivered quantity counts as demanded; channel and settlement "
        "default to the customer's."
    ),
)

QUESTIONNAIRE_ANSWERS = Sheet(
    "questionnaire_answers",
    N_("Questionnaire answers"),
    QuestionnaireAnswer,
    key=("customer", "month", "need"),
    grants=(("Customer", "cu"),),
    columns=(
        SheetColumn(
            "customer",
            T.REFERENCE,
            CUSTOMER_WORDS,
            reference=Reference(Customer, many=True),
            required=True,
            label=N_("Customer"),
            length=20,
        ),
        SheetColumn(
            "month", T.MONTH, ("月份", "问卷月份", "年月"), required=True, label=N_("Month")
        ),
        SheetColumn(
            "need",
            T.REFERENCE,
            ("需求", "需求代码", "需求编码", "选项", "答案"),
            attribute="need_option_id",
            reference=Reference(NeedOption),
            required=True,
        ),
        SheetColumn("details", T.TEXT, ("说明", "补充说明", "文字", "具体内容")),
        SheetColumn(
            "source",
            T.CHOICE,
            ("来源",),
            default="PLATFORM",
            label=N_("Source"),
            choices=QuestionnaireSource,
        ),
        SheetColumn(
            "sent_on",
            T.DATE,
            ("提交日期", "填写日期", "填报日期"),
            label=N_("Sent by the customer on"),
        ),
    ),
    derived={"questionnaire_id": "the customer's questionnaire of the month, created when missing"},
    workings=("questionnaire_id",),
    logged=False,
    hint=N_(
        "One row per ticked need. A form that is in the file is replaced as a whole: needs no longer "
        "ticked go. Confirmed forms and those changed or entered by hand are never changed."
    ),
)

SHEETS: Mapping[str, Sheet] = {
    sheet.key_name: sheet
    for sheet in (
        TERRITORIES,
        CUSTOMERS,
        PRODUCTS,
        CATEGORIES,
        CATEGORY_PRODUCTS,
        SALES_LINES,
        QUESTIONNAIRE_ANSWERS,
        USERS,
    )
}
"""In the order in which a new company imports them: each refers to the ones before."""
