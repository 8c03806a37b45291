//! A model of everything around a registry: the driver's side of the work that it orders, the
//! operating system's locks, another process, the files at the paths, the clock.
//!
//! A [`World`] offers the [`Step`]s that can happen next, and takes one. After each it checks what
//! must always hold; [`World::assert_over`] checks what must hold when nothing can happen any more.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::LazyLock;
use std::time::Instant;

use crate::error::{Error, Syscall};
use crate::lock::registry::Registry;
use crate::lock::state::inspect::{HoldView, WaitView};
use crate::lock::state::{Action, Actions, Entry, EntryId, TURN, Tried, WaitEnd, WorkId};
use crate::lock::waiter::{LockPath, Outcome, OwnerId, Patience, Waiter, WaiterId};
use crate::os::{FileId, Identified};

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
    pub patience: Timeout,
    pub blocks_owner: bool,
    pub wants_notice: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    Never,
    /// One attempt.
    Zero,
    /// This many ticks of the clock after the start.
    At(u8),
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
    /// Another process takes a lock.
    pub foreign: u8,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Foreign,
    Ours(Handle),
}

/// Work that is under way, and how far it has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Work {
    Attempt(WorkId, Path, Attempt),
    Wait { id: WorkId, path: Path, at: Wait, interrupted: bool },
    Check(EntryId, Path, Check),
    Interrupt(WorkId),
    LetGo(Handle),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attempt {
    Ordered,
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
pub enum Check {
    Ordered(File),
    Answered(bool),
}

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Request(usize),
    Cancel(usize),
    Release(usize),
    End(u32),
    Tick,
    ForeignTakes(File),
    ForeignLeaves(File),
    Replace,
    Restore,
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
enum Seat {
    Absent,
    Pending { noticed: bool },
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
    locks: BTreeMap<File, Owner>,
    open: BTreeSet<Handle>,
    work: BTreeSet<Work>,
    seats: Vec<Seat>,
    ended: BTreeSet<u32>,
    left: Budget,
}

impl World {
    pub fn new(scenario: &Scenario) -> Self {
        let files = scenario.files.iter().max().map_or(0, |last| last + 1);
        Self {
            registry: Registry::new(),
            clock: 0,
            paths: scenario.files,
            former: None,
            files,
            locks: BTreeMap::new(),
            open: BTreeSet::new(),
            work: BTreeSet::new(),
            seats: vec![Seat::Absent; scenario.requests.len()],
            ended: BTreeSet::new(),
            left: scenario.budget.clone(),
        }
    }

    /// Everything that can happen next.
    pub fn steps(&self, scenario: &Scenario) -> Vec<Step> {
        let mut steps = Vec::new();
        let next = self.seats.iter().position(|seat| *seat == Seat::Absent);
        steps.extend(next.map(Step::Request));
        for (index, seat) in self.seats.iter().enumerate() {
            match seat {
                Seat::Holding => steps.push(Step::Release(index)),
                Seat::Pending { .. } if self.left.cancels > 0 => steps.push(Step::Cancel(index)),
                _ => {}
            }
        }
        if self.left.ends > 0 {
            let owners: BTreeSet<_> = scenario.requests.iter().map(|one| one.owner).collect();
            steps.extend(owners.difference(&self.ended).copied().map(Step::End));
        }
        if self.left.ticks > 0 {
            steps.push(Step::Tick);
        }
        for file in 0..self.files {
            match self.locks.get(&file) {
                None if self.left.foreign > 0 => steps.push(Step::ForeignTakes(file)),
                Some(Owner::Foreign) => steps.push(Step::ForeignLeaves(file)),
                _ => {}
            }
        }
        if self.left.replacements > 0 {
            steps.push(Step::Replace);
        }
        if self.left.restorations > 0 && self.former.is_some() {
            steps.push(Step::Restore);
        }
        for work in &self.work {
            self.work_steps(*work, scenario, &mut steps);
        }
        steps
    }

    fn work_steps(&self, work: Work, scenario: &Scenario, steps: &mut Vec<Step>) {
        let blocked = matches!(work, Work::Wait { at: Wait::InCall(handle), .. }
            if self.locks.contains_key(&handle.file));
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
        let before = self.seats.clone();
        let mut out = Actions::new();
        self.happen(step, scenario, &mut out);
        self.perform(out, scenario);
        self.assert_sound(scenario);
        for (index, seat) in before.into_iter().enumerate() {
            if seat != self.seats[index] && self.seats[index] == Seat::Holding {
                self.assert_first(index, scenario);
            }
        }
    }

    fn happen(&mut self, step: Step, scenario: &Scenario, out: &mut Actions<usize, Handle>) {
        let now = self.now();
        match step {
            Step::Request(index) => {
                let request = scenario.requests[index];
                if self.ended.contains(&request.owner) {
                    self.seats[index] = Seat::Over;
                    return;
                }
                self.seats[index] = Seat::Pending { noticed: false };
                self.registry.requested(waiter(index, request), out);
            }
            Step::Cancel(index) => {
                self.left.cancels -= 1;
                let request = scenario.requests[index];
                let (path, id) = (&PATHS[request.path], waiter_id(index, request));
                assert!(self.registry.cancel(path, id, out), "who waits can give up");
                assert!(!self.registry.cancel(path, id, out), "but only once");
                self.seats[index] = Seat::Over;
            }
            Step::Release(index) => {
                let request = scenario.requests[index];
                let (path, id) = (&PATHS[request.path], waiter_id(index, request));
                assert!(self.registry.release_only(path, id, now, out), "who holds can release");
                self.seats[index] = Seat::Over;
            }
            Step::End(owner) => {
                self.left.ends -= 1;
                self.ended.insert(owner);
                for (index, seat) in self.seats.iter_mut().enumerate() {
                    if scenario.requests[index].owner == owner && *seat != Seat::Absent {
                        *seat = Seat::Over;
                    }
                }
                self.registry.gone(OwnerId(owner), now, out);
            }
            Step::Tick => {
                self.left.ticks -= 1;
                self.clock += 1;
            }
            Step::ForeignTakes(file) => {
                self.left.foreign -= 1;
                self.locks.insert(file, Owner::Foreign);
            }
            Step::ForeignLeaves(file) => {
                self.locks.remove(&file);
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
            Step::Advance(work) => {
                self.work.remove(&work);
                self.advance(work, out);
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

    fn advance(&mut self, work: Work, out: &mut Actions<usize, Handle>) {
        match work {
            Work::Attempt(id, path, at) => self.advance_attempt(id, path, at, out),
            Work::Wait { id, path, at, interrupted } => {
                let on = |at| Work::Wait { id, path, at, interrupted };
                self.advance_wait(id, path, at, on, out);
            }
            Work::Check(entry, path, Check::Ordered(file)) => {
                let answer = Check::Answered(self.paths[path] == file);
                self.work.insert(Work::Check(entry, path, answer));
            }
            Work::Check(entry, path, Check::Answered(current)) => {
                self.registry.checked(entry, &PATHS[path], current, self.now(), out);
            }
            Work::Interrupt(id) => {
                let found = self.work.iter().copied().find(|work| {
                    matches!(work, Work::Wait { id: it, at, .. }
                        if *it == id && !matches!(at, Wait::Ordered(_)))
                });
                if let Some(work @ Work::Wait { id, path, at, .. }) = found {
                    self.work.remove(&work);
                    self.work.insert(Work::Wait { id, path, at, interrupted: true });
                }
            }
            Work::LetGo(handle) => self.close(handle),
        }
    }

    fn advance_attempt(
        &mut self,
        id: WorkId,
        path: Path,
        at: Attempt,
        out: &mut Actions<usize, Handle>,
    ) {
        let now = self.now();
        match at {
            Attempt::Ordered => {
                let handle = self.open(path);
                if self.registry.opened(id, handle.id(), out) {
                    self.work.insert(Work::Attempt(id, path, Attempt::Opened(handle)));
                } else {
                    self.close(handle);
                }
            }
            Attempt::Opened(handle) => {
                let free = self.lock(handle);
                let at = if free { Attempt::Locked(handle) } else { Attempt::Busy(handle) };
                self.work.insert(Work::Attempt(id, path, at));
            }
            Attempt::Locked(handle) if self.paths[path] == handle.file => {
                self.registry.tried(id, &PATHS[path], Tried::Locked(handle), now, out);
            }
            Attempt::Locked(handle) => {
                self.close(handle);
                self.work.insert(Work::Attempt(id, path, Attempt::Ordered));
            }
            Attempt::Busy(handle) => {
                self.registry.tried(id, &PATHS[path], Tried::Busy(handle), now, out);
            }
        }
    }

    fn advance_wait(
        &mut self,
        id: WorkId,
        path: Path,
        at: Wait,
        on: impl Fn(Wait) -> Work,
        out: &mut Actions<usize, Handle>,
    ) {
        match at {
            Wait::Ordered(handle) => {
                self.work.insert(on(Wait::Started(handle)));
            }
            Wait::Started(None) => {
                let handle = self.open(path);
                if self.registry.opened(id, handle.id(), out) {
                    self.work.insert(on(Wait::Started(Some(handle))));
                } else {
                    self.close(handle);
                }
            }
            Wait::Started(Some(handle)) => {
                if self.registry.queued(id) {
                    self.work.insert(on(Wait::InCall(handle)));
                } else {
                    self.close(handle);
                }
            }
            Wait::InCall(handle) => {
                assert!(self.lock(handle), "it is granted only when it is free");
                self.work.insert(on(Wait::Locked(handle)));
            }
            Wait::Locked(handle) if self.paths[path] == handle.file => {
                let now = self.now();
                self.registry.waited(id, &PATHS[path], WaitEnd::Granted(handle), now, out);
            }
            Wait::Locked(handle) => {
                self.close(handle);
                self.work.insert(on(Wait::Started(None)));
            }
        }
    }

    fn fail(&mut self, work: Work, out: &mut Actions<usize, Handle>) {
        let now = self.now();
        match work {
            Work::Attempt(id, path, at) => {
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
            Work::Check(entry, path, _) => {
                self.work.insert(Work::Check(entry, path, Check::Answered(false)));
            }
            Work::Interrupt(_) | Work::LetGo(_) => unreachable!("cannot fail"),
        }
    }

    fn perform(&mut self, actions: Actions<usize, Handle>, scenario: &Scenario) {
        for action in actions {
            match action {
                Action::Attempt { work, path } => {
                    self.work.insert(Work::Attempt(work, number(&path), Attempt::Ordered));
                }
                Action::Wait { work: id, path, file } => {
                    let at =
                        if scenario.delays { Wait::Ordered(file) } else { Wait::Started(file) };
                    let path = number(&path);
                    self.work.insert(Work::Wait { id, path, at, interrupted: false });
                }
                Action::Check { entry, path, file } => {
                    let file = File::try_from(file.file).expect("the model's own");
                    let new = Work::Check(entry, number(&path), Check::Ordered(file));
                    assert!(self.work.insert(new), "one check at a time");
                }
                Action::Interrupt { work } => self.order(Work::Interrupt(work), scenario),
                Action::LetGo { file } => self.order(Work::LetGo(file), scenario),
                Action::Settle { seat, outcome } => self.settle(seat, outcome, scenario),
                Action::Notice { seat, .. } => {
                    assert!(scenario.requests[seat].wants_notice, "only who wants it is noticed");
                    let pending = Seat::Pending { noticed: false };
                    assert_eq!(self.seats[seat], pending, "noticed once, before the outcome");
                    self.seats[seat] = Seat::Pending { noticed: true };
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
            self.advance(work, &mut Actions::new());
        }
    }

    fn settle(&mut self, index: usize, outcome: Outcome, scenario: &Scenario) {
        let request = scenario.requests[index];
        let waiter = waiter(index, request);
        let seat = self.seats[index];
        assert!(matches!(seat, Seat::Pending { .. }), "{index} settled while {seat:?}");
        self.seats[index] = Seat::Over;
        match outcome {
            Outcome::Granted => {
                assert!(!waiter.expired(self.now()), "{index} granted after its deadline");
                self.seats[index] = Seat::Holding;
            }
            Outcome::Busy => {
                assert_eq!(request.patience, Timeout::Zero, "{index} had time to wait");
            }
            Outcome::TimedOut => assert!(waiter.expired(self.now()), "{index} had time left"),
            Outcome::Deadlock => {
                let holds = |(other, seat): (usize, &Seat)| {
                    *seat == Seat::Holding && scenario.requests[other].owner == request.owner
                };
                let waits_for_ever = request.blocks_owner && request.patience == Timeout::Never;
                assert!(waits_for_ever, "{index} would not wait for ever");
                let holder = self.seats.iter().enumerate().any(holds);
                assert!(holder, "{index} waits for somebody else");
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
            if let Work::Attempt(_, _, Attempt::Locked(handle))
            | Work::Wait { at: Wait::Locked(handle), .. }
            | Work::LetGo(handle) = *work
            {
                locked.insert(handle);
            }
        }
        let mut holders = BTreeSet::new();
        for (id, entry) in self.registry.entries() {
            self.assert_entry_sound(id, entry, scenario);
            let hold = entry.hold_view();
            if let HoldView::Held(file, _) | HoldView::Passing(file) = hold {
                assert!(accounted.insert(file), "{file:?} is in use twice");
                locked.insert(file);
                let owner = self.locks.get(&file.file);
                assert_eq!(owner, Some(&Owner::Ours(file)), "what is held is locked");
            }
            if let HoldView::Held(_, holder) = hold {
                holders.insert(holder);
            }
        }
        assert_eq!(self.open, accounted, "no open file is lost, and none is used when closed");
        for owner in self.locks.values() {
            if let Owner::Ours(handle) = owner {
                assert!(locked.contains(handle), "{handle:?} is locked for nobody");
            }
        }
        let told: BTreeSet<_> = (0..self.seats.len())
            .filter(|index| self.seats[*index] == Seat::Holding)
            .map(|index| waiter_id(index, scenario.requests[index]))
            .collect();
        assert_eq!(told, holders, "who was told that it has the lock has it, and nobody else");
        // An entry knows one file at a time: when the former comes back, or another spelling still
        // leads to it, its waits are forgotten.
        let Budget { replacements, restorations, .. } = scenario.budget;
        let one_spelling = scenario.requests.iter().all(|request| request.path == 0);
        if restorations == 0 && (replacements == 0 || one_spelling) {
            self.assert_one_wait_a_file();
        }
    }

    fn assert_entry_sound(&self, id: EntryId, entry: &Entry<usize, Handle>, scenario: &Scenario) {
        assert!(!entry.is_idle(), "what is idle is forgotten");
        let hold = entry.hold_view();
        let wait = entry.wait_view();
        // No order was lost: what the entry waits for is under way.
        if let HoldView::Trying(trying) = hold {
            let goes_on = |work: &Work| matches!(work, Work::Attempt(it, ..) if *it == trying);
            assert!(self.work.iter().any(goes_on), "the attempt is under way");
        }
        if let HoldView::Passing(_) = hold {
            let goes_on = |work: &Work| matches!(work, Work::Check(it, ..) if *it == id);
            assert!(self.work.iter().any(goes_on), "the check is under way");
        }
        if let Some(WaitView { work: waiting, .. }) = wait {
            let goes_on = |work: &Work| matches!(work, Work::Wait { id, .. } if *id == waiting);
            assert!(self.work.iter().any(goes_on), "the wait is under way");
        }
        let somebody_acts = hold != HoldView::Free || wait.is_some_and(|wait| wait.wanted);
        let wanted = wait.is_some_and(|wait| wait.wanted);
        let ours = matches!(hold, HoldView::Held(..) | HoldView::Passing(_));
        assert!(!wanted || ours || entry.waiters().next().is_some(), "a wait is wanted by nobody");
        for (_, waiter) in entry.waiters() {
            assert!(somebody_acts, "{} waits for nothing", waiter.seat);
            let seat = self.seats[waiter.seat];
            assert!(matches!(seat, Seat::Pending { .. }), "{} waits after its end", waiter.seat);
            let will_not_wait = waiter.patience == Patience::Once;
            let is_tried = matches!(hold, HoldView::Trying(_) | HoldView::Passing(_));
            assert!(!will_not_wait || is_tried, "{} waits with no time to", waiter.seat);
            if let HoldView::Held(_, holder) = hold {
                let request = scenario.requests[waiter.seat];
                let itself = request.blocks_owner && request.owner == holder.owner.0;
                let for_ever = request.patience == Timeout::Never;
                assert!(!(itself && for_ever), "{} waits for itself", waiter.seat);
            }
            if let HoldView::Held(..) = hold {
                let told = !scenario.requests[waiter.seat].wants_notice
                    || seat == Seat::Pending { noticed: true };
                assert!(told, "{} does not know that the lock is taken", waiter.seat);
            }
        }
    }

    /// However many acquires there are, one thread stands in the queue of a file.
    fn assert_one_wait_a_file(&self) {
        let mut files = BTreeSet::new();
        for work in &self.work {
            if let Work::Wait { at: Wait::InCall(handle), .. } = work {
                assert!(files.insert(handle.file), "two threads wait for one file");
            }
        }
    }

    /// First come, first served: nobody who came before `index` is left behind it.
    fn assert_first(&self, index: usize, scenario: &Scenario) {
        let request = scenario.requests[index];
        let id = waiter_id(index, request);
        for (other, seat) in self.seats[..index].iter().enumerate() {
            let waits = matches!(seat, Seat::Pending { .. });
            let same_path = scenario.requests[other].path == request.path;
            assert!(!(waits && same_path), "{index} was served before {other}");
        }
        for (_, entry) in self.registry.entries() {
            if matches!(entry.hold_view(), HoldView::Held(_, holder) if holder == id) {
                let mut waiters = entry.waiters();
                assert!(waiters.all(|(_, other)| other.seat > index), "{index} was served early");
            }
        }
    }

    /// What holds when nothing can happen any more.
    pub fn assert_over(&self) {
        assert!(self.seats.iter().all(|seat| *seat == Seat::Over), "left: {:?}", self.seats);
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

    fn lock(&mut self, handle: Handle) -> bool {
        let free = !self.locks.contains_key(&handle.file);
        if free {
            self.locks.insert(handle.file, Owner::Ours(handle));
        }
        free
    }

    fn close(&mut self, handle: Handle) {
        assert!(self.open.remove(&handle), "{handle:?} is closed once");
        if self.locks.get(&handle.file) == Some(&Owner::Ours(handle)) {
            self.locks.remove(&handle.file);
        }
    }
}

fn can_fail(work: Work) -> bool {
    match work {
        Work::Attempt(_, _, at) => !matches!(at, Attempt::Busy(_)),
        Work::Wait { .. } => true,
        Work::Check(_, _, at) => matches!(at, Check::Ordered(_)),
        Work::Interrupt(_) | Work::LetGo(_) => false,
    }
}

fn handle_of(work: Work) -> Option<Handle> {
    match work {
        Work::Attempt(_, _, at) => match at {
            Attempt::Ordered => None,
            Attempt::Opened(handle) | Attempt::Locked(handle) | Attempt::Busy(handle) => {
                Some(handle)
            }
        },
        Work::Wait { at, .. } => match at {
            Wait::Ordered(handle) | Wait::Started(handle) => handle,
            Wait::InCall(handle) | Wait::Locked(handle) => Some(handle),
        },
        Work::LetGo(handle) => Some(handle),
        Work::Check(..) | Work::Interrupt(_) => None,
    }
}

fn number(path: &LockPath) -> Path {
    PATHS.iter().position(|known| known == path).expect("a path of the model")
}

fn at(clock: u8) -> Instant {
    *START + TURN * u32::from(clock)
}

fn waiter_id(index: usize, request: Request) -> WaiterId {
    WaiterId { owner: OwnerId(request.owner), number: index as u64 }
}

fn waiter(index: usize, request: Request) -> Waiter<usize> {
    Waiter {
        id: waiter_id(index, request),
        path: PATHS[request.path].clone(),
        patience: match request.patience {
            Timeout::Never => Patience::Forever,
            Timeout::Zero => Patience::Once,
            Timeout::At(tick) => Patience::Until(at(tick)),
        },
        blocks_owner: request.blocks_owner,
        wants_notice: request.wants_notice,
        seat: index,
    }
}
