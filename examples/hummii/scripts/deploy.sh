#!/bin/sh
# Deploy what is checked out: ./scripts/deploy.sh <version>
set -eu
cd "$(dirname "$0")/.."
VERSION=${1:?usage: deploy.sh <version>}
STAMP=$(date +%Y%m%d-%H%M%S)
compose() { docker compose -f docker-compose.prod.yml --env-file .env.production "$@"; }

mkdir -p backups
cp docker-compose.prod.yml "backups/docker-compose.prod.yml.backup-$STAMP"

echo "Deploying $VERSION"
compose build
compose run --rm --no-deps api node migrate.mjs
compose up -d
docker image prune -f

echo "Waiting for the services"
sleep 30
compose ps | grep -q healthy && echo "Deployed $VERSION"
