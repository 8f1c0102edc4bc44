#!/bin/bash
# labctl(1) and the program's table agree: every command with its options in its own entry, and nothing that is not there.
# once
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
failures=0
check() {
    if [ "$2" -eq 0 ]; then echo "ok $1"; else echo "not ok $1"; failures=1; fi
}
# The page without its font changes and with plain dashes.
page=$(sed -e 's/\\f[BRIP]//g' -e 's/\\-/-/g' -e 's/\\&//g' man/labctl.1)
entry() { # COMMAND: the paragraph of a command, from its heading to the next command's
    awk -v name="$1" '/^\.SH/ { in_commands = ($0 == ".SH COMMANDS") } /^\.RS/ { depth++ } /^\.RE/ { depth-- }
        /^\.TP/ && !depth { heading = 1; next }
        heading { heading = 0; split($0, words, " "); inside = in_commands && words[1] == name }
        /^\.S[SH]/ { inside = 0 }
        inside' <<<"$page"
}
complete() { "$LABCTL" complete -- "$@" | cut -f1; }
missing=
for command in $(complete ''); do
    text=$(entry "$command")
    [ -n "$text" ] || missing+=" $command"
    for option in $(complete "$command" -); do
        if [[ " --lab --format --color --quiet --verbose --help " == *" $option "* ]]; then continue; fi
        grep -qF -e "$option" <<<"$text" || missing+=" $command$option"
    done
done
[ -z "$missing" ] || echo "missing:$missing"
[ -z "$missing" ]
check "every command and option of the table is in the manual" $?
for option in $(complete -); do grep -qF -e "$option" <<<"$page" || missing+=" $option"; done
[ -z "$missing" ]
check "every global option is in the manual" $?
extra=
for command in $(awk '/^\.SH/ { in_commands = ($0 == ".SH COMMANDS") } /^\.RS/ { depth++ } /^\.RE/ { depth-- }
        /^\.TP/ && !depth { heading = 1; next }
        heading { heading = 0; if (in_commands) print $1 }' <<<"$page" | tr -d ,); do
    complete '' | grep -qx -- "$command" || extra+=" $command"
done
[ -z "$extra" ] || echo "not there:$extra"
[ -z "$extra" ]
check "the manual has no command that is not there" $?
bad=
for command in $(complete ''); do
    "$LABCTL" "$command" --help | grep -q "^usage: labctl $command" || bad+=" $command"
    "$LABCTL" help "$command" | grep -q "^usage: labctl $command" || bad+=" $command"
done
[ -z "$bad" ] || echo "no help:$bad"
[ -z "$bad" ]
check "--help on every command" $?
complete '' | LC_ALL=C sort -c
check "the table is sorted" $?
for shell in bash zsh fish; do "$LABCTL" completion $shell | grep -q 'labctl complete --' || failures=1; done
bash -c 'source <("$1" completion bash); PATH=$(dirname "$1"):$PATH; COMP_WORDS=(labctl ins); COMP_CWORD=1; _labctl; [ "${COMPREPLY[*]}" = inspect ]' - "$LABCTL"
check "completion in bash" $?
if command -v man >/dev/null && command -v groff >/dev/null; then
    warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 -Z man/labctl.1 2>&1 >/dev/null)
    [ -z "$warnings" ]
    check "the page formats without warnings" $?
fi
[ "$failures" -eq 0 ]
