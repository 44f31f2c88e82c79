#!/bin/sh
set -eu
cd "$(dirname "$0")/.."
docker compose -f docker-compose.prod.yml --env-file .env.production ps
curl -fsS "http://localhost/api/health"
