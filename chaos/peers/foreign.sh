#!/bin/sh
# A process of the chaos that locks with flock(1): FOLDER WHO NAME=PATH...
# Called with "inside" first it is what flock runs while it holds the lock.

if [ "$1" = inside ]; then
  folder=$2 who=$3 number=$4 name=$5
  read -r value <"$folder/$name.count"
  value=$(printf %s "$value" | sed 's/^0*//')
  value=${value:-0}
  printf 'enter %s %s %s - %s -\n' "$who" "$number" "$name" "$value" >>"$folder/journal"
  printf %012d "$((value + 1))" 1<>"$folder/$name.count"
  printf 'leave %s %s %s - %s -\n' "$who" "$number" "$name" "$((value + 1))" >>"$folder/journal"
  exit
fi

folder=$1 who=$2
shift 2
number=0
while [ ! -e "$folder/finish" ]; do
  for lock; do
    [ -e "$folder/finish" ] && exit
    number=$((number + 1))
    flock -w 0.5 "${lock#*=}" "$0" inside "$folder" "$who" "$number" "${lock%%=*}" 2>/dev/null ||
      printf 'refused %s BUSY\n' "$who" >>"$folder/journal"
    sleep 0.01
  done
done
