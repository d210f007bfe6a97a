#!/usr/bin/env bash
# Sends every kind of request to every route with curl, the rejected ones too, against any base URL:
#
#   ./try.sh [http://127.0.0.1:3000]
#
# Prints each request and its response, and exits non-zero where a status, header or body differs from the HTTP contract
# (docs/http-api.md). Registers users with fresh names, so it can be repeated. Where registration is closed or
# no log-in is offered, it says so and sends nothing more. Needs bash, curl and jq.
set -euo pipefail

url=${1:-http://127.0.0.1:3000}
url=${url%/}
host=${url#*://}
case "${host%%/*}" in
  localhost | localhost:* | *.localhost | *.localhost:* | 127.* | '[::1]'*) loopback=yes ;;
  *) loopback=no ;;
esac
for tool in curl jq; do
  command -v "$tool" >/dev/null || { echo "try.sh: $tool is needed" >&2; exit 2; }
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0
warned=0
failed=0
stamp=$(date +%s)$RANDOM
user=user$stamp
password='correct horse battery'
status=
headers=$scratch/headers
body=$scratch/body

# Prints a request as a command, with long arguments such as tokens shortened.
show() {
  local word line='curl -i'
  for word in "$@"; do
    [ "${#word}" -gt 160 ] && word="${word:0:60}…"
    line+=" $(printf '%q' "$word")"
  done
  printf '\n$ %s\n' "$line"
}

# request PATH [CURL ARGUMENT ...]: sends the request and prints the response.
request() {
  local path=$1
  shift
  show "$@" "$url$path"
  status=$(curl -sS -o "$body" -D "$headers" -w '%{http_code}' "$@" "$url$path") || {
    echo "try.sh: $url can't be reached" >&2
    exit 2
  }
  grep -iE '^(HTTP|content-type|cache-control|location|retry-after|www-authenticate):?' "$headers" | tr -d '\r' || true
  jq 'if type == "object" then (.access_token, .refresh_token | strings) |= .[:24] + "…" else . end' "$body" 2>/dev/null || cat "$body"
}

report() {
  if [ "$1" = ok ]; then
    passed=$((passed + 1))
    echo "ok: $2"
  else
    failed=$((failed + 1))
    echo "FAILED: $2"
  fi
}

# expect STATUS "WHAT" [JQ FILTER THAT IS TRUE OF THE BODY]
expect() {
  local filter=${3:-true}
  if [ "$status" = 503 ] && [ "$1" != 503 ]; then
    echo 'The service has no signing keys yet, or its store cannot be reached.'
  fi
  if [ "$status" = "$1" ] && [ -s "$body" ] && jq -e "$filter" "$body" >/dev/null 2>&1; then
    report ok "$2 ($1)"
  else
    report no "$2: expected $1 and $filter, got $status"
  fi
}

# empty STATUS "WHAT": checks that the last response has no body.
empty() {
  if [ "$status" = "$1" ] && [ ! -s "$body" ]; then report ok "$2 ($1)"; else report no "$2: expected $1 and no body, got $status"; fi
}

# slash STATUS "WHAT" [FILTER]: as expect, for a path that ends in a slash. That API Gateway leads it to {proxy+} with an empty rest is not
# verified on AWS, so a 404 of a gateway that is not on this machine is a warning.
slash() {
  if [ "$loopback" = no ] && [ "$status" = 404 ]; then
    warned=$((warned + 1))
    echo "WARNING: $2: 404, so clients of this gateway must leave the slash out"
  else
    expect "$@"
  fi
}

# header NAME VALUE: checks that the last response has exactly this value.
header() {
  local value
  # A gateway may rename a challenge.
  value=$(grep -iE "^(x-amzn-remapped-)?$1:" "$headers" | head -n 1 | tr -d '\r' | sed 's/^[^:]*: *//') || true
  if [ "$value" = "$2" ]; then report ok "$1: $2"; else report no "$1 is '$value' and not '$2'"; fi
}

