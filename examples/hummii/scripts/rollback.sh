#!/bin/sh
# Go back: ./scripts/rollback.sh --latest | <version>
set -eu
cd "$(dirname "$0")/.."
if [ "$(id -u)" = 0 ]; then
  echo "Do not run this as root." >&2
  exit 1
fi
compose() { docker compose -f docker-compose.prod.yml --env-file .env.production "$@"; }

case ${1:-} in
  --latest) FILE=$(find backups -name 'docker-compose.prod.yml.backup-*' | sort | tail -n 1) ;;
  '') echo "usage: rollback.sh --latest | <version>" >&2; exit 2 ;;
  *) FILE=$(find backups -name "docker-compose.prod.yml.backup-*$1*" | sort | tail -n 1) ;;
esac
[ -n "$FILE" ] || { echo "No backup found." >&2; exit 1; }

cp "$FILE" docker-compose.prod.yml
compose pull --ignore-pull-failures
compose down
compose up -d
sleep 30
curl -fsS "http://localhost/api/health"
