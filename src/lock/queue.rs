//! The waiters of one file, first come, first served.

use std::collections::{BTreeMap, HashMap};

use super::waiter::{Waiter, WaiterId};

#[cfg(test)]
#[path = "tests/inspect/queue.rs"]
mod inspect;

/// A queue that finds and removes any waiter in logarithmic time.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub struct Queue<S> {
    by_arrival: BTreeMap<u64, Waiter<S>>,
    arrivals: HashMap<WaiterId, u64>,
    /// How many are [special](Waiter::is_special), so that nobody is looked for in vain.
    special: usize,
}

impl<S> Queue<S> {
    pub fn new() -> Self {
        Self { by_arrival: BTreeMap::new(), arrivals: HashMap::new(), special: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.by_arrival.is_empty()
    }

    /// Adds a waiter at the place its arrival gives it. Arrivals are unique in the process.
    pub fn insert(&mut self, arrival: u64, waiter: Waiter<S>) {
        self.special += usize::from(waiter.is_special());
        self.arrivals.insert(waiter.id, arrival);
        self.by_arrival.insert(arrival, waiter);
    }

    pub fn first(&self) -> Option<&Waiter<S>> {
        self.by_arrival.first_key_value().map(|(_, waiter)| waiter)
    }

    pub fn pop_first(&mut self) -> Option<Waiter<S>> {
        let (_, waiter) = self.by_arrival.pop_first()?;
        self.forget(&waiter);
        Some(waiter)
    }

    pub fn remove(&mut self, id: WaiterId) -> Option<Waiter<S>> {
        let arrival = self.arrivals.get(&id)?;
        let waiter = self.by_arrival.remove(arrival)?;
        self.forget(&waiter);
        Some(waiter)
    }

    /// Removes, by arrival, all that `belongs` says yes to.
    pub fn remove_all(&mut self, mut belongs: impl FnMut(&Waiter<S>) -> bool) -> Vec<Waiter<S>> {
        let removed: Vec<_> =
            self.by_arrival.extract_if(.., |_, waiter| belongs(waiter)).map(|(_, w)| w).collect();
        for waiter in &removed {
            self.forget(waiter);
        }
        removed
    }

    /// As [`Queue::remove_all`], for what only special waiters can be: free where there are none.
    pub fn remove_special(&mut self, belongs: impl FnMut(&Waiter<S>) -> bool) -> Vec<Waiter<S>> {
        if self.special == 0 { Vec::new() } else { self.remove_all(belongs) }
    }

    /// Is one of the special waiters so?
    pub fn has_special(&self, is_so: impl FnMut(&Waiter<S>) -> bool) -> bool {
        self.special > 0 && self.by_arrival.values().any(is_so)
    }

    /// Calls `notice` for each waiter that wants to know that the lock is taken, once.
    pub fn notice(&mut self, mut notice: impl FnMut(&Waiter<S>)) {
        if self.special == 0 {
            return;
        }
        for waiter in self.by_arrival.values_mut().filter(|waiter| waiter.wants_notice) {
            notice(waiter);
            waiter.wants_notice = false;
            self.special -= usize::from(!waiter.is_special());
        }
    }

    /// Takes everybody out, by arrival.
    pub fn drain(&mut self) -> impl Iterator<Item = (u64, Waiter<S>)> + use<S> {
        self.special = 0;
        self.arrivals.clear();
        std::mem::take(&mut self.by_arrival).into_iter()
    }

    fn forget(&mut self, waiter: &Waiter<S>) {
        self.arrivals.remove(&waiter.id);
        self.special -= usize::from(waiter.is_special());
    }
}
