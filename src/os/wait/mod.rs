//! Waiting in the operating system's lock call: the threads that do it, and how their wait is ended.

mod interrupt;
mod threads;

pub use interrupt::{Delivery, Interrupt};
pub use threads::{Body, run};

/// The stack of a thread that waits, in bytes: it opens a file and blocks.
const STACK: usize = 128 * 1024;
