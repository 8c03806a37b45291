//! Every order of events up to a bound, a theme each.

use std::iter;
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;

use super::explore::explore;
use super::world::{Budget, File, Interrupts, Request, Scenario, Timeout};
use crate::os::Mode;

const PLAIN: Request = Request {
    owner: 0,
    path: 0,
    mode: Mode::Exclusive,
    limit: Timeout::Never,
    is_sync: false,
    wants_notice: false,
};
/// Of another environment.
const OTHER: Request = Request { owner: 1, ..PLAIN };
/// One attempt.
const ONCE: Request = Request { limit: Timeout::Zero, ..OTHER };
/// Waits until its caller gives up.
const HURRIED: Request = Request { limit: Timeout::Some, ..PLAIN };
const HURRIED_OTHER: Request = Request { owner: 1, ..HURRIED };
/// Is told that the lock is taken.
const CURIOUS: Request = Request { wants_notice: true, ..PLAIN };
/// The asking thread waits by itself.
const BLOCKING: Request = Request { is_sync: true, ..CURIOUS };
const BLOCKING_ONCE: Request = Request { limit: Timeout::Zero, ..BLOCKING };

/// The two paths name two files, or one.
const APART: [File; 2] = [0, 1];
const SAME: [File; 2] = [0, 0];

const NOTHING: Budget = Budget {
    cancels: 0,
    expiries: 0,
    foreign: 0,
    readers: 0,
    gates: 0,
    downgrades: 0,
    ticks: 0,
    ends: 0,
    replacements: 0,
    restorations: 0,
    faults: 0,
    checks: 0,
};

const fn shared(request: Request) -> Request {
    Request { mode: Mode::Shared, ..request }
}

const fn at_second_path(request: Request) -> Request {
    Request { path: 1, ..request }
}

/// The requests in every order, with waits that can be interrupted, that cannot, and both.
fn explore_all(requests: &[Request], files: [File; 2], delays: bool, budget: &Budget) {
    let mut scenarios = Vec::new();
    for requests in orders(requests) {
        for interrupts in [Interrupts::Work, Interrupts::Fail, Interrupts::Either] {
            let (requests, budget) = (requests.clone(), budget.clone());
            scenarios.push(Scenario { requests, files, interrupts, delays, budget });
        }
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let left = Mutex::new(scenarios);
    let states: usize = thread::scope(|scope| {
        let explore_some = || {
            let next = || left.lock().expect("no panic holds it").pop();
            iter::from_fn(next).map(|scenario| explore(&scenario)).sum::<usize>()
        };
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(explore_some)).collect();
        all.into_iter().map(|some| some.join().expect("nothing is violated")).sum()
    });
    println!("{states} states");
}

fn orders(requests: &[Request]) -> Vec<Vec<Request>> {
    if requests.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in requests.iter().enumerate() {
        if requests[..index].contains(first) {
            continue;
        }
        let mut rest = requests.to_vec();
        rest.remove(index);
        for mut order in orders(&rest) {
            order.insert(0, *first);
            all.push(order);
        }
    }
    all
}

#[test]
fn three_waiters_with_a_foreign_holder_and_cancellations() {
    let budget = Budget { foreign: 2, cancels: 2, ..NOTHING };
    explore_all(&[PLAIN; 3], APART, true, &budget);
}

#[test]
fn deadlines_and_single_attempts() {
    let budget = Budget { foreign: 1, cancels: 1, ticks: 2, ..NOTHING };
    explore_all(&[PLAIN, HURRIED, ONCE], APART, false, &budget);
}

#[test]
fn a_time_that_is_over_before_the_first_attempt() {
    let budget = Budget { foreign: 1, cancels: 1, expiries: 2, ..NOTHING };
    explore_all(&[PLAIN, HURRIED, HURRIED], APART, false, &budget);
    explore_all(&[HURRIED, ONCE, BLOCKING], APART, false, &budget);
    let budget = Budget { foreign: 1, readers: 1, expiries: 2, ..NOTHING };
    explore_all(&[HURRIED, shared(HURRIED), shared(HURRIED)], APART, false, &budget);
    let budget = Budget { expiries: 2, ends: 1, ..NOTHING };
    explore_all(&[HURRIED, HURRIED_OTHER, at_second_path(OTHER)], SAME, false, &budget);
}

#[test]
fn threads_that_wait_by_themselves() {
    let budget = Budget { foreign: 1, cancels: 1, ..NOTHING };
    explore_all(&[PLAIN, BLOCKING, BLOCKING_ONCE, CURIOUS], APART, false, &budget);
}

#[test]
fn an_environment_that_ends() {
    let budget = Budget { foreign: 1, cancels: 1, ends: 1, ..NOTHING };
    explore_all(&[PLAIN, OTHER, OTHER], APART, true, &budget);
}

#[test]
fn turns_and_reservations() {
    let budget = Budget { foreign: 1, ticks: 2, cancels: 1, ends: 1, ..NOTHING };
    explore_all(&[PLAIN, PLAIN, OTHER], APART, false, &budget);
}

