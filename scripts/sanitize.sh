#!/usr/bin/env bash
# The tests of the core under sanitizers: sanitize.sh [address] [thread]
#
# address needs a nightly toolchain of rustup. thread needs, besides, the standard library's
# source, because that library has to be instrumented too: of the nightly toolchain (rustup
# component add rust-src), or of a rustc outside of rustup (Debian: rustc, cargo and rust-src),
# which takes the sanitizer's runtime from any toolchain that has it.
set -euo pipefail
cd "$(dirname "$0")/.."

target=x86_64-unknown-linux-gnu
sanitizers=("$@")
((${#sanitizers[@]})) || sanitizers=(address thread)

missing() {
  printf 'sanitize.sh: %s\n' "$1" >&2
  exit 1
}

# run SANITIZER FLAGS CARGO...: the tests with threads; the exhaustive search has none.
run() {
  local name=$1 flags=$2
  shift 2
  printf '=== %s sanitizer\n' "$name"
  RUSTFLAGS="-Zsanitizer=$name $flags" "$@" test --quiet --lib --target "$target" \
    --target-dir "target/sanitize-$name" -- --skip exhaustive
}

library_of() {
  printf '%s/lib/rustlib/src/rust/library' "$("$1" --print sysroot)"
}

address() {
  rustc +nightly --version >/dev/null 2>&1 || missing 'no nightly toolchain (rustup toolchain install nightly)'
  run address '' cargo +nightly
}

thread() {
  local std=-Zbuild-std=std,panic_unwind,test rustc cargo runtime
  if rustc +nightly --version >/dev/null 2>&1 && [ -d "$(rustc +nightly --print sysroot)/lib/rustlib/src/rust/library" ]; then
    run thread '' cargo +nightly "$std"
    return
  fi
  # A rustc that is no proxy of rustup.
  rustc=$(type -ap rustc | grep -v '/\.cargo/' | head -n 1 || true)
  [ -n "$rustc" ] && [ -d "$(library_of "$rustc")" ] || missing 'no rustc with the source of its standard library'
  cargo=$(dirname "$rustc")/cargo
  [ -x "$cargo" ] || missing "no cargo beside $rustc"
  runtime=$(find "$(rustc --print sysroot)/.." -name 'librustc-*_rt.tsan.a' -path "*/$target/*" | sort | tail -n 1)
  [ -n "$runtime" ] || missing 'no toolchain has the runtime of the thread sanitizer'
  RUSTC_BOOTSTRAP=1 RUSTC=$rustc RUSTDOC=$(dirname "$rustc")/rustdoc run thread \
    "-Zexternal-clangrt -Clink-arg=-Wl,--whole-archive -Clink-arg=$runtime -Clink-arg=-Wl,--no-whole-archive" \
    "$cargo" "$std"
}

for sanitizer in "${sanitizers[@]}"; do
  case $sanitizer in
  address | thread) "$sanitizer" ;;
  *) missing "unknown sanitizer: $sanitizer" ;;
  esac
done