register() { request /register -H 'content-type: application/json' --data-binary "$1"; }
form() { request /token -H 'content-type: application/x-www-form-urlencoded' --data-binary "$1"; }
log_in() { request /token --data-urlencode "username=$1" --data-urlencode "password=$2"; }
refresh() { request /token -d grant_type=refresh_token --data-urlencode "refresh_token=$1" "${@:2}"; }
me() { request /users/me "$@"; }
json() { request "$2" -X "$1" -H "authorization: Bearer $token" -H 'content-type: application/json' --data-binary "$3"; }
# bearer METHOD PATH [TOKEN]
bearer() { request "$2" -X "$1" -H "authorization: Bearer ${3:-$token}"; }
# Prints what a jq filter finds in the last response.
found() { jq -r "$1 // empty" "$body"; }

# A new stack makes its first keys within about a minute.
waited=0
until curl -sS -o /dev/null -f "$url/.well-known/jwks.json" 2>/dev/null; do
  curl -sS -o /dev/null "$url/" 2>/dev/null || { echo "try.sh: $url can't be reached" >&2; exit 2; }
  [ "$waited" -lt 180 ] || { echo 'try.sh: there are no signing keys after three minutes' >&2; exit 1; }
  [ "$waited" -gt 0 ] || echo 'Waiting for the first signing keys …'
  sleep 2
  waited=$((waited + 2))
done

# A service may offer no log-in, or take no new users. Then there is nothing to try, and that is no failure.
nothing_to_try() {
  echo "try.sh: $1, so there is nothing to try. No user was registered."
  exit 0
}
if curl -sS "$url/.well-known/openid-configuration" | jq -e '.issuer and (.grant_types_supported // [] | index("password") | not)' >/dev/null 2>&1; then
  nothing_to_try 'this service offers no log-in (EnablePasswordGrant is false)'
fi
if curl -sS "$url/register" -H 'content-type: application/json' -d '{}' | jq -e '.detail? == "Registration is closed"' >/dev/null 2>&1; then
  nothing_to_try 'registration is closed (EnableRegistration is false)'
fi

echo "== discovery"
request /.well-known/openid-configuration
expect 200 'the metadata' '(.issuer | test("^https?://")) and .response_types_supported == [] and (.grant_types_supported | index("password")) and .jwks_uri == .issuer + "/.well-known/jwks.json" and .token_endpoint == .issuer + "/token"'
issuer=$(jq -r .issuer "$body")
cp "$body" "$scratch/metadata"
# EnableRefreshTokens says whether a log-in begins a session.
offers_sessions=$(jq '.grant_types_supported | index("refresh_token") != null' "$body")
request /.well-known/oauth-authorization-server
expect 200 'the same under the name of RFC 8414' ". == $(cat "$scratch/metadata")"
request /.well-known/jwks.json
expect 200 'the keys, public members alone' '(.keys | length >= 1) and all(.keys[]; has("kid") and has("alg") and .use == "sig" and (has("d") | not))'
cp "$body" "$scratch/keys"

echo
echo "== register"
register "{\"username\":\"$user\",\"email\":\"$user@example.com\",\"full_name\":\"John Doe\",\"password\":\"$password\"}"
expect 201 'a user registers' ".username == \"$user\" and .disabled == false and .website == null"
header location /users/me
header cache-control no-store
header x-content-type-options nosniff
id=$(jq -r .id "$body")
register "{\"username\":\"$user\",\"password\":\"$password\"}"
expect 409 'a username is taken' '.errors == [{"field":"username","code":"taken","message":"Already taken"}]'
register "{\"username\":\"$(tr 'a-z' 'A-Z' <<<"$user")\",\"password\":\"$password\"}"
expect 409 'however it is written' '.detail == "Username already taken"'
register "{\"email\":\"$user@EXAMPLE.com\",\"password\":\"$password\"}"
expect 409 'an address is taken' '.detail == "Email already taken"'
register "{\"username\":\"$user\",\"email\":\"$user@example.com\",\"password\":\"$password\"}"
expect 409 'both are taken' '.detail == "Username already taken"'
request /users -H 'content-type: application/json' --data-binary "{\"username\":\"alias$stamp\",\"name\":\"John\",\"surname\":\"Doe\",\"password\":\"$password\"}"
expect 201 'the alias takes name and surname' '.full_name == "John Doe"'
register "{\"username\":\"x$stamp\",\"name\":\"John\",\"full_name\":\"John Doe\",\"password\":\"$password\"}"
expect 422 'name beside full_name' '[.errors[] | .field + " " + .code] == ["name invalid"]'
register "{\"password\":\"$password\"}"
expect 422 'no name' '[.errors[] | .field + " " + .code] == ["username required"]'
register '{"username":"a b","email":"nobody","website":"example.com","full_name":1,"password":"short","nickname":null}'
expect 422 'all broken rules at once' '[.errors[] | .code] | sort == ["invalid","invalid","invalid","too_short","type","unknown"]'
register '{"username":"x","password":"Password1"}'
expect 422 'a common password' '[.errors[] | .field + " " + .code] == ["password common"]'
register "{\"username\":\"x$stamp\",\"nickname\":null,\"password\":\"$password\"}"
expect 422 'an unknown field, though null' '[.errors[] | .field + " " + .code] == ["nickname unknown"]'
register "{\"username\":1,\"password\":\"$password\"}"
expect 422 'a wrong type' '[.errors[] | .field + " " + .code] == ["username type"]'
register '{"username":'
expect 400 'malformed JSON' '.type == "about:blank"'
header content-type application/problem+json
register '{"username":"a","username":"b"}'
expect 400 'a member twice'
register '[]'
expect 400 'not an object'
request /register -H 'content-type: text/plain' --data-binary '{}'
expect 415 'not JSON'
request /register -H 'content-type: application/json' -H 'content-encoding: gzip' --data-binary '{}'
expect 415 'an encoded body'
head -c 16385 /dev/zero | tr '\0' x >"$scratch/large"
request /register -H 'content-type: application/json' --data-binary "@$scratch/large"
expect 413 'a body over 16 KiB'

