//! The locks of this thread by handle, a number. In a call that every critical section makes, a
//! number crosses the border in half the time that an object takes with the checks of napi-rs.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use napi::bindgen_prelude::{Buffer, Either, Function, Object, Uint8Array};
use napi::{Error, Result, Status};
use napi_derive::napi;

use super::callback::Callback;
use crate::lock::LockId;
use crate::os;
use crate::path::LockPath;

/// A path, and the function of the instance of the package that is told about its acquires.
pub struct LockContext {
    pub path: LockPath,
    pub id: LockId,
    pub callback: Rc<Callback>,
    /// Its path is going to be checked.
    pub is_check_due: Cell<bool>,
}

/// How many there were.
static LOCKS: AtomicU64 = AtomicU64::new(0);

struct Handles {
    locks: Vec<Option<Rc<LockContext>>>,
    free: Vec<usize>,
}

thread_local! {
    /// As [`Environment::current`](super::environment::Environment::current), not dropped.
    static HANDLES: ManuallyDrop<RefCell<Handles>> =
        const { ManuallyDrop::new(RefCell::new(Handles { locks: Vec::new(), free: Vec::new() })) };
}

/// One instance of the package: a thread can load several.
#[napi]
pub struct Instance {
    callback: Rc<Callback>,
    handles: RefCell<HashSet<usize>>,
}

#[napi]
impl Instance {
    /// `complete` is called with the object of an acquire and an outcome; it answers whether the
    /// object takes a grant. It has to stay alive while the object is.
    #[napi(constructor)]
    pub fn new(complete: Function<'_, (Object<'_>, u32), bool>) -> Result<Self> {
        Ok(Self { callback: Rc::new(Callback::new(&complete)?), handles: RefCell::default() })
    }

    /// Returns a handle for the lock of the file at an absolute path, or of the folder.
    #[napi]
    pub fn open(&self, path: Either<String, Uint8Array>, is_folder: bool) -> Result<f64> {
        let path = LockPath::absolute(os_string(path).as_ref()).map_err(|_| no_such_lock())?;
        let path = if is_folder { path.of_folder() } else { path };
        let lock = Rc::new(LockContext {
            path,
            id: LockId(LOCKS.fetch_add(1, Ordering::Relaxed)),
            callback: Rc::clone(&self.callback),
            is_check_due: Cell::new(false),
        });
        let handle = with(|handles| match handles.free.pop() {
            Some(at) => {
                handles.locks[at] = Some(lock);
                at
            }
            None => {
                handles.locks.push(Some(lock));
                handles.locks.len() - 1
            }
        });
        self.handles.borrow_mut().insert(handle);
        Ok(handle as f64)
    }

    /// Frees a handle. What was acquired by it is held as before.
    #[napi]
    pub fn close(&self, handle: f64) {
        let handle = handle as usize;
        if self.handles.borrow_mut().remove(&handle) {
            free(handle);
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        for handle in self.handles.take() {
            free(handle);
        }
    }
}

fn free(handle: usize) {
    with(|handles| {
        if let Some(lock) = handles.locks.get_mut(handle) {
            handles.free.push(handle);
            *lock = None;
        }
    });
}

/// The environment has ended.
pub fn clear() {
    with(|handles| {
        handles.locks.clear();
        handles.free.clear();
    });
}

fn with<T>(act: impl FnOnce(&mut Handles) -> T) -> T {
    HANDLES.with(|handles| act(&mut handles.borrow_mut()))
}

/// Returns the lock with that handle.
pub fn find(handle: f64) -> Result<Rc<LockContext>> {
    with(|handles| handles.locks.get(handle as usize)?.clone()).ok_or_else(no_such_lock)
}

fn no_such_lock() -> Error {
    Error::new(Status::InvalidArg, "no such lock")
}

/// Makes a path absolute. Bytes need not be text; so the answer is bytes where it is no text.
/// A relative path begins at the working directory of this moment; throws an error whose code is
/// libuv's number as text if that cannot be read.
#[napi]
pub fn absolute_path(path: Either<String, Uint8Array>) -> Result<Either<String, Buffer>, String> {
    let path = LockPath::absolute(os_string(path).as_ref())
        .map_err(|error| Error::new(os::errno(&error).to_string(), error.to_string()))?;
    let path = path.as_path().as_os_str();
    Ok(match path.to_str() {
        Some(text) => Either::A(text.to_owned()),
        None => Either::B(path.as_encoded_bytes().into()),
    })
}

fn os_string(path: Either<String, Uint8Array>) -> OsString {
    match path {
        Either::A(text) => OsString::from(text),
        Either::B(bytes) => from_bytes(&bytes),
    }
}

#[cfg(unix)]
fn from_bytes(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).to_owned()
}

#[cfg(windows)]
fn from_bytes(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
