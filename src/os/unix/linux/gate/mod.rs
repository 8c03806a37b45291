//! The gate: what keeps new readers of other processes behind a writer that waits.
//!
//! flock(2) grants a shared lock while others hold it shared, however long a writer has waited. So
//! locks of three bytes far beyond the file's end, which flock does not see, say what goes on:
//!
//! * [`READING`], shared: by each shared holder. A writer that sees it takes a turn at the gate.
//! * [`ANNOUNCED`], shared: by a writer that waits without a turn, since it saw no reader. All that
//!   it does can be done with a file that is open for reading.
//! * [`TURN`], exclusive: by the one at the gate, while it waits for the lock. Others queue for it in
//!   order of arrival. It needs the file open for writing.
//!
//! A reader that got the lock at once looks for the last two, and gives the lock back if it finds one.
//! Then it takes a turn, waits until the announced writers had theirs, and takes the lock in its turn.
//! Either that reader sees the announcement of a writer, or the writer sees its mark: each sets its own
//! byte before it looks for the other's. A process that dies leaves nothing behind.
//!
//! Where the file may not be written, or is a program, which could not be started while it is open for
//! writing, a reader takes no turn: there the lock excludes, but a writer can be passed.

use std::fs::File as StdFile;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::Mode as FileMode;
use rustix::io::{Errno, retry_on_intr};

use super::ofd::{self, Bytes, Kind};
use super::{reopen_for_writing, statfs};
use crate::error::Error;
use crate::os::{File, Gate, Mode, Waited};

/// Far beyond what any file holds.
const FIRST: i64 = i64::MAX - 16;
const READING: Bytes = Bytes { start: FIRST, length: 1 };
const ANNOUNCED: Bytes = Bytes { start: FIRST + 1, length: 1 };
const TURN: Bytes = Bytes { start: FIRST + 2, length: 1 };

/// What an open file knows of its gate.
#[derive(Debug, Default)]
pub struct GateState {
    /// Whether its file system allows one.
    is_possible: OnceLock<bool>,
    /// It has marked itself as reading.
    is_reading: AtomicBool,
    /// It has announced itself as a writer.
    is_announced: AtomicBool,
}

/// How entering the gate ended.
enum Entered {
    /// The turn ends when the file is closed.
    Turn(StdFile),
    Interrupted,
    /// No turn can be taken of this file.
    Unavailable,
}

/// Returns whether another open file of any process waits at the gate.
pub fn look(file: &File) -> Gate {
    if !is_possible(file) {
        return Gate::Absent;
    }
    if is_seen(file, ANNOUNCED) || is_seen(file, TURN) { Gate::Closed } else { Gate::Open }
}

/// The file has just got the shared lock without a wait. Returns `false` if it has to give it back,
/// because a writer waits.
pub fn admits_reader(file: &File) -> bool {
    if !is_possible(file) {
        return true;
    }
    mark(file);
    let admits = look(file) == Gate::Open;
    if !admits {
        unmark(file);
    }
    admits
}

/// Waits for the lock with `lock`, behind those who wait already and before readers to come. If it is
/// granted, the announcement is still to be [withdrawn](withdraw).
pub fn wait(
    file: &File,
    mode: Mode,
    interrupted: &dyn Fn() -> bool,
    lock: &dyn Fn() -> Result<Waited, Error>,
) -> Result<Waited, Error> {
    if !is_possible(file) {
        return lock();
    }
    match mode {
        Mode::Exclusive => wait_to_write(file, interrupted, lock),
        Mode::Shared => wait_to_read(file, interrupted, lock),
    }
}

fn wait_to_write(
    file: &File,
    interrupted: &dyn Fn() -> bool,
    lock: &dyn Fn() -> Result<Waited, Error>,
) -> Result<Waited, Error> {
    let announced = announce(file);
    if !announced || is_seen(file, READING) || is_seen(file, TURN) {
        // A reader that has the turn waits for those announced.
        withdraw(file);
        match enter(file, interrupted) {
            Entered::Turn(turn) => {
                let end = lock();
                drop(turn);
                return end;
            }
            Entered::Interrupted => return Ok(Waited::Interrupted),
            Entered::Unavailable => announce(file),
        };
    }
    let end = lock();
    if end != Ok(Waited::Granted) {
        withdraw(file);
    }
    end
}

