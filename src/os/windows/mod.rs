//! LockFileEx and what belongs to it.

mod errors;
mod gate;
mod identity;
mod names;
mod record;
#[cfg(test)]
mod tests;
mod thread;

use std::fs::{self, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fs4::{FileExt, TryLockError};
use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, ERROR_OPERATION_ABORTED};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
    SECURITY_IDENTIFICATION,
};

pub use self::errors::errno;
pub use self::record::{RecordFile, process_start, read_record};
pub use self::thread::BlockedThread;
use super::open::OpenPolicy;
use super::wait::{self, Interrupt};
use super::{File, FileId, Gate, HolderInfo, LockState, Mode, Os, System, Waited};
use crate::error::{Error, Syscall};
use crate::path::LockPath;

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

/// Returns `None`: the system does not tell.
pub fn state(_path: &LockPath) -> Option<LockState> {
    None
}

impl Os for System {
    type File = File;
    type Interrupt = Interrupt;

    fn open(&self, path: &LockPath) -> Result<File, Error> {
        if path.is_folder() {
            // LockFileEx locks no folder.
            return Err(Error { syscall: Syscall::Open, errno: errors::UV_EISDIR });
        }
        let open = |path: &Path| {
            if names::is_irregular(path) {
                return Err(irregular());
            }
            let file = open_past_deletion(path)?;
            if !identity::is_on_disk(&file) {
                return Err(irregular());
            }
            let id = identity::of(&file)?;
            Ok(File::new(file, id))
        };
        open(path.as_path()).map_err(|error| {
            // A folder is refused in several ways.
            let is_folder = fs::metadata(path.as_path()).is_ok_and(|found| found.is_dir());
            let errno = if is_folder { errors::UV_EISDIR } else { errno(&error) };
            Error { syscall: Syscall::Open, errno }
        })
    }

    fn open_past_lease(&self, path: &LockPath, _: &Interrupt) -> Result<Option<File>, Error> {
        self.open(path).map(Some)
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
    fn try_lock(&self, file: &File, mode: Mode) -> Result<bool, Error> {
        let tried = match mode {
            Mode::Exclusive => FileExt::try_lock(&file.file),
            Mode::Shared => FileExt::try_lock_shared(&file.file),
        };
        match tried {
            Ok(()) if mode == Mode::Shared && gate::is_closed(&file.file) => {
                let _ = FileExt::unlock(&file.file);
                Ok(false)
            }
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
    fn lock(&self, file: &File, mode: Mode, interrupt: &Interrupt) -> Result<Waited, Error> {
        let lock = || match mode {
            Mode::Exclusive => FileExt::lock(&file.file),
            Mode::Shared => FileExt::lock_shared(&file.file),
        };
        interrupt.run_interruptible(|interrupted| {
            let enter = until_granted(interrupted, || gate::enter(&file.file));
            if enter == Ok(Waited::Interrupted) {
                return enter;
            }
            // The gate is a matter of order: the lock excludes without it.
            let waited = until_granted(interrupted, lock);
            if enter.is_ok() {
                gate::leave(&file.file);
            }
            waited
        })
    }

    /// The two locks of one handle overlap, and the first unlock ends the exclusive one.
    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn downgrade(&self, file: &File) -> Result<(), Error> {
        FileExt::lock_shared(&file.file).map_err(|error| lock_failed(&error))?;
        FileExt::unlock(&file.file).map_err(|error| lock_failed(&error))
    }

    /// It is open again when the wait returns.
    fn open_gate(&self, _file: &File) {}

    fn gate(&self, file: &File) -> Gate {
        if gate::is_closed(&file.file) { Gate::Closed } else { Gate::Open }
    }

    fn interrupt(&self, interrupt: &Arc<Interrupt>) {
        interrupt.interrupt();
    }

    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn unlock(&self, file: &File) {
        // Not left to the close alone, after which the system frees the lock when it gets to it.
        // Should the unlock fail, the close that follows is all there is to do.
        let _ = FileExt::unlock(&file.file);
    }

    fn holders(&self, paths: &[LockPath]) -> Vec<Vec<HolderInfo>> {
        vec![Vec::new(); paths.len()]
    }

    fn spawn(&self, body: wait::Body) -> Result<(), Error> {
        wait::run(body).map_err(|error| failed(Syscall::Thread, &error))
    }
}

/// Opens the file; where it is being deleted, tries again for a moment.
fn open_past_deletion(path: &Path) -> io::Result<fs::File> {
    let policy = OpenPolicy { options: options(), create_new };
    let mut pauses = DELETION_PAUSES.iter();
    loop {
        match (policy.open_or_create(path), pauses.next()) {
            (Err(error), Some(pause)) if errors::is_deletion(&error) => std::thread::sleep(*pause),
            (opened, _) => return opened,
        }
    }
}

/// Repeats a call that waits until it is granted or interrupted.
fn until_granted(
    interrupted: &dyn Fn() -> bool,
    call: impl Fn() -> io::Result<()>,
) -> Result<Waited, Error> {
    while !interrupted() {
        match call() {
            Ok(()) => return Ok(Waited::Granted),
            Err(error) if is(&error, ERROR_OPERATION_ABORTED) => {}
            Err(error) => return Err(lock_failed(&error)),
        }
    }
    Ok(Waited::Interrupted)
}

/// Nothing is kept of the gate.
pub type GateState = ();

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

fn is(error: &io::Error, code: u32) -> bool {
    errors::code_of(error) == Some(code)
}

fn irregular() -> io::Error {
    io::ErrorKind::InvalidInput.into()
}

fn failed(syscall: Syscall, error: &io::Error) -> Error {
    Error { syscall, errno: errno(error) }
}

fn lock_failed(error: &io::Error) -> Error {
    Error { syscall: Syscall::Lock, errno: errors::lock_errno(error) }
}
