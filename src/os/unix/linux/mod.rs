//! What Linux alone has, and Android with it.

mod acl;
mod create;
pub mod gate;
mod holders;
mod network;
pub mod ofd;
mod statfs;
mod users;

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use rustix::fs::{Mode, OFlags};
use rustix::io::retry_on_intr;

pub use self::acl::copy_acl;
pub use self::create::create_new;
pub use self::holders::{holders, process_start, state};
pub use self::network::{current_stat, is_busy};
pub use self::users::stands_for_many;

/// Opens the same file once more, for writing.
pub fn reopen_for_writing(file: &File) -> io::Result<File> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(retry_on_intr(|| rustix::fs::open(&*path, flags, Mode::empty()))?.into())
}

/// Returns the real-time signals from the top, where the fewest programs look.
pub fn interrupt_signals() -> impl Iterator<Item = libc::c_int> {
    (libc::SIGRTMIN()..=libc::SIGRTMAX()).rev()
}
