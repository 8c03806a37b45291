//! Entries, work, offers and arrivals are told apart by numbers that only grow. What counts is which are
//! equal and which come first: numbered anew from one, states that differ in nothing else are one.

use std::mem::take;

use crate::lock::command::{EntryId, Offer, WorkId};
use crate::lock::entry::Entry;
use crate::lock::hold::Hold;
use crate::lock::registry::{FIRST_ARRIVAL, Registry};

/// The numbers that are in use, in their order.
pub struct Numbers {
    /// Of work and offers, by entry; 0 is the entry itself.
    orders: Vec<(EntryId, u64)>,
    arrivals: Vec<u64>,
}

impl Numbers {
    /// Those that the registry knows, and of what is under way: the entry, and a number where it has one.
    pub fn new<R, F>(
        registry: &Registry<R, F>,
        work: impl Iterator<Item = (EntryId, Option<u64>)>,
    ) -> Self {
        let mut orders = Vec::with_capacity(16);
        let mut arrivals = Vec::with_capacity(8);
        for (id, slot) in &registry.entries {
            orders.push((*id, 0));
            orders.extend(numbers_of(&slot.entry).map(|number| (*id, number)));
            arrivals.extend(slot.entry.queue.iter().map(|(arrival, _)| *arrival));
        }
        for (id, number) in work {
            orders.push((id, 0));
            orders.extend(number.map(|number| (id, number)));
        }
        orders.sort_unstable();
        orders.dedup();
        arrivals.sort_unstable();
        Self { orders, arrivals }
    }

    pub fn entry(&self, id: EntryId) -> EntryId {
        let before = self.orders.iter().take_while(|(entry, _)| *entry < id);
        EntryId(1 + before.filter(|(_, number)| *number == 0).count() as u64)
    }

    pub fn work(&self, WorkId { entry, number }: WorkId) -> WorkId {
        WorkId { entry: self.entry(entry), number: self.order(entry, number) }
    }

    pub fn offer(&self, Offer { entry, number }: Offer) -> Offer {
        Offer { entry: self.entry(entry), number: self.order(entry, number) }
    }

    /// How many of the entry are in use up to this one.
    fn order(&self, id: EntryId, last: u64) -> u64 {
        let those = self.orders.iter().filter(|(entry, number)| *entry == id && *number > 0);
        those.take_while(|(_, number)| *number <= last).count() as u64
    }

    fn arrival(&self, arrival: u64) -> u64 {
        let before = self.arrivals.iter().take_while(|one| **one < arrival);
        FIRST_ARRIVAL + 1 + before.count() as u64
    }

    fn last(&self) -> u64 {
        let entries = self.orders.iter().filter(|(_, number)| *number == 0).count();
        entries.max(self.arrivals.len()) as u64
    }
}

impl<R, F> Registry<R, F> {
    pub fn renumber(&mut self, numbers: &Numbers) {
        if self.entries.keys().any(|id| numbers.entry(*id) != *id) {
            let entries = take(&mut self.entries).into_iter();
            self.entries = entries.map(|(id, slot)| (numbers.entry(id), slot)).collect();
        }
        self.entries.values_mut().for_each(|slot| slot.entry.renumber(numbers));
        let by_path = self.by_path.values_mut();
        let known = by_path.chain(self.by_file.values_mut()).chain(self.by_acquire.values_mut());
        known.for_each(|id| *id = numbers.entry(*id));
        self.unbound = self.unbound.iter().map(|id| numbers.entry(*id)).collect();
        self.last = numbers.last();
        self.ahead = 0;
    }
}

impl<R, F> Entry<R, F> {
    fn renumber(&mut self, numbers: &Numbers) {
        let id = self.id;
        self.id = numbers.entry(id);
        self.numbers = numbers.order(id, u64::MAX);
        match &mut self.hold {
            Hold::Attempting(attempt) => attempt.work = numbers.work(attempt.work),
            Hold::Offered { number, .. } => *number = numbers.order(id, *number),
            _ => {}
        }
        if let Some(wait) = &mut self.wait {
            wait.work = numbers.work(wait.work);
        }
        if self.queue.iter().any(|(arrival, _)| numbers.arrival(*arrival) != *arrival) {
            let waiters: Vec<_> = self.queue.drain().collect();
            for (arrival, waiter) in waiters {
                self.queue.insert(numbers.arrival(arrival), waiter);
            }
        }
    }
}

/// The numbers of what the entry waits for.
fn numbers_of<R, F>(entry: &Entry<R, F>) -> impl Iterator<Item = u64> {
    let held = match entry.hold {
        Hold::Attempting(attempt) => Some(attempt.work.number),
        Hold::Offered { number, .. } => Some(number),
        _ => None,
    };
    held.into_iter().chain(entry.wait.iter().map(|wait| wait.work.number))
}
