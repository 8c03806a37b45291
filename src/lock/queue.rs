//! The waiters of one file, first come, first served.

use std::collections::{BTreeMap, BTreeSet};

use super::waiter::{AcquireId, OwnerId, Waiter};

/// A queue that finds and removes any waiter in logarithmic time, however many there are. What
/// concerns few waiters is found without the others.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub struct Queue<R> {
    pub(super) by_arrival: BTreeMap<u64, Waiter<R>>,
    pub(super) arrivals: BTreeMap<AcquireId, u64>,
    /// Waiters that are to be told that the lock is taken.
    pub(super) unnoticed: BTreeSet<u64>,
    /// Waiters with a single attempt.
    pub(super) single: BTreeSet<u64>,
    /// Waiters for the exclusive lock.
    pub(super) writers: BTreeSet<u64>,
    /// Waiters whose thread waits for them without a limit.
    pub(super) blocked: BTreeSet<(OwnerId, u64)>,
}

impl<R> Queue<R> {
    pub fn new() -> Self {
        Self {
            by_arrival: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            unnoticed: BTreeSet::new(),
            single: BTreeSet::new(),
            writers: BTreeSet::new(),
            blocked: BTreeSet::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.by_arrival.is_empty()
    }

    /// Adds a waiter at the place its arrival gives it. Arrivals are unique in the process.
    pub fn insert(&mut self, arrival: u64, waiter: Waiter<R>) {
        if waiter.wants_notice {
            self.unnoticed.insert(arrival);
        }
        if waiter.is_single() {
            self.single.insert(arrival);
        }
        if !waiter.is_shared() {
            self.writers.insert(arrival);
        }
        if waiter.blocks_thread() {
            self.blocked.insert((waiter.id.owner, arrival));
        }
        self.arrivals.insert(waiter.id, arrival);
        self.by_arrival.insert(arrival, waiter);
    }

    pub fn first(&self) -> Option<&Waiter<R>> {
        self.by_arrival.first_key_value().map(|(_, waiter)| waiter)
    }

    pub fn pop_first(&mut self) -> Option<Waiter<R>> {
        let arrival = *self.by_arrival.first_key_value()?.0;
        self.remove_at(arrival)
    }

    pub fn remove(&mut self, id: AcquireId) -> Option<Waiter<R>> {
        let arrival = *self.arrivals.get(&id)?;
        self.remove_at(arrival)
    }

    /// Removes and returns, with their arrivals, the waiters for which `belongs` is `true`.
    pub fn remove_all(
        &mut self,
        mut belongs: impl FnMut(&Waiter<R>) -> bool,
    ) -> Vec<(u64, Waiter<R>)> {
        let found = self.by_arrival.iter().filter(|(_, waiter)| belongs(waiter));
        let arrivals: Vec<_> = found.map(|(arrival, _)| *arrival).collect();
        let remove = |arrival| Some((arrival, self.remove_at(arrival)?));
        arrivals.into_iter().filter_map(remove).collect()
    }

    pub fn has_single(&self) -> bool {
        !self.single.is_empty()
    }

    pub fn has_writer(&self) -> bool {
        !self.writers.is_empty()
    }

    /// Removes and returns the waiters with a single attempt, other than `kept`.
    pub fn remove_single(&mut self, kept: Option<AcquireId>) -> Vec<Waiter<R>> {
        if self.single.is_empty() {
            return Vec::new();
        }
        let kept = kept.and_then(|id| self.arrivals.get(&id));
        let arrivals: Vec<_> =
            self.single.iter().filter(|one| Some(*one) != kept).copied().collect();
        arrivals.into_iter().filter_map(|arrival| self.remove_at(arrival)).collect()
    }

    /// Removes and returns the waiters, other than `holder` itself, for which the thread of `holder`
    /// waits without a limit.
    pub fn remove_blocked(&mut self, holder: AcquireId) -> Vec<Waiter<R>> {
        if self.blocked.is_empty() {
            return Vec::new();
        }
        let itself = self.arrivals.get(&holder).copied();
        let blocked = self.blocked.range((holder.owner, 0)..=(holder.owner, u64::MAX));
        let others = blocked.map(|(_, arrival)| *arrival).filter(|one| Some(*one) != itself);
        let arrivals: Vec<_> = others.collect();
        arrivals.into_iter().filter_map(|arrival| self.remove_at(arrival)).collect()
    }

    /// Removes and returns the waiters whose thread waits for them without a limit, and belongs to an
    /// owner for which `holds` is `true`.
    pub fn remove_blocked_of(&mut self, holds: impl Fn(OwnerId) -> bool) -> Vec<Waiter<R>> {
        let blocked = self.blocked.iter().filter(|(owner, _)| holds(*owner));
        let arrivals: Vec<_> = blocked.map(|(_, arrival)| *arrival).collect();
        arrivals.into_iter().filter_map(|arrival| self.remove_at(arrival)).collect()
    }

    /// Returns `true` if there is such a waiter.
    pub fn has_blocked_of(&self, holds: impl Fn(OwnerId) -> bool) -> bool {
        self.blocked.iter().any(|(owner, _)| holds(*owner))
    }

    /// Calls `notice`, once, for each waiter that is to be told that the lock is taken.
    pub fn notice(&mut self, mut notice: impl FnMut(&Waiter<R>)) {
        for arrival in std::mem::take(&mut self.unnoticed) {
            if let Some(waiter) = self.by_arrival.get_mut(&arrival) {
                waiter.wants_notice = false;
                notice(waiter);
            }
        }
    }

    /// Removes and returns all waiters, by arrival.
    pub fn drain(&mut self) -> impl Iterator<Item = (u64, Waiter<R>)> + use<R> {
        std::mem::replace(self, Self::new()).by_arrival.into_iter()
    }

    fn remove_at(&mut self, arrival: u64) -> Option<Waiter<R>> {
        let waiter = self.by_arrival.remove(&arrival)?;
        self.arrivals.remove(&waiter.id);
        self.unnoticed.remove(&arrival);
        self.single.remove(&arrival);
        self.writers.remove(&arrival);
        self.blocked.remove(&(waiter.id.owner, arrival));
        Some(waiter)
    }
}
