//! What /proc tells about a process that took a lock.

use std::os::fd::AsFd;
use std::{fs, io};

use rustix::fs::{Dir, Mode, OFlags};

use super::key::Key;
use super::list::LockLine;
use super::read_small;
use crate::os::HolderInfo;

/// How many descriptors of a process are looked at: a quarter of a second. With more, the list of
/// all locks is believed.
const MAX_DESCRIPTORS: usize = 20_000;

/// How many bytes of a command line are kept.
const MAX_COMMAND: usize = 4096;

/// A process as /proc shows it.
pub struct Process {
    held: Held,
    /// What is told of it; `None` if it has no number here.
    info: Option<HolderInfo>,
}

/// The flocks that a process holds.
enum Held {
    Known(Vec<Key>),
    /// It is another user's process.
    Unknown,
}

impl Process {
    /// Looks at the process that /proc shows under that number.
    pub fn look(shown: u32, namespace: &PidNamespace) -> Self {
        let info = namespace.translate(shown).map(|pid| describe(shown, pid));
        Self { held: held_by(shown), info }
    }

    /// Returns the process if it holds that lock.
    pub fn holding(&self, lock: &LockLine) -> Option<HolderInfo> {
        let holds = match &self.held {
            Held::Known(keys) => keys.contains(&lock.key),
            Held::Unknown => true,
        };
        let info = self.info.clone().filter(|_| holds)?;
        Some(HolderInfo { mode: lock.mode, ..info })
    }
}

fn held_by(pid: u32) -> Held {
    match read(pid) {
        Ok(held) => held,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Held::Unknown,
        // Where /proc is mounted with hidepid=2, it does not show other users' processes.
        Err(_) if is_another_users(pid) => Held::Unknown,
        Err(_) => Held::Known(Vec::new()),
    }
}

fn read(pid: u32) -> io::Result<Held> {
    let mut keys = Vec::new();
    let folder = format!("/proc/{pid}/fdinfo");
    let folder = rustix::fs::open(folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    for (count, descriptor) in Dir::read_from(&folder)?.enumerate() {
        if count == MAX_DESCRIPTORS {
            return Ok(Held::Unknown);
        }
        // Closed meanwhile, if it cannot be read.
        let Some(info) = read_small(folder.as_fd(), descriptor?.file_name()) else { continue };
        let lock = |line: &str| LockLine::parse(line.strip_prefix("lock:")?);
        keys.extend(info.lines().filter_map(lock).map(|lock| lock.key));
    }
    Ok(Held::Known(keys))
}

fn is_another_users(pid: u32) -> bool {
    // SAFETY: signal 0 is not sent: only whether it could be is checked.
    let sent = unsafe { libc::kill(pid.cast_signed(), 0) } == 0;
    !sent && io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

fn describe(shown: u32, pid: u32) -> HolderInfo {
    let line = fs::read(format!("/proc/{shown}/cmdline")).unwrap_or_default();
    let start = start_shown(&shown.to_string());
    HolderInfo { pid, start, argv: arguments_of(&line), ..HolderInfo::default() }
}

/// Returns the arguments, which are each ended by a NUL. A process that shows a title instead has
/// empty ones after it.
fn arguments_of(line: &[u8]) -> Option<Vec<String>> {
    let line = &line[..line.len().min(MAX_COMMAND)];
    let end = line.iter().rposition(|byte| *byte != 0)? + 1;
    let text = |argument: &[u8]| String::from_utf8_lossy(argument).into_owned();
    Some(line[..end].split(|byte| *byte == 0).map(text).collect())
}

/// Returns when the process started, in ticks since the system did, if there is such a process.
pub fn process_start(pid: u32) -> Option<u64> {
    // Where /proc has other numbers, it knows this process all the same.
    if pid == std::process::id() { start_shown("self") } else { start_shown(&pid.to_string()) }
}

fn start_shown(name: &str) -> Option<u64> {
    start_of(&fs::read(format!("/proc/{name}/stat")).ok()?)
}

/// Returns when the process started, in ticks since the system did. The name before it is in
/// parentheses, and can have any character.
fn start_of(stat: &[u8]) -> Option<u64> {
    const FIELD: usize = 22 - 3;
    let end_of_name = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = str::from_utf8(&stat[end_of_name + 1..]).ok()?;
    rest.split_ascii_whitespace().nth(FIELD)?.parse().ok()
}

/// Where /proc was mounted: in a sandbox, its numbers can be those of a pid namespace outside.
pub struct PidNamespace {
    /// How many pid namespaces lie between that of /proc and that of this process.
    depth: usize,
}

impl PidNamespace {
    pub fn of_proc() -> Self {
        let depth = numbers_of("self").map_or(0, |numbers| numbers.len().saturating_sub(1));
        Self { depth }
    }

    /// Returns the number that the process has in the pid namespace of this process, or `None` if
    /// it is not seen there.
    pub fn translate(&self, shown: u32) -> Option<u32> {
        if self.depth == 0 {
            return Some(shown);
        }
        // At the same depth there can be other namespaces, with the same numbers.
        let namespace = |name: &str| fs::read_link(format!("/proc/{name}/ns/pid")).ok();
        if namespace("self").is_none() || namespace("self") != namespace(&shown.to_string()) {
            return None;
        }
        numbers_of(&shown.to_string())?.get(self.depth).copied()
    }
}

/// Returns the numbers of a process, from the pid namespace of /proc to its own.
fn numbers_of(name: &str) -> Option<Vec<u32>> {
    let status = fs::read(format!("/proc/{name}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    numbers.split_ascii_whitespace().map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_told_apart_and_bounded() {
        let arguments = |line: &[u8]| arguments_of(line).unwrap_or_default();
        assert_eq!(arguments(b"node\0a b.js\0\0-x\0"), ["node", "a b.js", "", "-x"]);
        assert_eq!(arguments(b"a title\0\0\0"), ["a title"]);
        assert_eq!(arguments(&[b'x'; 10_000])[0].len(), MAX_COMMAND);
        assert_eq!(arguments_of(b""), None);
    }

    #[test]
    fn the_start_of_a_process_is_found_after_any_name() {
        let stat = b"42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21";
        assert_eq!(start_of(stat), Some(4711));
        let own = fs::read("/proc/self/stat").unwrap();
        assert!(start_of(&own).is_some());
    }

    #[test]
    fn a_process_is_its_own_number_where_proc_is_of_its_namespace() {
        let this = std::process::id();
        assert_eq!(PidNamespace::of_proc().translate(this), Some(this));
    }
}
