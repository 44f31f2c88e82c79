#!/bin/sh
# As in the official image: options alone mean the server, which runs as its own user and lets other containers in.
set -eu

case "${1:-}" in -* | *.conf) set -- redis-server "$@" ;; esac
[ "${1:-}" = redis-server ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  chown -R redis:redis /data
  # By its path: busybox has a smaller one of this name.
  exec /usr/bin/setpriv --reuid=redis --regid=redis --clear-groups -- "$0" "$@"
fi
exec "$@" --protected-mode no
