//! Each rule of the shared lock, by an example.

use super::harness::{A, B, Command, FAULT, Harness, file, holder};
use crate::lock::command::{Tried, WaitEnd};
use crate::lock::hold::{BLIND_TURN, TURN};
use crate::lock::registry::NotReleased;
use crate::lock::waiter::{Blocker, Expired, Outcome, OwnerId, WaitLimit, Waiter};
use crate::os::{Gate, Mode};

use Command::{
    Attempt, AttemptShared, Check, Complete, Downgrade, Interrupt, Notice, Offer, Requeue, Unlock,
    Verify, Wait, WaitShared,
};
use Outcome::{Busy, Cancelled, Deadlock, Failed, Granted};

const FIRST: u64 = 1;
const SECOND: u64 = 2;
const THIRD: u64 = 3;

fn shared(waiter: &mut Waiter<u64>) {
    waiter.mode = Mode::Shared;
}

fn shared_once(waiter: &mut Waiter<u64>) {
    shared(waiter);
    once(waiter);
}

fn once(waiter: &mut Waiter<u64>) {
    waiter.limit = WaitLimit::None;
}

fn blocking(waiter: &mut Waiter<u64>) {
    waiter.is_sync = true;
}

/// Waiter `number` shares the lock of file 1.
fn shared_by(number: u64) -> Harness {
    let mut harness = Harness::new();
    assert_eq!(harness.request_with(number, A, shared), [AttemptShared(A)]);
    assert!(harness.file_opened(file(1)));
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(number, Granted)]);
    harness
}

/// The same for the first two waiters.
fn shared_by_two() -> Harness {
    let mut harness = shared_by(FIRST);
    assert_eq!(harness.request_with(SECOND, A, shared), [Check(A, 1, true)]);
    assert_eq!(harness.checked(file(1), Gate::Open), [Complete(SECOND, Granted)]);
    harness
}

#[test]
fn one_lock_of_the_system_serves_all_readers() {
    let mut harness = shared_by_two();
    assert_eq!(harness.held(), Some((Mode::Shared, 2)));
    assert!(harness.try_release_only(FIRST));
    assert_eq!(harness.held(), Some((Mode::Shared, 1)));
    assert_eq!(harness.release_by(SECOND), Ok(vec![Unlock(1)]));
    assert!(harness.is_empty());
}

#[test]
fn readers_that_come_during_an_attempt_share_what_it_brings() {
    let mut harness = Harness::new();
    harness.request_with(FIRST, A, shared);
    assert_eq!(harness.request_with(SECOND, A, shared_once), []);
    harness.file_opened(file(1));
    let granted = [Complete(FIRST, Granted), Complete(SECOND, Granted)];
    assert_eq!(harness.tried(Tried::Locked(file(1))), granted);
}

#[test]
fn a_reader_behind_a_writer_waits_and_its_neighbours_go_in_with_it() {
    let mut harness = shared_by(FIRST);
    assert_eq!(harness.request(SECOND, A), [Wait(A, None)]);
    for number in [THIRD, 4] {
        assert_eq!(harness.request_with(number, A, shared), []);
    }
    assert_eq!(harness.request(5, A), []);
    assert!(harness.wait_file_opened(file(1)));
    assert!(harness.before_wait());
    assert_eq!(harness.release(), [Unlock(1)]);
    assert_eq!(harness.wait_granted(SECOND, file(1)), [Complete(SECOND, Granted)]);
    assert_eq!(harness.release(), [Downgrade(1)]);
    assert_eq!(harness.downgraded(true), [Check(A, 1, false)]);
    let granted = [Complete(THIRD, Granted), Complete(4, Granted), Wait(A, None)];
    assert_eq!(harness.checked(file(1), Gate::Open), granted);
}

#[test]
fn readers_behind_a_writer_that_gives_up_go_in() {
    let mut harness = shared_by(FIRST);
    assert_eq!(harness.request(SECOND, A), [Wait(A, None)]);
    assert_eq!(harness.request_with(THIRD, A, shared), []);
    assert_eq!(harness.cancel(SECOND), [Interrupt, Check(A, 1, true)]);
    assert_eq!(harness.checked(file(1), Gate::Open), [Complete(THIRD, Granted)]);
}

