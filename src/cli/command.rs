//! Starts the command, waits for it, and ends as it ended.

use std::ffi::{CString, NulError, OsString};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::ptr;

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus};

use parking_lot::Mutex;

use super::signals::{self, Signal, SignalSet};
use crate::os::record::RecordFile;

/// The records of the held locks: removed before this process ends and lets go of them.
pub static RECORDS: Mutex<Vec<RecordFile>> = Mutex::new(Vec::new());

/// A command and its arguments.
#[derive(Debug)]
pub struct Command(Vec<CString>);

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Exited(i32),
    Killed(Signal),
}

impl Command {
    /// The first argument is the program.
    pub fn new(arguments: Vec<OsString>) -> Result<Self, NulError> {
        let arguments = arguments.into_iter().map(|argument| CString::new(argument.into_vec()));
        Ok(Self(arguments.collect::<Result<_, _>>()?))
    }

    /// Runs the command and ends this process as the command has ended. Returns only if it could
    /// not be started.
    pub fn run(&self, ignored: SignalSet) -> io::Error {
        // From here on no signal ends this process and leaves the command alone.
        signals::forward(ignored);
        match self.start(ignored) {
            Ok(pid) => end_like(wait(pid)),
            Err(error) => {
                signals::let_act(ignored);
                error
            }
        }
    }

    /// Becomes the command. Returns only if that is not possible.
    pub fn exec(&self, ignored: SignalSet) -> io::Error {
        let pointers = self.pointers();
        signals::let_act(ignored);
        signals::unblock_all();
        // SAFETY: the pointers are of strings that live, and end with a null.
        unsafe { libc::execvp(pointers[0], pointers.as_ptr()) };
        io::Error::last_os_error()
    }

    fn start(&self, ignored: SignalSet) -> io::Result<Pid> {
        let pointers = self.pointers();
        // Closed by a successful exec; otherwise it brings the error.
        let (mut reader, writer) = io::pipe()?;
        // A signal that comes to the child before it has left this process's handlers behind waits.
        signals::block_all();
        // SAFETY: the child calls nothing that is not safe after a fork of one thread of many.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            become_command(&pointers, ignored, writer);
        }
        let started = Pid::from_raw(pid).filter(|_| pid > 0).ok_or_else(io::Error::last_os_error);
        if let Ok(pid) = started {
            signals::command_started(pid);
        }
        signals::unblock_all();
        drop(writer);
        let pid = started?;
        let mut error = Vec::new();
        let _ = reader.read_to_end(&mut error);
        match <[u8; 4]>::try_from(error) {
            Ok(errno) => {
                wait(pid);
                Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno)))
            }
            Err(_) => Ok(pid),
        }
    }

    fn pointers(&self) -> Vec<*const libc::c_char> {
        self.0.iter().map(|argument| argument.as_ptr()).chain([ptr::null()]).collect()
    }
}

/// In the child.
fn become_command(
    pointers: &[*const libc::c_char],
    ignored: SignalSet,
    mut errors: io::PipeWriter,
) -> ! {
    signals::let_act(ignored);
    signals::unblock_all();
    // Allocates nothing in glibc, musl and on macOS.
    // SAFETY: the pointers are of strings that live, and end with a null.
    unsafe { libc::execvp(pointers[0], pointers.as_ptr()) };
    let errno = io::Error::last_os_error().raw_os_error().unwrap_or(libc::ENOEXEC);
    let _ = errors.write_all(&errno.to_ne_bytes());
    // SAFETY: it has no preconditions.
    unsafe { libc::_exit(127) }
}

/// Waits for the end of the command. It is reaped in a second step: until then its number is its own,
/// and signals can be sent to it.
fn wait(pid: Pid) -> End {
    let end = wait_with(pid, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    signals::command_ended();
    wait_with(pid, WaitIdOptions::EXITED);
    end
}

fn wait_with(pid: Pid, options: WaitIdOptions) -> End {
    loop {
        match rustix::process::waitid(WaitId::Pid(pid), options) {
            Ok(Some(status)) => return end_of(&status),
            Ok(None) | Err(Errno::INTR) => {}
            // Another part of this process has reaped it.
            Err(_) => return End::Exited(libc::EXIT_FAILURE),
        }
    }
}

fn end_of(status: &WaitIdStatus) -> End {
    match status.terminating_signal() {
        Some(signal) => End::Killed(signal),
        None => End::Exited(status.exit_status().unwrap_or(libc::EXIT_FAILURE) & 0xff),
    }
}

/// A signal that came to this process as well ends it in the same way, so that a shell knows that
/// its user has interrupted both.
fn end_like(end: End) -> ! {
    RECORDS.lock().clear();
    match end {
        End::Exited(status) => exit(status),
        End::Killed(signal) => {
            if signals::was_received(signal) {
                signals::die_of(signal);
            }
            exit(128 + signal)
        }
    }
}

/// Ends this process at once: Node would set its terminal back, and aborts where that is gone.
pub fn exit(status: i32) -> ! {
    RECORDS.lock().clear();
    // SAFETY: it has no preconditions.
    unsafe { libc::_exit(status) }
}
