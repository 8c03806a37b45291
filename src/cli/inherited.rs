//! What this process was started with and Node changed before any JavaScript ran: ignored signals,
//! descriptors, the limit of open files. Each is put back as far as it can be known.
//!
//! Node resets all standard signals and keeps no record. What ignored them is therefore asked: the
//! shell that started this process, and the traces of nohup(1).

use std::os::fd::RawFd;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::descriptors;
use super::procfs::Process;
use super::signals::{self, SignalSet};

/// What is passed on to the command.
#[derive(Debug)]
pub struct Inherited {
    /// Signals that were ignored.
    pub ignored: SignalSet,
    descriptors: Vec<RawFd>,
}

impl Inherited {
    /// Finds out, and puts back the dispositions of the signals. To be called once, before anything
    /// is opened.
    pub fn take_back() -> Self {
        let descriptors = descriptors::inherited();
        let ignored = ignored_by_starter().union(signals::ignored_real_time());
        signals::reset(ignored);
        Self { ignored, descriptors }
    }

    /// Returns `true` if this process was started with the descriptor open.
    pub fn has_descriptor(&self, number: RawFd) -> bool {
        self.descriptors.contains(&number)
    }

    /// Makes the rest ready for the command, which is to be started next.
    pub fn pass_on(&self) {
        for number in &self.descriptors {
            descriptors::pass_on(*number);
        }
        lower_open_files_limit();
    }
}

/// Node raises the soft limit to the hard one. The starter's soft limit is this process's own
/// unless something between the two changed it, which as a rule changes the hard limit as well.
fn lower_open_files_limit() {
    let now = getrlimit(Resource::Nofile);
    let Some((soft, hard)) = Process::parent().and_then(|parent| parent.open_files_limit()) else {
        return;
    };
    let own_hard = now.maximum.unwrap_or(u64::MAX);
    if now.current == now.maximum && hard == own_hard && soft < hard {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(soft), maximum: now.maximum });
    }
}

fn ignored_by_starter() -> SignalSet {
    let parent = Process::parent();
    let by_shell = parent.as_ref().and_then(|parent| {
        let program = parent.program().filter(|program| is_shell(program))?;
        Some(passed_on_by_shell(&program, SignalSet::from_bits(parent.ignored_signals()?)))
    });
    let by_shell = by_shell.unwrap_or(SignalSet::EMPTY);
    if was_started_by_nohup(parent.as_ref()) { by_shell.with(libc::SIGHUP) } else { by_shell }
}

/// A program that is no shell can ignore a signal and give it back to what it starts: system(3)
/// does so with SIGINT. A shell passes on what it ignores.
fn is_shell(program: &str) -> bool {
    const SHELLS: [&str; 13] = [
        "sh", "ash", "bash", "busybox", "dash", "fish", "ksh", "ksh93", "mksh", "oksh", "rbash",
        "yash", "zsh",
    ];
    SHELLS.contains(&program)
}

/// A shell ignores some signals for itself alone: bash always SIGQUIT, an interactive shell those of
/// job control.
fn passed_on_by_shell(program: &str, ignored: SignalSet) -> SignalSet {
    let is_bash = program.ends_with("bash");
    let ignored = if is_bash { ignored.without(libc::SIGQUIT) } else { ignored };
    if !ignored.contains(libc::SIGTTOU) && !ignored.contains(libc::SIGTSTP) {
        return ignored;
    }
    [libc::SIGQUIT, libc::SIGTERM, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU]
        .into_iter()
        .fold(ignored, SignalSet::without)
}

/// Shells name the program that they start in the variable `_`, and nohup(1) leaves it there. GNU's
/// opens /dev/null for writing in place of a terminal's input.
fn was_started_by_nohup(parent: Option<&Process>) -> bool {
    let named = std::env::var_os("_").is_some_and(|path| {
        let name = std::path::Path::new(&path).file_name();
        let is_inherited = parent.and_then(Process::environment).is_some_and(|environment| {
            let variable = [b"_=", path.as_encoded_bytes()].concat();
            environment.split(|byte| *byte == 0).any(|other| other == variable)
        });
        name == Some("nohup".as_ref()) && !is_inherited
    });
    named || has_unreadable_null_input()
}

fn has_unreadable_null_input() -> bool {
    let input = rustix::stdio::stdin();
    let is_null = Process::this().descriptor(0).is_some_and(|link| link == "/dev/null");
    is_null
        && rustix::fs::fcntl_getfl(input)
            .is_ok_and(|flags| flags & rustix::fs::OFlags::RWMODE == rustix::fs::OFlags::WRONLY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_of(signals: &[libc::c_int]) -> SignalSet {
        signals.iter().fold(SignalSet::EMPTY, |set, signal| set.with(*signal))
    }

    #[test]
    fn an_interactive_shell_keeps_the_signals_of_job_control_to_itself() {
        let of_shell = all_of(&[libc::SIGHUP, libc::SIGTERM, libc::SIGTTOU, libc::SIGTSTP]);
        assert_eq!(passed_on_by_shell("zsh", of_shell), all_of(&[libc::SIGHUP]));
    }

    #[test]
    fn a_shell_without_job_control_passes_on_what_it_ignores() {
        let of_shell = all_of(&[libc::SIGINT, libc::SIGQUIT, libc::SIGTERM]);
        assert_eq!(passed_on_by_shell("dash", of_shell), of_shell);
        assert_eq!(passed_on_by_shell("bash", of_shell), all_of(&[libc::SIGINT, libc::SIGTERM]));
    }
}
