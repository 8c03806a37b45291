//! Per-path unique, non-reentrant file locks for Node.js, held by the operating system.
//!
//! * [`lock`] decides: a pure state machine for each locked file, and the driver that runs it.
//! * [`os`] acts: the one door to the operating system.
//! * [`cli`] runs a command while a lock is held.
//! * [`node`] speaks: the only module that knows Node-API.

#[cfg(unix)]
#[cfg_attr(test, allow(dead_code, reason = "called by what napi-derive leaves out in tests"))]
mod cli;
mod error;
mod lock;
#[cfg_attr(
    test,
    allow(dead_code, reason = "napi-derive leaves out in tests what calls its functions")
)]
mod node;
mod os;
mod path;
