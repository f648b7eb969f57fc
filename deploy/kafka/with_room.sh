#!/bin/sh
# with_room.sh DIRECTORY COMMAND...: start the broker once its disk has room.
#
# A broker that recovers its logs on a full disk may take its own metadata for corrupt and delete it,
# and all topics with it, or stand in its start for ever. It has to wait until there is room.
set -u
directory=$1
shift
needed_kilobytes=65536

room() {
    free=$(df -Pk "$directory" | awk 'NR == 2 { print $4 }')
    [ "${free:-0}" -ge "$needed_kilobytes" ]
}

# As the first process of a container it would otherwise not hear that it should end.
trap 'exit 143' TERM INT
if ! room; then
    echo "the disk of $directory has less than 64 MB left: make room, the broker starts by itself then" >&2
    until room; do
        sleep 1 &
        wait $!
    done
    echo "the disk of $directory has room again" >&2
fi
trap - TERM INT
exec "$@"
