//! What the tests see of a queue.

use std::hash::{Hash, Hasher};

use super::Queue;
use crate::lock::waiter::Waiter;

impl<S> Queue<S> {
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Waiter<S>)> {
        self.by_arrival.iter().map(|(arrival, waiter)| (*arrival, waiter))
    }

    /// What it knows besides the waiters follows from them.
    pub fn assert_indices(&self) {
        assert_eq!(self.arrivals.len(), self.by_arrival.len(), "the queue's index is complete");
        let special = self.by_arrival.values().filter(|waiter| waiter.is_special()).count();
        assert_eq!(self.special, special, "the queue knows how many are special");
    }
}

/// The rest follows from the waiters.
impl<S: Hash> Hash for Queue<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.by_arrival.hash(state);
    }
}
