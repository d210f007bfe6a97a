#!/usr/bin/env bash
# Walks the example with curl and jq, beside a running `cargo dev --example links`:
#
#   examples/links/walk.sh [http://127.0.0.1:3000]
#
# For a deployed stack, the second argument is the base URL of the links: walk.sh LATCHKEY LINKS. Registers two users with fresh names, so
# it can be repeated. Ends with a status other than 0 at the first difference.
set -euo pipefail

latchkey=${1:-http://127.0.0.1:3000}
latchkey=${latchkey%/}
url=${2:-$latchkey}
url=${url%/}
for tool in curl jq; do
  command -v "$tool" >/dev/null || { echo "walk.sh: $tool is needed" >&2; exit 2; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
body=$scratch/body
stamp=$(date +%s)$RANDOM
password='correct horse battery'
passed=0
status=

# request URL [CURL ARGUMENT ...]
request() {
  status=$(curl -sS -o "$body" -w '%{http_code}' "${@:2}" "$1") || { echo "walk.sh: $1 can't be reached" >&2; exit 2; }
}

# as TOKEN METHOD PATH [JSON]
as() {
  local data=()
  [ "$#" -lt 4 ] || data=(-H 'content-type: application/json' --data-binary "$4")
  request "$url$3" -X "$2" -H "authorization: Bearer $1" "${data[@]}"
}

# ann METHOD PATH [JSON]
ann() { as "$ann" "$@"; }

# expect STATUS "WHAT" [JQ FILTER THAT IS TRUE OF THE BODY]; 204 has no body.
expect() {
  if [ "$status" = "$1" ] && { { [ "$1" = 204 ] && [ ! -s "$body" ]; } || jq -e "${3:-true}" "$body" >/dev/null 2>&1; }; then
    passed=$((passed + 1))
    echo "ok: $2 ($1)"
  else
    echo "FAILED: $2: expected $1 and ${3:-any body}, got $status"
    cat "$body"
    exit 1
  fi
}

found() { jq -r "$1" "$body"; }

# log_in NAME: registers a user and prints an access token.
log_in() {
  request "$latchkey/register" -H 'content-type: application/json' -d "{\"username\":\"$1$stamp\",\"password\":\"$password\"}"
  [ "$status" = 201 ] || { echo "walk.sh: $1 can't register: $status" >&2; exit 2; }
  request "$latchkey/token" -d "username=$1$stamp" --data-urlencode "password=$password"
  found .access_token
}

ann=$(log_in ann)
bob=$(log_in bob)

echo '== who may call'
for path in /link /link/x /tag /tag/x /taglink; do
  request "$url$path"
  expect 401 "GET $path without a token" '.detail == "Not authenticated" and .type == "about:blank"'
done
for path in /link /tag /taglink; do
  request "$url$path" -X POST
  expect 401 "POST $path without a token" '.detail == "Not authenticated"'
  as "${ann}x" GET "$path"
  expect 401 'a token that does not verify' '.error == "invalid_token"'
  ann GET "$path"
  expect 200 'nothing yet' '. == []'
done

echo '== tags'
ann POST /tag '{"tag":"rust"}'
expect 201 'a tag is made' '.tag == "rust" and (.tag_id | length > 0)'
rust=$(found .tag_id)
ann POST /tag '{"tag":"rust"}'
expect 200 'the same tag again is the same tag' ".tag_id == \"$rust\""
ann GET /tag
expect 200 'all tags' ". == [{tag_id: \"$rust\", tag: \"rust\"}]"
ann GET '/tag?tag=rust'
expect 200 'a tag by its name' "map(.tag_id) == [\"$rust\"]"
ann GET '/tag?tag=none'
expect 200 'no tag of this name' '. == []'
ann GET "/tag/$rust"
expect 200 'a tag by its id' ". == {tag_id: \"$rust\", tag: \"rust\"}"
ann GET /tag/none
expect 404 'no tag of this id' '.detail == "Tag with tag_id none not found"'
ann POST /tag '{"tag":""}'
expect 422 'an empty tag' '[.errors[] | .field + " " + .code] == ["tag too_short"]'
ann POST /tag '{"name":"rust"}'
expect 422 'another member' '[.errors[] | .field + " " + .code] | sort == ["name unknown","tag required"]'

echo '== links'
ann POST /link '{"link":"https://www.rust-lang.org","tag":"language"}'
expect 201 "a tag's name makes the tag if it is new" '.link == "https://www.rust-lang.org" and .tag == "language" and keys == ["link","link_id","tag","tag_id"]'
link=$(found .link_id)
language=$(found .tag_id)
ann GET "/tag/$language"
expect 200 'it is there' '.tag == "language"'
ann POST /link "{\"link\":\"https://www.rust-lang.org\",\"tag_id\":\"$rust\"}"
expect 201 'the same link again is the same link with one tag more' ".link_id == \"$link\" and .tag == \"rust\""
ann POST /link '{"link":"https://www.rust-lang.org","tag":"rust"}'
expect 409 'a pair that exists' ".detail == \"TagLink with tag_id $rust and link_id $link exists\""
ann POST /link '{"link":"https://crates.io","tag":"rust"}'
expect 201 'another link with a tag that exists' ".tag_id == \"$rust\""
crates=$(found .link_id)
ann POST /link '{"link":"https://crates.io","tag_id":"none"}'
expect 404 'an unknown tag' '.detail == "Tag with tag_id none not found"'
ann POST /link '{"link":"https://crates.io"}'
expect 422 'no tag' '[.errors[] | .field + " " + .code] == ["tag required"]'
ann POST /link "{\"link\":\"https://crates.io\",\"tag\":\"rust\",\"tag_id\":\"$rust\"}"
expect 422 'two tags' '.errors == [{field: "tag", code: "invalid", message: "Only one of tag and tag_id may be given"}]'
ann GET /link
expect 200 'all links, with each of their tags' 'map(.link + " " + .tag) == ["https://crates.io rust","https://www.rust-lang.org language","https://www.rust-lang.org rust"]'
ann GET '/link?tag=rust'
expect 200 "the links of a tag's name" 'map(.link) == ["https://crates.io","https://www.rust-lang.org"]'
ann GET "/link?tag_id=$language"
expect 200 "the links of a tag's id" "map(.link_id) == [\"$link\"]"
ann GET '/link?tag=none'
expect 200 'no tag of this name' '. == []'
ann GET '/link?tag_id=none'
expect 404 'no tag of this id' '.detail == "Tag with tag_id none not found"'
ann GET "/link?tag_id=$rust&tag_id=$language"
expect 400 'a parameter twice' '.detail == "The parameter tag_id must come once"'
ann GET "/link/$link"
expect 200 'a link' ".link_id == \"$link\" and .link == \"https://www.rust-lang.org\" and .tag == \"language\""
ann GET /link/none
expect 404 'no link of this id' '.detail == "Link with link_id none not found"'

echo '== pairs'
ann GET /taglink
expect 200 'all pairs' 'length == 3 and all(keys == ["link","link_id","tag","tag_id"])'
ann GET "/taglink?link_id=$link"
expect 200 'those of a link' 'map(.tag) == ["language","rust"]'
ann GET "/taglink?tag_id=$rust"
expect 200 'those of a tag' 'length == 2'
ann GET "/taglink?tag_id=$rust&link_id=$link"
expect 200 'that of both' "map(.tag_id + .link_id) == [\"$rust$link\"]"
ann GET "/taglink?tag_id=$language&link_id=$crates"
expect 200 'no such pair' '. == []'
ann POST /taglink "{\"tag_id\":\"$language\",\"link_id\":\"$crates\"}"
expect 201 'a pair is made' '.tag == "language" and .link == "https://crates.io"'
ann POST /taglink "{\"tag_id\":\"$language\",\"link_id\":\"$crates\"}"
expect 409 'it exists' ".detail == \"TagLink with tag_id $language and link_id $crates exists\""
ann POST /taglink "{\"tag_id\":\"none\",\"link_id\":\"$crates\"}"
expect 422 'an unknown tag' '.detail == "Tag with tag_id none not found"'
ann POST /taglink "{\"tag_id\":\"$rust\",\"link_id\":\"none\"}"
expect 422 'an unknown link' '.detail == "Link with link_id none not found"'
ann POST /taglink '{}'
expect 422 'neither' '[.errors[] | .field + " " + .code] | sort == ["link_id required","tag_id required"]'
ann GET '/taglink?tag_id=none'
expect 422 'an unknown tag in the query' '.detail == "Tag with tag_id none not found"'
ann DELETE /taglink
expect 422 'nothing to delete is named' '.detail == "One or both of tag_id or link_id must be specified"'
ann DELETE "/taglink?tag_id=&link_id=$link"
expect 404 'an empty id is an id' '.detail == "Tag with tag_id  not found"'
ann DELETE '/taglink?link_id=none'
expect 404 'an unknown link' '.detail == "Link with link_id none not found"'
ann DELETE "/taglink?tag_id=$language&link_id=$crates"
expect 204 'one pair is deleted'
ann DELETE "/taglink?tag_id=$language&link_id=$crates"
expect 404 'it is gone' ".detail == \"TagLink with tag_id $language and link_id $crates not found\""
ann DELETE "/taglink?tag_id=$rust"
expect 204 'the pairs of a tag are deleted'
ann GET /link
expect 200 'links without tags stay' 'map(.link + " " + (.tag // "-")) == ["https://crates.io -","https://www.rust-lang.org language"]'
ann DELETE "/taglink?link_id=$link"
expect 204 'the pairs of a link are deleted'
ann GET "/link/$link"
expect 200 'a link without tags' '.tag == null and .tag_id == null'

echo '== one slash at the end'
ann POST /link/ '{"link":"https://crates.io","tag":"rust"}'
expect 201 'POST /link/'
ann GET /link/
expect 200 'GET /link/' 'length == 2'
ann GET '/link/?tag=rust'
expect 200 'with a query' 'length == 1'
ann GET "/link/$crates/"
expect 200 'GET /link/{id}/' '.tag == "rust"'
ann POST /tag/ '{"tag":"slash"}'
expect 201 'POST /tag/'
slash=$(found .tag_id)
ann GET /tag/
expect 200 'GET /tag/' 'map(.tag) == ["language","rust","slash"]'
ann GET "/tag/$slash/"
expect 200 'GET /tag/{id}/' '.tag == "slash"'
ann POST /taglink/ "{\"tag_id\":\"$slash\",\"link_id\":\"$crates\"}"
expect 201 'POST /taglink/'
ann GET "/taglink/?link_id=$crates"
expect 200 'GET /taglink/' 'map(.tag) == ["rust","slash"]'
ann DELETE "/taglink/?tag_id=$slash"
expect 204 'DELETE /taglink/'
ann DELETE "/tag/$slash/"
expect 204 'DELETE /tag/{id}/'
ann GET "/link/$crates//"
expect 404 'two slashes' '.message == "Not Found"'
ann GET /taglink/none
expect 404 'a path that does not exist' '.message == "Not Found"'

echo "== another user's rows"
as "$bob" GET /link
expect 200 'none is listed' '. == []'
as "$bob" GET "/link/$link"
expect 404 'none is read' ".detail == \"Link with link_id $link not found\""
as "$bob" POST /link "{\"link\":\"https://crates.io\",\"tag_id\":\"$rust\"}"
expect 404 'no tag is used' ".detail == \"Tag with tag_id $rust not found\""
as "$bob" POST /taglink "{\"tag_id\":\"$rust\",\"link_id\":\"$link\"}"
expect 422 'none is paired' ".detail == \"Tag with tag_id $rust not found\""
as "$bob" DELETE "/tag/$rust"
expect 404 'none is deleted' ".detail == \"Tag with tag_id $rust not found\""
as "$bob" POST /link '{"link":"https://crates.io","tag":"rust"}'
expect 201 'the same texts are rows of their own' ".link_id != \"$crates\" and .tag_id != \"$rust\""

echo '== deletions'
ann DELETE "/tag/$rust"
expect 204 'a tag is deleted'
ann GET /taglink
expect 200 'and its pairs' '. == []'
ann DELETE "/tag/$rust"
expect 404 'it is gone' ".detail == \"Tag with tag_id $rust not found\""
ann POST /taglink "{\"tag_id\":\"$language\",\"link_id\":\"$link\"}"
expect 201 'a pair again'
ann DELETE "/link/$link"
expect 204 'a link is deleted'
ann GET "/link?tag_id=$language"
expect 200 'and its pairs' '. == []'
ann DELETE "/link/$link"
expect 404 'it is gone' ".detail == \"Link with link_id $link not found\""
ann GET /link
expect 200 'the other one is left' "map(.link_id) == [\"$crates\"]"
as "$bob" GET /taglink
expect 200 "and another user's" 'map(.link + " " + .tag) == ["https://crates.io rust"]'

echo '== API keys'
as_key() { request "$url/link" -H "$1"; }
request "$latchkey/api-keys" -H "authorization: Bearer $ann" -H 'content-type: application/json' -d '{"name":"walk"}'
expect 201 'a key is made' '.key | startswith("lk_")'
key=$(found .key)
id=$(found .id)
for header in "Authorization: Bearer $key" "X-API-Key: $key" "Token: $key"; do
  as_key "$header"
  expect 200 "it is accepted as ${header%% lk_*}" "map(.link_id) == [\"$crates\"]"
done
request "$latchkey/api-keys/$id" -X DELETE -H "authorization: Bearer $ann"
expect 204 'the key is ended'
for header in "Authorization: Bearer $key" "X-API-Key: $key"; do
  as_key "$header"
  expect 401 "it is refused as ${header%% lk_*}" '.error == "invalid_token"'
done
as_key "Token: $key"
expect 403 'and in the header Token it is 403' '.detail == "Forbidden"'

echo
echo "$passed passed"
