//! A model of everything around a registry: the driver's side of the work that it orders, the
//! operating system's locks, another process, the files at the paths, the clock.
//!
//! A [`World`] offers the [`Step`]s that can happen next, and takes one. After each it checks what
//! must always hold; [`World::assert_over`] checks what must hold when nothing can happen any more.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::LazyLock;
use std::time::Instant;

use super::renumber::Numbers;
use crate::error::{Error, Syscall};
use crate::lock::command::{Action, Actions, EntryId, Offer, Tried, WaitEnd, WorkId};
use crate::lock::entry::Entry;
use crate::lock::hold::{Hold, Shared, Step as SharedStep, TURN};
use crate::lock::registry::Registry;
use crate::lock::waiter::{AcquireId, Expired, LockId, Outcome, OwnerId, WaitLimit, Waiter};
use crate::os::{FileId, Gate, Identified, Mode};
use crate::path::LockPath;

/// A path of the model, and a file of the model, by number.
pub type Path = usize;
pub type File = u8;

static PATHS: LazyLock<[LockPath; 2]> =
    LazyLock::new(|| ["/first", "/second"].map(|path| LockPath::new(path.as_ref())));

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

const FAULT: Error = Error { syscall: Syscall::Lock, errno: -5 };

/// How one acquire is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub owner: u32,
    pub path: Path,
    pub mode: Mode,
    pub limit: Timeout,
    pub is_sync: bool,
    pub wants_notice: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    Never,
    /// One attempt.
    Zero,
    /// Until it is cancelled.
    Some,
}

/// What becomes of an attempt to end a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupts {
    Work,
    Fail,
    Either,
}

/// Which events can happen, and how often each.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Made in this order.
    pub requests: Vec<Request>,
    /// Which file is at each path to begin with.
    pub files: [File; 2],
    pub interrupts: Interrupts,
    /// Does time pass between an order to let go or to interrupt and its execution?
    pub delays: bool,
    pub budget: Budget,
}

/// How often the events that nothing calls for may happen.
#[derive(Clone, Debug, Default, Hash)]
pub struct Budget {
    pub cancels: u8,
    /// The time of an acquire is over.
    pub expiries: u8,
    /// Another process takes a lock.
    pub foreign: u8,
    /// It shares a lock.
    pub readers: u8,
    /// It closes a gate, to open it at some time.
    pub gates: u8,
    /// A holder goes from exclusive to shared.
    pub downgrades: u8,
    /// A turn's length passes.
    pub ticks: u8,
    /// An environment ends.
    pub ends: u8,
    /// A new file comes to the first path.
    pub replacements: u8,
    /// The file that was there before comes back.
    pub restorations: u8,
    /// A system call fails.
    pub faults: u8,
    /// A path is checked.
    pub checks: u8,
}

/// An open file of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle {
    number: u8,
    file: File,
}

