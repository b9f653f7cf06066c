"""§1.2 维护品类结构 — the category tree: drag and drop, buttons, and plain pages without script.

Every change is a POST with the node's version. A script asks for JSON and gets the whole tree
back; a form gets a redirect with a message. Both pass the same checks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, g, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_request import ascii_integer
from app.kernel.save_errors import describe
from app.master.category_tree import (
    CategoryTree,
    add_node,
    delete_node,
    move_node,
    read_tree,
    rename_node,
)
from app.master.rules_category import Place, below
from app.models import CategoryNode, CategoryProduct, Company, Product
from app.portal_context import can

PLACES: dict[str, Place] = {"before": "before", "after": "after", "over": "over"}
PRODUCTS_SHOWN = 200


class CategoryTreeView(BaseView):
    """The tree page, a page per node, and the changes."""

    route_base = "/categories"
    class_permission_name = "CategoryNode"
    method_permission_name = {
        "tree": "read",
        "node": "read",
        "add": "create",
        "rename": "update",
        "move": "update",
        "delete": "delete",
    }
    base_permissions = ["can_read", "can_create", "can_update", "can_delete"]

    # ------------------------------------------------------------------ pages

    @expose("/tree", methods=["GET"])
    @has_access
    def tree(self) -> Any:
        tree = read_tree(db.session())
        return self.render_template(
            "master/category_tree.html",
            title=_("Category structure"),
            tree=tree,
            source=tree_source(tree),
            may=rights(),
            companies=self._companies(),
            unmapped=_unmapped(),
        )

    @expose("/node/<pk>", methods=["GET"])
    @has_access
    def node(self, pk: str) -> Any:
        """One node with plain forms: works on a phone and without script."""
        tree = read_tree(db.session())
        row = tree.by_id.get(ascii_integer(pk) or 0) or abort(404)
        inside = below(tree.parents, row.id)
        return self.render_template(
            "master/category_node.html",
            title=row.name,
            row=row,
            children=[child for child in tree.rows if child.parent_id == row.id],
            siblings=[other for other in tree.rows if other.parent_id == row.parent_id],
            targets=[
                other
                for other in tree.rows
                if other.id not in inside and not other.own and other.company_id == row.company_id
            ],
            products=self._products(row.id),
            may=rights(),
        )

    def _products(self, node_id: int) -> list[Product]:
        """The products of a node, the first two hundred by code."""
        return list(
            db.session.scalars(
                select(Product)
                .join(CategoryProduct, CategoryProduct.product_id == Product.id)
                .where(CategoryProduct.node_id == node_id)
                .order_by(Product.code)
                .limit(PRODUCTS_SHOWN)
            )
        )

    def _companies(self) -> list[Company]:
        """Whose tree a new top category may belong to; a company's people have no choice."""
        if g.row_scope.company_id is not None:
            return []
        return list(db.session.scalars(select(Company).order_by(Company.code)))

    # ------------------------------------------------------------------ changes

    @expose("/add", methods=["POST"])
    @has_access
    def add(self) -> Any:
        """Form: name, code?, parent? (empty = at the top), company_id? (platform only)."""

        def change() -> str:
            parent = self._optional_node("parent")
            company_id = g.row_scope.company_id or ascii_integer(request.form.get("company_id"))
            if parent is None and company_id is None:
                raise PlanningError(_("Please choose the company whose tree this is."))
            node = add_node(
                db.session(),
                request.form.get("name", ""),
                parent,
                company_id,
                request.form.get("code", ""),
            )
            return _("“%(name)s” was added.", name=node.name)

        return self._change(change)

    @expose("/rename/<pk>", methods=["POST"])
    @has_access
    def rename(self, pk: str) -> Any:
        """Form: name, code?, version."""

        def change() -> str:
            node = self._node(pk)
            code = request.form.get("code", "")
            rename_node(db.session(), node, request.form.get("name", ""), code, self._version())
            return _("The category is now called “%(name)s”.", name=node.name)

        return self._change(change)

    @expose("/move/<pk>", methods=["POST"])
    @has_access
    def move(self, pk: str) -> Any:
        """Form: target? (empty = top level), place (before, after, over), version."""

        def change() -> str:
            place = PLACES.get(request.form.get("place", "over"))
            if place is None:
                abort(400)
            node = self._node(pk)
            move_node(db.session(), node, self._optional_node("target"), place, self._version())
            return _("“%(name)s” was moved.", name=node.name)

        return self._change(change)

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Any:
        """Form: version."""

        def change() -> str:
            node = self._node(pk)
            name = node.name
            delete_node(db.session(), node, self._version())
            return _("“%(name)s” was deleted.", name=name)

        return self._change(change)

    # ------------------------------------------------------------------ the common course

    def _node(self, text: str) -> CategoryNode:
        key = ascii_integer(text)
        node = None
        if key is not None:
            node = db.session.scalar(select(CategoryNode).where(CategoryNode.id == key))
        if node is None:
            abort(404)
        return node

    def _optional_node(self, field: str) -> CategoryNode | None:
        text = request.form.get(field, "").strip()
        return self._node(text) if text else None

    def _version(self) -> int:
        version = ascii_integer(request.form.get("version"))
        return version if version is not None else -1

    def _change(self, change: Callable[[], str]) -> Any:
        """Run a change in one transaction and say how it went."""
        try:
            message = change()
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            if refusal.status == 404:
                abort(404)
            return self._refused(refusal.message(), refusal.status)
        except StaleDataError:
            db.session.rollback()
            return self._refused(
                _("Somebody else changed the tree meanwhile. It has been loaded again."), 409
            )
        except IntegrityError as error:
            db.session.rollback()
            labels = {
                name: column.info["label"] for name, column in CategoryNode.__table__.c.items()
            }
            return self._refused(describe(error, CategoryNode.__table__, labels).message, 422)
        if wants_json():
            return jsonify(message=message, tree=tree_source(read_tree(db.session())))
        flash(message, "success")
        return redirect(self._way_back(), 303)

    def _refused(self, message: str, status: int) -> Any:
        if wants_json():
            answer = jsonify(error=message, tree=tree_source(read_tree(db.session())))
            answer.status_code = status
            return answer
        flash(message, "danger")
        return redirect(self._way_back(), 303)

    def _way_back(self) -> str:
        """Forms stand on a node's page; that of a deleted node leads back to the tree."""
        key = ascii_integer(request.form.get("back"))
        if key is not None and db.session.get(CategoryNode, key) is not None:
            return url_for("CategoryTreeView.node", pk=key)
        return url_for("CategoryTreeView.tree")


def wants_json() -> bool:
    """Whether the tree script asks."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == (
        "application/json"
    )


def rights() -> dict[str, bool]:
    """What the person may do with categories."""
    return {name: can(name, "CategoryNode") for name in ("create", "update", "delete")}


def tree_source(tree: CategoryTree) -> list[dict[str, Any]]:
    """The tree as the script wants it: nested nodes with title, key, version and counts."""
    by_id: dict[int, dict[str, Any]] = {}
    top: list[dict[str, Any]] = []
    for row in tree.rows:
        entry = {
            "key": str(row.id),
            "title": row.name,
            "expanded": row.depth < 1,
            "code": row.code,
            "version": row.version,
            "own": row.own,
            "total": row.total,
            "leaf": row.is_leaf,
            "url": url_for("CategoryTreeView.node", pk=row.id),
        }
        by_id[row.id] = entry
        siblings = top
        if row.parent_id in by_id:
            siblings = by_id[row.parent_id].setdefault("children", [])
        siblings.append(entry)
    return top


def _unmapped() -> int | None:
    """How many products have no category; None for people without products."""
    if not can("read", "CategoryProduct"):
        return None
    return db.session.scalar(select(func.count(Product.id)).where(~Product.category.has()))
