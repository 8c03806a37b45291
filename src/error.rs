//! What can go wrong in a call to the operating system.

/// The call that failed, by the name Node gives it in `error.syscall`.
///
/// The discriminants are what crosses to JavaScript; `lib/errors.js` holds the names.
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

/// A failed system call. The path is the waiter's own, so it is not repeated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The failed call.
    pub syscall: Syscall,
    /// The error in libuv's numbering (negative), the same that Node's own errors carry.
    pub errno: i32,
}

impl Error {
    /// There is no file at the path.
    pub fn is_missing(&self) -> bool {
        const ENOENT: i32 = if cfg!(windows) { -4058 } else { -2 };
        self.errno == ENOENT
    }
}
