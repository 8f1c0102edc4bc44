#!/bin/bash
# once
# The documentation is true: every example of a topology or a scenario validates, every command and option of the program
# is in the manual page, the pages are clean, and what a document refers to exists.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0
say() { # STATUS NAME [LOG]
    if [ "$1" -eq 0 ]; then
        echo "ok $2"
        return
    fi
    echo "not ok $2"
    [ -n "${3:-}" ] && sed 's/^/    /' "$3"
    failures=$((failures + 1))
}
shopt -s nullglob
pages=(man/*.[1-8])
markdown=(README.md CONTRIBUTING.md)

# ---- examples ----------------------------------------------------------------------------------------------------
# Topologies and scenarios stand beside each other in an installation, so examples may refer to those that are shipped.
cp -r topologies scenarios "$work/"

# examples_of FILE: writes each block of code of the file to $work/examples/N, one file each
examples_of() {
    rm -rf "$work/examples"
    mkdir "$work/examples"
    case $1 in
    *.md)
        awk -v out="$work/examples" '
            /^```yaml/ { file = sprintf("%s/%03d", out, ++n); inside = 1; next }
            /^```/     { inside = 0 }
            inside     { print > file }' "$1"
        ;;
    *)
        awk -v out="$work/examples" '
            /^\.EX/ { file = sprintf("%s/%03d", out, ++n); inside = 1; next }
            /^\.EE/ { inside = 0 }
            inside && /^\./ { next }
            inside  { gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); gsub(/\\\(dq/, "\""); gsub(/\\&/, ""); gsub(/\\e/, "\\")
                      gsub(/\\f[A-Z]/, ""); print > file }' "$1"
        ;;
    esac
}

# kind_of FILE: topology, scenario, or nothing for other blocks (a part of a file, commands)
kind_of() {
    grep -vE '^[[:space:]]*(#.*)?$' "$1" | head -n 1 | sed -n 's/^lab:.*/topology/p;s/^scenario:.*/scenario/p'
}

total=0
for document in "${markdown[@]}" "${pages[@]}"; do
    [ "$document" = man/labctl-tutorial.7 ] && continue # its examples belong together: a test of its own plays them
    examples_of "$document"
    found=0 bad=0
    for example in "$work"/examples/*; do
        kind=$(kind_of "$example")
        case $kind in
        topology) file=$work/topologies/example.yaml ;;
        scenario) file=$work/scenarios/example.yaml ;;
        *) continue ;;
        esac
        cp "$example" "$file"
        found=$((found + 1))
        "$LABCTL" validate "$file" >"$work/log" 2>&1 || {
            echo "    $document, block $(basename "$example"): not a valid $kind"
            sed 's/^/    /' "$work/log"
            bad=$((bad + 1))
        }
        rm -f "$file"
    done
    [ "$found" -eq 0 ] || say "$bad" "$document: $found examples validate"
    total=$((total + found))
done
[ "$total" -ge 5 ]
say $? "there are examples in the documentation ($total)"

# ---- the program's own tables ------------------------------------------------------------------------------------
"$LABCTL" help >"$work/help" 2>&1
commands=$(sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' "$work/help")
count=$(echo "$commands" | wc -w)
[ "$count" -ge 20 ]
say $? "help lists the commands ($count)"
sed 's/\\-/-/g; s/\\f[A-Z]//g; s/\\&//g' man/labctl.1 >"$work/page"
entries=$(awk 'previous == ".TP" { sub(/^\.[A-Z]+ /, ""); print $1 } { previous = $0 }' "$work/page")
missing=""
for command in $commands; do
    grep -qx "$command" <<<"$entries" || missing="$missing $command"
done
[ -z "$missing" ]
say $? "every command of \`labctl help\` has its place in labctl(1)${missing:+:}$missing"
missing=""
for command in $commands; do
    while read -r option; do
        grep -qe "$option" "$work/page" || missing="$missing $command:$option"
    done < <("$LABCTL" help "$command" | sed -n 's/^  \(--[a-z-]*\).*/\1/p')
done
[ -z "$missing" ]
say $? "every option of every command is in labctl(1)${missing:+:}$missing"

# ---- pages -------------------------------------------------------------------------------------------------------
for name in labctl.1 labctl-topology.5 labctl-scenario.5 labctl-scoring.7; do
    [ -f "man/$name" ]
    say $? "man/$name exists"
done
if command -v mandoc >/dev/null; then
    for page in "${pages[@]}"; do
        mandoc -T lint -W warning "$page" >"$work/log" 2>&1
        say $? "mandoc finds nothing in $page" "$work/log"
    done
else
    echo "skip mandoc finds nothing in the pages: mandoc is not installed"
fi

# ---- references --------------------------------------------------------------------------------------------------
missing=""
for document in "${markdown[@]}"; do
    while read -r target; do
        [ -e "$target" ] || missing="$missing $document:$target"
    done < <(grep -oE '\]\([^)#]+' "$document" | sed 's/^](//' | grep -vE '^[a-z]+:')
    # Paths that are named in the text or on a command line.
    while read -r target; do
        [ -e "$target" ] || missing="$missing $document:$target"
    done < <(grep -oE '\b(topologies|scenarios|man|tests|labctl)/[a-z0-9/_-]+\.(yaml|[1-8]|c|h|sh|md)\b' "$document" | sort -u)
done
[ -z "$missing" ]
say $? "files that the documents name exist${missing:+:}$missing"
missing=""
for target in $(sed -n '/^[a-z-]*:/s/:.*//p' Makefile | sort -u; sed -n 's/^\.PHONY: //p' Makefile); do echo "$target"; done | sort -u >"$work/targets"
while read -r target; do
    grep -qx "$target" "$work/targets" || missing="$missing $target"
done < <(grep -ohE '(`|^)make [a-z]+' "${markdown[@]}" | sed 's/.*make //' | sort -u)
[ -z "$missing" ]
say $? "make targets that the documents name exist${missing:+:}$missing"
[ "$failures" -eq 0 ]
