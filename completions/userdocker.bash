# bash: completion for userdocker and nvidia-userdocker, with or without sudo in front (that needs bash-completion).
#
# What can be said depends on who says it, so userdocker itself is asked: a candidate a line, a tab, words about it. What it
# answers is text from images and containers too: it is quoted, and never evaluated (no compgen -W, no eval).

_userdocker() {
  local program=/usr/local/bin/userdocker rest=${COMP_LINE:0:COMP_POINT} word current before candidate quoted
  local -a words=() ask=(command sudo -n -- "$program")

  # bash takes words apart at "=" and ":" as well. What stands together is one word.
  for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if [[ ${#words[@]} -eq 0 || $rest == [[:blank:]]* ]]; then
      rest=${rest#"${rest%%[![:blank:]]*}"}
      words+=('')
    fi
    [[ $rest == "$word"* ]] || word=$rest
    words[${#words[@]} - 1]+=$word
    rest=${rest#"$word"}
  done
  current=${words[${#words[@]} - 1]}
  COMPREPLY=()
  # Nothing that is completed here needs quotes, and what a variable holds is not looked up.
  [[ ${#words[@]} -gt 1 && $current != *[\\\'\"\`\$]* ]] || return 0

  # Where bash has taken the word apart, it only replaces the last part.
  before=
  case $COMP_WORDBREAKS in *[=:]*) before=${current%"${current##*[=:]}"} ;; esac

  [[ $EUID -ne 0 ]] || ask=(command "$program")
  [[ ${words[0]##*/} != nvidia-userdocker ]] || ask+=(--executor=nvidia-docker)
  while IFS=$'\t' read -r -t 4 candidate _; do
    [[ $candidate == "$current"* ]] || continue
    printf -v quoted %q "${candidate#"$before"}"
    COMPREPLY+=("$quoted")
  done < <("${ask[@]}" __complete "${words[@]:1}" 2>/dev/null </dev/null)

  # The word goes on: --network=, /data/, type=bind,source=/data,target=
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:,/] ]]; then compopt -o nospace; fi
}

complete -F _userdocker userdocker nvidia-userdocker
