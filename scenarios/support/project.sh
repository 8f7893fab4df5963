# Sourced by every scenario. It leaves the shell in a new, empty git repository and offers
#
#     settings            write factory.toml: what is on standard input, below the lines that all projects here share;
#                         lines before its first table belong to [environment]
#     scenario ID [KEYS]  write scenarios/ID.md, whose command is on standard input; KEYS is its frontmatter
#     agent               write ../agent, an agent that is the bash lines on standard input
#     replace OLD NEW     write the next recorded patch: it turns the content of answer.txt from OLD into NEW
#     commit              commit everything as the base
#     factory STATUS ...  run `dark-factory ...`; it must end with that exit status; $OUT has all it printed
#     said TEXT           $OUT has this text;  unsaid TEXT: it has not
#     holds FILE EXPR     the Python expression is true, where `it` is the JSON in FILE
#     has FILE TEXT       the file has this text;  lacks FILE TEXT: it has not
#     wait_for COMMAND    wait until the command succeeds, at most 20 seconds
#
# The factory keeps its state in the scenario's own temporary folder. Works in bash 3.2, too.

set -euo pipefail

PROJECT="$TMPDIR/project"
OUT="$TMPDIR/printed.txt"
ARTIFACTS="$PROJECT/artifacts/factory"
RECORDED=0

export FACTORY_STATE="$TMPDIR/state"
# Nothing depends on the git settings of this machine or of its user.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME="An Author" GIT_AUTHOR_EMAIL="author@example.org"
export GIT_COMMITTER_NAME="An Author" GIT_COMMITTER_EMAIL="author@example.org"
# The product under judgement must not learn where its judges live.
unset FACTORY_SCENARIOS FACTORY_ROOT

mkdir -p "$PROJECT"
cd "$PROJECT"
git -c init.defaultBranch=main init --quiet

settings() {
    {
        printf 'version = 1\n[environment]\nbackend = "none"\n'
        cat
    } >factory.toml
}

scenario() {
    mkdir -p scenarios
    {
        if [[ -n ${2:-} ]]; then
            printf -- '---\n%s\n---\n' "$2"
        fi
        printf '# Scenario: The title of %s\n\n## Category\nsample\n\n## Preconditions\n- None\n\n' "$1"
        printf '## Behavioral Expectation\nIt behaves.\n\n## Evaluation Method\n```bash\n'
        cat
        printf '```\n\n## Pass Criteria\nIt is as expected.\n\n## Evidence Required\n- The output\n'
    } >"scenarios/$1.md"
}

agent() {
    {
        printf 'set -euo pipefail\n'
        cat
    } >"$TMPDIR/agent"
}

replace() {
    RECORDED=$((RECORDED + 1))
    mkdir -p recording
    printf -- '--- a/answer.txt\n+++ b/answer.txt\n@@ -1 +1 @@\n-%s\n+%s\n' "$1" "$2" >"recording/$RECORDED.patch"
}

commit() {
    git add --all
    git commit --quiet --message=base
}

factory() {
    local wanted="$1" status=0
    shift
    dark-factory "$@" >"$OUT" 2>&1 || status=$?
    echo "dark-factory $*: exit status $status"
    if [[ $status -ne $wanted ]]; then
        tail -n 40 "$OUT"
        fail "expected exit status $wanted"
    fi
    unsaid "Traceback (most recent call last)"
}

said() {
    has "$OUT" "$1"
}

unsaid() {
    lacks "$OUT" "$1"
}

has() {
    grep -qF -- "$2" "$1" || {
        tail -n 40 "$1"
        fail "$(basename "$1") does not have: $2"
    }
}

lacks() {
    if grep -qF -- "$2" "$1"; then
        grep -nF -- "$2" "$1" | cut -c 1-300
        fail "$(basename "$1") has: $2"
    fi
}

holds() {
    # -I: nothing that lies in the repository can stand in for the standard library.
    python -I -c '
import json, sys
path, expression = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    it = json.load(file)
if not eval(expression, {"it": it}):
    print(json.dumps(it, indent=1)[:4000])
    sys.exit(1)
' "$1" "$2" || fail "in $(basename "$1") this does not hold: $2"
}

wait_for() {
    local began=$SECONDS
    until "$@"; do
        if ((SECONDS - began >= 20)); then
            fail "waited 20 seconds in vain for: $*"
        fi
        sleep 0.05
    done
}

same() {
    if [[ $1 != "$2" ]]; then
        fail "expected '$2', got '$1'"
    fi
}

fail() {
    echo "FAILED: $*"
    exit 1
}
