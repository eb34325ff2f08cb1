"""Lints the chart and writes it rendered, with its own values and with each of ci/, to the folder given.

By Helm's own library, which the package helm-python-sdk of PyPI carries: a `helm` binary is in no package registry.
"""

import json
import pathlib
import sys

import helm_python
import yaml

chart = pathlib.Path(__file__).parent / "dbaudit"
out = pathlib.Path(sys.argv[1])
cases = {"defaults": {}} | {file.stem: yaml.safe_load(file.read_text()) for file in sorted(chart.glob("ci/*.yaml"))}
loaded = helm_python.Chart.load(chart)

for name, values in cases.items():
    report = helm_python.lint(chart, values, strict=True)
    # an icon is a matter of taste
    bad = [m for m in report["messages"] if m["severity"] > 1]
    if bad or report["errors"]:
        sys.exit(f"helm lint ({name}): {json.dumps(report, indent=2)}")
    loaded.validate_schema(loaded.merge_values(values))
    rendered = loaded.render(values, name="dbaudit", namespace="dbaudit")
    notes = [text for path, text in rendered.items() if path.endswith("NOTES.txt")]
    assert all(text.strip() and "<no value>" not in text for text in notes), notes
    manifests = [text for path, text in sorted(rendered.items()) if path.endswith(".yaml") and text.strip()]
    (out / f"helm-{name}.yaml").write_text("".join("---\n" + text.strip() + "\n" for text in manifests))
    print(f"helm lint and template: {name}")

# what the schema has to refuse
for wrong in ({"mode": "both"}, {"notify": ["pager"]}, {"cronjob": {"shards": 2}, "persistence": {"enabled": True}}, {"typo": 1}):
    try:
        loaded.validate_schema(loaded.merge_values(wrong))
    except helm_python.HelmError:
        continue
    sys.exit(f"values.schema.json accepts {wrong}")