fn wait_to_read(
    file: &File,
    interrupted: &dyn Fn() -> bool,
    lock: &dyn Fn() -> Result<Waited, Error>,
) -> Result<Waited, Error> {
    let turn = match enter(file, interrupted) {
        Entered::Turn(turn) => turn,
        Entered::Interrupted => return Ok(Waited::Interrupted),
        Entered::Unavailable => {
            let end = lock()?;
            if end == Waited::Granted {
                mark(file);
            }
            return Ok(end);
        }
    };
    // Writers that come from now on see the turn, so that these are not many.
    if !take(&turn, ANNOUNCED, interrupted) {
        return Ok(Waited::Interrupted);
    }
    let _ = ofd::set(&turn, ANNOUNCED, Kind::Unlocked);
    let end = lock()?;
    if end == Waited::Granted {
        mark(file);
    }
    drop(turn);
    Ok(end)
}

/// The lock is about to be shared, or has just become so.
pub fn mark(file: &File) {
    if is_possible(file) && ofd::set(file.handle(), READING, Kind::Shared).is_ok() {
        file.gate.is_reading.store(true, Ordering::Relaxed);
    }
}

/// The lock is not held any more.
pub fn unmark(file: &File) {
    if file.gate.is_reading.swap(false, Ordering::Relaxed) {
        let _ = ofd::set(file.handle(), READING, Kind::Unlocked);
    }
}

fn announce(file: &File) -> bool {
    let is_announced = ofd::set(file.handle(), ANNOUNCED, Kind::Shared).is_ok();
    file.gate.is_announced.store(is_announced, Ordering::Relaxed);
    is_announced
}

/// The wait is over. While the lock is exclusive, no process looks at the announcement: it can be
/// withdrawn as late as just before the unlock or the downgrade.
pub fn withdraw(file: &File) {
    if file.gate.is_announced.swap(false, Ordering::Relaxed) {
        let _ = ofd::set(file.handle(), ANNOUNCED, Kind::Unlocked);
    }
}

fn enter(file: &File, interrupted: &dyn Fn() -> bool) -> Entered {
    if is_program(file) {
        return Entered::Unavailable;
    }
    let Ok(turn) = reopen_for_writing(file.handle()) else { return Entered::Unavailable };
    // Bytes that other software has locked are no gate of ours, and could stay so for good.
    let is_foreign =
        |bytes| ofd::find(&turn, bytes).is_ok_and(|found| found.is_some_and(|it| it != bytes));
    if is_foreign(ANNOUNCED) || is_foreign(TURN) {
        return Entered::Unavailable;
    }
    if take(&turn, TURN, interrupted) { Entered::Turn(turn) } else { Entered::Interrupted }
}

/// Waits for the bytes. Returns `false` if the wait was interrupted. An error lets it pass: the gate
/// is a matter of order, and the lock excludes without it.
fn take(turn: &StdFile, bytes: Bytes, interrupted: &dyn Fn() -> bool) -> bool {
    while !interrupted() {
        match ofd::wait(turn, bytes, Kind::Exclusive) {
            Err(Errno::INTR) => {}
            Ok(()) | Err(_) => return true,
        }
    }
    false
}

fn is_seen(file: &File, bytes: Bytes) -> bool {
    ofd::find(file.handle(), bytes).is_ok_and(|found| found == Some(bytes))
}

fn is_program(file: &File) -> bool {
    let executable = FileMode::XUSR | FileMode::XGRP | FileMode::XOTH;
    let stat = retry_on_intr(|| rustix::fs::fstat(file.handle()));
    stat.is_ok_and(|stat| FileMode::from_raw_mode(stat.st_mode).intersects(executable))
}

fn is_possible(file: &File) -> bool {
    *file.gate.is_possible.get_or_init(|| statfs::is_local(file.handle()))
}

#[cfg(test)]
mod search;
#[cfg(test)]
mod tests;