impl Identified for Handle {
    fn id(&self) -> FileId {
        FileId { volume: 0, file: self.file.into() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Owner {
    Foreign,
    Ours(Handle),
}

/// Work that is under way, and how far it has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Work {
    Attempt(WorkId, Path, Mode, Attempt),
    Wait {
        id: WorkId,
        path: Path,
        mode: Mode,
        at: Wait,
        interrupted: bool,
    },
    Verify(EntryId, Path, Verify),
    Check {
        entry: EntryId,
        path: Path,
        handle: Handle,
        looks: bool,
        /// The file at the path, and whether the gate is closed.
        found: Option<(File, bool)>,
    },
    Downgrade {
        entry: EntryId,
        handle: Handle,
        /// Its call has returned.
        is_done: bool,
    },
    /// On its way to the thread of this acquire.
    Offer(Offer, usize),
    /// The path of that acquire is checked meanwhile.
    Confirm(Offer, Path, Confirm),
    Interrupt(WorkId),
    Unlock(Handle),
    /// What was released is forgotten, if nothing has begun there since.
    Forget(EntryId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attempt {
    /// By the environment whose pool is to run it, or by none.
    Ordered(Option<u32>),
    /// About to open the file.
    Begun,
    Opened(Handle),
    Locked(Handle),
    Busy(Handle),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wait {
    /// Cannot be interrupted yet.
    Ordered(Option<Handle>),
    Started(Option<Handle>),
    InCall(Handle),
    Locked(Handle),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verify {
    Ordered(File),
    Answered(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confirm {
    Ordered(File),
    Found,
}

/// What a pool does with the work of an environment that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    Runs,
    Drops,
}

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Request(usize),
    Cancel(usize),
    Expire(usize),
    Release(usize),
    Downgrade(usize),
    /// An environment ends, and takes the work with it that its pool has not begun, or leaves it.
    End(u32, Pool),
    Tick,
    ForeignTakes(File, Mode),
    GateCloses(File),
    GateOpens(File),
    ForeignLeaves(File),
    Replace,
    Restore,
    /// The file at a path is looked up.
    CheckPath(Path),
    /// Work goes one step on.
    Advance(Work),
    /// Its system call fails.
    Fail(Work),
    /// An interrupted call returns.
    Return(Work),
    /// An interrupt has no effect.
    Miss(Work),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Progress {
    Absent,
    Pending {
        noticed: bool,
    },
    /// It gave up, and is about to be told so.
    Leaving,
    Holding,
    Over,
}

#[derive(Clone, Hash)]
pub struct World {
    registry: Registry<usize, Handle>,
    clock: u8,
    paths: [File; 2],
    /// The file that was at the first path before the present one.
    former: Option<File>,
    files: u8,
    locks: BTreeMap<(File, Owner), Mode>,
    /// Another process waits there.
    gates: BTreeSet<File>,
    open: BTreeSet<Handle>,
    work: BTreeSet<Work>,
    progress: Vec<Progress>,
    /// The order in which the requests came to where they are.
    arrivals: Vec<i8>,
    ended: BTreeSet<u32>,
    downgraded: BTreeSet<usize>,
    /// Their time is over, and an attempt decides about them.
    expired: BTreeSet<usize>,
    left: Budget,
}

impl World {
    pub fn new(scenario: &Scenario) -> Self {
        let files = scenario.files.iter().max().map_or(0, |last| last + 1);
        Self {
            registry: Registry::new(),
            clock: 1,
            paths: scenario.files,
            former: None,
            files,
            locks: BTreeMap::new(),
            gates: BTreeSet::new(),
            open: BTreeSet::new(),
            work: BTreeSet::new(),
            progress: vec![Progress::Absent; scenario.requests.len()],
            arrivals: vec![0; scenario.requests.len()],
            ended: BTreeSet::new(),
            downgraded: BTreeSet::new(),
            expired: BTreeSet::new(),
            left: scenario.budget.clone(),
        }
    }

    /// Everything that can happen next.
    pub fn steps(&self, scenario: &Scenario) -> Vec<Step> {
        let mut steps = Vec::new();
        let next = self.progress.iter().position(|reply| *reply == Progress::Absent);
        steps.extend(next.map(Step::Request));
        for (index, reply) in self.progress.iter().enumerate() {
            match reply {
                Progress::Holding => {
                    steps.push(Step::Release(index));
                    let is_exclusive = scenario.requests[index].mode == Mode::Exclusive;
                    if is_exclusive && self.left.downgrades > 0 && !self.downgraded.contains(&index)
                    {
                        steps.push(Step::Downgrade(index));
                    }
                }
                Progress::Pending { .. } => {
                    if self.left.cancels > 0 {
                        steps.push(Step::Cancel(index));
                    }
                    let request = scenario.requests[index];
                    let has_time = request.limit != Timeout::Never && !request.is_sync;
                    if has_time && self.left.expiries > 0 && !self.expired.contains(&index) {
                        steps.push(Step::Expire(index));
                    }
                }
                _ => {}
            }
        }
        if self.left.ends > 0 {
            let owners: BTreeSet<_> = scenario.requests.iter().map(|one| one.owner).collect();
            for owner in owners.difference(&self.ended).copied() {
                steps.push(Step::End(owner, Pool::Runs));
                if self.work.iter().any(|work| is_pooled(*work, owner)) {
                    steps.push(Step::End(owner, Pool::Drops));
                }
            }
        }
        if self.left.ticks > 0 {
            steps.push(Step::Tick);
        }
        for file in 0..self.files {
            if self.locks.contains_key(&(file, Owner::Foreign)) {
                steps.push(Step::ForeignLeaves(file));
            } else {
                if self.left.foreign > 0 && self.is_free(file, Owner::Foreign, Mode::Exclusive) {
                    steps.push(Step::ForeignTakes(file, Mode::Exclusive));
                }
                if self.left.readers > 0 && self.is_free(file, Owner::Foreign, Mode::Shared) {
                    steps.push(Step::ForeignTakes(file, Mode::Shared));
                }
            }
            if self.gates.contains(&file) {
                steps.push(Step::GateOpens(file));
            } else if self.left.gates > 0 {
                steps.push(Step::GateCloses(file));
            }
        }
        if self.left.replacements > 0 {
            steps.push(Step::Replace);
        }
        if self.left.restorations > 0 && self.former.is_some() {
            steps.push(Step::Restore);
        }
        if self.left.checks > 0 {
            steps.extend([Step::CheckPath(0), Step::CheckPath(1)]);
        }
        for work in &self.work {
            self.work_steps(*work, scenario, &mut steps);
        }
        steps
    }

    fn work_steps(&self, work: Work, scenario: &Scenario, steps: &mut Vec<Step>) {
        let blocked = matches!(work, Work::Wait { at: Wait::InCall(handle), mode, .. }
            if !self.is_free(handle.file, Owner::Ours(handle), mode)
                || mode == Mode::Shared && self.gates.contains(&handle.file));
        let misses = scenario.interrupts == Interrupts::Fail;
        match work {
            Work::Interrupt(_) if misses => {}
            _ if blocked => {}
            _ => steps.push(Step::Advance(work)),
        }
        match work {
            Work::Wait { at: Wait::InCall(_), interrupted: true, .. } => {
                steps.push(Step::Return(work));
            }
            Work::Interrupt(_) if scenario.interrupts != Interrupts::Work => {
                steps.push(Step::Miss(work));
            }
            _ => {}
        }
        if self.left.faults > 0 && can_fail(work) {
            steps.push(Step::Fail(work));
        }
    }

    /// Lets `step` happen, and checks what must hold after it.
    pub fn take(&mut self, step: Step, scenario: &Scenario) {
        let before = self.progress.clone();
        let is_closed = self.is_passing_on_over(step);
        let mut out = Actions::new();
        self.happen(step, scenario, &mut out);
        let pool_of = match step {
            Step::Request(index) => {
                let request = scenario.requests[index];
                Some(request.owner).filter(|_| !request.is_sync)
            }
            _ => None,
        };
        self.perform(out, pool_of, scenario);
        self.assert_sound(scenario);
        for (index, reply) in before.into_iter().enumerate() {
            if reply != self.progress[index] && self.progress[index] == Progress::Holding {
                self.assert_first(index, scenario);
                assert!(!is_closed, "a shared lock was passed on while another process waits");
            }
        }
        self.simplify();
    }

    /// Makes states one that differ in nothing that counts: see [`renumber`](super::renumber).
    fn simplify(&mut self) {
        self.drop_stale();
        let work = self.work.iter().filter_map(|work| entry_and_number(*work));
        let numbers = Numbers::new(&self.registry, work);
        self.registry.renumber(&numbers);
        self.work = self.work.iter().map(|work| renumbered(*work, &numbers)).collect();
        let waits = |index: &usize| matches!(self.progress[*index], Progress::Pending { .. });
        let mut waiting: Vec<_> = (0..self.progress.len()).filter(waits).collect();
        self.expired.retain(waits);
        self.downgraded.retain(|index| self.progress[*index] == Progress::Holding);
        waiting.sort_by_key(|index| self.arrivals[*index]);
        self.arrivals.fill(0);
        for (arrival, index) in (1..).zip(waiting) {
            self.arrivals[index] = arrival;
        }
        if self.left.restorations == 0 {
            self.former = None;
        }
        // A turn is over, or it is not.
        let now = self.now();
        for slot in self.registry.entries.values_mut() {
            if let Hold::Offered { since, .. }
            | Hold::Verifying { since, .. }
            | Hold::Held { since, .. }
            | Hold::Shared(Shared { since, .. }) = &mut slot.entry.hold
            {
                *since = at(if *since < now { 0 } else { 1 });
            }
        }
        self.clock = 1;
    }

    /// What comes too late leads to nothing.
    fn drop_stale(&mut self) {
        let registry = &mut self.registry;
        let waits: Vec<_> = self.work.iter().filter_map(|work| wait_id(*work)).collect();
        self.work.retain(|work| {
            let mut out = Actions::new();
            match *work {
                Work::Interrupt(id) => return waits.contains(&id),
                Work::Forget(entry) => return registry.entries.contains_key(&entry),
                Work::Offer(offer, _) if !registry.is_offered(offer) => {
                    registry.accepted(offer, &mut out);
                }
                Work::Confirm(offer, path, _) if !registry.is_offered(offer) => {
                    registry.confirmed(offer, &PATHS[path], &mut out);
                }
                _ => return true,
            }
            assert!(out.is_empty(), "a stale offer leads to {out:?}");
            false
        });
    }

    /// Returns `true` if the step is an answer after which a shared lock serves no more readers.
    fn is_passing_on_over(&self, step: Step) -> bool {
        let Step::Advance(Work::Check { entry, found: Some((_, true)), .. }) = step else {
            return false;
        };
        let mut entries = self.registry.entries();
        entries.any(|(id, it)| match &it.hold {
            Hold::Shared(shared) if id == entry => {
                !shared.readers.is_empty() && self.now().duration_since(shared.since) >= TURN
            }
            _ => false,
        })
    }

    fn happen(&mut self, step: Step, scenario: &Scenario, out: &mut Actions<usize, Handle>) {
        let now = self.now();
        match step {
            Step::Request(index) => {
                let request = scenario.requests[index];
                if self.ended.contains(&request.owner) {
                    self.progress[index] = Progress::Over;
                    return;
                }
                self.progress[index] = Progress::Pending { noticed: false };
                self.arrive(index);
                if request.is_sync || request.limit == Timeout::Zero {
                    self.request_where_it_leads(index, scenario, out);
                } else {
                    self.registry.requested(waiter(index, request), out);
                }
            }
            Step::Cancel(index) => {
                self.left.cancels -= 1;
                let request = scenario.requests[index];
                let id = acquire_id(index, request);
                assert!(self.registry.cancel(id, out), "a waiter can give up");
                assert!(!self.registry.cancel(id, out), "but only once");
                self.progress[index] = Progress::Leaving;
            }
            Step::Expire(index) => self.expire(index, scenario, out),
            Step::Release(index) => {
                let request = scenario.requests[index];
                let id = acquire_id(index, request);
                let found = Some(FileId { volume: 0, file: self.paths[request.path].into() });
                let own = self.registry.to_release(&PATHS[request.path], found, lock_id(index));
                assert_eq!(own, Ok(id), "its lock object can release it");
                let entry = self.registry.release_only(id, now, out);
                self.order(Work::Forget(entry.expect("a holder can release")), scenario);
                self.progress[index] = Progress::Over;
            }
            Step::Downgrade(index) => {
                self.left.downgrades -= 1;
                self.downgraded.insert(index);
                let id = acquire_id(index, scenario.requests[index]);
                assert!(self.registry.downgrade(id, out), "a holder can downgrade");
            }
            Step::End(owner, pool) => {
                self.left.ends -= 1;
                self.ended.insert(owner);
                for (index, reply) in self.progress.iter_mut().enumerate() {
                    if scenario.requests[index].owner == owner && *reply != Progress::Absent {
                        *reply = Progress::Over;
                    }
                }
                // What was on its way to it is never taken.
                let requests = &scenario.requests;
                self.work.retain(
                    |work| !matches!(work, Work::Offer(_, to) if requests[*to].owner == owner),
                );
                if pool == Pool::Drops {
                    self.work.retain(|work| !is_pooled(*work, owner));
                }
                self.registry.owner_ended(OwnerId(owner), now, out);
            }
            Step::Tick => {
                self.left.ticks -= 1;
                self.clock += 1;
            }
            Step::ForeignTakes(file, mode) => {
                match mode {
                    Mode::Exclusive => self.left.foreign -= 1,
                    Mode::Shared => self.left.readers -= 1,
                }
                self.locks.insert((file, Owner::Foreign), mode);
            }
            Step::ForeignLeaves(file) => {
                self.locks.remove(&(file, Owner::Foreign));
            }
            Step::GateCloses(file) => {
                self.left.gates -= 1;
                self.gates.insert(file);
            }
            Step::GateOpens(file) => {
                self.gates.remove(&file);
            }
            Step::Replace => {
                self.left.replacements -= 1;
                self.former = Some(self.paths[0]);
                self.paths[0] = self.files;
                self.files += 1;
            }
            Step::Restore => {
                self.left.restorations -= 1;
                let former = self.former.take().expect("checked by steps");
                self.former = Some(std::mem::replace(&mut self.paths[0], former));
            }
            Step::CheckPath(path) => {
                self.left.checks -= 1;
                self.check_path(path, out);
            }
            Step::Advance(work) => {
                self.work.remove(&work);
                self.advance(work, scenario, out);
            }
            Step::Fail(work) => {
                self.left.faults -= 1;
                self.work.remove(&work);
                self.fail(work, out);
            }
            Step::Return(work) => {
                self.work.remove(&work);
                let Work::Wait { id, path, at: Wait::InCall(handle), .. } = work else {
                    unreachable!("only a call returns")
                };
                self.close(handle);
                self.registry.waited(id, &PATHS[path], WaitEnd::Interrupted, now, out);
            }
            Step::Miss(work) => {
                self.work.remove(&work);
            }
        }
    }

    fn expire(&mut self, index: usize, scenario: &Scenario, out: &mut Actions<usize, Handle>) {
        self.left.expiries -= 1;
        let id = acquire_id(index, scenario.requests[index]);
        let is_tried = self.registry.entries().any(|(_, entry)| {
            let mut waiters = entry.waiters();
            let first = waiters.next();
            let is_first = first.is_some_and(|waiter| waiter.reply == index);
            match &entry.hold {
                Hold::Attempting(_) => is_first || waiters.any(|waiter| waiter.reply == index),
                Hold::Offered { .. } | Hold::Verifying { .. } => is_first,
                Hold::Shared(shared) => {
                    let is_asked = !matches!(shared.step, SharedStep::Idle(_));
                    is_asked
                        && !shared.is_closed
                        && is_first
                        && first.is_some_and(Waiter::is_shared)
                }
                Hold::Free | Hold::Held { .. } => false,
            }
        });
        match self.registry.expire(id, out) {
            Expired::Tried => {
                self.expired.insert(index);
            }
            Expired::Removed => {
                assert!(!is_tried, "{index} was refused what it may get");
                self.progress[index] = Progress::Leaving;
                assert_eq!(self.registry.expire(id, out), Expired::Over, "it ends once");
            }
            Expired::Over => panic!("{index} waits"),
        }
    }

    fn check_path(&mut self, path: Path, out: &mut Actions<usize, Handle>) {
        if let Some(found) = self.find_if_bound(path) {
            self.registry.path_checked(&PATHS[path], Some(found), out);
        }
    }

    fn find_if_bound(&self, path: Path) -> Option<FileId> {
        let found = FileId { volume: 0, file: self.paths[path].into() };
        Some(found).filter(|_| self.registry.is_path_bound(&PATHS[path]))
    }

    /// Looks at the path first. A single attempt comes before those who waited for the former file, if
    /// this process does not know the new one.
    fn request_where_it_leads(
        &mut self,
        index: usize,
        scenario: &Scenario,
        out: &mut Actions<usize, Handle>,
    ) {
        let request = scenario.requests[index];
        let Some(found) = self.find_if_bound(request.path) else {
            self.registry.requested(waiter(index, request), out);
            return;
        };
        let is_known = self.registry.by_file.contains_key(&found);
        if request.limit == Timeout::Zero && !is_known {
            let moves = |other: usize| {
                let waits = matches!(self.progress[other], Progress::Pending { .. });
                waits && scenario.requests[other].path == request.path
            };
            if (0..index).any(moves) {
                let first = self.arrivals.iter().min().copied().unwrap_or_default();
                self.arrivals[index] = first - 1;
            }
        }
        let mut moves = Actions::new();
        let waiter = waiter(index, request);
        self.registry.requested_at(Some(found), waiter, &mut moves, out);
        self.perform(moves, None, scenario);
    }

    fn arrive(&mut self, index: usize) {
        let last = self.arrivals.iter().max().copied().unwrap_or_default();
        self.arrivals[index] = last + 1;
    }

    fn advance(&mut self, work: Work, scenario: &Scenario, out: &mut Actions<usize, Handle>) {
        match work {
            Work::Attempt(id, path, mode, at) => {
                self.advance_attempt(id, path, mode, at, scenario, out);
            }
            Work::Wait { id, path, mode, at, interrupted } => {
                let on = |at| Work::Wait { id, path, mode, at, interrupted };
                self.advance_wait(id, path, mode, at, on, out);
            }
            Work::Check { entry, path, handle, looks, found: None } => {
                let is_closed = looks && self.is_gate_closed(handle);
                let found = Some((self.paths[path], is_closed));
                self.work.insert(Work::Check { entry, path, handle, looks, found });
            }
            Work::Check { entry, path, handle, found: Some((file, is_closed)), .. } => {
                let found = Some(FileId { volume: 0, file: file.into() });
                let gate = if is_closed { Gate::Closed } else { Gate::Open };
                let now = self.now();
                self.registry.checked(entry, &PATHS[path], handle, Ok(found), gate, now, out);
            }
            Work::Downgrade { entry, handle, is_done: false } => {
                let before = self.locks.insert((handle.file, Owner::Ours(handle)), Mode::Shared);
                assert_eq!(before, Some(Mode::Exclusive), "what is downgraded is exclusive");
                self.work.insert(Work::Downgrade { entry, handle, is_done: true });
            }
            Work::Downgrade { entry, handle, is_done: true } => {
                self.registry.downgraded(entry, handle, true, out);
            }
            Work::Verify(entry, path, Verify::Ordered(file)) => {
                let answer = Verify::Answered(self.paths[path] == file);
                self.work.insert(Work::Verify(entry, path, answer));
            }
            Work::Verify(entry, path, Verify::Answered(current)) => {
                self.registry.verified(entry, &PATHS[path], Ok(current), out);
            }
            Work::Offer(offer, _) => self.registry.accepted(offer, out),
            Work::Forget(entry) => self.registry.forget_if_idle(entry),
            Work::Confirm(offer, path, Confirm::Ordered(file)) => {
                if self.paths[path] == file {
                    self.work.insert(Work::Confirm(offer, path, Confirm::Found));
                }
            }
            Work::Confirm(offer, path, Confirm::Found) => {
                self.registry.confirmed(offer, &PATHS[path], out);
            }
            Work::Interrupt(id) => {
                let found = self.work.iter().copied().find(|work| {
                    matches!(work, Work::Wait { id: it, at, .. }
                        if *it == id && !matches!(at, Wait::Ordered(_)))
                });
                if let Some(work @ Work::Wait { id, path, mode, at, .. }) = found {
                    self.work.remove(&work);
                    self.work.insert(Work::Wait { id, path, mode, at, interrupted: true });
                }
            }
            Work::Unlock(handle) => self.close(handle),
        }
    }

    fn advance_attempt(
        &mut self,
        id: WorkId,
        path: Path,
        mode: Mode,
        at: Attempt,
        scenario: &Scenario,
        out: &mut Actions<usize, Handle>,
    ) {
        let now = self.now();
        match at {
            Attempt::Ordered(_) => {
                if self.registry.before_open(id, out).is_continue() {
                    self.work.insert(Work::Attempt(id, path, mode, Attempt::Begun));
                }
            }
            Attempt::Begun => {
                self.assert_wanted(id, path, scenario);
                let handle = self.open(path);
                if self.registry.file_opened(id, handle.id(), out).is_continue() {
                    self.work.insert(Work::Attempt(id, path, mode, Attempt::Opened(handle)));
                } else {
                    self.close(handle);
                }
            }
            Attempt::Opened(handle) => {
                let passes = mode == Mode::Exclusive || !self.is_gate_closed(handle);
                let free = passes && self.lock(handle, mode);
                let at = if free { Attempt::Locked(handle) } else { Attempt::Busy(handle) };
                self.work.insert(Work::Attempt(id, path, mode, at));
            }
            Attempt::Locked(handle) if self.paths[path] == handle.file => {
                self.registry.tried(id, &PATHS[path], Tried::Locked(handle), now, out);
            }
            Attempt::Locked(handle) => {
                self.close(handle);
                self.work.insert(Work::Attempt(id, path, mode, Attempt::Ordered(None)));
            }
            Attempt::Busy(handle) => {
                self.registry.tried(id, &PATHS[path], Tried::Busy(handle), now, out);
            }
        }
    }

    /// A file is created for acquires that are not over.
    fn assert_wanted(&self, attempt: WorkId, path: Path, scenario: &Scenario) {
        let file = self.paths[path];
        let wants = |(index, it): (usize, &Progress)| {
            let is_over = matches!(it, Progress::Absent | Progress::Over);
            self.paths[scenario.requests[index].path] == file && !is_over
        };
        let is_wanted = self.progress.iter().enumerate().any(wants);
        // A grant beside it was of the file at the path, which is there then.
        let is_it =
            |hold: &Hold<Handle>| matches!(hold, Hold::Attempting(it) if it.work == attempt);
        let is_stale = !self.registry.entries().any(|(_, entry)| is_it(&entry.hold));
        // The waiters of a path that came to name another file have left it, and that file is there.
        let is_replaced = scenario.budget.replacements > 0;
        assert!(
            is_wanted || is_stale || is_replaced || !self.ended.is_empty(),
            "a file is created after all was over"
        );
    }

    fn advance_wait(
        &mut self,
        id: WorkId,
        path: Path,
        mode: Mode,
        at: Wait,
        on: impl Fn(Wait) -> Work,
        out: &mut Actions<usize, Handle>,
    ) {
        match at {
            Wait::Ordered(handle) => {
                self.work.insert(on(Wait::Started(handle)));
            }
            Wait::Started(None) if self.registry.before_open(id, out).is_break() => {}
            Wait::Started(None) => {
                let handle = self.open(path);
                if self.registry.file_opened(id, handle.id(), out).is_continue() {
                    self.work.insert(on(Wait::Started(Some(handle))));
                } else {
                    self.close(handle);
                }
            }
            Wait::Started(Some(handle)) => {
                if self.registry.before_wait(id, out).is_continue() {
                    self.work.insert(on(Wait::InCall(handle)));
                } else {
                    self.close(handle);
                }
            }
            Wait::InCall(handle) => {
                assert!(self.lock(handle, mode), "it is granted only when it is free");
                self.work.insert(on(Wait::Locked(handle)));
            }
            Wait::Locked(handle) => {
                let now = self.now();
                self.registry.waited(id, &PATHS[path], WaitEnd::Granted(handle), now, out);
            }
        }
    }

    fn fail(&mut self, work: Work, out: &mut Actions<usize, Handle>) {
        let now = self.now();
        match work {
            Work::Attempt(id, path, _, at) => {
                if let Attempt::Opened(handle) | Attempt::Locked(handle) = at {
                    self.close(handle);
                }
                self.registry.tried(id, &PATHS[path], Tried::Failed(FAULT), now, out);
            }
            Work::Wait { id, path, at, .. } => {
                if let Wait::Ordered(Some(handle))
                | Wait::Started(Some(handle))
                | Wait::InCall(handle)
                | Wait::Locked(handle) = at
                {
                    self.close(handle);
                }
                self.registry.waited(id, &PATHS[path], WaitEnd::Failed(FAULT), now, out);
            }
            Work::Verify(entry, path, _) => {
                self.registry.verified(entry, &PATHS[path], Err(FAULT), out);
            }
            Work::Check { entry, path, handle, .. } => {
                let (error, gate) = (Err(FAULT), Gate::Open);
                self.registry.checked(entry, &PATHS[path], handle, error, gate, now, out);
            }
            Work::Downgrade { entry, handle, .. } => {
                self.registry.downgraded(entry, handle, false, out);
                for index in 0..self.progress.len() {
                    let id = AcquireId { owner: OwnerId(0), sequence: index as u64 };
                    let is_held = |(_, it): (_, &Entry<usize, Handle>)| matches!(it.hold, Hold::Held { holder, .. } if holder.sequence == id.sequence);
                    if self.registry.entries().any(is_held) {
                        self.downgraded.remove(&index);
                    }
                }
            }
            // It is the acquire's own thread then that finds out.
            Work::Confirm(..) => {}
            Work::Offer(..) | Work::Interrupt(_) | Work::Unlock(_) | Work::Forget(_) => {
                unreachable!("cannot fail")
            }
        }
    }

    fn perform(
        &mut self,
        actions: Actions<usize, Handle>,
        pool_of: Option<u32>,
        scenario: &Scenario,
    ) {
        for action in actions {
            match action {
                Action::Attempt { work, path, mode } => {
                    let at = Attempt::Ordered(pool_of);
                    self.work.insert(Work::Attempt(work, number(&path), mode, at));
                }
                Action::Check { entry, path, file, looks_at_gate } => {
                    let (path, looks) = (number(&path), looks_at_gate);
                    let new = Work::Check { entry, path, handle: file, looks, found: None };
                    assert!(self.work.insert(new), "one check at a time");
                }
                Action::Downgrade { entry, file } => {
                    self.work.insert(Work::Downgrade { entry, handle: file, is_done: false });
                }
                Action::Wait { work: id, path, mode, file } => {
                    let at =
                        if scenario.delays { Wait::Ordered(file) } else { Wait::Started(file) };
                    let path = number(&path);
                    self.work.insert(Work::Wait { id, path, mode, at, interrupted: false });
                }
                Action::Verify { entry, path, file } => {
                    let file = File::try_from(file.file).expect("the model's own");
                    let new = Work::Verify(entry, number(&path), Verify::Ordered(file));
                    assert!(self.work.insert(new), "one check at a time");
                }
                Action::Requeue { work: id, path, mode, file } => {
                    self.unlock(file);
                    let (at, path) = (Wait::Started(Some(file)), number(&path));
                    self.work.insert(Work::Wait { id, path, mode, at, interrupted: false });
                }
                Action::Offer { offer, path, file, reply } => {
                    assert!(self.work.insert(Work::Offer(offer, reply)), "offered once");
                    let file = File::try_from(file.file).expect("the model's own");
                    let at = Confirm::Ordered(file);
                    self.work.insert(Work::Confirm(offer, number(&path), at));
                }
                Action::Interrupt { work } => self.order(Work::Interrupt(work), scenario),
                Action::Unlock { file } => self.order(Work::Unlock(file), scenario),
                Action::Complete { reply, outcome, .. } => self.complete(reply, outcome, scenario),
                Action::Notice { reply, .. } => {
                    assert!(
                        scenario.requests[reply].wants_notice,
                        "only a waiter that asks is noticed"
                    );
                    let pending = Progress::Pending { noticed: false };
                    assert_eq!(self.progress[reply], pending, "noticed once, before the outcome");
                    self.progress[reply] = Progress::Pending { noticed: true };
                }
            }
        }
    }

    /// At once, unless the scenario has delays or more than one outcome.
    fn order(&mut self, work: Work, scenario: &Scenario) {
        let is_interrupt = matches!(work, Work::Interrupt(_));
        if scenario.delays || is_interrupt && scenario.interrupts == Interrupts::Either {
            self.work.insert(work);
        } else if !is_interrupt || scenario.interrupts == Interrupts::Work {
            self.advance(work, scenario, &mut Actions::new());
        }
    }

    fn complete(&mut self, index: usize, outcome: Outcome, scenario: &Scenario) {
        let request = scenario.requests[index];
        let reply = self.progress[index];
        let is_due = match outcome {
            Outcome::Cancelled => reply == Progress::Leaving,
            _ => matches!(reply, Progress::Pending { .. }),
        };
        assert!(is_due, "{index} settled while {reply:?}: {outcome:?}");
        self.progress[index] = Progress::Over;
        match outcome {
            Outcome::Cancelled => {}
            Outcome::Granted => {
                self.progress[index] = Progress::Holding;
            }
            Outcome::Busy => {
                let has_time = request.limit != Timeout::Zero && !self.expired.contains(&index);
                assert!(!has_time, "{index} had time to wait");
            }
            Outcome::Deadlock => {
                let holds = |(other, reply): (usize, &Progress)| {
                    *reply == Progress::Holding && scenario.requests[other].owner == request.owner
                };
                let waits_indefinitely = request.is_sync && request.limit == Timeout::Never;
                assert!(waits_indefinitely, "{index} would not wait indefinitely");
                let is_offered = self.registry.entries().any(|(_, entry)| {
                    matches!(entry.hold, Hold::Offered { to, .. } if to.owner.0 == request.owner)
                });
                let holder = is_offered || self.progress.iter().enumerate().any(holds);
                assert!(holder, "{index} waits for another holder");
            }
            Outcome::Failed(error) => {
                assert_eq!(error, FAULT, "the error is the one that happened");
            }
        }
    }

    /// What holds at any time.
    fn assert_sound(&self, scenario: &Scenario) {
        self.registry.assert_indices();
        let mut accounted = BTreeSet::new();
        let mut locked = BTreeSet::new();
        for work in &self.work {
            if let Some(handle) = handle_of(*work) {
                assert!(accounted.insert(handle), "{handle:?} is in use twice");
            }
            if let Work::Attempt(_, _, _, Attempt::Locked(handle))
            | Work::Wait { at: Wait::Locked(handle), .. }
            | Work::Check { handle, .. }
            | Work::Downgrade { handle, .. }
            | Work::Unlock(handle) = *work
            {
                locked.insert(handle);
            }
        }
        let mut holders = BTreeSet::new();
        for (id, entry) in self.registry.entries() {
            self.assert_entry_sound(id, entry, scenario);
            let (file, mode) = match entry.hold {
                Hold::Offered { file, .. }
                | Hold::Verifying { file, .. }
                | Hold::Held { file, .. } => (Some(file), Mode::Exclusive),
                Hold::Shared(ref shared) => match shared.step {
                    SharedStep::Idle(file) => (Some(file), Mode::Shared),
                    SharedStep::Downgrading | SharedStep::Checking => (None, Mode::Shared),
                },
                Hold::Free | Hold::Attempting(_) => (None, Mode::Exclusive),
            };
            if let Some(file) = file {
                assert!(accounted.insert(file), "{file:?} is in use twice");
                locked.insert(file);
                let owner = self.locks.get(&(file.file, Owner::Ours(file)));
                assert_eq!(owner, Some(&mode), "what is held is locked");
            }
            holders.extend(entry.holders());
        }
        assert_eq!(self.open, accounted, "no open file is lost, and none is used when closed");
        for (_, owner) in self.locks.keys() {
            if let Owner::Ours(handle) = owner {
                assert!(locked.contains(handle), "{handle:?} is locked without a use");
            }
        }
        let told: BTreeSet<_> = (0..self.progress.len())
            .filter(|index| self.progress[*index] == Progress::Holding)
            .map(|index| acquire_id(index, scenario.requests[index]))
            .collect();
        assert_eq!(told, holders, "an acquisition holds the lock if and only if it was granted");
        // An entry knows one file at a time: when the former comes back, or another spelling still
        // leads to it, its waits are forgotten.
        let Budget { replacements, restorations, .. } = scenario.budget;
        self.assert_exclusion(scenario);
        let one_spelling = scenario.requests.iter().all(|request| request.path == 0);
        if restorations == 0 && (replacements == 0 || one_spelling) {
            self.assert_one_wait_a_file(scenario);
        }
    }

    /// One writer alone, or readers alone.
    fn assert_exclusion(&self, scenario: &Scenario) {
        for (_, entry) in self.registry.entries() {
            let holders = entry.holders();
            let writes = |holder: &AcquireId| {
                let index = holder.sequence as usize;
                let is_exclusive = scenario.requests[index].mode == Mode::Exclusive;
                is_exclusive && !self.downgraded.contains(&index)
            };
            let writers = holders.iter().filter(|holder| writes(holder)).count();
            assert!(writers == 0 || holders.len() == 1, "a writer is not alone");
        }
        for ((file, owner), mode) in &self.locks {
            assert!(self.is_free(*file, *owner, *mode), "the system excludes");
        }
    }

    fn assert_entry_sound(&self, id: EntryId, entry: &Entry<usize, Handle>, scenario: &Scenario) {
        let is_forgotten_soon = self.work.contains(&Work::Forget(id));
        assert!(!entry.is_idle() || is_forgotten_soon, "what is idle is forgotten");
        let hold = &entry.hold;
        let wait = entry.wait.as_ref();
        // No order was lost: what the entry waits for is under way.
        if let Hold::Shared(shared) = hold {
            let goes_on = |work: &Work| match (&shared.step, work) {
                (SharedStep::Downgrading, Work::Downgrade { entry, .. })
                | (SharedStep::Checking, Work::Check { entry, .. }) => *entry == id,
                _ => false,
            };
            let is_idle = matches!(shared.step, SharedStep::Idle(_));
            assert!(is_idle || self.work.iter().any(goes_on), "the check is under way");
            assert!(!is_idle || !shared.readers.is_empty(), "it serves a reader");
            if is_idle && let Some(first) = entry.waiters().next() {
                assert!(!first.is_shared() || shared.is_closed, "a reader may go in");
                let reserved = wait.is_some_and(|wait| wait.wanted && wait.mode == first.mode);
                // One that opens another file than the shared one ends.
                let is_replaced = wait.is_none() && scenario.budget.replacements > 0;
                assert!(reserved || entry.cannot_reserve || is_replaced, "a waiter has no wait");
            }
        }
        if let (Hold::Free, Some(first)) = (hold, entry.waiters().next()) {
            assert!(
                wait.is_some_and(|wait| wait.mode == first.mode),
                "the wait is in another mode"
            );
        }
        if let Hold::Attempting(attempt) = hold {
            let found = self.work.iter().find_map(|work| match work {
                Work::Attempt(it, _, _, at) if *it == attempt.work => Some(*at),
                _ => None,
            });
            let at = found.expect("the attempt is under way");
            let is_pooled = matches!(at, Attempt::Ordered(Some(_)));
            assert_eq!(attempt.is_pooled(), is_pooled, "it is known what waits for the pool");
        }
        if let Hold::Offered { to, number, .. } = *hold {
            let offer = Offer { entry: id, number };
            let goes_on = |work: &Work| matches!(work, Work::Offer(it, index) if *it == offer && *index as u64 == to.sequence);
            assert!(self.work.iter().any(goes_on), "the offer is under way");
            // Waiters that came before it can have moved here since.
            assert!(entry.waiters().any(|waiter| waiter.id == to), "a waiter has the offer");
        }
        if let Hold::Verifying { .. } = hold {
            let goes_on = |work: &Work| matches!(work, Work::Verify(it, ..) if *it == id);
            assert!(self.work.iter().any(goes_on), "the check is under way");
        }
        if let Some(waiting) = wait.map(|wait| wait.work) {
            let goes_on = |work: &Work| matches!(work, Work::Wait { id, .. } if *id == waiting);
            assert!(self.work.iter().any(goes_on), "the wait is under way");
        }
        let is_under_way = !matches!(hold, Hold::Free) || wait.is_some_and(|wait| wait.wanted);
        let wanted = wait.is_some_and(|wait| wait.wanted);
        let ours = hold.file().is_some();
        assert!(
            !wanted || ours || entry.waiters().next().is_some(),
            "a wait is wanted without a waiter"
        );
        for waiter in entry.waiters() {
            assert!(is_under_way, "{} waits for nothing", waiter.reply);
            let reply = self.progress[waiter.reply];
            assert!(
                matches!(reply, Progress::Pending { .. }),
                "{} waits after its end",
                waiter.reply
            );
            if self.expired.contains(&waiter.reply) {
                let depends = matches!(hold, Hold::Attempting(attempt) if attempt.is_pooled());
                assert!(!depends, "{} waits for the pool though its time is over", waiter.reply);
            }
            let will_not_wait = waiter.limit == WaitLimit::None;
            let is_tried = match hold {
                Hold::Attempting(_) | Hold::Verifying { .. } => true,
                Hold::Offered { to, .. } => {
                    *to == waiter.id || entry.queue.goes_with_first(waiter.id)
                }
                Hold::Shared(shared) => !matches!(shared.step, SharedStep::Idle(_)),
                Hold::Free | Hold::Held { .. } => false,
            };
            assert!(!will_not_wait || is_tried, "{} waits with no time to", waiter.reply);
            let is_decided = match hold {
                Hold::Held { .. } => true,
                Hold::Shared(shared) => matches!(shared.step, SharedStep::Idle(_)),
                _ => false,
            };
            if is_decided {
                let request = scenario.requests[waiter.reply];
                let mut holders = entry.holders().into_iter();
                let itself = request.is_sync && holders.any(|it| it.owner.0 == request.owner);
                let for_ever = request.limit == Timeout::Never;
                assert!(!(itself && for_ever), "{} waits for itself", waiter.reply);
                let told = !scenario.requests[waiter.reply].wants_notice
                    || reply == Progress::Pending { noticed: true };
                assert!(told, "{} does not know that the lock is taken", waiter.reply);
            }
        }
    }

    /// However many acquires there are, one thread stands in the queue of a file.
    fn assert_one_wait_a_file(&self, scenario: &Scenario) {
        let mut files = BTreeSet::new();
        let has_one_mode =
            scenario.requests.iter().all(|one| one.mode == scenario.requests[0].mode);
        // A wait in the other mode is ended, which can take time or fail.
        let ends_at_once = scenario.interrupts == Interrupts::Work && !scenario.delays;
        if !has_one_mode && !ends_at_once {
            return;
        }
        for work in &self.work {
            if let Work::Wait { at: Wait::InCall(handle), interrupted, .. } = work
                && (has_one_mode || !interrupted)
            {
                assert!(files.insert(handle.file), "two threads wait for one file");
            }
        }
    }

    /// First come, first served: no earlier waiter is left behind `index`.
    fn assert_first(&self, index: usize, scenario: &Scenario) {
        let request = scenario.requests[index];
        let id = acquire_id(index, request);
        let is_later = |other: usize| self.arrivals[other] > self.arrivals[index];
        for (other, reply) in self.progress.iter().enumerate() {
            let waits = matches!(reply, Progress::Pending { .. });
            let same_path = scenario.requests[other].path == request.path;
            assert!(!(waits && same_path) || is_later(other), "{index} was served before {other}");
        }
        for (_, entry) in self.registry.entries() {
            if entry.holders().contains(&id) {
                let mut waiters = entry.waiters();
                assert!(waiters.all(|other| is_later(other.reply)), "{index} was served early");
            }
        }
    }

    /// What holds when nothing can happen any more.
    pub fn assert_over(&self) {
        assert!(
            self.progress.iter().all(|reply| *reply == Progress::Over),
            "left: {:?}",
            self.progress
        );
        assert!(self.registry.is_empty(), "the registry forgets what is over");
        assert!(self.work.is_empty(), "left: {:?}", self.work);
        assert!(self.locks.is_empty(), "left: {:?}", self.locks);
        assert!(self.open.is_empty(), "left: {:?}", self.open);
    }

    fn now(&self) -> Instant {
        at(self.clock)
    }

    fn open(&mut self, path: Path) -> Handle {
        let taken = |number: &u8| self.open.iter().any(|handle| handle.number == *number);
        let number = (0..).find(|number| !taken(number)).expect("few files are open");
        let handle = Handle { number, file: self.paths[path] };
        self.open.insert(handle);
        handle
    }

    fn lock(&mut self, handle: Handle, mode: Mode) -> bool {
        let owner = Owner::Ours(handle);
        let free = self.is_free(handle.file, owner, mode);
        if free {
            self.locks.insert((handle.file, owner), mode);
        }
        free
    }

    fn is_free(&self, file: File, owner: Owner, mode: Mode) -> bool {
        let mut others =
            self.locks.iter().filter(|((it, other), _)| *it == file && *other != owner);
        others.all(|(_, other)| mode == Mode::Shared && *other == Mode::Shared)
    }

    /// Another open file waits at the gate: of another process, or of this one.
    fn is_gate_closed(&self, handle: Handle) -> bool {
        let waits = |work: &Work| {
            matches!(work, Work::Wait { at: Wait::InCall(it), .. }
                if it.file == handle.file && *it != handle)
        };
        self.gates.contains(&handle.file) || self.work.iter().any(waits)
    }

    fn close(&mut self, handle: Handle) {
        assert!(self.open.remove(&handle), "{handle:?} is closed once");
        self.unlock(handle);
    }

    fn unlock(&mut self, handle: Handle) {
        self.locks.remove(&(handle.file, Owner::Ours(handle)));
    }
}

fn wait_id(work: Work) -> Option<WorkId> {
    match work {
        Work::Wait { id, .. } => Some(id),
        _ => None,
    }
}

/// Of which entry it is, and under which number.
fn entry_and_number(work: Work) -> Option<(EntryId, Option<u64>)> {
    match work {
        Work::Attempt(WorkId { entry, number }, ..)
        | Work::Wait { id: WorkId { entry, number }, .. }
        | Work::Interrupt(WorkId { entry, number })
        | Work::Offer(Offer { entry, number }, _)
        | Work::Confirm(Offer { entry, number }, ..) => Some((entry, Some(number))),
        Work::Verify(entry, ..)
        | Work::Check { entry, .. }
        | Work::Downgrade { entry, .. }
        | Work::Forget(entry) => Some((entry, None)),
        Work::Unlock(_) => None,
    }
}

fn renumbered(work: Work, numbers: &Numbers) -> Work {
    match work {
        Work::Attempt(id, path, mode, at) => Work::Attempt(numbers.work(id), path, mode, at),
        Work::Wait { id, path, mode, at, interrupted } => {
            Work::Wait { id: numbers.work(id), path, mode, at, interrupted }
        }
        Work::Verify(entry, path, at) => Work::Verify(numbers.entry(entry), path, at),
        Work::Check { entry, path, handle, looks, found } => {
            Work::Check { entry: numbers.entry(entry), path, handle, looks, found }
        }
        Work::Downgrade { entry, handle, is_done } => {
            Work::Downgrade { entry: numbers.entry(entry), handle, is_done }
        }
        Work::Offer(offer, to) => Work::Offer(numbers.offer(offer), to),
        Work::Confirm(offer, path, at) => Work::Confirm(numbers.offer(offer), path, at),
        Work::Interrupt(id) => Work::Interrupt(numbers.work(id)),
        Work::Unlock(handle) => Work::Unlock(handle),
        Work::Forget(entry) => Work::Forget(numbers.entry(entry)),
    }
}

/// Returns `true` if the work waits for the pool of that environment.
fn is_pooled(work: Work, owner: u32) -> bool {
    matches!(work, Work::Attempt(.., Attempt::Ordered(Some(pool_of))) if pool_of == owner)
}

fn can_fail(work: Work) -> bool {
    match work {
        Work::Attempt(_, _, _, at) => !matches!(at, Attempt::Ordered(_) | Attempt::Busy(_)),
        Work::Wait { .. } => true,
        Work::Verify(_, _, at) => matches!(at, Verify::Ordered(_)),
        Work::Confirm(_, _, at) => matches!(at, Confirm::Ordered(_)),
        Work::Check { found, .. } => found.is_none(),
        Work::Downgrade { is_done, .. } => !is_done,
        Work::Offer(..) | Work::Interrupt(_) | Work::Unlock(_) | Work::Forget(_) => false,
    }
}

fn handle_of(work: Work) -> Option<Handle> {
    match work {
        Work::Attempt(_, _, _, at) => match at {
            Attempt::Ordered(_) | Attempt::Begun => None,
            Attempt::Opened(handle) | Attempt::Locked(handle) | Attempt::Busy(handle) => {
                Some(handle)
            }
        },
        Work::Wait { at, .. } => match at {
            Wait::Ordered(handle) | Wait::Started(handle) => handle,
            Wait::InCall(handle) | Wait::Locked(handle) => Some(handle),
        },
        Work::Check { handle, .. } | Work::Downgrade { handle, .. } | Work::Unlock(handle) => {
            Some(handle)
        }
        Work::Verify(..)
        | Work::Offer(..)
        | Work::Confirm(..)
        | Work::Interrupt(_)
        | Work::Forget(_) => None,
    }
}

fn number(path: &LockPath) -> Path {
    PATHS.iter().position(|known| known == path).expect("a path of the model")
}

fn at(clock: u8) -> Instant {
    *START + TURN * u32::from(clock)
}

fn acquire_id(index: usize, request: Request) -> AcquireId {
    AcquireId { owner: OwnerId(request.owner), sequence: index as u64 }
}

fn lock_id(index: usize) -> LockId {
    LockId(index as u64)
}

fn waiter(index: usize, request: Request) -> Waiter<usize> {
    Waiter {
        id: acquire_id(index, request),
        path: PATHS[request.path].clone(),
        lock: lock_id(index),
        mode: request.mode,
        limit: match request.limit {
            Timeout::Never => WaitLimit::Unlimited,
            Timeout::Zero => WaitLimit::None,
            Timeout::Some => WaitLimit::Bounded,
        },
        is_sync: request.is_sync,
        wants_notice: request.wants_notice,
        reply: index,
    }
}
