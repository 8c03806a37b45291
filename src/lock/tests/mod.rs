//! The lock under test.
//!
//! * [`exhaustive`] tries every order of events that [`world`] allows, with [`explore`];
//!   [`renumber`] makes equal states one.
//! * [`transitions`] shows each rule of the state machine by an example.
//! * [`sharing`] does so for the shared mode.
//! * [`driving`] runs the driver over [`fake_os`], [`driving_shared`] in shared mode.
//! * [`interleavings`] runs the driver under many schedules of its threads.
//! * [`queue`] compares the queue of waiters with a list.
//! * [`parking`] parks a thread for its own acquire.
//! * [`faults`] makes each system call fail in turn, with [`faulty`].
//! * [`stress`] uses the real locks, in threads and processes.

#[cfg(not(shuttle))]
mod driving;
#[cfg(not(shuttle))]
mod driving_shared;
mod exhaustive;
mod explore;
mod fake_os;
#[cfg(not(shuttle))]
mod faults;
#[cfg(not(shuttle))]
mod faulty;
mod harness;
mod inspect;
mod interleavings;
#[cfg(not(shuttle))]
mod parking;
mod queue;
mod renumber;
mod reply;
mod sharing;
#[cfg(not(shuttle))]
mod stress;
#[cfg(not(shuttle))]
mod temp;
mod threads;
mod transitions;
mod world;