echo
echo "== token"
log_in "$user" "$password"
expect 200 'a user logs in' '.token_type == "bearer" and .expires_in > 0 and (.expires | endswith("Z")) and (has("scope") | not)'
header cache-control no-store
header pragma no-cache
token=$(found .access_token)
refresh_token=$(found .refresh_token)
kid=$(jq -r '.access_token // empty | split(".")[0] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson | .kid' "$body")
if jq -e --arg kid "$kid" 'any(.keys[]; .kid == $kid)' "$scratch/keys" >/dev/null; then
  report ok 'its key is published'
else
  report no "its key $kid is not published"
fi
iss=$(jq -r '.access_token // empty | split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson | .iss' "$body")
if [ "$iss" = "$issuer" ]; then report ok "its issuer is the metadata's"; else report no "its issuer is $iss and not $issuer"; fi
log_in "$user@example.com" "$password"
expect 200 'by the e-mail address'
log_in "$(tr 'a-z' 'A-Z' <<<"$user")" "$password"
expect 200 'in capital letters'
request /token -F "username=$user" -F "password=$password"
expect 200 'by a multipart form, as Postman sends it'
request /users/me -H "authorization: Bearer $(jq -r .access_token "$body")"
expect 200 'whose token reads the user' ".username == \"$user\""
request /token -F "username=$user" -F 'password=wrong'
expect 401 'a wrong password in a multipart form' '.error == "invalid_grant"'
request /token/ --data-urlencode "username=$user" --data-urlencode "password=$password"
slash 200 'with a slash at the end'
request /token -u : --data-urlencode "username=$user" --data-urlencode "password=$password" -d 'grant_type=password&scope=&client_id='
expect 200 'with an empty client'
log_in "$user" wrong
expect 401 'a wrong password' '. == {"error":"invalid_grant","error_description":"Incorrect username or password","detail":"Incorrect username or password"}'
header www-authenticate 'Bearer realm="latchkey"'
cp "$body" "$scratch/wrong"
log_in "nobody$stamp" wrong
expect 401 'an unknown user'
if cmp -s "$body" "$scratch/wrong"; then report ok 'the same body'; else report no 'the bodies differ'; fi
request /token --data-urlencode "username=$user" --data-urlencode "password=$password" -d scope=read
expect 400 'a scope' '.error == "invalid_scope"'
form 'username=a&username=a&password=b'
expect 400 'a parameter twice' '.error == "invalid_request"'
form 'username=a'
expect 400 'no grant' '.error == "invalid_request"'
form 'grant_type=urn:ietf:params:oauth:grant-type:device_code'
expect 400 'a grant that is not offered' '.error == "unsupported_grant_type"'
form 'grant_type=password&username=a'
expect 400 'a parameter missing' '.error == "invalid_request" and (.detail | contains("password"))'
form 'username=a&password=100%'
expect 400 'a bad escape' '.detail | contains("%25")'
form 'username=a&password=%ff'
expect 400 'not UTF-8' '.error == "invalid_request"'
request /token -H 'content-type: application/json' --data-binary '{}'
expect 415 'JSON' '.error == "invalid_request"'
request /token -H 'content-encoding: gzip' --data-urlencode "username=$user"
expect 415 'an encoded body' '.error == "invalid_request"'
request /token -H 'content-type: application/x-www-form-urlencoded' --data-binary "@$scratch/large"
expect 413 'a body over 16 KiB' '.error == "invalid_request"'
request /token
expect 404 'GET' '.message == "Not Found"'
request /token/more -X POST
expect 404 'more behind the slash' '.message == "Not Found"'

