#!/usr/bin/env bash
# The tests of the core under the address sanitizer. Needs a nightly toolchain of rustup. The
# exhaustive search has no threads and no unsafe code, and is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! rustc +nightly --version >/dev/null 2>&1; then
  echo 'sanitize.sh: no nightly toolchain (rustup toolchain install nightly)' >&2
  exit 1
fi
RUSTFLAGS=-Zsanitizer=address cargo +nightly test --quiet --lib \
  --target x86_64-unknown-linux-gnu --target-dir target/sanitize-address -- --skip exhaustive
