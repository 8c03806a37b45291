//! Who holds a flock, as /proc/locks tells it.

use std::fs::{self, File};
use std::io::{self, Read};

use super::id_of;
use crate::os::{FileId, Process};

/// How much of a command line is shown.
const COMMAND_LENGTH: usize = 80;

/// The kernel shows so much at once, at least.
const PAGE: usize = 4096;

/// How often a list that was not shown at once is read until the file is in it.
const LOOKS: usize = 10;

/// The process that holds the flock of the file. The kernel leaves out the processes that this
/// one's pid namespace does not show.
pub fn holder(file: FileId) -> Option<Process> {
    let pid = listed(file).filter(|pid| may_have_open(*pid, file))?;
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok();
    Some(Process { pid, command: command.map(|line| command_of(&line)).filter(|c| !c.is_empty()) })
}

/// Each read shows one moment. The next begins after as many locks as were shown already, so it
/// leaves one out where an earlier one has gone in between.
fn listed(file: FileId) -> Option<u32> {
    for _ in 0..LOOKS {
        let locks = read_pages(File::open("/proc/locks").ok()?).ok()?;
        let pid = parse(&String::from_utf8_lossy(&locks), file);
        if pid.is_some() || locks.len() < PAGE / 2 {
            return pid;
        }
    }
    None
}

/// Everything there is, in as few reads as can be.
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

/// The kernel names the process that took the lock. That one may have ended since, its number may
/// even be another's by now, while a process that inherited the file goes on holding it: so does
/// the shell after `exec 9>file; flock 9`.
fn may_have_open(pid: u32, file: FileId) -> bool {
    match fs::read_dir(format!("/proc/{pid}/fd")) {
        Ok(mut descriptors) => descriptors.any(|descriptor| {
            descriptor
                .and_then(|descriptor| Ok(rustix::fs::stat(descriptor.path())?))
                .is_ok_and(|stat| id_of(&stat) == file)
        }),
        // Another user's process: then there is no telling.
        Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
    }
}

/// The arguments are each ended by a NUL.
fn command_of(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line).replace('\0', " ");
    let is_plain = |c: char| if c.is_control() { ' ' } else { c };
    text.trim_end().chars().map(is_plain).take(COMMAND_LENGTH).collect()
}

/// A line reads `1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF`, the device in hexadecimal; those who
/// wait have `->` after the number.
fn parse(locks: &str, file: FileId) -> Option<u32> {
    let major = libc::major(file.volume);
    let minor = libc::minor(file.volume);
    let place = format!("{major:02x}:{minor:02x}:{}", file.file);
    locks.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        if words.next() != Some("FLOCK") {
            return None;
        }
        let pid = words.nth(2)?;
        let there = words.next() == Some(place.as_str());
        // A holder without a name here has 0 or -1.
        if there { pid.parse().ok().filter(|pid| *pid > 0) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::{env, process, thread};

    use super::*;
    use crate::lock::LockPath;
    use crate::os::{Identified, Os, System};

    const LOCKS: &str = "\
1: POSIX  ADVISORY  WRITE 11 fe:00:5678 0 EOF
2: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF
2: -> FLOCK  ADVISORY  WRITE 77 fe:00:9999 0 EOF
3: FLOCK  ADVISORY  WRITE 0 08:11:42 0 EOF
";

    fn at(major: u32, minor: u32, inode: u128) -> FileId {
        FileId { volume: libc::makedev(major, minor), file: inode }
    }

    #[test]
    fn the_holder_is_found_by_device_and_inode() {
        assert_eq!(parse(LOCKS, at(0xfe, 0, 5678)), Some(1234));
    }

    #[test]
    fn one_who_waits_is_no_holder() {
        assert_eq!(parse(LOCKS, at(0xfe, 0, 9999)), None);
    }

    #[test]
    fn a_command_line_is_one_short_line() {
        assert_eq!(command_of(b"node\0a\nb.js\0"), "node a b.js");
        assert_eq!(command_of(&[b'x'; 1000]).len(), COMMAND_LENGTH);
    }

    #[test]
    fn a_holder_outside_of_the_pid_namespace_is_unknown() {
        assert_eq!(parse(LOCKS, at(8, 17, 42)), None);
    }

    /// So many that the kernel's list comes in several pieces, and its beginning changes.
    #[test]
    fn a_holder_is_found_while_other_locks_come_and_go() {
        const OTHERS: usize = 100;
        let folder = env::temp_dir().join(format!("locket-holder-{}", process::id()));
        fs::create_dir(&folder).expect("the folder can be made");
        let lock = |number: usize| {
            let path = LockPath::new(folder.join(number.to_string()).as_os_str());
            let file = System.open(&path).expect("a file can be made there");
            assert_eq!(System.try_lock(&file), Ok(true));
            file
        };
        let held = lock(OTHERS);
        let is_over = AtomicBool::new(false);
        let found = thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    drop((0..OTHERS).map(lock).collect::<Vec<_>>());
                }
            });
            let found = (0..1000).filter(|_| listed(held.id()) == Some(process::id())).count();
            is_over.store(true, Ordering::Relaxed);
            found
        });
        fs::remove_dir_all(&folder).expect("it is there");
        assert_eq!(found, 1000);
    }
}
