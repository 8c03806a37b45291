//! The completions that one JavaScript environment has yet to be told.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::outcome::{Kind, encode, encode_waiting};
use super::wake::Wake;
use crate::lock::{self, AcquireId, Blocker, Offer, Outcome, Parker};

/// What an environment has to do.
#[derive(Clone, Copy, Debug)]
pub enum Record {
    /// Tell JavaScript.
    Complete(Completion),
    /// Accept a lock for an acquire of the environment, by its number.
    Accept { offer: Offer, acquire: u64 },
}

/// What happened to an acquire.
#[derive(Clone, Copy, Debug)]
pub struct Completion {
    /// The acquire, by the number that its environment gave it.
    pub acquire: u64,
    /// See [`outcome`](super::outcome).
    pub outcome: u32,
}

thread_local! {
    /// The queue that this thread delivers anyway, right after its present work.
    static WAKE_SUPPRESSED: Cell<*const CompletionQueue> = const { Cell::new(ptr::null()) };
}

/// The completions of one environment: added by any thread, removed by the environment's once
/// JavaScript has taken them.
pub struct CompletionQueue {
    records: Mutex<VecDeque<Record>>,
    /// A wake is on its way.
    woken: AtomicBool,
    /// `None` before the environment has begun and after it has ended.
    wake: Mutex<Option<Wake>>,
}

impl CompletionQueue {
    /// Returns a queue that wakes no environment before it is [opened](CompletionQueue::open).
    pub fn new() -> Arc<Self> {
        let records = Mutex::new(VecDeque::new());
        Arc::new(Self { records, woken: AtomicBool::new(false), wake: Mutex::new(None) })
    }

    pub fn open(&self, wake: Wake) {
        *self.wake.lock() = Some(wake);
    }

    /// The environment runs: a completion that comes from now on wakes it again.
    pub fn on_wake(&self) {
        self.woken.store(false, Ordering::SeqCst);
    }

    /// Returns the oldest record. For the environment's thread, as is the next.
    pub fn first(&self) -> Option<Record> {
        let mut records = self.records.lock();
        // Confirmed by the thread that waited for it: nothing is left to accept.
        if let Some(Record::Accept { acquire, .. }) = records.front()
            && let Some(Record::Complete(next)) = records.get(1)
            && next.acquire == *acquire
        {
            records.pop_front();
        }
        records.front().copied()
    }

    /// Removes the oldest record, which is done.
    pub fn remove_first(&self) {
        self.records.lock().pop_front();
    }

    /// Adds a record, and wakes the environment.
    pub fn push(&self, record: Record) {
        self.records.lock().push_back(record);
        if !ptr::eq(WAKE_SUPPRESSED.get(), self) {
            self.wake();
        }
    }

    /// Adds that the acquire has given up.
    pub fn push_cancelled(&self, id: AcquireId) {
        let outcome = Kind::Cancelled.into();
        self.push(Record::Complete(Completion { acquire: id.sequence, outcome }));
    }

    /// Runs `work` on a thread that delivers this queue right after: no wake is needed.
    pub fn suppress_wake<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = WAKE_SUPPRESSED.replace(self);
        let result = work();
        WAKE_SUPPRESSED.set(before);
        result
    }

    /// Wakes the environment, unless a wake is on its way.
    pub fn wake(&self) {
        if !self.woken.swap(true, Ordering::SeqCst)
            && let Some(wake) = &*self.wake.lock()
        {
            wake.call();
        }
    }

    /// The environment has ended: drops its completions.
    pub fn close(&self) {
        drop(self.wake.lock().take());
        self.records.lock().clear();
    }
}

/// Takes the outcome of an acquire to JavaScript.
#[derive(Clone)]
pub enum JsReply {
    /// Into the queue of the environment, under the number that it gave.
    Queue { queue: Arc<CompletionQueue>, acquire: u64 },
    /// To the thread that waits.
    Thread(Arc<Parker>),
}

impl lock::Reply for JsReply {
    fn complete(self, outcome: Outcome) {
        match self {
            Self::Queue { queue, acquire } => {
                queue.push(Record::Complete(Completion { acquire, outcome: encode(outcome) }));
            }
            Self::Thread(parker) => parker.complete(outcome),
        }
    }

    fn offer(&self, offer: Offer) {
        match self {
            Self::Queue { queue, acquire } => {
                queue.push(Record::Accept { offer, acquire: *acquire });
            }
            Self::Thread(parker) => parker.offer(offer),
        }
    }

    fn notice(&self, blocker: Blocker) {
        match self {
            Self::Queue { queue, acquire } => {
                let outcome = encode_waiting(blocker);
                queue.push(Record::Complete(Completion { acquire: *acquire, outcome }));
            }
            Self::Thread(parker) => parker.notice(blocker),
        }
    }
}

impl Completion {
    /// Returns `true` if the acquire is over.
    pub fn is_last(self) -> bool {
        self.kind() != u32::from(Kind::Waiting)
    }

    /// Returns `true` if it is about a watch, and not about an acquire under way.
    pub fn is_loss(self) -> bool {
        self.kind() == u32::from(Kind::Lost)
    }

    pub fn is_grant(self) -> bool {
        self.kind() == u32::from(Kind::Granted)
    }

    fn kind(self) -> u32 {
        self.outcome & ((1 << super::outcome::KIND_BITS) - 1)
    }
}
