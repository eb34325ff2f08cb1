#!/usr/bin/env bash
# Runs all tests. They start their own throwaway PostgreSQL, and let real migration tools apply what is written for them:
# Django and Alembic (Python), Knex, dbmate and Liquibase (Node, Java), Rails' ActiveRecord (Ruby). They look at the page in
# Chromium, and what is in deploy/ is validated (shellcheck, systemd, kubectl, promtool). What this machine lacks is installed
# (Debian and its relatives), or the tests are run in a container (where docker or podman is at hand).
set -euo pipefail
cd "$(dirname "$0")"

have_postgres() {
    command -v initdb >/dev/null || command -v pg_ctl >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
        { command -v pg_config >/dev/null && [ -x "$(pg_config --bindir)/initdb" ]; }
}

have_chromium() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
}

# as deploy/validate.sh looks for it
tools="$(realpath -m "${CARGO_TARGET_DIR:-target}")/tools"
have_promtool() { command -v promtool >/dev/null || [ -x "$tools/usr/bin/promtool" ]; }

missing=()
# first, since it is taken off below
have_promtool || missing+=(prometheus)
command -v shellcheck >/dev/null || missing+=(shellcheck)
command -v systemd-analyze >/dev/null || missing+=(systemd)
command -v kubectl >/dev/null || missing+=(kubernetes-client)
have_postgres || missing+=(postgresql)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
command -v npm >/dev/null || missing+=(nodejs npm)
command -v java >/dev/null || missing+=(default-jre-headless)
have_chromium || missing+=(chromium)
ruby -e 'require "active_record"; require "pg"' 2>/dev/null || missing+=(ruby ruby-activerecord ruby-pg)

if [ "${#missing[@]}" -gt 0 ]; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo"
    if command -v apt-get >/dev/null && { [ -z "$sudo" ] || command -v sudo >/dev/null; }; then
        echo "test.sh: installing ${missing[*]}" >&2
        install() { $sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
        $sudo apt-get update -qq
        if ! have_postgres; then
            # no cluster of its own is wanted: the tests make theirs
            install postgresql-common
            $sudo sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
        fi
        if ! have_promtool; then
            # of the package only this program is wanted: installed, it starts a server
            mkdir -p "$tools"
            (
                cd "$tools"
                apt-get download -qq -o APT::Sandbox::User="$(id -un)" prometheus
                dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
                rm prometheus_*.deb
            )
            missing=("${missing[@]:1}")
        fi
        [ "${#missing[@]}" = 0 ] || install "${missing[@]}"
    else
        for engine in docker podman; do
            if command -v "$engine" >/dev/null && "$engine" info >/dev/null 2>&1; then
                echo "test.sh: no ${missing[*]} here, running the tests in a container" >&2
                exec "$engine" run --rm -v "$PWD":/src -w /src -e CARGO_TARGET_DIR=/tmp/target rust:1-bookworm ./test.sh "$@"
            fi
        done
        echo "test.sh: the tests need these, or a container engine; none was found: ${missing[*]}" >&2
        exit 1
    fi
fi

# a test that passes shows nothing of what it prints, so what is left out is said here
if [ -z "${DBAUDIT_TEST_COCKROACH_URL:-}" ] && ! command -v cockroach >/dev/null; then
    echo "test.sh: NOT RUN against a live CockroachDB (recorded rows are used): set DBAUDIT_TEST_COCKROACH_URL or put cockroach on the PATH" >&2
fi
if [ -z "${DBAUDIT_TEST_COCKROACH_URL:-}" ] && command -v cockroach >/dev/null; then
    echo "test.sh: NOT RUN with Python's tools on CockroachDB: set DBAUDIT_TEST_COCKROACH_URL" >&2
fi
if [ -z "${DBAUDIT_TEST_SCHEMAS:-}" ]; then
    echo "test.sh: NOT RUN over a folder of real schemas: set DBAUDIT_TEST_SCHEMAS" >&2
fi

exec cargo test --locked "$@"
