#!/bin/sh
# ./scripts/backup/restore-database.sh <backup-file> --force
set -eu
cd "$(dirname "$0")/../.."
. ./.env.production
[ "${2:-}" = --force ] || { echo "This overwrites production. Add --force." >&2; exit 1; }
openssl enc -d -aes-256-cbc -pbkdf2 -pass "file:$BACKUP_PASSPHRASE_FILE" -in "$1" |
  gunzip |
  docker exec -i hummii-postgres psql -U "$POSTGRES_USER" "$POSTGRES_DB"
