//! The only code that knows Node-API: it turns calls into events and outcomes into letters.
//!
//! The JavaScript face beside it (`index.js`) checks arguments and makes promises and errors;
//! what crosses the border is numbers.

mod environment;
mod handles;
mod mailbox;
mod native_lock;

use std::sync::{Arc, LazyLock};

use self::mailbox::Seat;
use crate::lock::Driver;
use crate::os::System;

/// The locks of this process, for all its threads. Nothing exists before the first use.
static DRIVER: LazyLock<Arc<Driver<Seat, System>>> = LazyLock::new(|| Driver::new(System));
