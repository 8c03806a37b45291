//! flock(2) and what belongs to it.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod holder;
mod interrupt;
mod signal;

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use fs4::{FileExt, TryLockError};
use rustix::fs::{FileType, Stat};

use self::interrupt::Interrupt;
use super::{FileId, Identified, Os, Process, System, Waited};
use crate::error::{Error, Syscall};
use crate::lock::LockPath;

/// What the thread of a wait needs: it opens a file and blocks.
const WAIT_STACK: usize = 128 * 1024;

/// How often the file may vanish between two looks at it before that is an error. Each time
/// another process has to create or delete it in between.
const OPEN_TRIES: usize = 1000;

/// An open lock file.
#[derive(Debug)]
pub struct File {
    file: fs::File,
    id: FileId,
}

impl Identified for File {
    fn id(&self) -> FileId {
        self.id
    }
}

impl Os for System {
    type File = File;
    type Interrupt = Interrupt;

    fn open(&self, path: &LockPath) -> Result<File, Error> {
        let open = || {
            let file = open_or_create(path.as_path())?;
            let stat = rustix::fs::fstat(&file)?;
            refuse_irregular(&stat)?;
            Ok(File { file, id: id_of(&stat) })
        };
        open().map_err(|error| failed(Syscall::Open, &error))
    }

    fn identify(&self, path: &LockPath) -> Result<FileId, Error> {
        match rustix::fs::stat(path.as_path()) {
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
        interrupt.expose(|interrupted| {
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
        let thread = std::thread::Builder::new().name("locket-wait".into()).stack_size(WAIT_STACK);
        let body = || {
            signal::take_no_other();
            body();
        };
        match thread.spawn(body) {
            Ok(_) => Ok(()),
            Err(error) => Err(failed(Syscall::Thread, &error)),
        }
    }
}

/// Opens the file as it is; only where there is none is it created, and then exclusively. Opening
/// with O_CREAT would be refused for another user's file in a sticky folder, and would create the
/// target of a dangling symbolic link.
fn open_or_create(path: &Path) -> io::Result<fs::File> {
    for _ in 0..OPEN_TRIES {
        let missing = match open_existing(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => error,
            opened => return opened,
        };
        match options().write(true).create_new(true).open(path) {
            // Either somebody else created it just now, or it is a link to nowhere.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
                    return open_existing(path).map_err(|_| missing);
                }
            }
            created => return created,
        }
    }
    Err(io::Error::from_raw_os_error(libc::ENOENT))
}

/// Read-write, because some network file systems lock nothing else; read-only where the file or
/// the file system allows no more.
fn open_existing(path: &Path) -> io::Result<fs::File> {
    match options().write(true).open(path) {
        Err(error) if wants_read_only(&error) => options().open(path).map_err(|_| error),
        opened => opened,
    }
}

fn wants_read_only(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM | libc::EROFS | libc::ETXTBSY))
}

/// Close-on-exec is std's own habit. O_NONBLOCK, lest a FIFO wait for its other end; O_NOCTTY,
/// lest a terminal become ours.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).mode(0o666).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options
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
