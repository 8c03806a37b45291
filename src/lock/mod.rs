//! The lock itself: which acquisition holds a file, which ones wait, and what comes next.
//!
//! [`entry`] and [`registry`] are pure: no I/O, no mutex, no thread, no clock. [`driver`] keeps
//! them under a mutex and carries out, outside of it, the actions that they order in the terms of
//! [`command`].

mod command;
mod driver;
mod entry;
mod hold;
mod holders;
mod parker;
mod queue;
mod registry;
mod sync;
#[cfg(test)]
mod tests;
mod wait;
mod waiter;

pub use command::Offer;
pub use driver::Driver;
pub use parker::{Parked, Parker};
pub use registry::NotReleased;
pub use waiter::{AcquireId, Blocker, Expired, LockId, Outcome, OwnerId, Reply, WaitLimit, Waiter};
