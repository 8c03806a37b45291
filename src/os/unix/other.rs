//! What is left out where the system is not Linux.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::Stat;
use rustix::io::{Errno, retry_on_intr};

use super::links::{MAX_LINKS, leads_to_file};
use super::open::{FLAGS, options};
use crate::os::{HolderInfo, LockState};
use crate::path::LockPath;

/// Creates the file at the path, which must not exist. A link there is followed if it may be.
pub fn create_new(path: &Path) -> io::Result<File> {
    let mut path = Cow::Borrowed(path);
    for _ in 0..MAX_LINKS {
        match options(FLAGS | libc::O_CREAT | libc::O_EXCL).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let Ok(target) = fs::read_link(&path) else { return Err(error) };
                let folder = path.parent().unwrap_or(Path::new("/"));
                if !leads_to_file(&rustix::fs::lstat(&*path)?, &rustix::fs::stat(folder)?) {
                    return Err(io::Error::from_raw_os_error(libc::EACCES));
                }
                path = Cow::Owned(folder.join(target));
            }
            created => return created,
        }
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

/// Returns what is at the path now.
pub fn current_stat(path: &Path) -> io::Result<Stat> {
    match retry_on_intr(|| rustix::fs::stat(path)) {
        // The server knows no such file any more.
        Err(Errno::STALE) => Err(Errno::NOENT.into()),
        stat => Ok(stat?),
    }
}

/// Returns `true` if the refusal of a lock says that another client of a server holds it.
pub fn is_busy(_refusal: &io::Error, _file: &File) -> bool {
    false
}

/// Locks of bytes that an open file owns are Linux's own.
pub mod ofd {
    use std::fs::File;

    use rustix::io::Errno;

    /// What would be done with the bytes.
    #[derive(Clone, Copy)]
    pub enum Kind {
        Shared,
        Exclusive,
        Unlocked,
    }

    /// Some bytes of a file.
    #[derive(Clone, Copy)]
    #[expect(dead_code, reason = "none are locked")]
    pub struct Bytes {
        pub start: i64,
        pub length: i64,
    }

    pub fn set(_: &File, _: Bytes, _: Kind) -> Result<(), Errno> {
        Err(Errno::NOTSUP)
    }

    pub fn wait(_: &File, _: Bytes, _: Kind) -> Result<(), Errno> {
        Err(Errno::NOTSUP)
    }
}

/// There is no gate: flock and fcntl see each other's locks.
pub mod gate {
    use crate::error::Error;
    use crate::os::{File, Gate, Mode, Waited};

    /// Nothing is known.
    pub type GateState = ();

    pub fn look(_file: &File) -> Gate {
        Gate::Absent
    }

    pub fn admits_reader(_file: &File) -> bool {
        true
    }

    pub fn wait(
        _file: &File,
        _mode: Mode,
        _interrupted: &dyn Fn() -> bool,
        lock: &dyn Fn() -> Result<Waited, Error>,
    ) -> Result<Waited, Error> {
        lock()
    }

    pub fn withdraw(_file: &File) {}

    pub fn mark(_file: &File) {}

    pub fn unmark(_file: &File) {}
}

/// Fails: no system but Linux asks for it.
pub fn reopen_for_writing(_file: &File) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns `false`: every user has a number.
pub fn stands_for_many(_user: u32) -> bool {
    false
}

/// Returns none: the system does not tell.
pub fn holders(paths: &[LockPath]) -> Vec<Vec<HolderInfo>> {
    vec![Vec::new(); paths.len()]
}

/// Returns `None`: the system does not tell.
pub fn state(_path: &LockPath) -> Option<LockState> {
    None
}

/// Returns the microseconds from 1970 to the process's start, if there is such a process.
#[cfg(target_vendor = "apple")]
pub fn process_start(pid: u32) -> Option<u64> {
    use std::mem::{self, MaybeUninit};

    let pid = libc::c_int::try_from(pid).ok()?;
    let mut info = MaybeUninit::<libc::proc_bsdinfo>::zeroed();
    let size = mem::size_of::<libc::proc_bsdinfo>() as libc::c_int;
    // SAFETY: the buffer has the size that is told.
    let written = unsafe {
        libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 0, info.as_mut_ptr().cast(), size)
    };
    if written != size {
        return None;
    }
    // SAFETY: all of it was written, and zeros were valid before.
    let info = unsafe { info.assume_init() };
    Some(info.pbi_start_tvsec * 1_000_000 + info.pbi_start_tvusec)
}

/// Returns `None`: not asked for here.
#[cfg(not(target_vendor = "apple"))]
pub fn process_start(_pid: u32) -> Option<u64> {
    None
}

/// There are no real-time signals: returns those whose default is to be ignored, so that one that
/// is sent too late does no harm.
pub fn interrupt_signals() -> impl Iterator<Item = libc::c_int> {
    [libc::SIGIO, libc::SIGURG].into_iter()
}
