//! Runs a command while a lock is held, so that the command cannot tell that it was wrapped.
//!
//! * [`arguments`], [`inherited`]: what this process was started with, before Node changed it.
//! * [`lock`] acquires; [`command`] starts, waits and ends; [`signals`] passes signals on.
//!
//! The rule above all others: the lock is never free while the command runs, unless this process is
//! killed with SIGKILL.

pub mod arguments;
pub mod command;
mod descriptors;
pub mod inherited;
pub mod lock;
mod procfs;
pub mod signals;
