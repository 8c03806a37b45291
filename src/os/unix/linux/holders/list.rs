//! The kernel's list of all locks. To show it, the kernel first waits until no lock changes: up to
//! 20 ms after a pause. So one read serves all threads that ask for it before it begins.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::key::Key;
use crate::os::{LockState, Mode};

/// The kernel shows so many bytes at once, at least.
const PAGE: usize = 4096;

/// A flock that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockLine {
    /// The process that took it, as /proc numbers processes.
    pub pid: u32,
    pub key: Key,
    pub mode: Mode,
}

impl LockLine {
    /// Reads `1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF`. Returns `None` for other locks, for
    /// waiters, which have `->` after the number, and for a process that /proc does not show, which
    /// has 0 or -1.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace().skip(1);
        if words.next() != Some("FLOCK") {
            return None;
        }
        let mode = mode_of(words.nth(1)?)?;
        let pid = words.next()?.parse().ok().filter(|pid| *pid > 0)?;
        Some(Self { pid, key: Key::parse(words.next()?)?, mode })
    }
}

/// A line about a flock that names no holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nameless {
    /// It waits: `1: -> FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF`.
    Waiter,
    /// A process that /proc does not show holds it.
    Hidden(Mode),
}

impl Nameless {
    fn parse(line: &str) -> Option<(Key, Self)> {
        let mut words = line.split_ascii_whitespace().skip(1).peekable();
        let is_waiter = words.next_if_eq(&"->").is_some();
        if words.next() != Some("FLOCK") {
            return None;
        }
        let mode = mode_of(words.nth(1)?)?;
        let pid: i64 = words.next()?.parse().ok()?;
        let key = Key::parse(words.next()?)?;
        match (is_waiter, pid > 0) {
            (true, _) => Some((key, Self::Waiter)),
            (false, false) => Some((key, Self::Hidden(mode))),
            (false, true) => None,
        }
    }
}

fn mode_of(word: &str) -> Option<Mode> {
    match word {
        "WRITE" => Some(Mode::Exclusive),
        "READ" => Some(Mode::Shared),
        _ => None,
    }
}

/// The flocks of one moment.
pub struct List {
    lines: Vec<LockLine>,
    nameless: Vec<(Key, Nameless)>,
    /// It took several reads, so that one can be missing.
    pub is_long: bool,
}

impl List {
    /// Returns the locks of one file.
    pub fn of(&self, key: Key) -> Vec<LockLine> {
        self.lines_of(key).copied().collect()
    }

    /// Returns the mode in which the file is locked, by whichever process, and how many wait for it.
    pub fn state_of(&self, key: Key) -> LockState {
        let (mut hidden, mut waiting) = (None, 0);
        for (_, line) in self.nameless.iter().filter(|(other, _)| *other == key) {
            match line {
                Nameless::Waiter => waiting += 1,
                Nameless::Hidden(mode) => hidden = Some(*mode),
            }
        }
        let shown = self.lines_of(key).next().map(|line| line.mode);
        LockState { mode: shown.or(hidden), waiting }
    }

    fn lines_of(&self, key: Key) -> impl Iterator<Item = &LockLine> {
        self.lines.iter().filter(move |line| line.key == key)
    }
}

struct Reading {
    is_running: bool,
    /// How many reads have begun.
    begun: u64,
    /// The number of the read that brought `last`.
    ended: u64,
    last: Option<Arc<List>>,
}

static READING: Mutex<Reading> =
    Mutex::new(Reading { is_running: false, begun: 0, ended: 0, last: None });
static ENDED: Condvar = Condvar::new();

/// Returns the locks as they are after this call has begun, or `None` if the system does not tell.
pub fn read() -> Option<Arc<List>> {
    let mut reading = READING.lock();
    let needed = reading.begun + 1;
    while reading.ended < needed {
        if reading.is_running {
            ENDED.wait(&mut reading);
            continue;
        }
        reading.is_running = true;
        reading.begun += 1;
        drop(reading);
        let list = read_list().ok().map(Arc::new);
        reading = READING.lock();
        reading.is_running = false;
        reading.ended = reading.begun;
        reading.last = list;
        ENDED.notify_all();
    }
    reading.last.clone()
}

fn read_list() -> io::Result<List> {
    let text = read_pages(File::open("/proc/locks")?)?;
    let (mut lines, mut nameless) = (Vec::new(), Vec::new());
    for line in String::from_utf8_lossy(&text).lines() {
        if let Some(lock) = LockLine::parse(line) {
            lines.push(lock);
        } else if let Some(other) = Nameless::parse(line) {
            nameless.push(other);
        }
    }
    Ok(List { lines, nameless, is_long: text.len() >= PAGE / 2 })
}

/// Reads everything, in as few reads as possible.
fn read_pages(mut source: impl Read) -> io::Result<Vec<u8>> {
    let (mut all, mut page) = (Vec::new(), [0; PAGE]);
    loop {
        match source.read(&mut page) {
            Ok(0) => return Ok(all),
            Ok(length) => all.extend_from_slice(&page[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(major: u32, minor: u32, inode: u64) -> Key {
        Key { device: libc::makedev(major, minor), inode }
    }

    #[test]
    fn a_held_flock_is_read_with_its_mode() {
        let line = |mode: &str| format!("2: FLOCK  ADVISORY  {mode} 1234 fe:00:5678 0 EOF");
        let lock = |mode| Some(LockLine { pid: 1234, key: at(0xfe, 0, 5678), mode });
        assert_eq!(LockLine::parse(&line("WRITE")), lock(Mode::Exclusive));
        assert_eq!(LockLine::parse(&line("READ ")), lock(Mode::Shared));
    }

    #[test]
    fn a_waiter_another_lock_and_a_hidden_process_are_no_holders() {
        for line in [
            "2: -> FLOCK  ADVISORY  WRITE 77 fe:00:9999 0 EOF",
            "2:  -> FLOCK  ADVISORY  WRITE 77 fe:00:9999 0 EOF",
            "1: POSIX  ADVISORY  WRITE 11 fe:00:5678 0 EOF",
            "1: OFDLCK ADVISORY  READ -1 fe:00:5678 5 5",
            "3: FLOCK  ADVISORY  WRITE 0 08:11:42 0 EOF",
            "3: FLOCK  ADVISORY  WRITE -1 08:11:42 0 EOF",
            "",
        ] {
            assert_eq!(LockLine::parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_waiter_and_a_hidden_holder_are_told_apart() {
        let parse = |line| Nameless::parse(line).map(|(_, line)| line);
        for line in [
            "2: -> FLOCK  ADVISORY  WRITE 77 fe:00:9999 0 EOF",
            "2:  -> FLOCK  ADVISORY  READ 0 fe:00:9999 0 EOF",
        ] {
            assert_eq!(parse(line), Some(Nameless::Waiter), "{line}");
        }
        let hidden = "3: FLOCK  ADVISORY  READ 0 08:11:42 0 EOF";
        assert_eq!(parse(hidden), Some(Nameless::Hidden(Mode::Shared)));
        assert_eq!(parse("3: FLOCK  ADVISORY  READ 7 08:11:42 0 EOF"), None);
        assert_eq!(parse("1: -> POSIX  ADVISORY  WRITE 11 fe:00:5678 0 EOF"), None);
    }
}
