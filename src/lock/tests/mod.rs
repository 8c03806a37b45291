//! The lock under test.
//!
//! * [`exhaustive`] tries every order of events that [`world`] allows, with [`explore`].
//! * [`transitions`] says each rule of the state machine by an example.

mod exhaustive;
mod explore;
mod orders;
mod transitions;
mod world;
