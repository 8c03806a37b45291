//! What `/proc` says of this process and of the one that started it. Everything is `None` where
//! there is no such folder, or where it may not be read.

use std::ffi::OsString;
use std::fs;
use std::os::fd::RawFd;
use std::path::PathBuf;

/// A process, as the name of its folder in `/proc`.
#[derive(Clone, Debug)]
pub struct Process(String);

impl Process {
    /// This process.
    pub fn this() -> Self {
        Self("self".into())
    }

    /// The process that started this one, unless it has ended or cannot be seen from here.
    pub fn parent() -> Option<Self> {
        rustix::process::getppid().map(|pid| Self(pid.as_raw_nonzero().to_string()))
    }

    /// A file of the process.
    fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0))
    }

    /// Returns what follows the key in its line of a file.
    fn value(&self, file: &str, key: &str) -> Option<String> {
        let text = fs::read_to_string(self.file(file)).ok()?;
        Some(text.lines().find_map(|line| line.strip_prefix(key))?.trim().to_owned())
    }

    /// The signals that the process ignores: bit n-1 is signal n.
    pub fn ignored_signals(&self) -> Option<u64> {
        u64::from_str_radix(&self.value("status", "SigIgn:")?, 16).ok()
    }

    /// The name of the program that the process runs.
    pub fn program(&self) -> Option<String> {
        // A script's own name is in `status`, its interpreter's here.
        match fs::read_link(self.file("exe")) {
            Ok(path) => Some(path.file_name()?.to_string_lossy().into_owned()),
            Err(_) => self.value("status", "Name:"),
        }
    }

    /// The environment that the process was started with, its variables separated by NUL.
    pub fn environment(&self) -> Option<Vec<u8>> {
        fs::read(self.file("environ")).ok()
    }

    /// The soft and the hard limit of open files; `u64::MAX` for none.
    pub fn open_files_limit(&self) -> Option<(u64, u64)> {
        let line = self.value("limits", "Max open files")?;
        let mut numbers = line.split_ascii_whitespace().map(|word| match word {
            "unlimited" => Some(u64::MAX),
            number => number.parse().ok(),
        });
        Some((numbers.next()??, numbers.next()??))
    }

    /// The open descriptors. One that reading them needs may be among them, closed.
    pub fn descriptors(&self) -> Option<Vec<RawFd>> {
        let names = fs::read_dir(self.file("fd")).ok()?;
        let number = |name: OsString| name.to_str()?.parse().ok();
        Some(names.filter_map(|entry| number(entry.ok()?.file_name())).collect())
    }

    /// What a descriptor is: a path, or the likes of `pipe:[123]`.
    pub fn descriptor(&self, number: RawFd) -> Option<OsString> {
        Some(fs::read_link(self.file(&format!("fd/{number}"))).ok()?.into_os_string())
    }
}
