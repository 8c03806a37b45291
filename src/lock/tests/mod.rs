//! The lock under test.
//!
//! * [`exhaustive`] tries every order of events that [`world`] allows, with [`explore`].
//! * [`transitions`] says each rule of the state machine by an example.
//! * [`driving`] asks the driver, over [`fake_os`].
//! * [`interleavings`] runs the driver under many schedules of its threads.
//! * [`parking`] parks a thread for its own acquire.
//! * [`faults`] lets each system call fail in turn, with [`faulty`].
//! * [`stress`] uses the real locks, in threads and processes.

mod chair;
#[cfg(not(shuttle))]
mod driving;
mod exhaustive;
mod explore;
mod fake_os;
#[cfg(not(shuttle))]
mod faults;
#[cfg(not(shuttle))]
mod faulty;
mod interleavings;
mod orders;
#[cfg(not(shuttle))]
mod parking;
#[cfg(not(shuttle))]
mod stress;
#[cfg(not(shuttle))]
mod temp;
mod threads;
mod transitions;
mod world;
