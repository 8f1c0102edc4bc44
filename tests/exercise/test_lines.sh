#!/bin/bash
# In an exercise a line that is bad is not made good by `set`, as little as by `link set`; unless the solution does that.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/lines.yaml" <<'END'
scenario: lines
title: Two lines, both bad
pass: 70%
topology:
  lab: lines
  links: { far: { delay: 1ms }, turned: [ { delay: 1ms }, { from: d, delay: 5ms } ] }
  nodes:
    a:
      interfaces:
        near0: { link: near, address: 10.0.1.1/24 }
        far0: { link: far, address: 10.0.2.1/24 }
        turned0: { link: turned, address: 10.0.3.1/24 }
    b: { link: near, address: 10.0.1.2/24 }
    c: { link: far, address: 10.0.2.2/24 }
    d: { link: turned, address: 10.0.3.2/24 }
faults:
  - { id: near, kind: loss, at: link/near, loss: 90% }
  - { id: far, kind: loss, at: link/far, loss: 90% }
tasks:
  - { id: near, title: b answers, checks: [ { id: b-answers, from: a, ping: { to: b, count: 20, loss_below: 10% }, points: 60 } ] }
  - { id: far, title: c answers, checks: [ { id: c-answers, from: a, ping: { to: c, count: 20, loss_below: 10% }, points: 40 } ] }
solution:
  - { set: link/near/loss, to: 0% }
  - { at: a, run: "true" }
END
snapshot >"$work/before"
lab() { run "$LABCTL" --lab lines "$@"; }
refused() { # CMD…
    lab "$@"
    [ $? -eq 4 ] && grep -q "what 'link/far' does to packets is not changed during exercise 'lines'" "$work/err" && [ ! -s "$work/out" ]
}
edited() { # SED SCRIPT: as somebody who edits
    printf '#!/bin/sh\nsed -i "%s" "$1"\n' "$1" >"$work/editor"
    chmod +x "$work/editor"
    EDITOR=$work/editor refused edit
}

run "$LABCTL" start "$work/lines.yaml"
check "an exercise about lines starts" $?
refused set link/far/loss 0%
check "a line is not made good by what it already says" $?
refused set link/far/delay 2ms
check "nor changed otherwise" $?
refused set link/far '[ { delay: 1ms }, { from: node/a, loss: 1% } ]'
check "nor in one direction" $?
refused unset link/far/delay
check "nor taken back" $?
edited 's/delay: 1ms/delay: 3ms/'
check "nor edited" $?
edited 's/link: far/link: other/; s/^  far:/  other:/'
check "nor replaced" $?
cat >"$work/editor" <<END
#!/bin/sh
sed -n '/^  d:/,\$p' "\$1" >"$work/block"
sed -i -e '/^  d:/,\$d' -e '/^nodes:/r $work/block' "\$1"
END
EDITOR=$work/editor lab edit && lab dump && sed -n '/^nodes:/{n;p}' "$work/out" | grep -q "^  d:"
check "which of its ends stands first is no property of a line" $?
lab check c-answers
[ $? -eq 1 ]
check "it is as bad as before" $?
lab set link/far/mtu 1400
check "what is no impairment may be set" $?
lab check c-answers
[ $? -eq 1 ]
check "and takes none away" $?
lab set link/near/loss 0% && lab check b-answers
check "what the solution sets may be set" $?
lab abandon
check "it ends" $?
rm -rf "$XDG_STATE_HOME/labctl" "$TMPDIR"/labctl-lines-*.yaml # what `edit` keeps of what was refused
clean_host
check "nothing is left" $?
exit $((failures > 0))