echo
echo "== me"
me -H "authorization: Bearer $token"
expect 200 'a user reads itself' ".id == \"$id\" and .username == \"$user\" and (has(\"password_hash\") | not)"
header cache-control no-store
request /users/me/ -H "authorization: bearer $token"
slash 200 'with a slash at the end'
me
expect 401 'no token' '.detail == "Not authenticated" and (has("error") | not)'
header www-authenticate 'Bearer realm="latchkey"'
request "/users/me?access_token=$token"
expect 401 'a token in the query'
me -u "$user:$password"
expect 401 'another scheme' '.detail == "Not authenticated"'
me -H "authorization: Bearer ${token%?????}AAAAA"
expect 401 'a tampered token' '.error == "invalid_token" and .detail == "Could not validate credentials"'
header www-authenticate 'Bearer realm="latchkey", error="invalid_token", error_description="Could not validate credentials"'
me -H 'authorization: Bearer'
expect 400 'no token behind Bearer' '.error == "invalid_request"'
me -H "authorization: Bearer $token" -H 'authorization: Bearer x'
expect 400 'two values' '.error == "invalid_request"'
header www-authenticate 'Bearer realm="latchkey", error="invalid_request"'
request /nothing
expect 404 'an unknown route' '. == {"message":"Not Found"}'

if [ "$offers_sessions" = true ]; then
  echo
  echo "== refresh tokens"
  refresh "$refresh_token"
  expect 200 'a session continues' '.token_type == "bearer" and (.refresh_token | test("^[A-Za-z0-9_-]{1,512}$"))'
  header pragma no-cache
  token=$(found .access_token)
  refresh "$refresh_token"
  expect 200 'a second tab sends the same token' '.refresh_token | length > 0'
  refresh_token=$(found .refresh_token)
  refresh "$refresh_token" -d scope=read
  expect 400 'a scope' '.error == "invalid_scope"'
  refresh made-up
  expect 400 'a token that was never issued' '.error == "invalid_grant"'
  form 'grant_type=refresh_token'
  expect 400 'no token' '.error == "invalid_request"'

  echo
  echo "== sessions"
  bearer GET /sessions
  expect 200 'the log-ins of this user, the newest first' 'length > 1 and (map(select(.current)) | length == 1) and (map(.created_at) | . == (sort | reverse)) and .[0].user_agent != null'
  header cache-control no-store
  other=$(found '[.[] | select(.current | not)][0].id')
  bearer DELETE "/sessions/$other"
  empty 204 'one session ends'
  bearer DELETE "/sessions/$other"
  expect 404 'it has ended' '.detail == "No such session"'
  bearer DELETE /sessions
  empty 204 'all others end'
  bearer GET /sessions
  expect 200 'this one is left' 'length == 1'
  request /sessions
  expect 401 'no token' '.detail == "Not authenticated"'

  echo
  echo "== log out"
  log_in "$user" "$password"
  short_lived=$(found .access_token)
  spent=$(found .refresh_token)
  request /revoke --data-urlencode "token=$spent" -d token_type_hint=refresh_token
  empty 200 'a refresh token is revoked'
  refresh "$spent"
  expect 400 'its session has ended' '.error == "invalid_grant"'
  bearer GET /users/me "$short_lived"
  expect 401 'and its access token with it' '.error == "invalid_token"'
  request /revoke -d token=made-up
  empty 200 'a token that was never issued is no error'
  request /revoke -d token_type_hint=refresh_token
  expect 400 'no token' '.error == "invalid_request"'
fi

