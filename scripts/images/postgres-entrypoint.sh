#!/bin/sh
# As in the official image: makes the cluster on the first start, then runs the server as its own user.
# POSTGRES_USER, POSTGRES_PASSWORD (or _FILE), POSTGRES_DB, POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD, PGDATA;
# *.sql and *.sh in /docker-entrypoint-initdb.d run once, in the order of their names.
set -eu

case "${1:-}" in -*) set -- postgres "$@" ;; esac
[ "${1:-}" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R postgres:postgres "$PGDATA"
  # By its path: busybox has a smaller one of this name.
  exec /usr/bin/setpriv --reuid=postgres --regid=postgres --clear-groups -- "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  user=${POSTGRES_USER:-postgres}
  auth=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$auth" != trust ]; then
    echo "Error: Database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD" >&2
    exit 1
  fi
  chmod 0700 "$PGDATA"
  (umask 077 && printf '%s\n' "${POSTGRES_PASSWORD:-unused}" > /run/postgresql/first-password)
  # shellcheck disable=SC2086 # several arguments in one variable, as in the official image
  initdb --no-sync --username="$user" --pwfile=/run/postgresql/first-password ${POSTGRES_INITDB_ARGS:-}
  rm /run/postgresql/first-password
  printf '\nhost all all all %s\n' "$auth" >> "$PGDATA/pg_hba.conf"
  printf "\nlisten_addresses = '*'\n" >> "$PGDATA/postgresql.conf"
  # Over the socket only: nobody outside may take the half-made cluster for a ready one.
  pg_ctl --wait --options="-c listen_addresses=''" start
  database=${POSTGRES_DB:-$user}
  [ "$database" = postgres ] || createdb --username="$user" "$database"
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sql) psql --set=ON_ERROR_STOP=1 --username="$user" --dbname="$database" --file="$file" ;;
      *.sh) . "$file" ;;
    esac
  done
  pg_ctl --wait --mode=fast stop
fi
exec "$@"
