#!/usr/bin/env bash
# Is this a server that one can send clients to?  deploy/smoke.sh http://127.0.0.1:8080 [TEXT]
# Waits up to SMOKE_WAIT seconds (30) for it to be ready. Needs curl only.
set -euo pipefail

url=${1:?usage: deploy/smoke.sh URL [TEXT]}
text=${2:-flights to oslo}

# Of every request: the status on the last line, the body before it.
ask() { curl --silent --show-error --max-time 5 --write-out '\n%{http_code}' "$@"; }

fail() {
  echo "smoke: $*" >&2
  exit 1
}

expect() { # STATUS PATTERN WHAT ANSWER
  local status=${4##*$'\n'}
  [[ $status == "$1" ]] || fail "$3: status $status, not $1: ${4%$'\n'*}"
  grep --quiet --extended-regexp -- "$2" <<<"${4%$'\n'*}" || fail "$3: no $2 in ${4%$'\n'*}"
  echo "smoke: $3: ok"
}

deadline=$((SECONDS + ${SMOKE_WAIT:-30}))
until [[ $(ask "$url/readyz" 2>/dev/null || true) == *$'\n'200 ]]; do
  ((SECONDS < deadline)) || fail "$url/readyz did not become 200"
  sleep 0.5
done

json='Content-Type: application/json'
# The text is escaped as far as a text without control characters needs it.
escaped=${text//\\/\\\\}
escaped=${escaped//\"/\\\"}
expect 200 '' 'lives' "$(ask "$url/livez")"
expect 200 '"intents": ?\[\{"label": ?"[^"]+", ?"confidence": ?[0-9]' 'answers' \
  "$(ask -H "$json" -d "{\"text\": \"$escaped\"}" "$url/intent")"
expect 400 'TEXT_MISSING' 'refuses what is no request' "$(ask -H "$json" -d '{"txt": 1}' "$url/intent")"
expect 200 '^uaic_ready 1' 'is measured' "$(ask "$url/metrics")"
