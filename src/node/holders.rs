//! Which processes hold locks, for JavaScript.

use napi::Result;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

use super::DRIVER;
use super::handles;
use super::pool::Work;
use crate::os::{self, Mode};
use crate::path::LockPath;

/// A process that holds a lock.
#[napi(object, object_from_js = false)]
pub struct HolderInfo {
    /// Its process id.
    pub pid: u32,
    /// `true` if it holds the lock in shared mode.
    pub is_shared: bool,
    /// How many processes hold that lock, of a single lock that was asked for.
    pub count: Option<u32>,
    /// When it started, in ticks since the system did, if it is another process and the system tells.
    pub start: Option<f64>,
    /// Its command line, if it is another process and the system tells.
    pub argv: Option<Vec<String>>,
}

impl From<os::HolderInfo> for HolderInfo {
    fn from(os::HolderInfo { pid, mode, start, argv }: os::HolderInfo) -> Self {
        let start = start.map(|ticks| ticks as f64);
        Self { pid, is_shared: mode == Mode::Shared, count: None, start, argv }
    }
}

/// The holders of several locks.
#[napi(object, object_from_js = false)]
pub struct FoundHolders {
    /// Every process that holds one of them, once for each mode.
    pub processes: Vec<HolderInfo>,
    /// For each lock, which of them hold it. Empty where the system does not tell.
    pub of: Vec<Vec<u32>>,
}

impl FoundHolders {
    fn new(found: Vec<Vec<os::HolderInfo>>) -> Self {
        let mut processes: Vec<HolderInfo> = Vec::new();
        let mut place_of = |holder: os::HolderInfo| {
            let holder = HolderInfo::from(holder);
            let same =
                |other: &HolderInfo| other.pid == holder.pid && other.is_shared == holder.is_shared;
            let known = processes.iter().position(same);
            known.unwrap_or_else(|| {
                processes.push(holder);
                processes.len() - 1
            }) as u32
        };
        let of = found.into_iter().map(|holders| holders.into_iter().map(&mut place_of).collect());
        let of = of.collect();
        Self { processes, of }
    }
}

/// Returns the process that holds the lock, where that can be known. Another process is searched for
/// on this thread, which can take milliseconds.
#[napi]
pub fn holder(handle: f64) -> Result<Option<HolderInfo>> {
    let holders = DRIVER.holders(std::slice::from_ref(&handles::find(handle)?.path));
    let holders = holders.into_iter().next().unwrap_or_default();
    let count = Some(holders.len() as u32);
    Ok(holders.into_iter().next().map(|first| HolderInfo { count, ..HolderInfo::from(first) }))
}

/// Searches for the holders of several locks at once, on the thread pool.
#[napi]
pub fn query_holders(handles: Vec<f64>) -> AsyncTask<Work> {
    // None where JavaScript made the number up.
    let paths: Vec<_> =
        handles.into_iter().map(|handle| Some(handles::find(handle).ok()?.path.clone())).collect();
    Work::promise(move || FoundHolders::new(find_all(&paths)))
}

fn find_all(paths: &[Option<LockPath>]) -> Vec<Vec<os::HolderInfo>> {
    let known: Vec<_> = paths.iter().flatten().cloned().collect();
    let mut found = DRIVER.holders(&known).into_iter();
    let of = |path: &Option<LockPath>| path.as_ref().and_then(|_| found.next());
    paths.iter().map(of).map(Option::unwrap_or_default).collect()
}
