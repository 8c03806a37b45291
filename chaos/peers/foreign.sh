#!/bin/sh
# A process of the chaos that locks with flock(1): FOLDER WHO NAME=PATH...
# Called with "write" or "read" first it is what flock runs while it holds the lock.

count() {
  read -r value <"$folder/$name.count"
  value=$(printf %s "$value" | sed 's/^0*//')
  value=${value:-0}
}

record() {
  printf '%s %s %s %s - %s -\n' "$1" "$who" "$number" "$name" "$value" >>"$folder/journal"
}

mode=$1 folder=$2 who=$3 number=$4 name=$5
case $mode in
write)
  count
  record enter
  value=$((value + 1))
  printf %012d "$value" 1<>"$folder/$name.count"
  record leave
  exit
  ;;
read)
  count
  record read
  count
  record unread
  exit
  ;;
esac

folder=$1 who=$2
shift 2
number=0
while [ ! -e "$folder/finish" ]; do
  for lock; do
    [ -e "$folder/finish" ] && exit
    number=$((number + 1))
    if [ $((number % 3)) = 0 ]; then mode=read option=-s; else mode=write option=-x; fi
    flock $option -w 0.5 "${lock#*=}" "$0" $mode "$folder" "$who" "$number" "${lock%%=*}" 2>/dev/null ||
      printf 'refused %s BUSY\n' "$who" >>"$folder/journal"
    sleep 0.01
  done
done