#[test]
fn a_shared_lock_is_passed_on_for_a_turn_once_another_process_waits() {
    let mut harness = shared_by(FIRST);
    harness.request_with(SECOND, A, shared);
    assert_eq!(harness.checked(file(1), Gate::Closed), [Complete(SECOND, Granted)]);
    harness.now += TURN;
    harness.request_with(THIRD, A, shared);
    assert_eq!(harness.checked(file(1), Gate::Closed), [WaitShared(A, None)]);
    assert_eq!(harness.request_with(4, A, shared), [], "the turn is over for all");
    assert_eq!(harness.request_with(5, A, shared_once), [Complete(5, Busy)]);
    harness.wait_file_opened(file(1));
    harness.before_wait();
    harness.try_release_only(FIRST);
    assert_eq!(harness.release(), [Unlock(1)]);
    assert_eq!(harness.waited(WaitEnd::Granted(file(1))), [Check(A, 1, false)]);
    let granted = [Complete(THIRD, Granted), Complete(4, Granted)];
    assert_eq!(harness.checked(file(1), Gate::Open), granted);
}

#[test]
fn a_reader_that_waits_behind_the_others_leaves_when_its_time_is_over() {
    let mut harness = shared_by(FIRST);
    harness.now += TURN;
    harness.request_with(SECOND, A, shared);
    assert_eq!(harness.checked(file(1), Gate::Closed), [WaitShared(A, None)]);
    let removed = vec![Complete(SECOND, Cancelled), Interrupt];
    assert_eq!(harness.expire(SECOND), (Expired::Removed, removed));
}

#[test]
fn a_shared_lock_is_passed_on_again_once_the_others_had_their_turn() {
    let mut harness = shared_by(FIRST);
    harness.now += TURN;
    harness.request_with(SECOND, A, shared);
    assert_eq!(harness.checked(file(1), Gate::Closed), [WaitShared(A, None)]);
    harness.wait_file_opened(file(1));
    harness.before_wait();
    let granted = harness.waited(WaitEnd::Granted(file(1)));
    assert_eq!(granted, [Unlock(1), Check(A, 1, true)], "one lock is enough");
    assert_eq!(harness.checked(file(1), Gate::Closed), [Complete(SECOND, Granted)]);
}

#[test]
fn a_shared_lock_without_a_gate_is_passed_on_for_a_longer_turn() {
    let mut harness = shared_by(FIRST);
    harness.now += BLIND_TURN - TURN;
    harness.request_with(SECOND, A, shared);
    assert_eq!(harness.checked(file(1), Gate::Absent), [Complete(SECOND, Granted)]);
    harness.now += TURN;
    harness.request_with(THIRD, A, shared);
    assert_eq!(harness.checked(file(1), Gate::Absent), [WaitShared(A, None)]);
}

#[test]
fn a_writer_with_a_single_attempt_finds_a_shared_lock_busy() {
    let mut harness = shared_by(FIRST);
    assert_eq!(harness.request_with(SECOND, A, once), [Complete(SECOND, Busy)]);
    assert_eq!(harness.request_with(THIRD, A, shared_once), [Check(A, 1, true)]);
    assert_eq!(harness.request_with(4, A, once), [Complete(4, Busy)], "also during a check");
    assert_eq!(harness.checked(file(1), Gate::Open), [Complete(THIRD, Granted)]);
}

#[test]
fn a_waiter_has_an_attempt_in_its_own_mode() {
    let mut harness = Harness::new();
    harness.request_with(FIRST, A, shared);
    harness.request(SECOND, A);
    harness.file_opened(file(1));
    harness.cancel(FIRST);
    assert_eq!(harness.tried(Tried::Busy(file(1))), [Unlock(1), Attempt(A)]);

    let mut harness = Harness::new();
    harness.request_with(FIRST, A, shared);
    harness.request(SECOND, A);
    harness.file_opened(file(1));
    harness.cancel(FIRST);
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Requeue(A, 1)]);

    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.request_with(SECOND, A, shared);
    harness.file_opened(file(1));
    harness.cancel(FIRST);
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Downgrade(1)]);
}

