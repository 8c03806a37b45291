//! Which symbolic links a file may be created through: the rule of Linux's `fs.protected_symlinks`,
//! on every system and where that is off.

use rustix::fs::{Mode, Stat};

use super::kernel;

/// How many links a path may lead through: as many as in the kernel of Linux.
pub const MAX_LINKS: usize = 40;

/// Returns `true` unless the folder is sticky and writable for all, and the link is neither ours nor
/// the folder owner's.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    expect(dead_code, reason = "elsewhere the system resolves the folders of a path")
)]
pub fn leads_on(link: &Stat, folder: &Stat) -> bool {
    !has(folder, Mode::SVTX | Mode::WOTH) || is_trusted(link, folder)
}

/// The same for a link in place of the file, whose target is to be created: without the sticky bit
/// others can swap it, so that folder need not be sticky.
pub fn leads_to_file(link: &Stat, folder: &Stat) -> bool {
    !has(folder, Mode::WOTH) || is_trusted(link, folder)
}

fn has(folder: &Stat, mode: Mode) -> bool {
    Mode::from_raw_mode(folder.st_mode).contains(mode)
}

fn is_trusted(link: &Stat, folder: &Stat) -> bool {
    let owner = link.st_uid;
    (owner == this_user() || owner == folder.st_uid) && !kernel::stands_for_many(owner)
}

pub fn this_user() -> u32 {
    // SAFETY: it has no preconditions.
    unsafe { libc::geteuid() }
}
