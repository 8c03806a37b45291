//! Which processes hold a flock.
//!
//! /proc/locks names the process that took each lock, by the device and inode of the kernel. Whether
//! it still has the lock is in /proc/PID/fdinfo. No file system is asked about a file of another
//! process: it can have one open on a mount that does not answer.
//!
//! What was read is searched from its beginning: a thousand paths among a thousand locks cost a
//! millisecond, and each type of map would add kilobytes to the addon.

mod key;
mod list;
mod process;

use std::os::fd::BorrowedFd;

use rustix::fs::{Mode, OFlags};
use rustix::io::retry_on_intr;
use rustix::path::Arg;

use self::key::{Key, keys_of};
use self::list::LockLine;
pub use self::process::process_start;
use self::process::{PidNamespace, Process};
use crate::os::{HolderInfo, LockState};
use crate::path::LockPath;

/// How often a list that did not fit into one read is read until the file is in it.
const MAX_READS: usize = 10;

/// Returns the processes that hold the lock of each path, as far as the system tells.
pub fn holders(paths: &[LockPath]) -> Vec<Vec<HolderInfo>> {
    let mut lines = Vec::new();
    let mut keys: Option<Vec<Option<Key>>> = None;
    for _ in 0..MAX_READS {
        let Some(list) = list::read() else { break };
        let keys = keys.get_or_insert_with(|| keys_of(paths));
        lines = keys.iter().map(|key| key.map(|key| list.of(key)).unwrap_or_default()).collect();
        // Each read shows one moment. The next begins after as many locks as were shown already, so
        // it leaves one out where an earlier one has gone in between.
        let is_whole =
            lines.iter().zip(keys).all(|(lines, key)| key.is_none() || !lines.is_empty());
        if is_whole || !list.is_long {
            break;
        }
    }
    lines.resize_with(paths.len(), Vec::new);
    let mut processes = Processes { namespace: PidNamespace::of_proc(), known: Vec::new() };
    lines.iter().map(|lines| processes.of(lines)).collect()
}

/// Returns the state of the lock at the path, or `None` if the system does not tell.
pub fn state(path: &LockPath) -> Option<LockState> {
    let mut state = LockState::default();
    let mut key = None;
    for _ in 0..MAX_READS {
        let list = list::read()?;
        // Where there is no file, there is no lock.
        let keys = || keys_of(std::slice::from_ref(path)).pop().flatten();
        let Some(key) = *key.get_or_insert_with(keys) else { break };
        state = list.state_of(key);
        if state.mode.is_some() || !list.is_long {
            break;
        }
    }
    Some(state)
}

/// Returns the content of a file of /proc, as far as it fits into one read of a page.
fn read_small(folder: BorrowedFd<'_>, name: impl Arg + Copy) -> Option<String> {
    let open = || rustix::fs::openat(folder, name, OFlags::CLOEXEC, Mode::empty());
    let file = retry_on_intr(open).ok()?;
    let mut page = [0; 4096];
    let length = retry_on_intr(|| rustix::io::read(&file, &mut page)).ok()?;
    Some(String::from_utf8_lossy(&page[..length]).into_owned())
}

/// The processes that were looked at, by the number that /proc shows.
struct Processes {
    namespace: PidNamespace,
    known: Vec<(u32, Process)>,
}

impl Processes {
    /// Returns those processes of the lines that have the lock still. One that took it may have ended
    /// since, and its number be another's by now, while a process that inherited the file goes on
    /// holding it: so does the shell after `exec 9>file; flock 9`.
    fn of(&mut self, lines: &[LockLine]) -> Vec<HolderInfo> {
        let mut found: Vec<HolderInfo> = Vec::new();
        for line in lines {
            if let Some(holder) = self.process(line.pid).holding(line)
                && found.iter().all(|other| other.pid != holder.pid)
            {
                found.push(holder);
            }
        }
        found
    }

    fn process(&mut self, pid: u32) -> &Process {
        let known = self.known.iter().position(|(other, _)| *other == pid);
        let place = known.unwrap_or_else(|| {
            self.known.push((pid, Process::look(pid, &self.namespace)));
            self.known.len() - 1
        });
        &self.known[place].1
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::{env, fs, process, thread};

    use super::*;
    use crate::os::{Mode as LockMode, Os, System};

    /// So many that the kernel's list comes in several pieces, and its beginning changes.
    #[test]
    fn a_holder_is_found_while_other_locks_come_and_go() {
        const OTHERS: usize = 100;
        let folder = env::temp_dir().join(format!("locket-holder-{}", process::id()));
        fs::create_dir(&folder).expect("the folder can be made");
        let path = |number: usize| LockPath::new(folder.join(number.to_string()).as_os_str());
        let lock = |number: usize| {
            let file = System.open(&path(number)).expect("a file can be made there");
            assert_eq!(System.try_lock(&file, LockMode::Exclusive), Ok(true));
            file
        };
        let _held = lock(OTHERS);
        let is_over = AtomicBool::new(false);
        let asked = [path(OTHERS)];
        let found = thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let files: Vec<_> = (0..OTHERS).map(lock).collect();
                    // To close them is not enough: what another test is starting has them still,
                    // until it is the other program.
                    files.iter().for_each(|file| System.unlock(file));
                }
            });
            let found = (0..200).filter(|_| holders(&asked)[0][0].pid == process::id()).count();
            is_over.store(true, Ordering::Relaxed);
            found
        });
        fs::remove_dir_all(&folder).expect("it is there");
        assert_eq!(found, 200);
    }
}