#[test]
fn a_wait_is_in_the_mode_of_the_first_waiter() {
    let mut harness = Harness::waiting(FIRST);
    harness.request_with(SECOND, A, shared);
    assert_eq!(harness.cancel(FIRST), [Interrupt, WaitShared(A, None)]);
    harness.request(THIRD, A);
    assert_eq!(harness.cancel(SECOND), [Interrupt, Wait(A, None)]);
}

#[test]
fn an_error_in_one_mode_leaves_the_waiters_of_the_other() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.request_with(SECOND, A, shared);
    let failed = [Complete(FIRST, Failed(FAULT)), WaitShared(A, None)];
    assert_eq!(harness.tried(Tried::Failed(FAULT)), failed);
}

#[test]
fn a_closed_lock_is_looked_at_anew_for_a_reader_that_comes_when_no_other_waits() {
    let mut harness = shared_by(FIRST);
    harness.now += TURN;
    assert_eq!(harness.request_with(SECOND, A, shared_once), [Check(A, 1, true)]);
    assert_eq!(harness.checked(file(1), Gate::Closed), [Complete(SECOND, Busy)]);
    assert_eq!(harness.request_with(THIRD, A, shared_once), [Check(A, 1, true)]);
    assert_eq!(harness.checked(file(1), Gate::Open), [Complete(THIRD, Granted)]);
}

#[test]
fn a_downgraded_lock_lets_readers_in_and_no_writer() {
    let mut harness = Harness::held_by(FIRST);
    harness.request_with(SECOND, A, shared);
    harness.request(THIRD, A);
    assert_eq!(harness.downgrade(FIRST), [Downgrade(1)]);
    assert_eq!(harness.holder(), Some(holder(FIRST)), "it is held all the time");
    assert_eq!(harness.downgraded(true), [Check(A, 1, true)]);
    let granted = [Complete(SECOND, Granted), Wait(A, None)];
    assert_eq!(harness.checked(file(1), Gate::Open), granted);
    assert_eq!(harness.held(), Some((Mode::Shared, 2)));
    assert_eq!(harness.downgrade(FIRST), [], "it is shared already");
}

#[test]
fn one_acquisition_does_not_downgrade_another() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    assert_eq!(harness.downgrade(SECOND), []);
    assert_eq!(harness.held(), Some((Mode::Exclusive, 1)));
}

#[test]
fn a_lock_on_its_way_to_readers_is_held_by_none_and_serves_whoever_comes_when_they_have_left() {
    let mut harness = Harness::held_by(FIRST);
    harness.request_with(SECOND, A, shared);
    assert_eq!(harness.release(), [Downgrade(1)]);
    assert_eq!(harness.held(), None);
    assert_eq!(harness.release_by(SECOND), Err(NotReleased::NotHeld));
    harness.cancel(SECOND);
    assert_eq!(harness.request_with(THIRD, A, once), [], "it is about to be free");
    assert_eq!(harness.downgraded(true), [Unlock(1), Attempt(A)]);
}

#[test]
fn a_thread_that_reads_takes_over_an_attempt_that_the_pool_has_not_begun() {
    let blocking_reader = |waiter: &mut Waiter<u64>| {
        shared(waiter);
        blocking(waiter);
    };
    let mut harness = Harness::new();
    harness.request_with(FIRST, A, shared);
    assert_eq!(harness.request_with(SECOND, A, blocking_reader), [AttemptShared(A)]);
    let mut harness = Harness::new();
    harness.request_with(FIRST, A, shared);
    harness.file_opened(file(1));
    assert_eq!(harness.request_with(SECOND, A, blocking_reader), [], "it runs");
}

