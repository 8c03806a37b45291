//! LockFileEx and what belongs to it.

mod errors;
mod identity;
mod names;
mod target;
#[cfg(test)]
mod tests;

use std::fs::{self, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fs4::{FileExt, TryLockError};
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_IO_PENDING, ERROR_OPERATION_ABORTED, ERROR_WRITE_PROTECT,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
    SECURITY_IDENTIFICATION,
};

pub use self::target::Target;
use super::interrupt::Interrupt;
use super::open::Access;
use super::{File, FileId, Os, Process, System, Waited, wait_thread};
use crate::error::{Error, Syscall};
use crate::lock::LockPath;

/// Others may open, rename and delete the file: only the lock excludes.
const SHARE_ALL: u32 = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

/// How long to wait before the next look at a file that is being deleted: its name comes free when
/// the last handle is closed, which a virus scanner or an indexer does in a moment, and another
/// holder not for long.
const DELETION_PAUSES: [Duration; 6] = [
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(4),
    Duration::from_millis(8),
    Duration::from_millis(16),
    Duration::from_millis(32),
];

impl Os for System {
    type File = File;
    type Interrupt = Interrupt;

    fn open(&self, path: &LockPath) -> Result<File, Error> {
        let open = |path: &Path| {
            if names::is_irregular(path) {
                return Err(irregular());
            }
            let file = open_past_deletion(path)?;
            if !identity::is_on_disk(&file) {
                return Err(irregular());
            }
            let id = identity::of(&file)?;
            Ok(File { file, id })
        };
        open(path.as_path()).map_err(|error| {
            // A folder is refused in several ways.
            let is_folder = fs::metadata(path.as_path()).is_ok_and(|found| found.is_dir());
            let errno = if is_folder { errors::UV_EISDIR } else { errors::translate(&error) };
            Error { syscall: Syscall::Open, errno }
        })
    }

    fn identify(&self, path: &LockPath) -> Result<FileId, Error> {
        // No access is asked for, so no lock, no open handle and no denial stands in the way. The
        // flag is for folders.
        let file = OpenOptions::new()
            .access_mode(0)
            .share_mode(SHARE_ALL)
            .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
            .open(path.as_path());
        file.and_then(|file| identity::of(&file)).map_err(|error| failed(Syscall::Stat, &error))
    }

    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn try_lock(&self, file: &File) -> Result<bool, Error> {
        match FileExt::try_lock(&file.file) {
            Ok(()) => Ok(true),
            // ERROR_LOCK_VIOLATION
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) if is(&error, ERROR_IO_PENDING) => Ok(false),
            Err(TryLockError::Error(error)) => Err(lock_failed(&error)),
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
                    Err(error) if is(&error, ERROR_OPERATION_ABORTED) => {}
                    Err(error) => return Err(lock_failed(&error)),
                }
            }
        })
    }

    fn interrupt(&self, interrupt: &Arc<Interrupt>) {
        interrupt.interrupt();
    }

    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn unlock(&self, file: File) {
        // Not left to the close alone, after which the system frees the lock when it gets to it.
        // Should the unlock fail, the close that follows is all there is to do.
        let _ = FileExt::unlock(&file.file);
    }

    fn holder(&self, _file: FileId) -> Option<Process> {
        None
    }

    fn spawn(&self, body: Box<dyn FnOnce() + Send>) -> Result<(), Error> {
        wait_thread::run(body).map_err(|error| failed(Syscall::Thread, &error))
    }
}

/// Opens the file; where it is being deleted, tries again for a moment.
fn open_past_deletion(path: &Path) -> io::Result<fs::File> {
    let access = Access { options: options(), wants_read_only, create_new };
    let mut pauses = DELETION_PAUSES.iter();
    loop {
        match (access.open_or_create(path), pauses.next()) {
            (Err(error), Some(pause)) if errors::is_deletion(&error) => thread::sleep(*pause),
            (opened, _) => return opened,
        }
    }
}

fn create_new(path: &Path) -> io::Result<fs::File> {
    options().write(true).create_new(true).open(path)
}

/// No child process inherits a handle, by std's own habit. Should it be another program's named
/// pipe, that program learns who we are and can do nothing in our name.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).share_mode(SHARE_ALL).security_qos_flags(SECURITY_IDENTIFICATION);
    options
}

fn wants_read_only(error: &io::Error) -> bool {
    is(error, ERROR_ACCESS_DENIED) || is(error, ERROR_WRITE_PROTECT)
}

fn is(error: &io::Error, code: u32) -> bool {
    errors::code_of(error) == Some(code)
}

fn irregular() -> io::Error {
    io::ErrorKind::InvalidInput.into()
}

fn failed(syscall: Syscall, error: &io::Error) -> Error {
    Error { syscall, errno: errors::translate(error) }
}

fn lock_failed(error: &io::Error) -> Error {
    Error { syscall: Syscall::Lock, errno: errors::translate_lock(error) }
}
