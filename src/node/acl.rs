//! Access control lists of files, for JavaScript.

use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

use crate::os;

/// Gives an open file the access control list of the one at the path. Returns the error in libuv's
/// numbering, or 0.
#[napi]
pub fn copy_acl(from: Uint8Array, to: RawFd) -> i32 {
    if to < 0 {
        return -libc::EBADF;
    }
    // SAFETY: whether the descriptor is open is for the calls to say, which do nothing else.
    let to = unsafe { BorrowedFd::borrow_raw(to) };
    let copied = os::copy_acl(OsStr::from_bytes(&from).as_ref(), to);
    copied.map_or_else(|error| -error.raw_os_error(), |()| 0)
}
