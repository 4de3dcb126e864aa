#compdef userdocker nvidia-userdocker
# zsh: completion for userdocker and nvidia-userdocker, with or without sudo in front.
#
# What can be said depends on who says it, so userdocker itself is asked: a candidate a line, a tab, words about it. What it
# answers is text from images and containers too: compadd quotes it, and nothing evaluates it.

_userdocker() {
  local program=/usr/local/bin/userdocker candidate about show
  local -a before options closed open closed_shown open_shown
  before=("${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}")
  [[ ${before[1]:t} == nvidia-userdocker ]] && options=(--executor=nvidia-docker)
  shift before

  while IFS=$'\t' read -r -t 4 candidate about; do
    show=$candidate${about:+  ($about)}
    # The word goes on: --network=, /data/, type=bind,source=/data,target=
    if [[ $candidate == *[=:,/] ]]; then
      open+=("$candidate") open_shown+=("$show")
    else
      closed+=("$candidate") closed_shown+=("$show")
    fi
  done < <(
    if (( EUID )); then
      command sudo -n -- $program $options __complete "${before[@]}"
    else
      command $program $options __complete "${before[@]}"
    fi 2>/dev/null </dev/null
  )

  (( $#open )) && compadd -l -S '' -d open_shown -a open
  (( $#closed )) && compadd -l -d closed_shown -a closed
  (( $#open + $#closed ))
}

# Read by `source` it is registered; as a file of $fpath it is called.
if [[ $funcstack[1] == _userdocker ]]; then
  _userdocker "$@"
else
  compdef _userdocker userdocker nvidia-userdocker
fi
