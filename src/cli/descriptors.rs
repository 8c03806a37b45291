//! Which open descriptors this process was started with. Node marks those up to the first gap above
//! 15 close-on-exec before it opens its own, so the mark does not tell them apart.

use std::os::fd::{BorrowedFd, RawFd};

use rustix::fs::OFlags;
use rustix::io::FdFlags;

use super::procfs::Process;

/// Returns the descriptors that this process was started with. To be called before this module's
/// callers open any.
pub fn inherited() -> Vec<RawFd> {
    let this = Process::this();
    let Some(open) = this.descriptors() else { return without_procfs() };
    let open: Vec<Open> = open.into_iter().filter_map(|number| Open::read(&this, number)).collect();
    let parents = Links::new(Process::parent());
    let is_own = |descriptor: &&Open| !descriptor.is_nodes(&open, &parents);
    open.iter().filter(is_own).map(|descriptor| descriptor.number).collect()
}

/// Lets the command have a descriptor.
pub fn pass_on(number: RawFd) {
    if number >= 0 {
        // SAFETY: whether the descriptor is open is for the calls to say, which do nothing else.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let Ok(flags) = rustix::io::fcntl_getfd(descriptor) else { return };
        let _ = rustix::io::fcntl_setfd(descriptor, flags - FdFlags::CLOEXEC);
    }
}

/// An open descriptor.
struct Open {
    number: RawFd,
    link: String,
    close_on_exec: bool,
    flags: OFlags,
}

impl Open {
    fn read(this: &Process, number: RawFd) -> Option<Self> {
        // SAFETY: as in `pass_on`.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let close_on_exec = rustix::io::fcntl_getfd(descriptor).ok()?.contains(FdFlags::CLOEXEC);
        let flags = rustix::fs::fcntl_getfl(descriptor).ok()?;
        let link = this.descriptor(number)?.to_string_lossy().into_owned();
        Some(Self { number, link, close_on_exec, flags })
    }

    fn writes(&self) -> bool {
        self.flags.intersects(OFlags::WRONLY | OFlags::RDWR)
    }

    /// Returns `true` if Node opened this. It opens event queues, event counters and pipes. A pipe
    /// of Node has both ends in this process alone; make's jobserver is open in make as well.
    fn is_nodes(&self, open: &[Self], parents: &Links) -> bool {
        if !self.close_on_exec || self.number <= 2 {
            return false;
        }
        match self.link.as_str() {
            "anon_inode:[eventpoll]" | "anon_inode:[io_uring]" => true,
            "anon_inode:[eventfd]" => self.flags.contains(OFlags::NONBLOCK),
            link if link.starts_with("pipe:[") => {
                let ends = || open.iter().filter(|other| other.link == self.link);
                ends().any(Self::writes)
                    && ends().any(|end| !end.writes())
                    && ends().all(|end| end.close_on_exec && end.number > 2)
                    && !parents.contain(link)
            }
            _ => false,
        }
    }
}

/// What the descriptors of another process are.
struct Links(Vec<String>);

impl Links {
    fn new(process: Option<Process>) -> Self {
        let links = process.and_then(|process| {
            let numbers = process.descriptors()?;
            let link = |number| Some(process.descriptor(number)?.to_string_lossy().into_owned());
            Some(numbers.into_iter().filter_map(link).collect())
        });
        Self(links.unwrap_or_default())
    }

    fn contain(&self, link: &str) -> bool {
        self.0.iter().any(|other| other == link)
    }
}

/// Without `/proc` a pipe above 2 that is marked close-on-exec is taken for one of Node's.
fn without_procfs() -> Vec<RawFd> {
    /// As far as Node marks them, and the usual soft limit.
    const MOST: RawFd = 1024;
    let is_inherited = |number: &RawFd| {
        // SAFETY: as in `pass_on`.
        let descriptor = unsafe { BorrowedFd::borrow_raw(*number) };
        let Ok(stat) = rustix::fs::fstat(descriptor) else { return false };
        let is_pipe =
            rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Fifo;
        let is_marked =
            rustix::io::fcntl_getfd(descriptor).is_ok_and(|flags| flags.contains(FdFlags::CLOEXEC));
        *number <= 2 || !(is_pipe && is_marked)
    };
    (0..MOST).filter(is_inherited).collect()
}
