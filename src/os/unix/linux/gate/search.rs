//! The protocol of the gate as a model, in which every order of steps of a few processes is visited.
//! The kernel is modelled as less orderly than it is: a waiter may get the lock once nothing
//! conflicts, in any order.

use std::collections::HashSet;

/// How often each process takes the lock.
const ROUNDS: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Idle,
    // A writer.
    Announce,
    LookForReaders,
    LookForTurn,
    Withdraw,
    QueueToWrite,
    WaitAnnounced,
    WithdrawGranted,
    WaitInTurn,
    Write,
    // A reader.
    Mark,
    LookForAnnounced,
    LookForTurnOfOther,
    Unmark,
    GiveBack,
    QueueToRead,
    AwaitAnnounced,
    LetAnnounce,
    WaitToRead,
    MarkGranted,
    // Both.
    EndTurn,
    Hold,
    UnmarkReleased,
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    writes: bool,
    step: Step,
    rounds: u8,
    holds: bool,
    reads: bool,
    announced: bool,
    has_turn: bool,
    /// Has the bytes of the announcements alone.
    bars_announcements: bool,
    /// The writers that had been seen to wait when this one began.
    behind: u8,
}

impl Process {
    fn new(writes: bool) -> Self {
        Self {
            writes,
            step: Step::Idle,
            rounds: 0,
            holds: false,
            reads: false,
            announced: false,
            has_turn: false,
            bars_announcements: false,
            behind: 0,
        }
    }

    /// A writer that readers can see from now on.
    fn waits_visibly(&self) -> bool {
        self.writes && matches!(self.step, Step::WaitAnnounced | Step::WaitInTurn)
    }
}

type State = Vec<Process>;

fn can_lock(state: &State, at: usize) -> bool {
    let mut others = state.iter().enumerate().filter(|(other, it)| *other != at && it.holds);
    others.all(|(_, other)| !state[at].writes && !other.writes)
}

fn is_turn_free(state: &State) -> bool {
    state.iter().all(|process| !process.has_turn)
}

/// Takes one step of one process, or returns `None` if it has to wait.
fn step(state: &State, at: usize) -> Option<State> {
    let mut next = state.clone();
    let sees = |seen: fn(&Process) -> bool| {
        state.iter().enumerate().any(|(other, process)| other != at && seen(process))
    };
    let this = &mut next[at];
    match this.step {
        Step::Idle => {
            let waiting = state.iter().enumerate().filter(|(_, other)| other.waits_visibly());
            this.behind = waiting.fold(0, |all, (other, _)| all | 1 << other);
            this.holds = can_lock(state, at);
            this.step = match (this.writes, this.holds) {
                (true, true) => Step::Hold,
                (true, false) => Step::Announce,
                (false, true) => Step::Mark,
                (false, false) => Step::QueueToRead,
            };
        }
        Step::Announce => {
            this.announced = !sees(|other| other.bars_announcements);
            this.step = if this.announced { Step::LookForReaders } else { Step::QueueToWrite };
        }
        Step::LookForReaders => {
            this.step = if sees(|other| other.reads) { Step::Withdraw } else { Step::LookForTurn };
        }
        Step::LookForTurn => {
            let seen = sees(|other| other.has_turn);
            this.step = if seen { Step::Withdraw } else { Step::WaitAnnounced };
        }
        Step::Withdraw => {
            this.announced = false;
            this.step = Step::QueueToWrite;
        }
        Step::QueueToWrite | Step::QueueToRead if !is_turn_free(state) => return None,
        Step::QueueToWrite => (this.has_turn, this.step) = (true, Step::WaitInTurn),
        Step::QueueToRead => (this.has_turn, this.step) = (true, Step::AwaitAnnounced),
        Step::WaitAnnounced | Step::WaitInTurn | Step::WaitToRead if !can_lock(state, at) => {
            return None;
        }
        Step::WaitAnnounced => (this.holds, this.step) = (true, Step::WithdrawGranted),
        Step::WithdrawGranted => (this.announced, this.step) = (false, Step::Write),
        Step::WaitInTurn => (this.holds, this.step) = (true, Step::EndTurn),
        Step::Write => this.step = Step::Hold,
        Step::Mark => (this.reads, this.step) = (true, Step::LookForAnnounced),
        Step::LookForAnnounced => {
            let seen = sees(|other| other.announced);
            this.step = if seen { Step::Unmark } else { Step::LookForTurnOfOther };
        }
        Step::LookForTurnOfOther => {
            let seen = sees(|other| other.has_turn);
            this.step = if seen { Step::Unmark } else { Step::Hold };
        }
        Step::Unmark => (this.reads, this.step) = (false, Step::GiveBack),
        Step::GiveBack => (this.holds, this.step) = (false, Step::QueueToRead),
        Step::AwaitAnnounced if sees(|other| other.announced) => return None,
        Step::AwaitAnnounced => (this.bars_announcements, this.step) = (true, Step::LetAnnounce),
        Step::LetAnnounce => (this.bars_announcements, this.step) = (false, Step::WaitToRead),
        Step::WaitToRead => (this.holds, this.step) = (true, Step::MarkGranted),
        Step::MarkGranted => (this.reads, this.step) = (true, Step::EndTurn),
        Step::EndTurn => (this.has_turn, this.step) = (false, Step::Hold),
        Step::Hold => {
            this.holds = false;
            this.behind = 0;
            this.step = Step::UnmarkReleased;
        }
        Step::UnmarkReleased => {
            this.reads = false;
            this.rounds += 1;
            this.step = if this.rounds == ROUNDS { Step::Done } else { Step::Idle };
        }
        Step::Done => return None,
    }
    // A writer that has the lock is not waited for any more.
    if state[at].waits_visibly() {
        next.iter_mut().for_each(|process| process.behind &= !(1 << at));
    }
    Some(next)
}

fn check(state: &State) {
    let holders = state.iter().filter(|process| process.holds);
    assert!(
        holders.clone().count() <= 1 || holders.clone().all(|holder| !holder.writes),
        "a writer is not alone: {state:?}"
    );
    for process in state {
        let reads = !process.writes && matches!(process.step, Step::Hold | Step::EndTurn);
        assert!(!reads || process.behind == 0, "a reader passed a writer: {state:?}");
    }
}

/// Returns how many states there are.
fn search(writers: usize, readers: usize) -> usize {
    let first: State =
        (0..writers + readers).map(|number| Process::new(number < writers)).collect();
    let (mut known, mut open) = (HashSet::from([first.clone()]), vec![first]);
    while let Some(state) = open.pop() {
        check(&state);
        let all: Vec<_> = (0..state.len()).filter_map(|at| step(&state, at)).collect();
        let is_over = state.iter().all(|process| process.step == Step::Done);
        assert!(is_over || !all.is_empty(), "all wait for one another: {state:?}");
        open.extend(all.into_iter().filter(|next| known.insert(next.clone())));
    }
    known.len()
}

#[test]
fn no_order_of_steps_ends_in_a_deadlock_or_lets_a_reader_pass_a_waiting_writer() {
    for (writers, readers) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let states = search(writers, readers);
        println!("{writers} writers and {readers} readers: {states} states");
        assert!(states > 50);
    }
}
