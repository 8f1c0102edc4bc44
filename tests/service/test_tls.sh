#!/bin/bash
# Certificates of the lab's authority as programs inside nodes see them, and web servers that have them.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/../cloud/lab.sh"

answers() { # NAME COMMAND...: within some seconds
    local name=$1 until=$((SECONDS + 20))
    shift
    until "$@" >"$work/out" 2>&1; do
        [ $SECONDS -lt $until ] || break
    done
    "$@" >"$work/out" 2>&1
    report "$name" $?
}

up <<'END'
lab: certificates
bridges: { lan: {} }
nodes:
  web:
    bridge: lan
    address: 10.0.0.10/24
    services:
      plain: { kind: http, routes: { /old: { location: /new } } }
  client: { bridge: lan, address: 10.0.0.20/24 }
END
fails "without certificates nobody knows an authority" on client test -e /etc/ssl/certs/lab-root.pem
shows "a redirect leads elsewhere" '^Location: /new' on client curl -sS -i http://web/old

cat >"$work/lab.yaml" <<'END'
lab: certificates
bridges: { lan: {} }
nodes:
  web:
    bridge: lan
    address: 10.0.0.10/24
    services:
      plain: { kind: http, routes: { /old: { location: /new } } }
      https: { kind: http, tls: { names: [web, 10.0.0.10] }, body: "costs $5 \"x\" \\\n", routes: { /h: "<p>hi" } }
      expired: { kind: http, port: 444, tls: { cert: expired } }
      alone: { kind: http, port: 445, tls: { cert: missing-intermediate } }
      mutual: { kind: http, port: 446, tls: { client_certificate: required } }
  client: { bridge: lan, address: 10.0.0.20/24, certificates: { me: {} } }
END
holds "a lab gets its first certificates while it runs" "$LABCTL" --lab "$lab" apply "$work/lab.yaml"
shows "curl trusts them" '^costs \$5 "x" \\$' on client curl -sS https://web/
shows "for an address, too" '^costs' on client curl -sS https://10.0.0.10/
shows "over HTTP/2" '^HTTP/2 200' on client curl -sS -i https://web/
shows "and HTTP/1.1" '^HTTP/1.1 200' on client curl -sS -i --http1.1 https://web/
shows "what begins with a tag is HTML" '^content-type: text/html' on client curl -sS -i https://web/h
shows "openssl finds the root in the directory" 'Verify return code: 0 ' on client env SSL_CERT_FILE=/nonexistent \
    openssl s_client -CApath /etc/ssl/certs -connect web:443 -servername web
shows "an expired one is expired" 'certificate has expired' on client curl -sS https://web:444/
shows "a chain with a gap is one" 'unable to get local issuer' on client curl -sS https://web:445/
shows "who has no certificate is told so" 'No required SSL certificate' on client curl -sS https://web:446/
shows "who has one is let in" '^web$' on client curl -sS --cert /etc/ssl/certs/me.pem --key /etc/ssl/private/me.key \
    https://web:446/
holds "an administrator's test of the configuration passes" on web nginx -t
shows "nobody but root reads a key" '^-rw------- ' on web ls -l /etc/ssl/private/https.key
shows "the same file once more changes nothing" '^nothing changed' "$LABCTL" --lab "$lab" apply "$work/lab.yaml"
holds "requests are logged in the node" on web grep -q 'GET /h ' /var/log/nginx/access.log
on web sed -i 's/costs/takes/' /etc/nginx/nginx.conf
on web sh -c 'kill "$(cat /run/nginx.pid)"'
answers "a server that was repaired and ended comes back as it is configured now" sh -c \
    "\"$LABCTL\" --lab $lab exec client -- curl -sS https://web/ | grep -q '^takes'"
shows "what nginx says of itself is the service's log" 'emerg' sh -c "
    \"$LABCTL\" --lab $lab exec web -- sh -c 'echo nonsense >>/etc/nginx/nginx-alone.conf; kill \$(cat /run/nginx-alone.pid)'
    for i in \$(seq 200); do \"$LABCTL\" --lab $lab logs web alone | grep emerg && break; done"
