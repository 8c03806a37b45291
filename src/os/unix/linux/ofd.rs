//! Locks of bytes that an open file owns, by fcntl(2). On the file systems of [`is_local`], flock(2)
//! and they do not see each other.
//!
//! [`is_local`]: super::statfs::is_local

use std::fs::File;
use std::mem;
use std::os::fd::AsRawFd;

use rustix::io::Errno;

/// What is done with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// With others. The file has to be open for reading.
    Shared,
    /// Alone. The file has to be open for writing.
    Exclusive,
    /// Given up.
    Unlocked,
}

/// Some bytes of a file, from a position on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    pub start: i64,
    pub length: i64,
}

/// Does it at once, or fails with EAGAIN where another open file has a lock that conflicts.
pub fn set(file: &File, bytes: Bytes, kind: Kind) -> Result<(), Errno> {
    call(file, libc::F_OFD_SETLK, &mut record(bytes, kind))
}

/// Waits until it can be done. Fails with EINTR if a signal comes.
pub fn wait(file: &File, bytes: Bytes, kind: Kind) -> Result<(), Errno> {
    call(file, libc::F_OFD_SETLKW, &mut record(bytes, kind))
}

/// Returns the bytes of a lock of another open file among these, if there is one.
#[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
pub fn find(file: &File, bytes: Bytes) -> Result<Option<Bytes>, Errno> {
    let mut record = record(bytes, Kind::Exclusive);
    call(file, libc::F_OFD_GETLK, &mut record)?;
    let found = Bytes { start: record.l_start as i64, length: record.l_len as i64 };
    Ok((record.l_type != libc::F_UNLCK as libc::c_short).then_some(found))
}

#[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
fn record(bytes: Bytes, kind: Kind) -> libc::flock64 {
    // SAFETY: an all-zero one is valid: from the start of the file, and no process, as these locks
    // must have it.
    let mut record: libc::flock64 = unsafe { mem::zeroed() };
    record.l_whence = libc::SEEK_SET as libc::c_short;
    record.l_start = bytes.start as libc::off64_t;
    record.l_len = bytes.length as libc::off64_t;
    record.l_type = match kind {
        Kind::Shared => libc::F_RDLCK,
        Kind::Exclusive => libc::F_WRLCK,
        Kind::Unlocked => libc::F_UNLCK,
    } as libc::c_short;
    record
}

fn call(file: &File, command: libc::c_int, record: &mut libc::flock64) -> Result<(), Errno> {
    // SAFETY: the descriptor is open, and the record is one of a flock.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), command, &raw mut *record) };
    if result == 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    Err(Errno::from_io_error(&error).unwrap_or(Errno::IO))
}
