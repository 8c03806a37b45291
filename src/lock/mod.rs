//! The lock itself: who holds a file, who waits for it, and what is to be done next.
//!
//! [`state`] and [`registry`] are pure: no I/O, no mutex, no thread, no clock. [`driver`] keeps
//! them under a mutex and carries out, outside of it, the actions they order.

mod driver;
mod parker;
mod queue;
mod registry;
mod state;
mod sync;
#[cfg(test)]
mod tests;
mod waiter;

pub use driver::{Attempt, Driver};
pub use parker::Parker;
pub use waiter::{Holder, LockPath, Outcome, OwnerId, Patience, Seat, Waiter, WaiterId};
