//! What the acquisitions of this process say of themselves beside their lock files.

use std::sync::atomic::{AtomicUsize, Ordering};

use napi::bindgen_prelude::AsyncTask;
use napi::{Env, Result};
use napi_derive::napi;
use parking_lot::Mutex;

use super::environment::Environment;
use super::holders::HolderInfo;
use super::pool::Work;
use super::{DRIVER, handles};
use crate::lock::{AcquireId, OwnerId};
use crate::os::record::{self, RecordFile};
use crate::os::{self, LockState, Mode};
use crate::path::LockPath;

/// Each removes its record when it is dropped.
static RECORDS: Mutex<Vec<(AcquireId, RecordFile)>> = Mutex::new(Vec::new());

/// How many there are: where there is none, a release has nothing to look for.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Writes the record of an acquisition that holds the lock. It is absent where the file system has
/// no room for it, or the file cannot be opened.
#[napi]
pub fn set_record(env: &Env, handle: f64, acquire: f64, record: String) -> Result<()> {
    let lock = handles::find(handle)?;
    write(&lock.path, Environment::current(env)?.acquire_id(acquire), &record);
    Ok(())
}

/// As [`set_record`].
pub fn write(path: &LockPath, acquire: AcquireId, record: &str) {
    let Ok(mut file) = RecordFile::open(path) else { return };
    if !DRIVER.holds(acquire) || file.write(record.as_bytes()).is_err() {
        return;
    }
    insert(acquire, file);
    // Another thread can have released it meanwhile.
    if !DRIVER.holds(acquire) {
        remove(acquire);
    }
}

fn insert(acquire: AcquireId, file: RecordFile) {
    let mut records = RECORDS.lock();
    records.push((acquire, file));
    COUNT.store(records.len(), Ordering::Release);
}

/// Removes the record of an acquisition. Comes before its release.
pub fn remove(acquire: AcquireId) {
    remove_if(|(id, _)| *id == acquire);
}

/// Removes the records of an environment that ends.
pub fn remove_of(owner: OwnerId) {
    remove_if(|(id, _)| id.owner == owner);
}

fn remove_if(is_over: impl Fn(&(AcquireId, RecordFile)) -> bool) {
    if COUNT.load(Ordering::Acquire) == 0 {
        return;
    }
    let mut records = RECORDS.lock();
    let removed: Vec<_> = records.extract_if(.., |record| is_over(record)).collect();
    COUNT.store(records.len(), Ordering::Release);
    drop(records);
    // Outside the mutex: this asks the file system.
    drop(removed);
}

/// Returns when the process started, in a unit of the system, or `None` if there is no such process.
#[napi]
pub fn process_start(pid: u32) -> Option<String> {
    record::process_start(pid).map(|start| start.to_string())
}

/// The lock of a file, as far as the system tells.
#[napi(object, object_from_js = false)]
pub struct Inspection {
    /// The system tells whether the lock is held.
    pub is_known: bool,
    /// It is held, by whichever process.
    pub is_locked: bool,
    /// It is held in shared mode.
    pub is_shared: bool,
    /// How many processes wait for it.
    pub waiting: u32,
    /// The processes that hold it and can be seen.
    pub holders: Vec<HolderInfo>,
    /// The record beside the file, whichever process wrote it.
    pub record: Option<String>,
}

/// Looks at a lock without taking it, on the thread pool.
#[napi]
pub fn inspect_lock(handle: f64) -> Result<AsyncTask<Work>> {
    let path = handles::find(handle)?.path.clone();
    Ok(Work::promise(move || inspect(&path)))
}

fn inspect(path: &LockPath) -> Inspection {
    let state = os::state(path);
    let LockState { mode, waiting } = state.unwrap_or_default();
    // One that ended since wrote a record for nothing: the holders come last.
    let record = record::read(path);
    let record = record.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let holders = DRIVER.holders(std::slice::from_ref(path)).pop().unwrap_or_default();
    Inspection {
        is_known: state.is_some(),
        is_locked: mode.is_some(),
        is_shared: mode == Some(Mode::Shared),
        waiting,
        holders: holders.into_iter().map(HolderInfo::from).collect(),
        record,
    }
}
