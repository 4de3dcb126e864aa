# fish: completion for userdocker and nvidia-userdocker, with or without sudo in front.
#
# What can be said depends on who says it, so userdocker itself is asked: a candidate a line, a tab, words about it. fish
# quotes what it inserts, and nothing evaluates it.

function __userdocker_complete
    set -l words (commandline -opc)
    # sudo, its options, and variables in front are not ours.
    while set -q words[1]; and not string match -q -r '(^|/)(nvidia-)?userdocker$' -- $words[1]
        set -e words[1]
    end
    set -q words[1]; or return
    set -l options
    if string match -q '*nvidia-userdocker' -- $words[1]
        set options --executor=nvidia-docker
    end
    set -e words[1]
    set -l current (commandline -ct)
    if test (id -u) -eq 0
        command /usr/local/bin/userdocker $options __complete $words "$current" 2>/dev/null </dev/null
    else
        command sudo -n -- /usr/local/bin/userdocker $options __complete $words "$current" 2>/dev/null </dev/null
    end
end

complete -c userdocker -f -a '(__userdocker_complete)'
complete -c nvidia-userdocker -f -a '(__userdocker_complete)'
