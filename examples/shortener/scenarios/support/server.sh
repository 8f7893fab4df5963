# Sourced by every scenario that needs the real server. It offers
#
#     start_server    start it on a free port; sets BASE_URL and SERVER_PID
#     stop_server     ask it to end with SIGTERM; returns its exit status
#     kill_server     end it with SIGKILL, so that it can save nothing
#     judge           run the Python lines on standard input against it (see client.py)
#
# The database is $DATABASE, in the scenario's own temporary folder. Nothing here sleeps: every wait ends with an event
# or with its bound. Works in bash 3.2, too.

set -euo pipefail

DATABASE="$TMPDIR/links.db"
SERVER_LOG="$TMPDIR/server.log"
SERVER_PID=""
trap end_of_scenario EXIT

start_server() {
    local pipe="$TMPDIR/listening" line=""
    rm -f "$pipe" && mkfifo "$pipe"
    # The program under judgement must not learn where its judges live.
    env -u FACTORY_SCENARIOS python -m shortener --host 127.0.0.1 --port 0 --database "$DATABASE" \
        >"$pipe" 2>>"$SERVER_LOG" &
    SERVER_PID=$!
    exec 3<"$pipe"
    if read -r -t 10 line <&3 && [[ $line =~ ^listening\ on\ (http://127\.0\.0\.1:[0-9]+)$ ]]; then
        export BASE_URL="${BASH_REMATCH[1]}" SERVER_PID
        echo "server: $line"
    else
        echo "FAILED: expected the line 'listening on http://127.0.0.1:PORT', got '$line'"
        exit 1
    fi
}

stop_server() {
    kill -TERM "$SERVER_PID"
    wait_for_server
}

kill_server() {
    kill -KILL "$SERVER_PID"
    wait_for_server || true
}

wait_for_server() {
    # The pipe ends when the server does, so that reading it is a wait with a bound.
    local pid="$SERVER_PID" status=0 began=$SECONDS
    while read -r -t 10 <&3; do :; done
    if ((SECONDS - began >= 10)); then
        echo "FAILED: the server did not end within 10 seconds"
        exit 1
    fi
    wait "$pid" 2>/dev/null || status=$?
    SERVER_PID=""
    return "$status"
}

judge() {
    # -I: nothing that lies in the repository can stand in for the standard library.
    python -I "$FACTORY_SCENARIOS/support/client.py"
}

end_of_scenario() {
    local status=$? log=""
    if [[ -n $SERVER_PID ]]; then
        kill -KILL "$SERVER_PID" 2>/dev/null || true
        wait "$SERVER_PID" 2>/dev/null || true
    fi
    if [[ $status -ne 0 && -s $SERVER_LOG ]]; then
        # The requests that were answered stand above already; what is left are tracebacks and the like.
        log="$(grep -v '" [1-4][0-9][0-9] -$' "$SERVER_LOG" | tail -n 20)" || true
        if [[ -n $log ]]; then
            printf "the server's log ends with:\n%s\n" "$log"
        fi
    fi
    exit "$status"
}
