#!/usr/bin/env bash
# Runs all tests. They start their own throwaway PostgreSQL, and run real migration tools, which need npm and Java; what
# this machine has not is installed (Debian and its relatives), or the tests are run in a container (where docker or
# podman is at hand).
set -euo pipefail
cd "$(dirname "$0")"

have_postgres() {
    command -v initdb >/dev/null || command -v pg_ctl >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
        { command -v pg_config >/dev/null && [ -x "$(pg_config --bindir)/initdb" ]; }
}

missing=()
have_postgres || missing+=(postgresql)
command -v npm >/dev/null || missing+=(npm)
command -v java >/dev/null || missing+=(default-jre-headless)

if [ "${#missing[@]}" != 0 ]; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo"
    if command -v apt-get >/dev/null && { [ -z "$sudo" ] || command -v sudo >/dev/null; }; then
        echo "test.sh: installing what is missing here: ${missing[*]}" >&2
        $sudo apt-get update -qq
        if ! have_postgres; then
            # no cluster of its own is wanted: the tests make theirs
            $sudo apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
            $sudo sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
        fi
        $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    else
        for engine in docker podman; do
            if command -v "$engine" >/dev/null && "$engine" info >/dev/null 2>&1; then
                echo "test.sh: missing here: ${missing[*]}; running the tests in a container" >&2
                exec "$engine" run --rm -v "$PWD":/src -w /src -e CARGO_TARGET_DIR=/tmp/target rust:1-bookworm ./test.sh "$@"
            fi
        done
        echo "test.sh: the tests need PostgreSQL's server programs (initdb, postgres), npm and java, or a container engine;" \
            "missing: ${missing[*]}" >&2
        exit 1
    fi
fi

# a test that passes shows nothing of what it prints, so what is left out is said here
if [ -z "${DBAUDIT_TEST_COCKROACH_URL:-}" ] && ! command -v cockroach >/dev/null; then
    echo "test.sh: NOT RUN against a live CockroachDB (recorded rows are used): set DBAUDIT_TEST_COCKROACH_URL or put cockroach on the PATH" >&2
fi
if [ -z "${DBAUDIT_TEST_SCHEMAS:-}" ]; then
    echo "test.sh: NOT RUN over a folder of real schemas: set DBAUDIT_TEST_SCHEMAS" >&2
fi

exec cargo test --locked "$@"