#[test]
fn a_file_that_is_replaced() {
    let budget = Budget { foreign: 1, ticks: 1, cancels: 1, replacements: 1, ..NOTHING };
    explore_all(&[PLAIN, PLAIN, HURRIED], APART, false, &budget);
}

#[test]
fn a_file_that_comes_back() {
    let budget = Budget { foreign: 1, cancels: 1, replacements: 1, restorations: 1, ..NOTHING };
    explore_all(&[PLAIN, at_second_path(OTHER), PLAIN], SAME, false, &budget);
}

#[test]
fn two_spellings_of_one_file() {
    let budget = Budget { foreign: 1, cancels: 1, ticks: 1, ..NOTHING };
    explore_all(&[PLAIN, at_second_path(OTHER), PLAIN], SAME, false, &budget);
}

#[test]
fn single_attempts_by_two_spellings() {
    let budget = Budget { foreign: 1, cancels: 1, ..NOTHING };
    let requests = [PLAIN, at_second_path(BLOCKING_ONCE), at_second_path(CURIOUS)];
    explore_all(&requests, SAME, false, &budget);
}

#[test]
fn single_attempts_by_two_spellings_whose_check_fails() {
    let budget = Budget { foreign: 1, cancels: 1, faults: 1, replacements: 1, ..NOTHING };
    explore_all(&[PLAIN, ONCE, at_second_path(OTHER)], SAME, false, &budget);
    explore_all(&[PLAIN, at_second_path(ONCE), PLAIN], SAME, false, &budget);
}

#[test]
fn a_path_that_is_checked_while_its_file_is_replaced() {
    let budget = Budget { foreign: 1, cancels: 1, replacements: 1, checks: 1, ..NOTHING };
    explore_all(&[PLAIN, PLAIN, BLOCKING_ONCE], APART, false, &budget);
    explore_all(&[PLAIN, at_second_path(OTHER)], SAME, false, &budget);
}

#[test]
fn a_path_that_is_checked_before_and_after_its_file_comes_back() {
    let budget = Budget { replacements: 1, restorations: 1, checks: 2, ..NOTHING };
    explore_all(&[PLAIN, at_second_path(OTHER)], SAME, false, &budget);
    explore_all(&[BLOCKING, at_second_path(OTHER)], SAME, false, &budget);
}

#[test]
fn system_calls_that_fail() {
    let budget = Budget { foreign: 1, cancels: 1, ticks: 1, faults: 2, ..NOTHING };
    explore_all(&[PLAIN, ONCE, OTHER], APART, false, &budget);
}

#[test]
fn readers_and_writers() {
    let budget = Budget { cancels: 1, ..NOTHING };
    explore_all(&[PLAIN, PLAIN, shared(PLAIN), shared(OTHER)], APART, false, &budget);
    let budget = Budget { foreign: 1, readers: 1, cancels: 1, ..NOTHING };
    explore_all(&[PLAIN, shared(PLAIN), shared(OTHER)], APART, false, &budget);
}

#[test]
fn readers_while_another_process_waits() {
    let budget = Budget { foreign: 1, gates: 1, ticks: 1, cancels: 1, ..NOTHING };
    explore_all(&[shared(PLAIN), shared(PLAIN), shared(OTHER)], APART, false, &budget);
    let budget = Budget { gates: 1, ticks: 1, cancels: 1, ..NOTHING };
    explore_all(&[PLAIN, shared(PLAIN), shared(OTHER)], APART, false, &budget);
}

#[test]
fn readers_with_single_attempts_and_deadlines() {
    let budget = Budget { readers: 1, gates: 1, cancels: 1, ticks: 1, ..NOTHING };
    let requests = [shared(PLAIN), HURRIED, shared(ONCE)];
    explore_all(&requests, APART, false, &budget);
    let requests = [PLAIN, shared(BLOCKING), shared(BLOCKING_ONCE)];
    explore_all(&requests, APART, false, &budget);
    let budget = Budget { foreign: 1, cancels: 1, ..NOTHING };
    explore_all(&[shared(CURIOUS), BLOCKING, shared(BLOCKING)], APART, false, &budget);
}

#[test]
fn downgrades() {
    let budget = Budget { readers: 1, downgrades: 2, ticks: 1, cancels: 1, ..NOTHING };
    explore_all(&[PLAIN, PLAIN, shared(OTHER)], APART, false, &budget);
    let budget = Budget { gates: 1, downgrades: 1, faults: 1, ends: 1, ..NOTHING };
    explore_all(&[PLAIN, OTHER, shared(OTHER)], APART, false, &budget);
}

#[test]
fn readers_whose_environment_ends() {
    let budget = Budget { foreign: 1, ends: 1, cancels: 1, ..NOTHING };
    explore_all(&[shared(PLAIN), shared(OTHER), OTHER], APART, false, &budget);
}

