//! How a lock file is opened here.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FileType, Stat};
use rustix::io::retry_on_intr;

use super::kernel;
use crate::os::open::OpenPolicy;

/// The mode of a file that is created, less the umask.
pub const MODE: u32 = 0o666;

/// O_NONBLOCK, so that opening a FIFO does not wait for its other end; O_NOCTTY, so that a terminal
/// does not become ours.
pub const FLAGS: i32 = libc::O_NONBLOCK | libc::O_NOCTTY;

/// Opens the regular file at the path, and creates it if it is missing.
pub fn open(path: &Path) -> io::Result<(File, Stat)> {
    let policy = OpenPolicy { options: options(FLAGS), create_new: kernel::create_new };
    regular(policy.open_or_create(path)?)
}

/// Opens the folder at the path.
pub fn open_folder(path: &Path) -> io::Result<(File, Stat)> {
    let file = options(libc::O_DIRECTORY).open(path)?;
    let stat = retry_on_intr(|| rustix::fs::fstat(&file))?;
    Ok((file, stat))
}

/// As [`open`], but waits where another program has a lease on the file: it is asked to give it up,
/// and has to within `fs.lease-break-time`. Fails with EINTR if a signal comes.
pub fn open_past_lease(path: &Path) -> io::Result<(File, Stat)> {
    match open(path) {
        Err(error) if error.raw_os_error() == Some(libc::EWOULDBLOCK) => {
            // Only a regular file has leases. Opened anew it can be a FIFO, whose reader waits too,
            // but a signal ends that.
            regular(options(libc::O_NOCTTY).open(path)?)
        }
        opened => opened,
    }
}

/// Close-on-exec is std's own habit.
pub fn options(flags: i32) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).mode(MODE).custom_flags(flags);
    options
}

fn regular(file: File) -> io::Result<(File, Stat)> {
    let stat = retry_on_intr(|| rustix::fs::fstat(&file))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok((file, stat)),
        FileType::Directory => Err(io::Error::from_raw_os_error(libc::EISDIR)),
        FileType::Socket => Err(io::Error::from_raw_os_error(libc::ENXIO)),
        _ => Err(io::Error::from_raw_os_error(libc::EINVAL)),
    }
}
