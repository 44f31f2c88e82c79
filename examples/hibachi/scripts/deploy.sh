#!/bin/sh
# ./scripts/deploy.sh <tag of an image that is on this machine>
set -eu
cd "$(dirname "$0")/.."
TAG=${1:?usage: deploy.sh <tag>}
sed -i "s/^API_TAG=.*/API_TAG=$TAG/" .env
docker compose -f docker-compose.prod.yml run --rm --no-deps production-api node migrate.mjs
docker compose -f docker-compose.prod.yml up -d production-api
sleep 10
curl -fsS http://127.0.0.1:8001/health
