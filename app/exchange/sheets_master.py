"""The sheets of master data: who sells, what is sold, how products are grouped, who works where.

Chinese words here are headers of files of the field, not text of the portal.
"""

from __future__ import annotations

from app.exchange.sheet_types import CellType as T
from app.exchange.sheet_types import OnUpdate, Reference, Sheet, SheetColumn
from app.kernel.errors import N_
from app.master.models.customer import Customer
from app.master.models.product import CategoryNode, CategoryProduct, Product
from app.organisation.models import Department, PortalUser, Territory
from app.security.permissions import RoleName

CUSTOMERS = Sheet(
    "customers",
    N_("Customers"),
    Customer,
    key=("code",),
    spelled=True,
    grants=(("Customer", "cu"),),
    columns=(
        SheetColumn(
            "code",
            T.CODE,
            (
                "客户代码",
                "客户编号",
                "许可证号",
                "专卖许可证号",
                "零售户编码",
                "cust_code",
                "licence",
            ),
            required=True,
        ),
        SheetColumn(
            "name", T.TEXT, ("客户名", "店名", "零售户名称", "企业字号", "cust_name"), required=True
        ),
        SheetColumn(
            "territory",
            T.REFERENCE,
            ("片区代码", "所属片区", "片区编码", "片区名称", "county"),
            required=True,
            reference=Reference(Territory),
        ),
        SheetColumn("owner", T.TEXT, ("负责人", "法人", "经营者", "店主", "manager_name")),
        SheetColumn("phone", T.CODE, ("联系电话", "电话", "手机", "手机号", "tel", "mobile")),
        SheetColumn("address", T.TEXT, ("经营地址", "地址", "店铺地址", "busi_addr")),
        SheetColumn("neighbourhood", T.TEXT, ("社区", "街道", "村居", "商圈")),
        SheetColumn(
            "location",
            T.LOCATION,
            ("坐标", "经纬度", "位置", "gps"),
            parts=("longitude", "latitude"),
            label=N_("Location"),
        ),
        SheetColumn("longitude", T.DEGREES, ("经度", "lng", "lon"), least=-180, most=180),
        SheetColumn("latitude", T.DEGREES, ("纬度", "lat"), least=-90, most=90),
        SheetColumn("market_type", T.CHOICE, ("市场类型", "市场类别"), required=True),
        SheetColumn("business_type", T.CHOICE, ("业态", "经营业态", "零售业态"), required=True),
        SheetColumn("scale", T.CHOICE, ("经营规模", "规模"), required=True),
        SheetColumn(
            "grade", T.INTEGER, ("档位", "客户档位", "客户等级"), required=True, least=1, most=30
        ),
        SheetColumn("order_mode", T.CHOICE, ("订货方式", "订货渠道"), required=True),
        SheetColumn("order_weekday", T.WEEKDAY, ("订货日", "订货周期", "访销日"), least=1, most=7),
        SheetColumn("settle_mode", T.CHOICE, ("结算方式", "付款方式"), required=True),
        SheetColumn("terminal_type", T.CHOICE, ("终端类型", "终端类别"), required=True),
        SheetColumn(
            "line", T.TEXT, ("拜访线路", "线路", "访销线路", "路线"), on_update=OnUpdate.FILL
        ),
        SheetColumn("visit_mode", T.CHOICE, ("拜访方式",), on_update=OnUpdate.FILL),
        SheetColumn("visit_frequency", T.CHOICE, ("拜访频率", "拜访周期"), on_update=OnUpdate.FILL),
        SheetColumn(
            "visit_weekday", T.WEEKDAY, ("拜访日",), on_update=OnUpdate.FILL, least=1, most=7
        ),
        SheetColumn("status", T.CHOICE, ("客户状态", "状态", "经营状态"), default="ACTIVE"),
        SheetColumn(
            "open_date", T.DATE, ("开户日期", "入网日期", "入网时间", "开业日期"), required=True
        ),
        SheetColumn("close_date", T.DATE, ("停业日期", "注销日期", "销户日期")),
        SheetColumn("remark", T.TEXT, ("备注", "说明"), on_update=OnUpdate.FILL),
    ),
    derived={"frequency_source": "SYSTEM when a frequency is filled in"},
    hint=N_(
        "Visit mode, frequency, line and remark are maintained by people: only empty ones are filled."
    ),
)

