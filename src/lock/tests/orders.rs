//! A registry on a desk: events in by hand, orders out to compare.

use std::time::Instant;

use crate::error::{Error, Syscall};
use crate::lock::registry::Registry;
use crate::lock::state::{Action, Actions, EntryId, Tried, WaitEnd, WorkId};
use crate::lock::waiter::{Holder, LockPath, Outcome, OwnerId, Patience, Waiter, WaiterId};
use crate::os::{FileId, Identified};

/// The two paths.
pub const A: &str = "/a";
pub const B: &str = "/b";

/// The first work of the entry that the second request made.
pub const BELOW_B: WorkId = WorkId { entry: EntryId(2), number: 1 };

pub const FAULT: Error = Error { syscall: Syscall::Open, errno: -37 };

/// An open file; its number is its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File(u64);

impl Identified for File {
    fn id(&self) -> FileId {
        FileId { volume: 1, file: self.0.into() }
    }
}

pub fn file(number: u64) -> File {
    File(number)
}

/// The acquisition of the first environment's waiter `number`.
pub fn holder(number: u64) -> WaiterId {
    WaiterId { owner: OwnerId(0), number }
}

/// An action, without what the tests do not look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Attempt(&'static str),
    Wait(&'static str, Option<u64>),
    Interrupt,
    Check(&'static str, u64),
    Settle(u64, Outcome),
    Notice(u64, Holder),
    LetGo(u64),
}

/// The events go to the work that was ordered last, unless they say otherwise.
pub struct Desk {
    registry: Registry<u64, File>,
    pub now: Instant,
    attempt: Option<(WorkId, LockPath)>,
    wait: Option<(WorkId, LockPath)>,
    check: Option<(EntryId, LockPath)>,
}

impl Desk {
    pub fn new() -> Self {
        Self {
            registry: Registry::new(),
            now: Instant::now(),
            attempt: None,
            wait: None,
            check: None,
        }
    }

    /// Waiter `number` has the lock of file 1 at [`A`].
    pub fn held_by(number: u64) -> Self {
        let mut desk = Self::new();
        desk.request(number, A);
        assert!(desk.opened(file(1)));
        assert_eq!(desk.tried(Tried::Locked(file(1))), [Order::Settle(number, Outcome::Granted)]);
        desk
    }

    /// A wait for file 1 at [`A`] stands in the operating system's queue for waiter `number`.
    pub fn waiting(number: u64) -> Self {
        let mut desk = Self::new();
        desk.request(number, A);
        assert!(desk.opened(file(1)));
        assert_eq!(desk.tried(Tried::Busy(file(1))), [Order::Wait(A, Some(1))]);
        assert!(desk.queued());
        desk
    }

    pub fn request(&mut self, number: u64, path: &str) -> Vec<Order> {
        self.request_with(number, path, |_| {})
    }

    pub fn request_with(
        &mut self,
        number: u64,
        path: &str,
        adapt: impl FnOnce(&mut Waiter<u64>),
    ) -> Vec<Order> {
        let mut waiter = Waiter {
            id: holder(number),
            path: lock_path(path),
            patience: Patience::Forever,
            blocks_owner: false,
            wants_notice: false,
            seat: number,
        };
        adapt(&mut waiter);
        self.event(|registry, _, out| registry.requested(waiter, out)).1
    }

    pub fn cancel(&mut self, number: u64) -> Vec<Order> {
        let cancel = |registry: &mut Registry<_, _>, _, out: &mut _| {
            registry.cancel(&lock_path(A), holder(number), out)
        };
        let (found, orders) = self.event(cancel);
        assert!(found, "{number} waits");
        orders
    }

    pub fn opened(&mut self, file: File) -> bool {
        self.opened_by(self.last_attempt(), file)
    }

    pub fn wait_opened(&mut self, file: File) -> bool {
        self.opened_by(self.last_wait(), file)
    }

    pub fn opened_by(&mut self, work: WorkId, file: File) -> bool {
        let (goes_on, orders) =
            self.event(|registry, _, out| registry.opened(work, file.id(), out));
        assert_eq!(orders, [], "opening a file leads to nothing here");
        goes_on
    }

    /// May the last wait open its file?
    pub fn wait_wanted(&mut self) -> bool {
        self.registry.wants(self.last_wait())
    }

    /// Who would have the lock if that wait were granted just now?
    pub fn next_for(&self, work: WorkId) -> Option<u64> {
        self.registry.next(work).copied()
    }

    pub fn queued(&mut self) -> bool {
        self.queued_by(self.last_wait())
    }

    pub fn queued_by(&mut self, work: WorkId) -> bool {
        self.registry.queued(work)
    }

    pub fn last_wait(&self) -> WorkId {
        self.wait.clone().expect("a wait was ordered").0
    }

    pub fn last_attempt(&self) -> WorkId {
        self.attempt.clone().expect("an attempt was ordered").0
    }

    /// Of the attempt at [`A`].
    pub fn tried(&mut self, result: Tried<File>) -> Vec<Order> {
        let (work, path) = self.attempt.clone().expect("an attempt was ordered");
        let first = WorkId { entry: EntryId(1), number: 1 };
        let work = if path == lock_path(A) { work } else { first };
        self.tried_by(work, result)
    }

    pub fn tried_by(&mut self, work: WorkId, result: Tried<File>) -> Vec<Order> {
        self.event(|registry, now, out| registry.tried(work, &lock_path(A), result, now, out)).1
    }

    pub fn waited(&mut self, end: WaitEnd<File>) -> Vec<Order> {
        self.waited_by(self.last_wait(), end)
    }

    pub fn waited_by(&mut self, work: WorkId, end: WaitEnd<File>) -> Vec<Order> {
        self.event(|registry, now, out| registry.waited(work, &lock_path(A), end, now, out)).1
    }

    pub fn checked(&mut self, current: bool) -> Vec<Order> {
        let (entry, path) = self.check.take().expect("a check was ordered");
        self.event(|registry, now, out| registry.checked(entry, &path, current, now, out)).1
    }

    pub fn release(&mut self) -> Vec<Order> {
        let (released, orders) =
            self.event(|registry, now, out| registry.release(&lock_path(A), now, out));
        assert!(released, "somebody holds it");
        orders
    }

    /// A release after which the lock goes to waiter `number`, by way of a check.
    pub fn release_to(&mut self, number: u64) {
        assert_eq!(self.release(), [Order::Check(A, 1)]);
        assert_eq!(self.checked(true), [Order::Settle(number, Outcome::Granted)]);
    }

    pub fn try_release(&mut self) -> bool {
        self.event(|registry, now, out| registry.release(&lock_path(A), now, out)).0
    }

    pub fn try_release_only(&mut self, number: u64) -> bool {
        let release = |registry: &mut Registry<_, _>, now, out: &mut _| {
            registry.release_only(&lock_path(A), holder(number), now, out)
        };
        self.event(release).0
    }

    /// The lock that is on its way arrives.
    pub fn settle_passing(&mut self) {
        self.checked(true);
    }

    pub fn release_file(&mut self, file: File) -> Vec<Order> {
        self.event(|registry, now, out| registry.release_file(file.id(), now, out)).1
    }

    pub fn gone(&mut self, owner: u32) -> Vec<Order> {
        self.event(|registry, now, out| registry.gone(OwnerId(owner), now, out)).1
    }

    pub fn holder(&self, path: &str) -> Option<WaiterId> {
        self.registry.holder(&lock_path(path))
    }

    pub fn file_holder(&self, file: File) -> Option<WaiterId> {
        self.registry.file_holder(file.id())
    }

    pub fn is_empty(&self) -> bool {
        self.registry.is_empty()
    }

    fn event<T>(
        &mut self,
        event: impl FnOnce(&mut Registry<u64, File>, Instant, &mut Actions<u64, File>) -> T,
    ) -> (T, Vec<Order>) {
        let mut out = Actions::new();
        let result = event(&mut self.registry, self.now, &mut out);
        self.registry.assert_indices();
        (result, out.into_iter().map(|action| self.note(action)).collect())
    }

    fn note(&mut self, action: Action<u64, File>) -> Order {
        match action {
            Action::Attempt { work, path } => {
                let name = name(&path);
                self.attempt = Some((work, path));
                Order::Attempt(name)
            }
            Action::Wait { work, path, file } => {
                let name = name(&path);
                self.wait = Some((work, path));
                Order::Wait(name, file.map(|file| file.0))
            }
            Action::Interrupt { work } => {
                let last = self.wait.as_ref().map(|(work, _)| *work);
                assert_eq!(last, Some(work), "the wait that was ordered last");
                Order::Interrupt
            }
            Action::Check { entry, path, file } => {
                let name = name(&path);
                self.check = Some((entry, path));
                Order::Check(name, u64::try_from(file.file).expect("a number of ours"))
            }
            Action::Settle { seat, outcome } => Order::Settle(seat, outcome),
            Action::Notice { seat, holder } => Order::Notice(seat, holder),
            Action::LetGo { file } => Order::LetGo(file.0),
        }
    }
}

fn lock_path(name: &str) -> LockPath {
    LockPath::new(name.as_ref())
}

fn name(path: &LockPath) -> &'static str {
    [A, B].into_iter().find(|name| lock_path(name) == *path).expect("one of the two")
}
