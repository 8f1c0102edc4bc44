#!/bin/bash
# as user
# labctl-tutorial(7) is true: its files are written, its commands run, and what it says they print is printed.
# Its blocks are marked by comments: FILE NAME, END NAME (from the first key of the block on, anew), BEFORE KEY NAME,
# CHANGE NAME (first line becomes second), RUN.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
page=$PWD/man/labctl-tutorial.7
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# A network of its own: its labs meet nobody's of the same name.
if [ -z "${TUTORIAL_ALONE:-}" ]; then
    export TUTORIAL_ALONE=1 LABCTL
    host=(unshare --net)
    if [ "$(id -u)" -ne 0 ]; then host=(unshare --user --map-current-user --keep-caps --net); fi
    if "${host[@]}" true 2>/dev/null; then
        "${host[@]}" bash "$0"
        exit
    fi
fi
mkdir "$work/bin" "$work/desk" && ln -s "$LABCTL" "$work/bin/labctl" || exit 1
export PATH=$work/bin:$PATH XDG_STATE_HOME=$work/state
unset LABCTL_LAB LABCTL_FORMAT
failures=0
say() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        echo "ok $2"
    else
        echo "not ok $2"
        failures=$((failures + 1))
        sed 's/^/    /' "$work/out" 2>/dev/null
    fi
}

# Splits the page into blocks: NN.kind and NN.text.
awk -v dir="$work" '
    /^\.\\" / { kind = substr($0, 5); next }
    /^\.EX$/ { if (kind) { file = sprintf("%s/block%02d", dir, ++n); print kind >(file ".kind"); printf "" >(file ".text") } next }
    /^\.EE$/ { kind = ""; next }
    kind && !/^\.PP$/ {
        gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); gsub(/\\\(dq/, "\""); gsub(/\\&/, ""); gsub(/\\e/, "\\")
        print >(file ".text")
    }' "$page"

replace_end() { # NAME TEXT: from the line with the key of the text's first line on
    local key
    key=$(head -n 1 "$2")
    sed -i "/^$key/,\$d" "$1" && cat "$2" >>"$1"
}

insert_before() { # KEY NAME TEXT
    sed "/^$1:/,\$d" "$2" >"$work/new" && cat "$3" >>"$work/new" && sed -n "/^$1:/,\$p" "$2" >>"$work/new" && cp "$work/new" "$2"
}

change() { # NAME TEXT
    local from to
    from=$(sed -n 1p "$2") to=$(sed -n 2p "$2")
    grep -qF -- "$from" "$1" || return 1
    FROM=$from TO=$to awk '{ at = index($0, ENVIRON["FROM"])
        print at ? substr($0, 1, at - 1) ENVIRON["TO"] substr($0, at + length(ENVIRON["FROM"])) : $0 }' "$1" >"$work/new" && cp "$work/new" "$1"
}

shown() { # LINE: its words stand in the output, in this order in one line
    tr -s ' ' <"$work/out" | grep -qF -- "$(tr -s ' ' <<<"$1" | sed 's/^ //')"
}

command="" missing=0
finish() { # what was expected of the last command
    [ -n "$command" ] || return
    say "$missing" "$command"
    command=""
}
session() { # TEXT
    local line
    while IFS= read -r line; do
        if [[ $line == '$ '* ]]; then
            finish
            command=${line#'$ '} missing=0
            timeout 120 bash -c "$command" >"$work/out" 2>&1 </dev/null
        elif ! shown "$line"; then
            missing=1
            echo "it does not say: $line" >>"$work/out"
        fi
    done <"$1"
    finish
}

cd "$work/desk" || exit 1
blocks=0
for kind in "$work"/block*.kind; do
    text=${kind%.kind}.text
    blocks=$((blocks + 1))
    read -r word first second <"$kind"
    case $word in
    FILE) cp "$text" "$first" ;;
    END) replace_end "$first" "$text" ;;
    BEFORE) insert_before "$first" "$second" "$text" ;;
    CHANGE) change "$first" "$text" ;;
    RUN) session "$text" ;;
    *) false ;;
    esac
    say $? "block $blocks: $word $first $second"
done
[ "$blocks" -ge 9 ]
say $? "the page has its blocks"
labctl down office >"$work/out" 2>&1
[ "$failures" -eq 0 ]
