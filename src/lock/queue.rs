//! The waiters of one file, first come, first served.

use std::collections::{BTreeMap, BTreeSet};

use super::waiter::{AcquireId, OwnerId, WaitLimit, Waiter};

/// A queue that finds and removes any waiter in logarithmic time, however many there are. What
/// concerns few waiters is found without the others.
///
/// Mostly there is one waiter, which is put into no index.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub struct Queue<R> {
    /// `None` where there is no waiter at all.
    pub(super) first: Option<(u64, Waiter<R>)>,
    /// Made for the second waiter, and then kept.
    pub(super) others: Option<Box<Others<R>>>,
}

/// Waiters behind the first one.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Others<R> {
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
        Self { first: None, others: None }
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Adds a waiter at the place its arrival gives it. Arrivals are unique in the process.
    pub fn insert(&mut self, arrival: u64, waiter: Waiter<R>) {
        let behind = match &mut self.first {
            None => {
                self.first = Some((arrival, waiter));
                return;
            }
            Some(first) if arrival < first.0 => std::mem::replace(first, (arrival, waiter)),
            Some(_) => (arrival, waiter),
        };
        self.others.get_or_insert_default().insert(behind.0, behind.1);
    }

    pub fn first(&self) -> Option<&Waiter<R>> {
        self.first.as_ref().map(|(_, waiter)| waiter)
    }

    pub fn pop_first(&mut self) -> Option<Waiter<R>> {
        let (_, waiter) = self.first.take()?;
        self.move_up();
        Some(waiter)
    }

    pub fn remove(&mut self, id: AcquireId) -> Option<Waiter<R>> {
        if self.first().is_some_and(|first| first.id == id) {
            return self.pop_first();
        }
        self.others.as_mut()?.remove(id)
    }

    /// Removes and returns, with their arrivals, the waiters for which `belongs` is `true`.
    pub fn remove_all(&mut self, belongs: impl Fn(&Waiter<R>) -> bool) -> Vec<(u64, Waiter<R>)> {
        self.remove_found(&belongs, |others| {
            let found = others.by_arrival.iter().filter(|(_, waiter)| belongs(waiter));
            found.map(|(arrival, _)| *arrival).collect()
        })
    }

    /// Returns `true` if the waiter gets the lock with the first one: it is that one, or both only
    /// read, as all between them do.
    pub fn goes_with_first(&self, id: AcquireId) -> bool {
        let Some(first) = self.first() else { return false };
        let arrival = self.others.as_ref().and_then(|others| others.arrivals.get(&id));
        first.id == id
            || first.is_shared() && arrival.is_some_and(|arrival| !self.has_writer_until(*arrival))
    }

    fn has_writer_until(&self, arrival: u64) -> bool {
        let others = self.others.as_ref();
        others.is_some_and(|others| others.writers.first().is_some_and(|one| *one <= arrival))
    }

    /// From now on, the waiter is one with a single attempt.
    pub fn make_single(&mut self, id: AcquireId) {
        if let Some((_, first)) = &mut self.first
            && first.id == id
        {
            first.limit = WaitLimit::None;
        } else if let Some(others) = &mut self.others
            && let Some(arrival) = others.arrivals.get(&id).copied()
            && let Some(mut waiter) = others.remove_at(arrival)
        {
            waiter.limit = WaitLimit::None;
            others.insert(arrival, waiter);
        }
    }

    pub fn has_single(&self) -> bool {
        self.has(Waiter::is_single, |others| !others.single.is_empty())
    }

    pub fn has_writer(&self) -> bool {
        self.has(|first| !first.is_shared(), |others| !others.writers.is_empty())
    }

    /// Returns `true` if there is a waiter whose thread waits for it without a limit, and belongs to an
    /// owner for which `holds` is `true`.
    pub fn has_blocked_of(&self, holds: impl Fn(OwnerId) -> bool) -> bool {
        self.has(
            |first| first.blocks_thread() && holds(first.id.owner),
            |others| others.blocked.iter().any(|(owner, _)| holds(*owner)),
        )
    }

    /// Removes and returns, with their arrivals, the waiters with a single attempt, other than `kept`.
    pub fn remove_single(&mut self, kept: Option<AcquireId>) -> Vec<(u64, Waiter<R>)> {
        self.remove_found(
            |first| first.is_single() && kept != Some(first.id),
            |others| {
                let kept = kept.and_then(|id| others.arrivals.get(&id));
                others.single.iter().filter(|one| Some(*one) != kept).copied().collect()
            },
        )
    }

    /// Removes and returns, with their arrivals, the waiters, other than `holder` itself, for which
    /// the thread of `holder` waits without a limit.
    pub fn remove_blocked(&mut self, holder: AcquireId) -> Vec<(u64, Waiter<R>)> {
        self.remove_found(
            |first| first.blocks_thread() && first.id.owner == holder.owner && first.id != holder,
            |others| {
                let itself = others.arrivals.get(&holder).copied();
                let blocked = others.blocked.range((holder.owner, 0)..=(holder.owner, u64::MAX));
                blocked.map(|(_, arrival)| *arrival).filter(|one| Some(*one) != itself).collect()
            },
        )
    }

    /// Removes and returns, with their arrivals, the waiters whose thread waits for them without a
    /// limit, and belongs to an owner for which `holds` is `true`.
    pub fn remove_blocked_of(&mut self, holds: impl Fn(OwnerId) -> bool) -> Vec<(u64, Waiter<R>)> {
        self.remove_found(
            |first| first.blocks_thread() && holds(first.id.owner),
            |others| {
                let blocked = others.blocked.iter().filter(|(owner, _)| holds(*owner));
                blocked.map(|(_, arrival)| *arrival).collect()
            },
        )
    }

    /// Calls `notice`, once, for each waiter that is to be told that the lock is taken.
    pub fn notice(&mut self, mut notice: impl FnMut(&Waiter<R>)) {
        if let Some((_, first)) = &mut self.first
            && std::mem::take(&mut first.wants_notice)
        {
            notice(first);
        }
        if let Some(others) = &mut self.others {
            others.notice(notice);
        }
    }

    /// Removes and returns all waiters, by arrival.
    pub fn drain(&mut self) -> impl Iterator<Item = (u64, Waiter<R>)> + use<R> {
        let others = self.others.take().into_iter().flat_map(|others| others.by_arrival);
        self.first.take().into_iter().chain(others)
    }

    fn has(
        &self,
        is_first: impl FnOnce(&Waiter<R>) -> bool,
        is_other: impl FnOnce(&Others<R>) -> bool,
    ) -> bool {
        self.first().is_some_and(is_first) || self.others.as_deref().is_some_and(is_other)
    }

    /// Removes and returns the first waiter if it is meant, and those of the others that are found.
    fn remove_found(
        &mut self,
        is_meant: impl FnOnce(&Waiter<R>) -> bool,
        find: impl FnOnce(&Others<R>) -> Vec<u64>,
    ) -> Vec<(u64, Waiter<R>)> {
        let first = self.first.take_if(|(_, first)| is_meant(first));
        let mut removed = Vec::from_iter(first);
        if let Some(others) = &mut self.others {
            let found = find(others).into_iter();
            removed.extend(found.filter_map(|at| Some((at, others.remove_at(at)?))));
        }
        self.move_up();
        removed
    }

    /// The next waiter becomes the first one, if there is none.
    fn move_up(&mut self) {
        if self.first.is_none()
            && let Some(others) = &mut self.others
        {
            self.first = others.pop_first();
        }
    }
}

impl<R> Default for Others<R> {
    fn default() -> Self {
        Self {
            by_arrival: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            unnoticed: BTreeSet::new(),
            single: BTreeSet::new(),
            writers: BTreeSet::new(),
            blocked: BTreeSet::new(),
        }
    }
}

impl<R> Others<R> {
    fn insert(&mut self, arrival: u64, waiter: Waiter<R>) {
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

    fn pop_first(&mut self) -> Option<(u64, Waiter<R>)> {
        let arrival = *self.by_arrival.first_key_value()?.0;
        Some((arrival, self.remove_at(arrival)?))
    }

    fn remove(&mut self, id: AcquireId) -> Option<Waiter<R>> {
        let arrival = *self.arrivals.get(&id)?;
        self.remove_at(arrival)
    }

    fn notice(&mut self, mut notice: impl FnMut(&Waiter<R>)) {
        for arrival in std::mem::take(&mut self.unnoticed) {
            if let Some(waiter) = self.by_arrival.get_mut(&arrival) {
                waiter.wants_notice = false;
                notice(waiter);
            }
        }
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