PRODUCTS = Sheet(
    "products",
    N_("Products"),
    Product,
    key=("code",),
    spelled=True,
    grants=(("Product", "cu"),),
    columns=(
        SheetColumn(
            "code",
            T.CODE,
            ("商品代码", "商品编号", "卷烟代码", "规格代码", "条码", "item_code", "sku"),
            required=True,
        ),
        SheetColumn(
            "name",
            T.TEXT,
            ("商品名", "规格", "卷烟名称", "品规", "品规名称", "规格名称", "item_name"),
            required=True,
        ),
        SheetColumn("brand", T.TEXT, ("品牌", "品牌名称", "牌号")),
        SheetColumn("price_class", T.CHOICE, ("价类", "类别", "卷烟类别")),
        SheetColumn(
            "wholesale_fen",
            T.MONEY,
            ("批发价", "批发价格", "统一批发价", "含税批发价"),
            least=0,
            most=2_000_000_000,
        ),
        SheetColumn(
            "retail_fen",
            T.MONEY,
            ("零售价", "零售价格", "建议零售价", "零售指导价"),
            least=0,
            most=2_000_000_000,
        ),
        SheetColumn(
            "sticks_per_carton",
            T.INTEGER,
            ("每条支数", "条支比", "支/条"),
            default=200,
            least=1,
            most=30_000,
        ),
        SheetColumn("form", T.CHOICE, ("支型", "卷烟支型", "规格类型")),
        SheetColumn(
            "tar",
            T.TENTHS,
            ("焦油含量", "焦油", "焦油量", "tar"),
            attribute="tar_imported_tenths",
            least=0,
            most=200,
            label=N_("Tar content"),
        ),
        SheetColumn(
            "is_key", T.BOOLEAN, ("重点品牌", "是否重点"), default=False, on_update=OnUpdate.KEEP
        ),
        SheetColumn("status", T.CHOICE, ("商品状态", "状态", "销售状态"), default="ON_SALE"),
    ),
    derived={
        "tar_tenths": "the imported tar content, unless it was corrected by hand",
        "tar_source": "IMPORTED for new rows",
        "is_approximate": "no for new rows",
    },
    hint=N_("Tar content corrected by hand and the key-brand flag are never overwritten."),
)

CATEGORIES = Sheet(
    "categories",
    N_("Category tree"),
    CategoryNode,
    key=("code",),
    grants=(("CategoryNode", "cu"),),
    columns=(
        SheetColumn("code", T.CODE, ("品类代码", "品类编号", "品类编码"), required=True),
        SheetColumn("name", T.TEXT, ("品类名称", "品类名", "category_name"), required=True),
        SheetColumn(
            "parent",
            T.REFERENCE,
            ("上级品类", "父品类", "上级代码", "parent_code"),
            reference=Reference(CategoryNode),
        ),
        SheetColumn(
            "sort", T.INTEGER, ("排序", "序号", "顺序"), default=0, least=0, most=1_000_000
        ),
    ),
    hint=N_("A parent may be a category of the same file."),
)

CATEGORY_PRODUCTS = Sheet(
    "category_products",
    N_("Category products"),
    CategoryProduct,
    key=("product",),
    grants=(("CategoryProduct", "cu"),),
    columns=(
        SheetColumn(
            "product",
            T.REFERENCE,
            ("商品代码", "商品编号", "商品编码", "规格代码", "商品名称", "规格", "item_number"),
            reference=Reference(Product),
            required=True,
        ),
        SheetColumn(
            "node",
            T.REFERENCE,
            ("品类", "品类代码", "品类编码", "所属品类", "品类名称", "category_code"),
            reference=Reference(CategoryNode),
            required=True,
        ),
    ),
    logged=True,
    hint=N_("Only categories without subcategories hold products."),
)

TERRITORIES = Sheet(
    "territories",
    N_("Territories"),
    Territory,
    key=("code",),
    grants=(("Territory", "cu"), ("Department", "cu")),
    creates=True,
    columns=(
        SheetColumn("code", T.CODE, ("片区代码", "片区编号", "片区编码"), required=True),
        SheetColumn("name", T.TEXT, ("片区名称", "片区名"), required=True),
        SheetColumn(
            "department",
            T.REFERENCE,
            ("市场部", "部门", "市场部代码", "部门代码", "department_code"),
            reference=Reference(Department),
            required=True,
        ),
        SheetColumn(
            "department_name",
            T.TEXT,
            ("市场部名称", "部门名称"),
            label=N_("Department name"),
            length=80,
        ),
    ),
    hint=N_("Departments that do not exist yet are created on request."),
)

USERS = Sheet(
    "users",
    N_("Users"),
    PortalUser,
    key=("username",),
    grants=(("User", "cu"), ("TerritoryAssignment", "cu")),
    columns=(
        SheetColumn(
            "username",
            T.CODE,
            ("用户名", "登录名", "账号", "login"),
            required=True,
            label=N_("User name"),
        ),
        SheetColumn(
            "name",
            T.PERSON_NAME,
            ("姓名", "员工姓名", "full_name"),
            required=True,
            parts=("last_name", "first_name"),
            label=N_("Full name"),
            length=64,
        ),
        SheetColumn("employee_no", T.CODE, ("工号", "员工编号")),
        SheetColumn("phone", T.CODE, ("电话", "手机", "手机号", "联系电话", "mobile")),
        SheetColumn("email", T.CODE, ("邮箱", "电子邮件", "mail"), label=N_("E-mail")),
        SheetColumn(
            "role",
            T.CHOICE,
            ("角色", "岗位"),
            required=True,
            on_update=OnUpdate.KEEP,
            label=N_("Role"),
            choices=RoleName,
        ),
        SheetColumn(
            "territory",
            T.REFERENCE,
            ("片区", "片区代码", "负责片区", "所属片区"),
            on_update=OnUpdate.KEEP,
            reference=Reference(Territory),
            label=N_("Territory"),
        ),
        SheetColumn(
            "department",
            T.REFERENCE,
            ("市场部", "部门", "所属部门"),
            on_update=OnUpdate.KEEP,
            reference=Reference(Department),
            label=N_("Department"),
        ),
    ),
    derived={"password": "none: an administrator sets the first one"},
    hint=N_(
        "New users get no password; an administrator sets one. Role, territory and department are "
        "taken for new users only."
    ),
)
