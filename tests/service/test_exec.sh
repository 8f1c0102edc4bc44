#!/bin/bash
# Real servers of the distribution work in a node as on a machine of their own, with the configurations that they have there.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/../cloud/lab.sh"

database() {
    cat <<'END'
  db:
    bridge: lan
    address: 10.0.0.10/24
    services:
      postgres:
        kind: exec
        user: postgres
        command: |
          PATH=$PATH:$(echo /usr/lib/postgresql/*/bin) data=/var/lib/postgresql/data
          [ -d $data ] || { initdb --no-sync -A trust -D $data && echo host all all all trust >>$data/pg_hba.conf; } &&
              exec postgres -D $data -c listen_addresses='*'
        ready: { tcp: 5432, within: 60s }
END
}
postgres=$(ls /usr/lib/postgresql/*/bin/postgres 2>/dev/null)
servers() {
    cat <<'END'
lab: servers
bridges: { lan: {} }
nodes:
  web:
    bridge: lan
    address: 10.0.0.11/24
    hosts: { triage.local: 10.0.0.11 }
    certificates: { site: { names: [triage.local] } }
    files:
      /etc/nginx/nginx.conf:
        content: |
          user www-data;
          worker_processes auto;
          pid /run/nginx.pid;
          events { worker_connections 768; }
          http {
            access_log /var/log/nginx/access.log;
            server {
              listen 443 ssl http2;
              server_name triage.local;
              ssl_certificate /etc/ssl/certs/site.pem;
              ssl_certificate_key /etc/ssl/private/site.key;
              location / { proxy_pass http://127.0.0.1:8080; }
            }
          }
      /etc/nginx/plain.conf: # without a user, for which nginx takes nobody
        content: |
          pid /run/plain.pid;
          events {}
          http { server { listen 8082; return 200 "plain\n"; } }
      /etc/haproxy/haproxy.cfg:
        content: |
          global
            log /dev/log local0
            chroot /var/lib/haproxy
            stats socket /run/haproxy/admin.sock mode 660 level admin
            user haproxy
            group haproxy
            daemon
          defaults
            mode http
            timeout connect 5s
            timeout client 5s
            timeout server 5s
          frontend f
            bind :8081
            http-request return status 200 content-type text/plain string "haproxy\n"
    services:
      backend: { kind: http, port: 8080, bind: 127.0.0.1 }
  client: { bridge: lan, address: 10.0.0.20/24, hosts: { triage.local: 10.0.0.11 } }
END
    [ -z "$postgres" ] || database
}
up < <(servers)
if [ -n "$postgres" ]; then
    shows "PostgreSQL answers" '^ +42$' on client psql -h db -U postgres -c 'select 6 * 7'
    shows "and is not root for itself" postgres on client psql -h db -U postgres -Atc "select usename from pg_user"
else
    echo "skip PostgreSQL: it is not installed"
fi
holds "nginx starts as a daemon with a user of its own" on web nginx
shows "and passes requests on, over TLS and HTTP/2" '^web$' on client curl -sS https://triage.local/
holds "it reloads" on web nginx -s reload
shows "and still serves" '^HTTP/2 200' on client curl -sS -i https://triage.local/
holds "nginx starts with the shortest configuration" on web nginx -c /etc/nginx/plain.conf
shows "and serves" '^plain$' on client curl -sS http://triage.local:8082/
shows "what belongs to no user of the node is told as on any machine" '^nobody:nogroup$' on web stat -c %U:%G /usr
holds "HAProxy starts as a daemon, confined to a directory" on web haproxy -f /etc/haproxy/haproxy.cfg
shows "and serves" '^haproxy$' on client curl -sS http://triage.local:8081/