echo
echo "== API keys"
json POST /api-keys '{"name":"try.sh","expires_in":3600}'
expect 201 'a key is shown once' '(.key | test("^lk_[0-9A-Z]{26}_[0-9A-Z]{26}_[0-9A-Za-z]{27}_[0-9A-Za-z]{6}$")) and (.prefix as $prefix | .key | startswith($prefix))'
header cache-control no-store
key=$(found .key)
key_id=$(found .id)
bearer GET /api-keys
expect 200 'the list does not have it' 'length == 1 and .[0].name == "try.sh" and .[0].last_used_at == null and (.[0] | has("key") | not)'
bearer GET /users/me "$key"
expect 401 'no route of the service itself accepts it' '.error == "invalid_token"'
json POST /api-keys '{"scopes":["not:granted"],"expires_in":0}'
expect 422 'all broken rules at once' '[.errors[] | .field + " " + .code] == ["name required","scopes invalid","expires_in invalid"]'
bearer DELETE "/api-keys/$key_id"
empty 204 'a key ends'
bearer DELETE "/api-keys/$key_id"
expect 404 'it has ended' '.detail == "No such API key"'

echo
if [ "$(curl -sS -o /dev/null -w '%{http_code}' "$url/verify-email")" = 200 ]; then
  echo "== mail"
  made_up=$(printf 'x%.0s' {1..43})
  public() { request "$1" -H 'content-type: application/json' --data-binary "$2"; }
  for route in /request-verify-token /forgot-password; do
    public "$route" "{\"email\":\"nobody$stamp@example.com\"}"
    expect 202 'a mail is asked for, whether or not the address has a user' '. == null'
  done
  public /forgot-password '{"email":"nobody"}'
  expect 422 'no address' '[.errors[] | .field + " " + .code] == ["email invalid"]'
  public /verify "{\"token\":\"$made_up\",\"password\":\"$password\"}"
  expect 400 'a token that is none' '[.errors[] | .field + " " + .code] == ["token invalid"]'
  public /reset-password "{\"token\":\"$made_up\",\"password\":\"$password\"}"
  expect 400 'nor for a reset' '[.errors[] | .field + " " + .code] == ["token invalid"]'
  for page in /verify-email /reset-password; do
    request "$page?token=$made_up" -X GET
    if [ "$status" = 200 ] && grep -q '<form' "$body"; then report ok 'a page with a form (200)'; else report no "a page: $status"; fi
    header content-type 'text/html; charset=utf-8'
    request "$page" -d "token=$made_up" --data-urlencode "password=$password"
    if [ "$status" = 400 ] && ! grep -q '<form' "$body"; then report ok 'which says that the link is none (400)'; else report no "a page: $status"; fi
  done
fi

echo
echo "== one's own account"
json PATCH /users/me '{"full_name":null,"website":"https://example.com/john"}'
expect 200 'a user changes' '.full_name == null and .website == "https://example.com/john"'
json PATCH /users/me "{\"username\":\"renamed$stamp\"}"
expect 200 'and has another name' ".id == \"$id\" and .username == \"renamed$stamp\""
json PATCH /users/me "{\"username\":\"ALIAS$stamp\"}"
expect 409 'a name is taken' '.errors[0].code == "taken"'
json PATCH /users/me '{"username":null,"email":null}'
expect 422 'one name must be left' '[.errors[] | .field + " " + .code] == ["username required"]'
json PATCH /users/me '{"password":"another horse battery"}'
expect 422 'the password has its own route' '[.errors[] | .field + " " + .code] == ["password unknown"]'
json PUT /users/me/password '{"current_password":"wrong","new_password":"another horse battery"}'
expect 422 'a wrong current password' '[.errors[] | .field + " " + .code] == ["current_password invalid"]'
json PUT /users/me/password "{\"current_password\":\"$password\",\"new_password\":\"another horse battery\"}"
empty 204 'a new password'
log_in "renamed$stamp" "$password"
expect 401 'the old one is wrong now' '.error == "invalid_grant"'
log_in "renamed$stamp" 'another horse battery'
expect 200 'the new one logs in' '.access_token | length > 0'
token=$(found .access_token)
bearer DELETE /users/me
empty 204 'a user is deleted'
bearer GET /users/me
expect 401 'the token is worth nothing' '.error == "invalid_token"'
log_in "renamed$stamp" 'another horse battery'
expect 401 'nobody has this name' '.error == "invalid_grant"'

echo
echo "$passed passed, $warned warnings, $failed failed"
[ "$failed" = 0 ]
