//! flock(2) and what belongs to it.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod create;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod holder;
mod signal;
mod target;

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use fs4::{FileExt, TryLockError};
use rustix::fs::{FileType, Stat};
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::fs::{Mode, OFlags};
use rustix::io::retry_on_intr;

pub use self::target::Target;
use super::interrupt::Interrupt;
use super::open::Access;
use super::{File, FileId, Os, Process, System, Waited, wait_thread};
use crate::error::{Error, Syscall};
use crate::lock::LockPath;

impl Os for System {
    type File = File;
    type Interrupt = Interrupt;

    fn open(&self, path: &LockPath) -> Result<File, Error> {
        let open = || {
            let access = Access { options: options(), wants_read_only, create_new };
            let file = access.open_or_create(path.as_path())?;
            let stat = retry_on_intr(|| rustix::fs::fstat(&file))?;
            refuse_irregular(&stat)?;
            Ok(File { file, id: id_of(&stat) })
        };
        open().map_err(|error| failed(Syscall::Open, &error))
    }

    fn identify(&self, path: &LockPath) -> Result<FileId, Error> {
        match retry_on_intr(|| rustix::fs::stat(path.as_path())) {
            Ok(stat) => Ok(id_of(&stat)),
            Err(error) => Err(failed(Syscall::Stat, &error.into())),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn try_lock(&self, file: &File) -> Result<bool, Error> {
        loop {
            match FileExt::try_lock(&file.file) {
                Ok(()) => return Ok(true),
                Err(TryLockError::WouldBlock) => return Ok(false),
                Err(TryLockError::Error(error)) if is_interruption(&error) => {}
                Err(TryLockError::Error(error)) => return Err(failed(Syscall::Lock, &error)),
            }
        }
    }

    fn new_interrupt(&self) -> Interrupt {
        Interrupt::new()
    }

    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn lock(&self, file: &File, interrupt: &Interrupt) -> Result<Waited, Error> {
        wait_thread::wait(interrupt, |interrupted| {
            loop {
                if interrupted() {
                    return Ok(Waited::Interrupted);
                }
                match FileExt::lock(&file.file) {
                    Ok(()) => return Ok(Waited::Granted),
                    Err(error) if is_interruption(&error) => {}
                    Err(error) => return Err(failed(Syscall::Lock, &error)),
                }
            }
        })
    }

    fn interrupt(&self, interrupt: &Arc<Interrupt>) {
        interrupt.interrupt();
    }

    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn unlock(&self, file: File) {
        // Not left to close(2) alone: between fork and exec a child of this process has the
        // descriptor too. Should the unlock fail, the close that follows is all there is to do.
        let _ = FileExt::unlock(&file.file);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn holder(&self, file: FileId) -> Option<Process> {
        holder::holder(file)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn holder(&self, _file: FileId) -> Option<Process> {
        None
    }

    fn spawn(&self, body: Box<dyn FnOnce() + Send>) -> Result<(), Error> {
        signal::install();
        wait_thread::run(body).map_err(|error| failed(Syscall::Thread, &error))
    }
}

fn wants_read_only(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM | libc::EROFS | libc::ETXTBSY))
}

/// Of a file that is created, less the umask.
const MODE: u32 = 0o666;

/// Close-on-exec is std's own habit. O_NONBLOCK, lest a FIFO wait for its other end; O_NOCTTY,
/// lest a terminal become ours.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).mode(MODE).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn create_new(path: &Path) -> io::Result<fs::File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    create::create_new(path, flags, Mode::from_raw_mode(MODE))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn create_new(path: &Path) -> io::Result<fs::File> {
    options().write(true).create_new(true).open(path)
}

fn refuse_irregular(stat: &Stat) -> io::Result<()> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(()),
        FileType::Directory => Err(io::Error::from_raw_os_error(libc::EISDIR)),
        FileType::Socket => Err(io::Error::from_raw_os_error(libc::ENXIO)),
        _ => Err(io::Error::from_raw_os_error(libc::EINVAL)),
    }
}

#[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
fn id_of(stat: &Stat) -> FileId {
    FileId { volume: stat.st_dev as u64, file: stat.st_ino as u128 }
}

fn is_interruption(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}

fn failed(syscall: Syscall, error: &io::Error) -> Error {
    // libuv's numbers are the negated errno.
    Error { syscall, errno: -error.raw_os_error().unwrap_or(libc::EIO) }
}