#[test]
fn readers_of_a_file_that_is_replaced() {
    let budget = Budget { cancels: 1, replacements: 1, ..NOTHING };
    explore_all(&[PLAIN, shared(PLAIN), shared(HURRIED)], APART, false, &budget);
    let budget = Budget { cancels: 1, replacements: 1, restorations: 1, ..NOTHING };
    let requests = [shared(PLAIN), at_second_path(shared(OTHER)), shared(PLAIN)];
    explore_all(&requests, SAME, false, &budget);
    let budget = Budget { replacements: 1, checks: 1, ..NOTHING };
    explore_all(&[PLAIN, at_second_path(shared(OTHER)), shared(PLAIN)], SAME, false, &budget);
}

#[test]
fn readers_by_two_spellings() {
    let budget = Budget { readers: 1, cancels: 1, ..NOTHING };
    let requests = [shared(PLAIN), at_second_path(shared(OTHER)), at_second_path(PLAIN)];
    explore_all(&requests, SAME, false, &budget);
    let requests = [shared(PLAIN), at_second_path(shared(ONCE)), shared(OTHER)];
    explore_all(&requests, SAME, false, &budget);
}

#[test]
fn system_calls_of_readers_that_fail() {
    let budget = Budget { foreign: 1, cancels: 1, ticks: 1, faults: 1, ..NOTHING };
    explore_all(&[PLAIN, shared(ONCE), shared(OTHER)], APART, false, &budget);
    let budget = Budget { readers: 1, gates: 1, faults: 2, ..NOTHING };
    explore_all(&[shared(PLAIN), shared(PLAIN), OTHER], APART, false, &budget);
}

/// What takes minutes.
mod deep {
    use super::*;

    #[test]
    #[ignore = "takes minutes"]
    fn four_waiters_and_turns() {
        let budget = Budget { foreign: 2, ticks: 2, cancels: 2, ..NOTHING };
        explore_all(&[PLAIN; 4], APART, true, &budget);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn a_time_that_is_over_while_the_file_is_replaced() {
        let budget = Budget { foreign: 1, expiries: 2, faults: 1, ends: 1, ..NOTHING };
        explore_all(&[HURRIED, HURRIED_OTHER, at_second_path(OTHER)], SAME, false, &budget);
        let budget = Budget { expiries: 2, replacements: 1, restorations: 1, ..NOTHING };
        let budget = Budget { foreign: 1, checks: 1, ..budget };
        explore_all(&[HURRIED, at_second_path(HURRIED), ONCE], SAME, false, &budget);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn a_time_that_is_over_beside_readers() {
        let budget = Budget { readers: 1, gates: 1, ticks: 1, expiries: 2, ..NOTHING };
        let requests = [shared(HURRIED), HURRIED, shared(HURRIED_OTHER)];
        explore_all(&requests, APART, false, &budget);
        let budget = Budget { expiries: 2, replacements: 1, checks: 1, ..NOTHING };
        let requests =
            [shared(HURRIED), at_second_path(shared(HURRIED)), at_second_path(HURRIED_OTHER)];
        explore_all(&requests, SAME, false, &budget);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn a_file_replaced_between_turns() {
        let budget = Budget { foreign: 2, ticks: 2, replacements: 1, cancels: 1, ..NOTHING };
        explore_all(&[PLAIN, PLAIN, PLAIN, HURRIED], APART, false, &budget);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn a_file_that_comes_back_between_turns() {
        let budget = Budget { ticks: 1, replacements: 1, restorations: 1, ..NOTHING };
        let budget = Budget { foreign: 1, cancels: 1, ..budget };
        explore_all(&[PLAIN, at_second_path(OTHER), PLAIN, PLAIN], SAME, false, &budget);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn two_spellings_with_ends_and_faults() {
        let budget = Budget { foreign: 1, cancels: 1, ends: 1, faults: 1, ..NOTHING };
        let requests = [PLAIN, at_second_path(OTHER), ONCE, at_second_path(HURRIED)];
        explore_all(&requests, SAME, false, &budget);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn a_path_that_is_checked_twice_while_its_file_is_gone() {
        let budget = Budget { replacements: 1, restorations: 1, checks: 2, ..NOTHING };
        explore_all(&[PLAIN, BLOCKING, at_second_path(OTHER)], SAME, false, &budget);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn three_readers_and_writers_of_a_replaced_file() {
        let budget = Budget { foreign: 1, readers: 1, gates: 1, ticks: 1, ..NOTHING };
        let budget = Budget { replacements: 1, ..budget };
        explore_all(&[PLAIN, shared(PLAIN), shared(HURRIED)], APART, false, &budget);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn four_readers_and_writers() {
        let budget = Budget { foreign: 1, readers: 1, gates: 1, ticks: 1, ..NOTHING };
        let budget = Budget { cancels: 1, downgrades: 1, ..budget };
        explore_all(&[PLAIN, shared(PLAIN), PLAIN, shared(OTHER)], APART, false, &budget);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn readers_by_two_spellings_of_a_file_that_comes_back() {
        let budget = Budget { ticks: 1, replacements: 1, restorations: 1, checks: 1, ..NOTHING };
        let budget = Budget { foreign: 1, ..budget };
        let requests = [shared(PLAIN), at_second_path(shared(OTHER)), at_second_path(PLAIN)];
        explore_all(&requests, SAME, false, &budget);
    }
}
