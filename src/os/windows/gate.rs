//! The gate: what keeps new readers of other processes behind a writer that waits.
//!
//! LockFileEx grants a shared lock while others hold it shared, however long a writer has waited. So
//! all that wait lock one more byte first, exclusively: the last one, which no lock of a whole file
//! reaches. A reader that got the lock at once looks whether that byte is free, and gives the lock back
//! if it is not. A process that dies leaves nothing behind.

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Storage::FileSystem::{
    LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx, UnlockFile,
};
use windows_sys::Win32::System::IO::OVERLAPPED;

/// Waits for the turn at the gate.
pub fn enter(file: &File) -> io::Result<()> {
    lock(file, LOCKFILE_EXCLUSIVE_LOCK)
}

/// Ends the turn.
pub fn leave(file: &File) {
    // SAFETY: the handle is open.
    unsafe { UnlockFile(file.as_raw_handle(), u32::MAX, u32::MAX, 1, 0) };
}

/// Returns `true` if another handle has the turn.
pub fn is_closed(file: &File) -> bool {
    if lock(file, LOCKFILE_FAIL_IMMEDIATELY).is_err() {
        return true;
    }
    leave(file);
    false
}

fn lock(file: &File, flags: u32) -> io::Result<()> {
    // SAFETY: all zeros is a valid OVERLAPPED.
    let mut last_byte: OVERLAPPED = unsafe { std::mem::zeroed() };
    last_byte.Anonymous.Anonymous.Offset = u32::MAX;
    last_byte.Anonymous.Anonymous.OffsetHigh = u32::MAX;
    // SAFETY: the handle is open, and synchronous: nothing outlives the call.
    let locked = unsafe { LockFileEx(file.as_raw_handle(), flags, 0, 1, 0, &raw mut last_byte) };
    if locked == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