#[test]
fn a_lock_that_cannot_be_downgraded_is_exclusive_still() {
    let mut harness = Harness::held_by(FIRST);
    harness.downgrade(FIRST);
    assert_eq!(harness.request_with(SECOND, A, shared_once), []);
    assert_eq!(harness.downgraded(false), [Complete(SECOND, Busy)]);
    assert_eq!(harness.held(), Some((Mode::Exclusive, 1)));
    harness.request_with(THIRD, A, shared);
    assert_eq!(harness.release(), [Downgrade(1)]);
    assert_eq!(harness.downgraded(false), [Unlock(1), WaitShared(A, None)]);
}

#[test]
fn a_lock_released_during_its_downgrade_is_unlocked() {
    let mut harness = Harness::held_by(FIRST);
    harness.downgrade(FIRST);
    assert!(harness.try_release_only(FIRST));
    assert_eq!(harness.downgraded(true), [Unlock(1)]);
    assert!(harness.is_empty());
}

#[test]
fn a_release_ends_the_only_acquisition_or_one_of_that_lock_object() {
    let mut harness = shared_by_two();
    assert_eq!(harness.release_by(THIRD), Err(NotReleased::OthersHold));
    assert_eq!(harness.release_by(SECOND), Ok(vec![]));
    assert_eq!(harness.holder(), Some(holder(FIRST)));
    assert_eq!(harness.release_by(THIRD), Ok(vec![Unlock(1)]));
    assert_eq!(harness.release_by(THIRD), Err(NotReleased::NotHeld));
}

#[test]
fn a_thread_that_would_wait_for_its_own_shared_lock_is_told() {
    let mut harness = shared_by(FIRST);
    assert_eq!(harness.request_with(SECOND, A, blocking), [Complete(SECOND, Deadlock)]);
    let of_another = |waiter: &mut Waiter<u64>| waiter.id.owner.0 = 7;
    assert_eq!(harness.request_with(THIRD, A, of_another), [Wait(A, None)]);
    let shared_blocking = |waiter: &mut Waiter<u64>| {
        shared(waiter);
        blocking(waiter);
    };
    let behind = harness.request_with(4, A, shared_blocking);
    assert_eq!(behind, [Complete(4, Deadlock)], "behind a writer that waits for this thread");
}

#[test]
fn a_thread_that_has_a_shared_lock_gets_it_again() {
    let mut harness = shared_by(FIRST);
    let shared_blocking = |waiter: &mut Waiter<u64>| {
        shared(waiter);
        blocking(waiter);
    };
    assert_eq!(harness.request_with(SECOND, A, shared_blocking), [Check(A, 1, true)]);
    assert_eq!(harness.checked(file(1), Gate::Open), [Complete(SECOND, Granted)]);
    harness.now += TURN;
    assert_eq!(harness.request_with(THIRD, A, shared_blocking), [Check(A, 1, true)]);
    assert_eq!(harness.checked(file(1), Gate::Closed), [Complete(THIRD, Deadlock)]);
}

#[test]
fn a_reader_whose_path_names_another_file_goes_there() {
    let mut harness = shared_by(FIRST);
    harness.request_with(SECOND, A, shared);
    assert_eq!(harness.checked(file(2), Gate::Open), [AttemptShared(A)]);
    assert_eq!(harness.held(), Some((Mode::Shared, 1)), "the first is served as before");
    harness.file_opened(file(2));
    let work = harness.last_attempt();
    assert_eq!(harness.tried_by(work, Tried::Locked(file(2))), [Complete(SECOND, Granted)]);
}

#[test]
fn readers_of_a_path_that_cannot_be_checked_fail() {
    let mut harness = shared_by(FIRST);
    harness.request_with(SECOND, A, shared);
    let failed = harness.check_found(Err(FAULT), Gate::Open);
    assert_eq!(failed, [Complete(SECOND, Failed(FAULT))]);
    assert_eq!(harness.held(), Some((Mode::Shared, 1)));
}

#[test]
fn an_environment_that_ends_leaves_the_readers_of_others() {
    let mut harness = shared_by(FIRST);
    harness.request_with(SECOND, A, |waiter| {
        shared(waiter);
        waiter.id.owner.0 = 7;
    });
    harness.checked(file(1), Gate::Open);
    assert_eq!(harness.owner_ended(0), []);
    assert_eq!(harness.held(), Some((Mode::Shared, 1)));
    assert_eq!(harness.owner_ended(7), [Unlock(1)]);
}

