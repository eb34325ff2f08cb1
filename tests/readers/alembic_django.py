"""What Alembic or Django would send for the files of a folder, as JSON: {file: {"up": […], "down": […]}}."""

import ast
import json
import sys
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.dialects import postgresql


def sent(sql):
    """As SQLAlchemy sends it, to whose text() Alembic gives it."""
    compiled = text(sql).compile(dialect=postgresql.dialect(paramstyle="named"))
    assert not compiled.params, sql
    return str(compiled)


def calls(tree, name):
    found = (n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute))
    # by their places: walk goes level by level
    return sorted((n for n in found if n.func.attr == name), key=lambda n: n.lineno)


def alembic(tree):
    ways = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
    return [[sent(ast.literal_eval(c.args[0])) for c in calls(ways[way], "execute")] for way in ("upgrade", "downgrade")]


def django(tree):
    up, down = [], []
    for call in calls(tree, "RunSQL"):
        arguments = {k.arg: k.value for k in call.keywords}
        up += ast.literal_eval(arguments["sql"])
        if isinstance(arguments["reverse_sql"], ast.List):
            down += ast.literal_eval(arguments["reverse_sql"])
    return [up, down]


out = {}
for path in Path(sys.argv[1]).rglob("*.py"):
    tree = ast.parse(path.read_bytes())
    read = django if "django" in path.parts else alembic
    if path.name != "__init__.py":
        out[str(path)] = dict(zip(("up", "down"), read(tree)))
json.dump(out, sys.stdout)
