#!/usr/bin/env bash
# scripts/sanitize.sh [address] [thread]: the tests of the core under these sanitizers, or both. The
# exhaustive search has no threads and no unsafe code, and is left out.
#
# The address sanitizer needs a nightly toolchain. The thread sanitizer needs a standard library
# compiled with it, so a toolchain with that library's source: a nightly one with rust-src, or
# another rustc that has it; and the sanitizer's runtime, from that toolchain or one of rustup's.
set -euo pipefail
cd "$(dirname "$0")/.."

TARGET=x86_64-unknown-linux-gnu

fail() {
  printf 'sanitize.sh: %s\n' "$1" >&2
  exit 1
}

# run TOOL OPTION...: the tests, by the cargo TOOL.
run() {
  local cargo=$1
  shift
  "$cargo" test --quiet --lib --target "$TARGET" "$@" -- --skip exhaustive
}

address() {
  rustc +nightly --version >/dev/null 2>&1 ||
    fail 'no nightly toolchain (rustup toolchain install nightly)'
  RUSTFLAGS=-Zsanitizer=address RUSTUP_TOOLCHAIN=nightly run cargo --target-dir target/sanitize-address
}

# The folder that holds bin/rustc and lib/rustlib, of each toolchain there is.
toolchains() {
  {
    rustc +nightly --print sysroot
    # What has run is remembered, and would be all that is found.
    hash -r
    for rustc in $(type -aP rustc); do "$rustc" --print sysroot; done
    rustc +stable --print sysroot
  } 2>/dev/null
}

thread() {
  local home source='' runtime='' found
  for home in $(toolchains); do
    if [ -z "$source" ] && [ -f "$home/lib/rustlib/src/rust/library/std/Cargo.toml" ]; then
      source=$home
    fi
  done
  [ -n "$source" ] ||
    fail 'no source of the standard library (rustup component add rust-src --toolchain nightly)'
  for home in "$source" $(toolchains); do
    for found in "$home/lib/rustlib/$TARGET/lib/"librustc*_rt.tsan.a; do
      if [ -z "$runtime" ] && [ -f "$found" ]; then runtime=$found; fi
    done
  done
  [ -n "$runtime" ] || fail 'no runtime of the thread sanitizer (rustup toolchain install nightly)'
  # The toolchain with the source need not have the runtime, so it is named to the linker here:
  # before the C library, of which it needs parts that nothing else does.
  local flags="-Zsanitizer=thread -Zexternal-clangrt"
  flags+=" -Zpre-link-args=-Wl,--whole-archive,$runtime,--no-whole-archive"
  RUSTC_BOOTSTRAP=1 RUSTC="$source/bin/rustc" RUSTDOC="$source/bin/rustdoc" RUSTFLAGS=$flags \
    run "$source/bin/cargo" -Zbuild-std=std,panic_unwind,test --target-dir target/sanitize-thread
}

[ $# -gt 0 ] || set -- address thread
for sanitizer; do
  case $sanitizer in
    address | thread) ;;
    *) fail "usage: scripts/sanitize.sh [address] [thread]" ;;
  esac
done
for sanitizer; do
  printf '%s sanitizer\n' "$sanitizer"
  "$sanitizer"
done
