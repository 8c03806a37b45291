//! What can go wrong in a call to the operating system.

/// The call that failed, by the name Node gives it in `error.syscall`.
///
/// The discriminants are what crosses to JavaScript, as indices into [`Syscall::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Syscall {
    /// Opening or creating the lock file.
    Open = 0,
    /// Taking the lock.
    Lock = 1,
    /// Reading the identity of a file.
    Stat = 2,
    /// Starting the thread that waits for another process.
    Thread = 3,
}

impl Syscall {
    /// By discriminant.
    pub const NAMES: [&str; 4] = if cfg!(windows) {
        ["open", "LockFileEx", "stat", "CreateThread"]
    } else {
        ["open", "flock", "stat", "pthread_create"]
    };
}

/// A failed system call. The path is the waiter's own, so it is not repeated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The failed call.
    pub syscall: Syscall,
    /// The error in libuv's numbering (negative), the same that Node's own errors carry.
    pub errno: i32,
}

/// libuv has no number for it on Windows, and UNKNOWN instead.
const ESTALE: i32 = if cfg!(windows) {
    -4094
} else if cfg!(any(target_os = "linux", target_os = "android")) {
    -116
} else {
    -70
};

impl Error {
    /// The path names another file at every look: there is none to lock.
    pub const UNSTABLE: Self = Self { syscall: Syscall::Stat, errno: ESTALE };

    /// Another program has a lease on the file: it can be opened once that has given it up.
    pub fn is_lease(&self) -> bool {
        cfg!(any(target_os = "linux", target_os = "android"))
            && self.syscall == Syscall::Open
            && self.errno == -11
    }

    /// The server of the file knows it no more, or not since it has restarted: it is to be opened
    /// anew. A blocked flock ends with EAGAIN for that on SMB.
    pub fn is_stale(&self) -> bool {
        const EAGAIN: i32 =
            if cfg!(any(target_os = "linux", target_os = "android")) { -11 } else { -35 };
        !cfg!(windows)
            && (self.errno == ESTALE || (self.syscall == Syscall::Lock && self.errno == EAGAIN))
    }

    /// There is no file at the path.
    pub fn is_missing(&self) -> bool {
        const ENOENT: i32 = if cfg!(windows) { -4058 } else { -2 };
        self.errno == ENOENT
    }

    /// The path leads to no file that this process could open, whatever it named before.
    pub fn is_astray(&self) -> bool {
        const EACCES: i32 = -13;
        const ENOTDIR: i32 = -20;
        const ELOOP: i32 =
            if cfg!(any(target_os = "linux", target_os = "android")) { -40 } else { -62 };
        self.is_missing() || !cfg!(windows) && matches!(self.errno, EACCES | ENOTDIR | ELOOP)
    }
}
