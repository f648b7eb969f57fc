#!/bin/sh
# A role of this image's service. Its processes' metrics meet in a directory. Compiled kernels come with the image; numba wants to be able to
# write where it reads them, and the image's files cannot be written, so they are copied first.
set -eu
if [ -d /app/numba ]; then
	mkdir -p "$NUMBA_CACHE_DIR"
	cp -r /app/numba/. "$NUMBA_CACHE_DIR"
fi
mkdir -p "$PROMETHEUS_MULTIPROC_DIR"
exec python -m "services.$IEUM_SERVICE" "$@"
