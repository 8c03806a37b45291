//! A registry driven by hand: events in, commands out to compare.

use std::ops::ControlFlow;
use std::time::Instant;

use crate::error::{Error, Syscall};
use crate::lock::command::{Action, Actions, EntryId, Offer, Tried, WaitEnd, WorkId};
use crate::lock::registry::{NotReleased, Registry};
use crate::lock::waiter::{
    AcquireId, Blocker, Expired, LockId, Outcome, OwnerId, WaitLimit, Waiter,
};
use crate::os::{FileId, Gate, Identified, Mode};
use crate::path::LockPath;

/// The two paths.
pub const A: &str = "/a";
pub const B: &str = "/b";

/// The first work of the entry that the second request made.
pub const BELOW_B: WorkId = WorkId { entry: EntryId(4), number: 1 };

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
pub fn holder(number: u64) -> AcquireId {
    AcquireId { owner: OwnerId(0), sequence: number }
}

/// An action, without what the tests do not look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Attempt(&'static str),
    Wait(&'static str, Option<u64>),
    Interrupt,
    Verify(&'static str, u64),
    /// The lock is offered to this waiter.
    Offer(u64),
    Requeue(&'static str, u64),
    Complete(u64, Outcome),
    Notice(u64, Blocker),
    Unlock(u64),
    // The same in shared mode.
    AttemptShared(&'static str),
    WaitShared(&'static str, Option<u64>),
    RequeueShared(&'static str, u64),
    /// With a look at the gate, or without.
    Check(&'static str, u64, bool),
    Downgrade(u64),
}

/// The events go to the work that was commanded last, unless they say otherwise.
pub struct Harness {
    registry: Registry<u64, File>,
    pub now: Instant,
    attempt: Option<(WorkId, LockPath)>,
    wait: Option<(WorkId, LockPath)>,
    check: Option<(EntryId, LockPath)>,
    shared_check: Option<(EntryId, LockPath, File)>,
    downgrade: Option<(EntryId, File)>,
    offer: Option<Offer>,
    /// Commands that are left out.
    quiet: Vec<Command>,
}

impl Harness {
    pub fn new() -> Self {
        Self {
            registry: Registry::new(),
            now: Instant::now(),
            attempt: None,
            wait: None,
            check: None,
            shared_check: None,
            downgrade: None,
            offer: None,
            quiet: Vec::new(),
        }
    }

    /// Waiter `number` has the lock of file 1 at [`A`].
    pub fn held_by(number: u64) -> Self {
        let mut harness = Self::new();
        harness.request(number, A);
        assert!(harness.file_opened(file(1)));
        assert_eq!(
            harness.tried(Tried::Locked(file(1))),
            [Command::Complete(number, Outcome::Granted)]
        );
        harness
    }

    /// A wait for file 1 at [`A`] stands in the operating system's queue for waiter `number`.
    pub fn waiting(number: u64) -> Self {
        let mut harness = Self::new();
        harness.request(number, A);
        assert!(harness.file_opened(file(1)));
        assert_eq!(harness.tried(Tried::Busy(file(1))), [Command::Wait(A, Some(1))]);
        assert!(harness.before_wait());
        harness
    }

    pub fn request(&mut self, number: u64, path: &str) -> Vec<Command> {
        self.request_with(number, path, |_| {})
    }

    pub fn request_with(
        &mut self,
        number: u64,
        path: &str,
        adapt: impl FnOnce(&mut Waiter<u64>),
    ) -> Vec<Command> {
        let mut waiter = Self::waiter(number, path);
        adapt(&mut waiter);
        self.event(|registry, _, out| registry.requested(waiter, out)).1
    }

    /// One attempt, of a thread that has looked what its path names.
    pub fn request_at(&mut self, found: File, number: u64, path: &str) -> Vec<Command> {
        self.request_at_with(found, number, path, |waiter| waiter.is_sync = true)
    }

    pub fn request_at_with(
        &mut self,
        found: File,
        number: u64,
        path: &str,
        adapt: impl FnOnce(&mut Waiter<u64>),
    ) -> Vec<Command> {
        let mut waiter = Self::waiter(number, path);
        waiter.limit = WaitLimit::None;
        adapt(&mut waiter);
        let event = |registry: &mut Registry<_, _>, _, out: &mut Actions<_, _>| {
            let mut last = Actions::new();
            registry.requested_at(Some(found.id()), waiter, out, &mut last);
            out.append(&mut last);
        };
        self.event(event).1
    }

    fn waiter(number: u64, path: &str) -> Waiter<u64> {
        Waiter {
            id: holder(number),
            path: lock_path(path),
            lock: LockId(number),
            mode: Mode::Exclusive,
            limit: WaitLimit::Unlimited,
            is_sync: false,
            wants_notice: false,
            reply: number,
        }
    }

    /// Of what comes of it, that the waiter is told is left out, whenever that is.
    pub fn cancel(&mut self, number: u64) -> Vec<Command> {
        self.quiet.push(Command::Complete(number, Outcome::Cancelled));
        self.try_cancel(number)
    }

    pub fn try_cancel(&mut self, number: u64) -> Vec<Command> {
        let cancel =
            |registry: &mut Registry<_, _>, _, out: &mut _| registry.cancel(holder(number), out);
        let (found, commands) = self.event(cancel);
        assert!(found, "{number} waits");
        commands
    }

    /// The time of a waiter is over.
    pub fn expire(&mut self, number: u64) -> (Expired, Vec<Command>) {
        self.event(|registry, _, out| registry.expire(holder(number), out))
    }

    pub fn file_opened(&mut self, file: File) -> bool {
        self.file_opened_by(self.last_attempt(), file)
    }

    pub fn wait_file_opened(&mut self, file: File) -> bool {
        self.file_opened_by(self.last_wait(), file)
    }

    pub fn file_opened_by(&mut self, work: WorkId, file: File) -> bool {
        let (goes_on, commands) =
            self.event(|registry, _, out| registry.file_opened(work, file.id(), out).is_continue());
        assert_eq!(commands, [], "opening a file leads to nothing here");
        goes_on
    }

    /// May the last wait open its file?
    pub fn before_open(&mut self) -> bool {
        self.may_go_on(self.last_wait(), Registry::before_open)
    }

    pub fn before_wait(&mut self) -> bool {
        self.before_wait_by(self.last_wait())
    }

    pub fn before_wait_by(&mut self, work: WorkId) -> bool {
        self.may_go_on(work, Registry::before_wait)
    }

    fn may_go_on(
        &mut self,
        work: WorkId,
        ask: impl FnOnce(&mut Registry<u64, File>, WorkId, &mut Actions<u64, File>) -> ControlFlow<()>,
    ) -> bool {
        let (goes_on, commands) = self.event(|registry, _, out| ask(registry, work, out));
        assert_eq!(commands, [], "it leads to nothing here");
        goes_on.is_continue()
    }

    /// The attempt at [`A`] begins, or finds no waiter.
    pub fn attempt_begins(&mut self) -> (bool, Vec<Command>) {
        let work = self.last_attempt();
        let (goes_on, commands) = self.event(|registry, _, out| registry.before_open(work, out));
        (goes_on.is_continue(), commands)
    }

    pub fn last_wait(&self) -> WorkId {
        self.wait.clone().expect("a wait was commanded").0
    }

    pub fn last_attempt(&self) -> WorkId {
        self.attempt.clone().expect("an attempt was commanded").0
    }

    /// Of the attempt at [`A`].
    pub fn tried(&mut self, result: Tried<File>) -> Vec<Command> {
        let (work, path) = self.attempt.clone().expect("an attempt was commanded");
        let first = WorkId { entry: EntryId(2), number: 1 };
        let work = if path == lock_path(A) { work } else { first };
        self.tried_by(work, result)
    }

    pub fn tried_by(&mut self, work: WorkId, result: Tried<File>) -> Vec<Command> {
        self.event(|registry, now, out| registry.tried(work, &lock_path(A), result, now, out)).1
    }

    pub fn waited(&mut self, end: WaitEnd<File>) -> Vec<Command> {
        self.waited_by(self.last_wait(), end)
    }

    pub fn waited_by(&mut self, work: WorkId, end: WaitEnd<File>) -> Vec<Command> {
        self.event(|registry, now, out| registry.waited(work, &lock_path(A), end, now, out)).1
    }

    pub fn verified(&mut self, current: bool) -> Vec<Command> {
        let (entry, path) = self.check.take().expect("a check was commanded");
        self.event(|registry, _, out| registry.verified(entry, &path, Ok(current), out)).1
    }

    pub fn verify_failed(&mut self) -> Vec<Command> {
        let (entry, path) = self.check.take().expect("a check was commanded");
        self.event(|registry, _, out| registry.verified(entry, &path, Err(FAULT), out)).1
    }

    /// The check of a shared lock's path is over: it names this file.
    pub fn checked(&mut self, found: File, gate: Gate) -> Vec<Command> {
        self.check_found(Ok(Some(found.id())), gate)
    }

    pub fn check_found(
        &mut self,
        found: Result<Option<FileId>, Error>,
        gate: Gate,
    ) -> Vec<Command> {
        let (entry, path, file) = self.shared_check.take().expect("a check was commanded");
        let checked = |registry: &mut Registry<_, _>, now, out: &mut _| {
            registry.checked(entry, &path, file, found, gate, now, out);
        };
        self.event(checked).1
    }

    pub fn downgrade(&mut self, number: u64) -> Vec<Command> {
        let downgrade =
            |registry: &mut Registry<_, _>, _, out: &mut _| registry.downgrade(holder(number), out);
        self.event(downgrade).1
    }

    pub fn downgraded(&mut self, is_shared: bool) -> Vec<Command> {
        let (entry, file) = self.downgrade.take().expect("a downgrade was commanded");
        self.event(|registry, _, out| registry.downgraded(entry, file, is_shared, out)).1
    }

    /// The waiter takes what was offered last.
    pub fn accept(&mut self) -> Vec<Command> {
        self.accept_offer(self.last_offer())
    }

    pub fn last_offer(&self) -> Offer {
        self.offer.expect("something was offered")
    }

    pub fn is_offered(&self, offer: Offer) -> bool {
        self.registry.is_offered(offer)
    }

    pub fn accept_offer(&mut self, offer: Offer) -> Vec<Command> {
        self.event(|registry, _, out| registry.accepted(offer, out)).1
    }

    /// The first path names the file that was offered.
    pub fn confirm(&mut self, offer: Offer) -> Vec<Command> {
        self.event(|registry, _, out| registry.confirmed(offer, &lock_path(A), out)).1
    }

    /// The last wait is granted, and the waiter `number` takes the lock.
    pub fn wait_granted(&mut self, number: u64, file: File) -> Vec<Command> {
        assert_eq!(self.waited(WaitEnd::Granted(file)), [Command::Offer(number)]);
        assert_eq!(self.accept().len(), 1, "its path is verified");
        self.verified(true)
    }

    /// The path names this file, or none.
    pub fn path_checked(&mut self, path: &str, file: Option<File>) -> Vec<Command> {
        let found = file.map(|file| file.id());
        self.event(|registry, _, out| registry.path_checked(&lock_path(path), found, out)).1
    }

    pub fn release(&mut self) -> Vec<Command> {
        self.release_by(0).expect("it is held")
    }

    /// A release by the lock object of waiter `number`, while its path names the first file.
    pub fn release_by(&mut self, number: u64) -> Result<Vec<Command>, NotReleased> {
        self.release_file(file(1), number)
    }

    /// A release after which the lock goes to waiter `number`, by way of a check.
    pub fn release_to(&mut self, number: u64) {
        assert_eq!(self.release(), [Command::Verify(A, 1)]);
        assert_eq!(self.verified(true), [Command::Complete(number, Outcome::Granted)]);
    }

    pub fn try_release(&mut self) -> bool {
        self.release_by(0).is_ok()
    }

    pub fn try_release_only(&mut self, number: u64) -> bool {
        self.end(holder(number)).is_some()
    }

    /// Ends an acquisition, if it has not ended.
    fn end(&mut self, id: AcquireId) -> Option<Vec<Command>> {
        let release =
            |registry: &mut Registry<_, _>, now, out: &mut _| registry.release_only(id, now, out);
        let (released, commands) = self.event(release);
        self.registry.forget_if_idle(released?);
        Some(commands)
    }

    /// The lock that is on its way arrives.
    pub fn finish_verifying(&mut self) {
        self.verified(true);
    }

    /// The same while its path names this file.
    pub fn release_file(&mut self, file: File, number: u64) -> Result<Vec<Command>, NotReleased> {
        let (path, found) = (lock_path(A), Some(file.id()));
        let id = self.registry.to_release(&path, found, LockId(number))?;
        Ok(self.end(id).expect("it has not ended"))
    }

    pub fn owner_ended(&mut self, owner: u32) -> Vec<Command> {
        self.event(|registry, now, out| registry.owner_ended(OwnerId(owner), now, out)).1
    }

    /// The acquisition that has the lock of the first file.
    pub fn holder(&self) -> Option<AcquireId> {
        self.file_holder(file(1))
    }

    pub fn file_holder(&self, file: File) -> Option<AcquireId> {
        self.registry.file_held(file.id())?;
        let mut entries = self.registry.entries();
        entries
            .find(|(_, entry)| entry.hold.file() == Some(file.id()))
            .and_then(|(_, entry)| entry.holders().first().copied())
    }

    /// How many acquisitions have the lock of the first file.
    pub fn held(&self) -> Option<(Mode, usize)> {
        self.registry.file_held(file(1).id())
    }

    /// How many acquisitions that asked by this path have a lock.
    pub fn path_held(&self, path: &str) -> Option<(Mode, usize)> {
        self.registry.path_held(&lock_path(path))
    }

    pub fn holds(&self, number: u64) -> bool {
        self.registry.holds(holder(number))
    }

    pub fn is_empty(&self) -> bool {
        self.registry.is_empty()
    }

    fn event<T>(
        &mut self,
        event: impl FnOnce(&mut Registry<u64, File>, Instant, &mut Actions<u64, File>) -> T,
    ) -> (T, Vec<Command>) {
        let mut out = Actions::new();
        let result = event(&mut self.registry, self.now, &mut out);
        self.registry.assert_indices();
        let mut commands: Vec<_> = out.into_iter().map(|action| self.note(action)).collect();
        commands.retain(|command| !self.quiet.contains(command));
        (result, commands)
    }

    fn note(&mut self, action: Action<u64, File>) -> Command {
        match action {
            Action::Attempt { work, path, mode } => {
                let name = name(&path);
                self.attempt = Some((work, path));
                of(mode, Command::Attempt(name), Command::AttemptShared(name))
            }
            Action::Wait { work, path, mode, file } => {
                let (name, file) = (name(&path), file.map(|file| file.0));
                self.wait = Some((work, path));
                of(mode, Command::Wait(name, file), Command::WaitShared(name, file))
            }
            Action::Check { entry, path, file, looks_at_gate } => {
                let name = name(&path);
                self.shared_check = Some((entry, path, file));
                Command::Check(name, file.0, looks_at_gate)
            }
            Action::Downgrade { entry, file } => {
                self.downgrade = Some((entry, file));
                Command::Downgrade(file.0)
            }
            Action::Interrupt { work } => {
                let last = self.wait.as_ref().map(|(work, _)| *work);
                assert_eq!(last, Some(work), "the wait that was commanded last");
                Command::Interrupt
            }
            Action::Verify { entry, path, file } => {
                let name = name(&path);
                self.check = Some((entry, path));
                Command::Verify(name, u64::try_from(file.file).expect("a number of ours"))
            }
            Action::Offer { offer, reply, .. } => {
                self.offer = Some(offer);
                Command::Offer(reply)
            }
            Action::Requeue { work, path, mode, file } => {
                let name = name(&path);
                self.wait = Some((work, path));
                of(mode, Command::Requeue(name, file.0), Command::RequeueShared(name, file.0))
            }
            Action::Complete { reply, outcome, .. } => Command::Complete(reply, outcome),
            Action::Notice { reply, blocker } => Command::Notice(reply, blocker),
            Action::Unlock { file } => Command::Unlock(file.0),
        }
    }
}

fn of(mode: Mode, exclusive: Command, shared: Command) -> Command {
    if mode == Mode::Shared { shared } else { exclusive }
}

fn lock_path(name: &str) -> LockPath {
    LockPath::new(name.as_ref())
}

fn name(path: &LockPath) -> &'static str {
    [A, B].into_iter().find(|name| lock_path(name) == *path).expect("one of the two")
}
