# For the tests of exercises: runs the steps that a scenario's solution or one of its wrong fixes lists, one a line:
# "- { at: NODE, run: "…" }", "- { set: PATH, to: VALUE }", "- { unset: PATH }".
# shellcheck shell=bash disable=SC2034,SC2154 # who sources it sets lab, and uses root
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
labctl() { "$LABCTL" --lab "$lab" "$@"; }

say() { # RESULT NAME [LOG]: the log is shown where it did not go well
    echo "$1 $2"
    [ "$1" = ok ] || [ -z "${3:-}" ] || sed 's/^/    /' "$3"
}

solution_steps() { sed -n '/^solution:/,/^[a-z_]*:/p' "$1" | grep '^ *- {'; }
wrong_fix_ids() { sed -n '/^wrong_fixes:/,$p' "$1" | sed -n 's/^  - id: //p'; }
wrong_fix_steps() { sed -n "/^  - id: $2\$/,/caught_by/p" "$1" | grep '^ *- {'; }
caught_by() { sed -n "/^  - id: $2\$/,/caught_by/s/.*caught_by: \[\(.*\)\]/\1/p" "$1" | tr ',' ' '; }

run_steps() { # reads steps; fails with the first that fails
    local step
    while IFS= read -r step; do
        if [[ $step =~ \{\ at:\ ([a-z0-9-]+),\ run:\ \"?([^\"]*)\"?\ \} ]]; then
            labctl exec "${BASH_REMATCH[1]}" -- /bin/sh -c "${BASH_REMATCH[2]}" </dev/null || return 1
        elif [[ $step =~ \{\ set:\ ([^,]+),\ to:\ (.*)\ \}$ ]]; then
            labctl set "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" </dev/null || return 1
        elif [[ $step =~ \{\ unset:\ ([^ ]+)\ \} ]]; then
            labctl unset "${BASH_REMATCH[1]}" </dev/null || return 1
        else
            echo "a step that is not understood: $step"
            return 1
        fi
    done
}

points() { # JSON: "TOTAL of MAXIMUM"
    sed -n '/^  "points"/,/}/s/.*"\(total\|maximum\)": \([0-9]*\).*/\2/p' "$1" | paste -sd' ' | sed 's/ / of /'
}

task_points() { # JSON: "EARNED of MAXIMUM" of the tasks alone
    echo "$(sed -n '/^  "points"/,/}/s/^    "tasks": \([0-9]*\).*/\1/p' "$1") of $(sed -n '/^  "tasks"/,/^  ]/s/^      "maximum": \([0-9]*\).*/\1/p' "$1" | awk '{ sum += $1 } END { print sum }')"
}
