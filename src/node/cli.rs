//! The command line, as JavaScript sees it: functions that `lib/cli/unix.js` calls in turn.

use std::cell::RefCell;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use napi::bindgen_prelude::Uint8Array;
use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::cli::arguments;
use crate::cli::command::{self, Command};
use crate::cli::inherited::Inherited;
use crate::cli::lock::{self, Acquire, Request, Step, Target};
use crate::error::Syscall;
use crate::os::descriptor::{Kind, Operation};
use crate::os::record::RecordFile;

/// The run of one command.
struct CommandLine {
    arguments: Vec<OsString>,
    inherited: Inherited,
    acquire: Option<Acquire>,
}

thread_local! {
    static LINE: RefCell<Option<CommandLine>> = const { RefCell::new(None) };
}

fn with_line<T>(act: impl FnOnce(&mut CommandLine) -> Result<T>) -> Result<T> {
    LINE.with_borrow_mut(|line| match line {
        Some(line) => act(line),
        None => Err(invalid("cliBegin() has not been called")),
    })
}

/// Takes the arguments as Node decoded them, and puts back what Node changed at its start. To be
/// called before anything else is done in the process.
#[napi]
pub fn cli_begin(decoded: Vec<String>) {
    let inherited = Inherited::take_back();
    let arguments = arguments::original(&decoded);
    LINE.set(Some(CommandLine { arguments, inherited, acquire: None }));
}

/// Returns the bytes of an argument.
#[napi]
pub fn cli_argument(number: u32) -> Result<Uint8Array> {
    with_line(|line| Ok(line.nth(number)?.as_bytes().to_vec().into()))
}

/// Returns an argument that is a path, for messages: absolute where that is possible.
#[napi]
pub fn cli_path(number: u32) -> Result<String> {
    with_line(|line| {
        let given = line.nth(number)?;
        let absolute = lock::path(given).ok();
        let shown = absolute.as_ref().map_or(given.as_os_str(), |path| path.as_path().as_os_str());
        Ok(shown.to_string_lossy().into_owned())
    })
}

/// Begins to acquire: the files of the arguments `paths`, or an inherited `descriptor`.
///
/// `operation` is 0 for exclusive, 1 for shared, 2 to release. `seconds` is how long to wait; 0 is
/// one attempt, Infinity no limit. `range` is the first byte and their number, by fcntl(2) in place
/// of flock(2). After this, `cli_wait` tells what comes of it.
#[napi]
pub fn cli_lock(
    paths: Vec<u32>,
    descriptor: Option<i32>,
    operation: u32,
    seconds: f64,
    range: Option<Vec<f64>>,
) -> Result<Vec<i32>> {
    let request = Request {
        kind: match range.as_deref() {
            Some([start, length]) => Kind::Range { start: *start as i64, length: *length as i64 },
            _ => Kind::Whole,
        },
        operation: match operation {
            0 => Operation::Exclusive,
            1 => Operation::Shared,
            _ => Operation::Unlock,
        },
        deadline: after(seconds),
    };
    with_line(|line| {
        let targets = match line.targets(&paths, descriptor)? {
            Ok(targets) => targets,
            Err((path, errno)) => return Ok(step(FAILED, path, errno, Syscall::Open)),
        };
        Ok(match Acquire::new(targets, request) {
            Ok(acquire) => {
                line.acquire = Some(acquire);
                step(WAITING, 0, 0, Syscall::Open)
            }
            Err((path, error)) => step(FAILED, path, error.errno, error.syscall),
        })
    })
}

/// Acquires for `pause` seconds. Returns four numbers: what has come of it (0 granted, 1 the time is
/// over, 2 failed, 3 still waiting), at which of the paths, and where it failed the errno in
/// libuv's numbering and the call.
#[napi]
pub fn cli_wait(pause: f64) -> Result<Vec<i32>> {
    with_line(|line| {
        let acquire = line.acquire.as_mut().ok_or_else(|| invalid("nothing is acquired"))?;
        let came_to = acquire.advance(after(pause));
        let path = acquire.current();
        Ok(match came_to {
            Step::Granted => step(GRANTED, path, 0, Syscall::Open),
            Step::TimedOut => step(TIMED_OUT, path, 0, Syscall::Open),
            Step::Failed(error) => step(FAILED, path, error.errno, error.syscall),
            Step::Waiting => step(WAITING, path, 0, Syscall::Open),
        })
    })
}

/// Writes what this process says of itself beside the lock file of that argument. It is absent where
/// the file system has no room for it.
#[napi]
pub fn cli_record(number: u32, record: String) -> Result<()> {
    with_line(|line| {
        let file = lock::path(line.nth(number)?).and_then(|path| RecordFile::open(&path));
        if let Ok(mut file) = file
            && file.write(record.as_bytes()).is_ok()
        {
            command::RECORDS.lock().push(file);
        }
        Ok(())
    })
}

/// Runs the command that begins with the argument `first`, and ends this process as it ends. With
/// `in_place`, becomes it. With `shell`, that program runs the one argument.
///
/// Returns the errno in libuv's numbering if the command cannot be started.
#[napi]
pub fn cli_run(first: u32, shell: Option<String>, in_place: bool) -> Result<i32> {
    with_line(|line| {
        line.nth(first)?;
        let given = line.arguments[first as usize..].iter().cloned();
        let words = match shell {
            Some(shell) => [shell.into(), "-c".into()].into_iter().chain(given).collect(),
            None => given.collect(),
        };
        let command = Command::new(words).map_err(|_| invalid("a NUL in an argument"))?;
        let ignored = line.inherited.ignored;
        line.inherited.pass_on();
        let error = if in_place {
            let kept = line.acquire.as_ref().map_or(Ok(()), Acquire::keep_on_exec);
            kept.map_or_else(|error| error, |()| command.exec(ignored))
        } else {
            command.run(ignored)
        };
        Ok(crate::os::errno(&error))
    })
}

/// Ends this process at once.
#[napi]
pub fn cli_exit(status: i32) {
    command::exit(status);
}

impl CommandLine {
    /// The error is of one of the paths: its place and errno.
    fn targets(
        &self,
        paths: &[u32],
        descriptor: Option<i32>,
    ) -> Result<std::result::Result<Vec<Target>, (usize, i32)>> {
        if let Some(number) = descriptor {
            // Node's own are not the caller's.
            let number = if self.inherited.has_descriptor(number) { number } else { -1 };
            return Ok(Ok(vec![Target::Descriptor(number)]));
        }
        let mut targets = Vec::with_capacity(paths.len());
        for (place, number) in paths.iter().enumerate() {
            match lock::path(self.nth(*number)?) {
                Ok(path) => targets.push(Target::Path(path)),
                Err(error) => return Ok(Err((place, crate::os::errno(&error)))),
            }
        }
        Ok(Ok(targets))
    }

    fn nth(&self, number: u32) -> Result<&OsString> {
        self.arguments.get(number as usize).ok_or_else(|| invalid("no such argument"))
    }
}

const GRANTED: i32 = 0;
const TIMED_OUT: i32 = 1;
const FAILED: i32 = 2;
const WAITING: i32 = 3;

fn step(kind: i32, path: usize, errno: i32, syscall: Syscall) -> Vec<i32> {
    vec![kind, path as i32, errno, syscall as i32]
}

/// None for a time that no clock reaches.
fn after(seconds: f64) -> Option<Instant> {
    Instant::now().checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

fn invalid(reason: &str) -> Error {
    Error::new(Status::InvalidArg, reason)
}
