#!/bin/sh
# A program that uaic can tune need not be of any language: this one finds where to cut a text for
# gzip. Its value is the bare number in its last line.
set -eu
level=$1
block=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seq 1 20000 > "$work/text"
split -b "$block" "$work/text" "$work/part."
size=0
for part in "$work"/part.*; do
    packed=$(gzip -c "-$level" "$part" | wc -c)
    size=$((size + packed))
done
echo "level $level, blocks of $block bytes"
echo "$size"
