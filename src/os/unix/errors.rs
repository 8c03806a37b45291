//! Errors of the system in libuv's numbering, as Node's own errors carry them.

use std::io;

use crate::error::{Error, Syscall};

/// Returns libuv's number: the negated one of the system.
pub fn errno(error: &io::Error) -> i32 {
    -error.raw_os_error().unwrap_or(libc::EIO)
}

pub fn failed(syscall: Syscall, error: &io::Error) -> Error {
    Error { syscall, errno: errno(error) }
}

/// Returns `true` if a signal ended the call.
pub fn is_interruption(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}
