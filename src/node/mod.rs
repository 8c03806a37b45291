//! The only code that knows Node-API: it turns calls into events and outcomes into completions.
//!
//! The JavaScript beside it (`lib/native/`) makes promises and errors; what crosses the border is
//! numbers. What the lock has decided stays in the [`completions`] of its thread until JavaScript has
//! taken it: native code calls JavaScript, and a call that does not return normally is made again.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod acl;
mod callback;
#[cfg(unix)]
mod cli;
mod completions;
mod direct;
mod environment;
mod handles;
mod holders;
mod lock;
mod outcome;
mod pool;
mod records;
mod wake;
mod watches;

use std::sync::{Arc, LazyLock};

use napi::{Error, Result, Status, sys};
use napi_derive::napi;

use self::completions::JsReply;
use crate::lock::Driver;
use crate::os::System;

/// What `lib/native/binding.js` compares with the version of the package around it.
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The locks of this process, for all its threads. Nothing exists before the first use.
static DRIVER: LazyLock<Arc<Driver<JsReply, System>>> = LazyLock::new(|| Driver::new(System));

fn check(status: sys::napi_status) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Error::from_status(Status::from(status)))
    }
}
