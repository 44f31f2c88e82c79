#!/bin/sh
# pg_dump of production, compressed and encrypted with the passphrase in $BACKUP_PASSPHRASE_FILE.
set -eu
cd "$(dirname "$0")/../.."
. ./.env.production
mkdir -p backups
FILE="backups/postgres-backup-$(date +%Y%m%d-%H%M%S).sql.gz.enc"
docker exec hummii-postgres pg_dump -U "$POSTGRES_USER" "$POSTGRES_DB" |
  gzip |
  openssl enc -aes-256-cbc -pbkdf2 -pass "file:$BACKUP_PASSPHRASE_FILE" > "$FILE"
echo "$FILE"