#[test]
fn a_waiter_behind_readers_is_told_once_that_the_lock_is_taken() {
    let mut harness = shared_by(FIRST);
    let told = harness.request_with(SECOND, A, |waiter| waiter.wants_notice = true);
    assert_eq!(told, [Notice(SECOND, Blocker::ThisProcess), Wait(A, None)]);
    let curious = |waiter: &mut Waiter<u64>| {
        shared(waiter);
        waiter.wants_notice = true;
    };
    let mut harness = shared_by(FIRST);
    assert_eq!(harness.request_with(SECOND, A, curious), [Check(A, 1, true)]);
    assert_eq!(harness.checked(file(1), Gate::Open), [Complete(SECOND, Granted)]);
}

#[test]
fn a_reader_by_another_spelling_is_verified_by_itself() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    let attempt = harness.last_attempt();
    harness.file_opened(file(1));
    harness.request_with(SECOND, B, shared);
    assert!(!harness.file_opened(file(1)), "its waiters have moved");
    harness.request_with(THIRD, A, shared);
    assert_eq!(harness.tried_by(attempt, Tried::Locked(file(1))), [Complete(FIRST, Granted)]);
    assert_eq!(harness.release(), [Downgrade(1)]);
    assert_eq!(harness.downgraded(true), [Check(B, 1, false)]);
    let granted = [Complete(SECOND, Granted), Check(A, 1, true)];
    assert_eq!(harness.checked(file(1), Gate::Open), granted);
    assert_eq!(harness.checked(file(1), Gate::Open), [Complete(THIRD, Granted)]);
}

#[test]
fn a_granted_lock_whose_first_waiter_is_a_reader_by_now_is_downgraded() {
    let mut harness = Harness::waiting(FIRST);
    harness.request_with(SECOND, A, shared);
    assert_eq!(harness.waited(WaitEnd::Granted(file(1))), [Offer(FIRST)]);
    assert_eq!(harness.cancel(FIRST), [Downgrade(1)]);
    assert_eq!(harness.downgraded(true), [Check(A, 1, false)]);

    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.request_with(THIRD, A, shared);
    assert_eq!(harness.release(), [Verify(A, 1)]);
    harness.cancel(SECOND);
    assert_eq!(harness.verified(true), [Downgrade(1)]);
}

#[test]
fn only_readers_hold_a_shared_lock_and_only_by_their_paths() {
    let mut harness = shared_by(FIRST);
    assert_eq!(harness.request(SECOND, A), [Wait(A, None)]);
    assert!(harness.holds(FIRST));
    assert!(!harness.holds(SECOND), "it waits");
    assert_eq!(harness.path_held(A), Some((Mode::Shared, 1)));
    assert_eq!(harness.path_held(B), None);
}

#[test]
fn a_thread_that_reads_nothing_may_wait_for_readers() {
    let mut harness = shared_by(FIRST);
    let of_another_thread = |waiter: &mut Waiter<u64>| {
        waiter.id.owner = OwnerId(1);
        blocking(waiter);
    };
    assert_eq!(harness.request_with(SECOND, A, of_another_thread), [Wait(A, None)]);
}

#[test]
fn a_single_reader_does_not_pass_a_writer_during_an_attempt() {
    let mut harness = Harness::new();
    harness.request_with(FIRST, A, shared);
    harness.request(SECOND, A);
    assert_eq!(harness.request_with(THIRD, A, shared_once), []);
    harness.file_opened(file(1));
    let answers = harness.tried(Tried::Locked(file(1)));
    assert_eq!(answers[..2], [Complete(FIRST, Granted), Complete(THIRD, Busy)]);
}

#[test]
fn a_lock_that_no_acquisition_has_is_not_held() {
    let mut harness = Harness::new();
    harness.request_with(FIRST, A, shared);
    harness.file_opened(file(1));
    assert_eq!(harness.release_by(FIRST), Err(NotReleased::NotHeld));
}
