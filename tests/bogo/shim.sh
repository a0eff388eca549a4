#!/bin/sh
# The program that the runner starts for each test. See interpreter.py, which copies it beside the FIFO of requests.
if [ "$1" = -is-handshaker-supported ]; then
    echo No
    exit 0
fi
here=${0%/*}
number=$(printf %010d $$)
printf '%s\000' "$@" >"$here/$number.arguments"
mkfifo "$here/$number.reply"
exec 3<>"$here/$number.reply"
printf %s "$number" >"$here/requests"
read -r status message <&3
rm -f "$here/$number.arguments" "$here/$number.reply"
[ "$status" = 0 ] || echo "$message" >&2
exit "$status"
