"""The portal: `create_app` installs its parts in the order they depend on each other."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from flask import Flask


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """Build the application; `overrides` are config keys that win over the environment."""
    import config
    from app import commands, jinja, portal_context, request_lifecycle
    from app.analysis import changed_inputs
    from app.exchange import sales_rollup, task_notices
    from app.kernel import list_widgets
    from app.kernel.db import csrf, db, migrate
    from app.master import category_tree
    from app.plan import visit_upkeep
    from app.security import change_log, log_masks, personal_data, row_scope
    from app.views import register_views
    from app.workflow import write_lock

    app = Flask(__name__)
    app.config.from_mapping(config.load_settings(os.environ))
    app.config.from_mapping(overrides or {})

    jinja.install(app)
    list_widgets.install(app)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(config.ROOT / "migrations"))
    csrf.init_app(app)
    row_scope.install()
    category_tree.install()
    change_log.install()
    changed_inputs.install()
    sales_rollup.install()
    visit_upkeep.install()
    write_lock.install()
    with app.app_context():
        register_views(app)
    request_lifecycle.install(app)
    portal_context.install(app)
    personal_data.install(app)
    log_masks.install()
    task_notices.install(app)
    commands.install(app)
    return app
