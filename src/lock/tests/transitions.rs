//! Each rule of the state machine, by an example.

use std::time::Duration;

use super::harness::{A, B, BELOW_B, Command, FAULT, Harness, file, holder};
use crate::lock::command::{Tried, WaitEnd};
use crate::lock::hold::TURN;
use crate::lock::waiter::{Blocker, Expired, Outcome, WaitLimit, Waiter};
use crate::os::{Gate, Mode};

use Command::{
    Attempt, AttemptShared, Check, Complete, Interrupt, Notice, Offer, Requeue, Unlock, Verify,
    Wait,
};
use Outcome::{Busy, Cancelled, Deadlock, Failed, Granted};

const FIRST: u64 = 1;
const SECOND: u64 = 2;
const THIRD: u64 = 3;

#[test]
fn a_free_lock_is_tried_and_granted() {
    let mut harness = Harness::new();
    assert_eq!(harness.request(FIRST, A), [Attempt(A)]);
    assert!(harness.file_opened(file(1)));
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(FIRST, Granted)]);
    assert_eq!(harness.holder(), Some(holder(FIRST)));
}

#[test]
fn a_lock_of_this_process_is_queued_for_without_file_work() {
    let mut harness = Harness::held_by(FIRST);
    assert_eq!(harness.request(SECOND, A), []);
}

#[test]
fn waiters_that_come_during_an_attempt_share_it() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    assert_eq!(harness.request(SECOND, A), []);
    harness.file_opened(file(1));
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(FIRST, Granted)]);
}

#[test]
fn an_attempt_whose_waiter_has_left_serves_the_next() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.cancel(FIRST);
    assert_eq!(harness.request(SECOND, A), []);
    harness.file_opened(file(1));
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(SECOND, Granted)]);
}

#[test]
fn a_single_attempt_takes_over_an_abandoned_one() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.cancel(FIRST);
    assert_eq!(harness.request_with(SECOND, A, |waiter| waiter.limit = WaitLimit::None), []);
    harness.file_opened(file(1));
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(SECOND, Granted)]);
}

#[test]
fn a_thread_that_cannot_wait_has_an_attempt_of_its_own() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.cancel(FIRST);
    let once = |waiter: &mut Waiter<u64>| {
        waiter.limit = WaitLimit::None;
        waiter.is_sync = true;
    };
    assert_eq!(harness.request_with(SECOND, A, once), [Attempt("/a")]);
    harness.file_opened(file(1));
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(SECOND, Granted)]);
}

#[test]
fn an_attempt_without_a_waiter_ends_once_its_file_is_open() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    assert_eq!(harness.cancel(FIRST), []);
    assert!(!harness.file_opened(file(1)));
    assert!(harness.is_empty());
}

#[test]
fn a_release_hands_the_lock_to_the_first_waiter_and_does_not_let_go() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.request(THIRD, A);
    harness.release_to(SECOND);
    harness.release_to(THIRD);
    assert_eq!(harness.release(), [Unlock(1)]);
    assert!(harness.is_empty());
}

#[test]
fn a_release_of_a_free_lock_fails() {
    let mut harness = Harness::new();
    assert!(!harness.try_release());
    harness.request(FIRST, A);
    assert!(!harness.try_release());
    harness.file_opened(file(1));
    harness.tried(Tried::Locked(file(1)));
    assert!(harness.try_release());
    assert!(!harness.try_release());
}

#[test]
fn one_acquisition_cannot_end_another() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    assert!(!harness.try_release_only(SECOND));
    assert!(harness.try_release_only(FIRST));
    harness.finish_verifying();
    assert!(!harness.try_release_only(FIRST));
    assert_eq!(harness.holder(), Some(holder(SECOND)));
}

#[test]
fn a_lock_is_released_by_the_file_under_any_spelling() {
    let mut harness = Harness::held_by(FIRST);
    assert_eq!(harness.file_holder(file(1)), Some(holder(FIRST)));
    assert_eq!(harness.release_file(file(1), SECOND), Ok(vec![Unlock(1)]));
    assert_eq!(harness.file_holder(file(1)), None);
}

/// The first waiter holds a file that is at the path no more, and the second the one that is there.
fn held_former_and_present() -> Harness {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    assert_eq!(harness.path_checked(A, Some(file(2))), [Attempt(A)]);
    harness.file_opened(file(2));
    harness.tried(Tried::Locked(file(2)));
    assert_eq!(harness.file_holder(file(2)), Some(holder(SECOND)));
    harness
}

#[test]
fn a_lock_object_releases_its_own_acquisition_before_another_of_the_file_at_its_path() {
    let mut harness = held_former_and_present();
    assert_eq!(harness.release_file(file(2), FIRST), Ok(vec![Unlock(1)]));
    assert_eq!(harness.file_holder(file(2)), Some(holder(SECOND)));
    assert_eq!(harness.release_file(file(2), FIRST), Ok(vec![Unlock(2)]), "whichever holds it");
    assert!(harness.is_empty());
}

#[test]
fn a_lock_object_releases_the_file_at_its_path_where_another_holds_the_former_one() {
    let mut harness = held_former_and_present();
    assert_eq!(harness.release_file(file(2), SECOND), Ok(vec![Unlock(2)]));
    assert_eq!(harness.file_holder(file(1)), Some(holder(FIRST)));
    assert_eq!(harness.release_file(file(2), FIRST), Ok(vec![Unlock(1)]));
    assert!(harness.is_empty());
}

#[test]
fn a_lock_of_another_process_is_waited_for_with_the_file_at_hand() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.file_opened(file(1));
    assert_eq!(harness.tried(Tried::Busy(file(1))), [Wait(A, Some(1))]);
    assert!(harness.before_wait());
    assert_eq!(harness.wait_granted(FIRST, file(1)), [Complete(FIRST, Granted)]);
}

#[test]
fn one_wait_serves_all_waiters() {
    let mut harness = Harness::waiting(FIRST);
    assert_eq!(harness.request(SECOND, A), []);
    assert_eq!(harness.wait_granted(FIRST, file(1)), [Complete(FIRST, Granted)]);
    harness.release_to(SECOND);
}

#[test]
fn a_granted_lock_is_offered_to_the_first_waiter_that_is_left() {
    let mut harness = Harness::waiting(FIRST);
    harness.request(SECOND, A);
    assert_eq!(harness.waited(WaitEnd::Granted(file(1))), [Offer(FIRST)]);
    assert_eq!(harness.request(THIRD, A), [], "the offer is for the first");
    assert_eq!(harness.cancel(FIRST), [Offer(SECOND)]);
    assert_eq!(harness.accept(), [Verify(A, 1)]);
    assert_eq!(harness.verified(true), [Complete(SECOND, Granted)]);
}

#[test]
fn an_offer_that_was_made_to_another_waiter_since_is_void() {
    let mut harness = Harness::waiting(FIRST);
    harness.request(SECOND, A);
    harness.waited(WaitEnd::Granted(file(1)));
    let stale = harness.last_offer();
    harness.cancel(FIRST);
    assert_eq!(harness.accept_offer(stale), []);
    assert_eq!(harness.accept(), [Verify(A, 1)]);
    assert_eq!(harness.accept(), [], "it is taken once");
}

#[test]
fn a_lock_whose_path_is_confirmed_is_granted_to_whom_it_is_offered() {
    let mut harness = Harness::waiting(FIRST);
    harness.request(SECOND, A);
    harness.waited(WaitEnd::Granted(file(1)));
    let offer = harness.last_offer();
    assert_eq!(harness.confirm(offer), [Complete(FIRST, Granted)]);
    assert_eq!(harness.accept_offer(offer), [], "it need not be accepted");
    assert_eq!(harness.confirm(offer), [], "nor confirmed again");
    harness.release_to(SECOND);
}

#[test]
fn a_path_that_is_confirmed_too_late_changes_nothing() {
    let mut harness = Harness::waiting(FIRST);
    harness.request(SECOND, A);
    harness.waited(WaitEnd::Granted(file(1)));
    let stale = harness.last_offer();
    assert!(harness.is_offered(stale));
    harness.cancel(FIRST);
    assert!(!harness.is_offered(stale), "but another one is");
    assert_eq!(harness.confirm(stale), [], "it is offered to another one");
    let accepted = harness.last_offer();
    assert!(harness.is_offered(accepted));
    assert_eq!(harness.accept(), [Verify(A, 1)]);
    assert!(!harness.is_offered(accepted), "its path need not be looked at again");
    assert_eq!(harness.confirm(accepted), [], "its own thread finds out");
    assert_eq!(harness.verified(true), [Complete(SECOND, Granted)]);
}

#[test]
fn an_offered_lock_without_a_waiter_is_unlocked() {
    let mut harness = Harness::waiting(FIRST);
    harness.waited(WaitEnd::Granted(file(1)));
    assert_eq!(harness.cancel(FIRST), [Unlock(1)]);
    assert!(harness.is_empty());
}

#[test]
fn an_environment_that_ends_passes_on_what_it_was_offered() {
    let mut harness = Harness::waiting(FIRST);
    harness.request_with(SECOND, A, |waiter| waiter.id.owner.0 = 7);
    assert_eq!(harness.waited(WaitEnd::Granted(file(1))), [Offer(FIRST)]);
    assert_eq!(harness.owner_ended(0), [Offer(SECOND)]);
}

#[test]
fn a_thread_that_would_wait_for_what_it_is_offered_itself_is_told() {
    let mut harness = Harness::waiting(FIRST);
    harness.waited(WaitEnd::Granted(file(1)));
    let blocking = |waiter: &mut Waiter<u64>| waiter.is_sync = true;
    assert_eq!(harness.request_with(SECOND, A, blocking), [Complete(SECOND, Deadlock)]);
    let once = |waiter: &mut Waiter<u64>| waiter.limit = WaitLimit::None;
    assert_eq!(harness.request_with(THIRD, A, once), [Complete(THIRD, Busy)]);
}

#[test]
fn a_thread_that_waits_does_not_depend_on_the_pool() {
    let blocking = |waiter: &mut Waiter<u64>| waiter.is_sync = true;
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    let pooled = harness.last_attempt();
    assert_eq!(harness.request_with(SECOND, A, blocking), [Attempt(A)], "for the first");
    assert!(!harness.file_opened_by(pooled, file(1)), "it is stale");
    assert_eq!(harness.tried_by(pooled, Tried::Locked(file(1))), [Unlock(1)]);
    assert_eq!(harness.request_with(THIRD, A, blocking), [], "that attempt runs on a thread");
    assert!(harness.file_opened(file(1)));
    assert_eq!(harness.tried(Tried::Busy(file(1))), [Wait(A, Some(1))]);
}

/// Deno's workers drop it.
#[test]
fn the_attempt_of_an_environment_that_ends_is_not_waited_for() {
    let other = |waiter: &mut Waiter<u64>| waiter.id.owner.0 = 7;
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    let dropped = harness.last_attempt();
    harness.request_with(SECOND, A, other);
    assert_eq!(harness.owner_ended(7), [], "its own is needed");
    harness.request_with(THIRD, A, other);
    assert_eq!(harness.owner_ended(0), [Attempt(A)], "for the third");
    assert!(!harness.file_opened_by(dropped, file(1)), "it runs after all");
    assert!(harness.file_opened(file(1)));
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(THIRD, Granted)]);

    let mut harness = Harness::new();
    harness.request(FIRST, A);
    assert_eq!(harness.owner_ended(0), []);
    assert!(harness.is_empty());
}

#[test]
fn an_attempt_outlives_the_time_of_its_waiter_and_leaves_the_pool() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    let pooled = harness.last_attempt();
    assert_eq!(harness.expire(FIRST), (Expired::Tried, vec![Attempt(A)]));
    assert_eq!(harness.expire(FIRST), (Expired::Tried, vec![]), "it is made once");
    assert!(!harness.file_opened_by(pooled, file(1)), "it is stale");
    assert!(harness.file_opened(file(1)));
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(FIRST, Granted)]);
    assert_eq!(harness.expire(FIRST), (Expired::Over, vec![]));
}

#[test]
fn an_attempt_that_outlives_the_time_of_its_waiter_leads_to_no_wait() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    assert!(harness.file_opened(file(1)));
    assert_eq!(harness.expire(FIRST), (Expired::Tried, vec![]), "it runs already");
    assert_eq!(harness.tried(Tried::Busy(file(1))), [Complete(FIRST, Busy), Unlock(1)]);
    assert!(harness.is_empty());
}

#[test]
fn a_waiter_that_no_attempt_decides_about_leaves_when_its_time_is_over() {
    let mut harness = Harness::waiting(FIRST);
    let removed = vec![Complete(FIRST, Cancelled), Interrupt];
    assert_eq!(harness.expire(FIRST), (Expired::Removed, removed));
    assert_eq!(harness.expire(FIRST), (Expired::Over, vec![]));
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    let removed = vec![Complete(SECOND, Cancelled)];
    assert_eq!(harness.expire(SECOND), (Expired::Removed, removed));
}

#[test]
fn the_attempt_for_another_is_made_before_a_waiter_behind_it_is_refused() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.request(SECOND, A);
    assert_eq!(harness.expire(SECOND), (Expired::Tried, vec![Attempt(A)]));
    assert!(harness.file_opened(file(1)));
    let answers = [Complete(FIRST, Granted), Complete(SECOND, Busy)];
    assert_eq!(harness.tried(Tried::Locked(file(1))), answers);
}

#[test]
fn a_lock_on_its_way_outlives_the_time_of_its_waiter() {
    let mut offered = Harness::waiting(FIRST);
    offered.request(SECOND, A);
    offered.waited(WaitEnd::Granted(file(1)));
    assert_eq!(offered.expire(FIRST), (Expired::Tried, vec![]));
    let removed = vec![Complete(SECOND, Cancelled)];
    assert_eq!(offered.expire(SECOND), (Expired::Removed, removed), "it goes to the first");
    assert_eq!(offered.accept(), [Verify(A, 1)]);
    assert_eq!(offered.expire(FIRST), (Expired::Tried, vec![]), "it is on its way");
    assert_eq!(offered.verified(true), [Complete(FIRST, Granted)]);
}

#[test]
fn what_is_offered_to_another_goes_to_an_earlier_waiter_whose_time_is_over() {
    let mut harness = Harness::new();
    harness.request(FIRST, B);
    let first = harness.last_attempt();
    harness.request(SECOND, A);
    harness.file_opened(file(1));
    harness.tried(Tried::Busy(file(1)));
    harness.waited(WaitEnd::Granted(file(1)));
    assert!(!harness.file_opened_by(first, file(1)), "it is the same file");
    assert_eq!(harness.expire(FIRST), (Expired::Tried, vec![]));
    assert_eq!(harness.accept(), [Verify(B, 1)]);
    assert_eq!(harness.verified(true), [Complete(FIRST, Granted)]);
    assert_eq!(harness.try_cancel(SECOND), [Complete(SECOND, Cancelled)], "it still waits");
}

#[test]
fn a_waiter_whose_time_is_over_waits_for_no_pool_when_its_path_names_another_file() {
    let over = || {
        let mut harness = Harness::new();
        harness.request(FIRST, A);
        harness.file_opened(file(1));
        assert_eq!(harness.expire(FIRST), (Expired::Tried, vec![]));
        harness
    };
    let mut harness = over();
    assert_eq!(harness.path_checked(A, Some(file(2))), [Attempt(A)]);
    assert_eq!(harness.expire(FIRST), (Expired::Tried, vec![]), "this one is made at once");
    let mut harness = over();
    let attempts = harness.request_at_with(file(2), SECOND, A, |_| {});
    assert_eq!(attempts, [Attempt(A), Attempt(A)], "one on the pool, and one at once for both");
    assert_eq!(harness.expire(SECOND), (Expired::Tried, vec![]), "none waits for the pool");
}

#[test]
fn an_offer_that_passes_on_ends_the_waiter_whose_thread_cannot_take_it() {
    let other = |waiter: &mut Waiter<u64>| waiter.id.owner.0 = 7;
    let mut harness = Harness::waiting(FIRST);
    harness.request_with(SECOND, A, other);
    harness.request_with(THIRD, A, |waiter| {
        other(waiter);
        waiter.is_sync = true;
    });
    harness.waited(WaitEnd::Granted(file(1)));
    let passed_on = [Offer(SECOND), Complete(THIRD, Deadlock)];
    assert_eq!(harness.cancel(FIRST), passed_on);
}

#[test]
fn a_reader_whose_time_is_over_has_the_attempt_of_those_ahead() {
    let shared = |waiter: &mut Waiter<u64>| waiter.mode = Mode::Shared;
    let mut harness = Harness::new();
    harness.request_with(FIRST, A, shared);
    harness.request_with(SECOND, A, shared);
    assert_eq!(harness.expire(SECOND), (Expired::Tried, vec![AttemptShared(A)]));
    assert!(harness.file_opened(file(1)));
    let both = [Complete(FIRST, Granted), Complete(SECOND, Granted)];
    assert_eq!(harness.tried(Tried::Locked(file(1))), both);

    let mut harness = Harness::new();
    harness.request_with(FIRST, A, shared);
    harness.request(SECOND, A);
    harness.request_with(THIRD, A, shared);
    assert_eq!(harness.expire(THIRD), (Expired::Tried, vec![AttemptShared(A)]));
    assert!(harness.file_opened(file(1)));
    let answers = harness.tried(Tried::Locked(file(1)));
    assert_eq!(
        answers[..2],
        [Complete(FIRST, Granted), Complete(THIRD, Busy)],
        "a writer is ahead"
    );
}

#[test]
fn readers_that_are_about_to_go_in_outlive_their_time() {
    let shared = |waiter: &mut Waiter<u64>| waiter.mode = Mode::Shared;
    let mut harness = Harness::new();
    harness.request_with(FIRST, A, shared);
    harness.file_opened(file(1));
    harness.tried(Tried::Locked(file(1)));
    assert_eq!(harness.request_with(SECOND, A, shared), [Check(A, 1, true)]);
    assert_eq!(harness.expire(SECOND), (Expired::Tried, vec![]));
    assert_eq!(harness.checked(file(1), Gate::Open), [Complete(SECOND, Granted)]);
    harness.request(THIRD, A);
    assert_eq!(harness.expire(THIRD).0, Expired::Removed, "readers have the lock");
}

#[test]
fn an_attempt_that_can_have_the_lock_serves_whatever_comes() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.file_opened(file(1));
    harness.cancel(FIRST);
    let once = |waiter: &mut Waiter<u64>| {
        waiter.limit = WaitLimit::None;
        waiter.is_sync = true;
    };
    assert_eq!(harness.request_with(SECOND, A, once), [], "its own would find the lock taken");
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(SECOND, Granted)]);
}

#[test]
fn an_attempt_that_can_have_the_lock_is_in_the_way_of_no_other_mode() {
    let shared = |waiter: &mut Waiter<u64>| waiter.mode = Mode::Shared;
    let once = |waiter: &mut Waiter<u64>| {
        waiter.limit = WaitLimit::None;
        waiter.is_sync = true;
    };
    let mut harness = Harness::new();
    assert_eq!(harness.request_with(FIRST, A, shared), [AttemptShared(A)]);
    harness.file_opened(file(1));
    harness.cancel(FIRST);
    assert_eq!(harness.request_with(SECOND, A, once), [], "beside it, another would be refused");
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Unlock(1), Attempt(A)]);
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(SECOND, Granted)]);
}

#[test]
fn a_single_attempt_is_refused_while_the_lock_is_on_its_way_to_another() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    assert_eq!(harness.release(), [Verify(A, 1)]);
    let once = |waiter: &mut Waiter<u64>| waiter.limit = WaitLimit::None;
    assert_eq!(harness.request_with(THIRD, A, once), [Complete(THIRD, Busy)]);
}

#[test]
fn a_path_that_no_attempt_has_opened_keeps_its_waiters() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    assert_eq!(harness.path_checked(A, Some(file(2))), []);
    harness.file_opened(file(1));
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Complete(FIRST, Granted)]);
}

#[test]
fn a_single_attempt_at_a_new_file_comes_before_those_who_waited_for_the_former_one() {
    let mut harness = Harness::waiting(FIRST);
    assert_eq!(harness.request_at(file(2), SECOND, A), [Interrupt, Attempt(A)]);
    assert!(harness.file_opened(file(2)));
    let attempt = harness.last_attempt();
    assert_eq!(harness.tried_by(attempt, Tried::Locked(file(2))), [Complete(SECOND, Granted)]);
    assert!(harness.try_release_only(SECOND));
    assert_eq!(harness.verified(true), [Complete(FIRST, Granted)]);
}

#[test]
fn of_two_single_attempts_at_new_files_the_later_one_comes_first() {
    let mut harness = Harness::waiting(FIRST);
    harness.request_at_with(file(2), SECOND, A, |_| {});
    assert!(harness.file_opened(file(2)));
    harness.request_at(file(3), THIRD, A);
    let attempt = harness.last_attempt();
    harness.file_opened_by(attempt, file(3));
    let answers = harness.tried_by(attempt, Tried::Locked(file(3)));
    assert_eq!(answers, [Complete(THIRD, Granted), Complete(SECOND, Busy)]);
}

#[test]
fn a_thread_that_may_wait_for_a_new_file_comes_behind_those_who_waited_for_the_former_one() {
    let mut harness = Harness::waiting(FIRST);
    let bounded = |waiter: &mut Waiter<u64>| {
        waiter.is_sync = true;
        waiter.limit = WaitLimit::Bounded;
    };
    harness.request_at_with(file(2), SECOND, A, bounded);
    let attempt = harness.last_attempt();
    assert!(harness.file_opened_by(attempt, file(2)));
    let answers = harness.tried_by(attempt, Tried::Locked(file(2)));
    assert_eq!(answers, [Complete(FIRST, Granted)]);
}

#[test]
fn an_acquire_that_gave_up_is_told_nothing_once_its_environment_has_ended() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    assert!(harness.file_opened(file(1)));
    assert_eq!(harness.try_cancel(FIRST), [], "the attempt runs");
    harness.owner_ended(0);
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Unlock(1)]);
    assert!(harness.is_empty());
}

#[test]
fn a_single_attempt_at_a_new_file_changes_no_order() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.request(THIRD, B);
    harness.file_opened(file(1));
    harness.request_at(file(2), 4, A);
    harness.file_opened(file(2));
    let attempt = harness.last_attempt();
    assert_eq!(harness.path_checked(B, Some(file(2))), [], "behind the second");
    assert_eq!(harness.tried_by(attempt, Tried::Locked(file(2))), [Complete(4, Granted)]);
    assert!(harness.try_release_only(4));
    assert_eq!(harness.verified(true), [Complete(SECOND, Granted)]);
}

#[test]
fn a_single_attempt_at_a_file_of_this_process_comes_after_those_who_wait() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.request(THIRD, B);
    harness.file_opened(file(2));
    harness.tried_by(harness.last_attempt(), Tried::Busy(file(2)));
    assert_eq!(harness.request_at(file(2), 4, A), [Complete(4, Busy)]);
    assert_eq!(harness.waited(WaitEnd::Granted(file(2))), [Offer(SECOND)], "it asked first");
}

#[test]
fn the_end_of_an_environment_ends_no_acquisition_of_another() {
    let mut harness = Harness::held_by(FIRST);
    assert_eq!(harness.owner_ended(7), []);
    assert_eq!(harness.holder(), Some(holder(FIRST)));
}

#[test]
fn a_single_attempt_takes_over_a_check_whose_waiter_has_left() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.release();
    harness.cancel(SECOND);
    let once = |waiter: &mut Waiter<u64>| waiter.limit = WaitLimit::None;
    assert_eq!(harness.request_with(THIRD, A, once), []);
    assert_eq!(harness.verified(true), [Complete(THIRD, Granted)]);
}

#[test]
fn a_path_that_names_another_file_takes_its_waiters_there() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    assert_eq!(harness.path_checked(A, Some(file(1))), [], "it is the file that is held");
    assert_eq!(harness.path_checked(A, Some(file(2))), [Attempt(A)]);
    assert!(harness.file_opened(file(2)));
    assert_eq!(
        harness.tried_by(harness.last_attempt(), Tried::Locked(file(2))),
        [Complete(SECOND, Granted)]
    );
    assert_eq!(harness.holder(), Some(holder(FIRST)), "what is held is held as before");
    assert!(harness.try_release_only(FIRST));
    assert!(harness.try_release_only(SECOND));
    assert!(harness.is_empty());
}

#[test]
fn a_path_without_a_file_takes_its_waiters_to_a_new_one() {
    let mut harness = Harness::waiting(FIRST);
    assert_eq!(harness.path_checked(A, None), [Interrupt, Attempt(A)]);
    assert_eq!(harness.path_checked(A, None), [], "no file is open there");
}

#[test]
fn a_path_that_names_a_file_known_by_another_joins_its_queue() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, B);
    assert!(harness.file_opened_by(BELOW_B, file(2)));
    assert_eq!(harness.path_checked(B, Some(file(1))), []);
    assert_eq!(harness.release(), [Verify(B, 1)]);
    assert_eq!(harness.verified(true), [Complete(SECOND, Granted)]);
}

#[test]
fn an_offer_to_a_waiter_whose_path_names_another_file_is_made_to_the_next() {
    let mut harness = Harness::waiting(FIRST);
    harness.waited(WaitEnd::Granted(file(1)));
    assert_eq!(harness.path_checked(A, None), [Unlock(1), Attempt(A)]);
}

#[test]
fn a_file_replaced_at_every_grant_is_waited_for_as_often() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.release();
    for _ in 0..1000 {
        assert_eq!(harness.verified(false), [Unlock(1), Wait(A, None)]);
        assert!(harness.wait_file_opened(file(1)));
        assert_eq!(harness.waited(WaitEnd::Granted(file(1))), [Offer(SECOND)]);
        assert_eq!(harness.accept(), [Verify(A, 1)]);
    }
    assert_eq!(harness.verified(true), [Complete(SECOND, Granted)]);
}

#[test]
fn a_check_that_fails_fails_the_acquires_of_that_path() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.release();
    assert_eq!(harness.verify_failed(), [Unlock(1), Complete(SECOND, Failed(FAULT))]);
    assert!(harness.is_empty());
}

#[test]
fn a_turn_ends_with_the_file_at_hand_where_no_reservation_can_be_made() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.request(THIRD, A);
    harness.now += TURN;
    assert_eq!(harness.release(), [Wait(A, None), Verify(A, 1)]);
    harness.verified(true);
    assert_eq!(harness.waited(WaitEnd::Failed(FAULT)), []);
    assert_eq!(harness.release(), [Requeue(A, 1)]);
    assert!(harness.before_wait());
    assert_eq!(harness.wait_granted(THIRD, file(1)), [Complete(THIRD, Granted)]);
}

#[test]
fn a_wait_is_ended_when_its_last_waiter_leaves() {
    let mut harness = Harness::waiting(FIRST);
    harness.request(SECOND, A);
    assert_eq!(harness.cancel(FIRST), []);
    assert_eq!(harness.cancel(SECOND), [Interrupt]);
    assert_eq!(harness.waited(WaitEnd::Interrupted), []);
    assert!(harness.is_empty());
}

#[test]
fn a_wait_without_a_waiter_does_not_enter_the_queue() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.file_opened(file(1));
    harness.tried(Tried::Busy(file(1)));
    harness.cancel(FIRST);
    assert!(!harness.before_wait());
    assert!(harness.is_empty());
}

#[test]
fn what_an_ended_wait_brings_is_let_go() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    assert_eq!(harness.waited(WaitEnd::Granted(file(1))), [Unlock(1)]);
    assert!(harness.is_empty());
}

#[test]
fn an_unwanted_wait_is_not_ahead_and_is_taken_over() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    assert_eq!(harness.request(SECOND, A), [Attempt(A)]);
    harness.file_opened(file(1));
    assert_eq!(harness.tried(Tried::Busy(file(1))), [Unlock(1)]);
    assert_eq!(harness.wait_granted(SECOND, file(1)), [Complete(SECOND, Granted)]);
}

#[test]
fn a_wait_taken_over_that_ends_all_the_same_is_started_again() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    harness.request(SECOND, A);
    harness.file_opened(file(1));
    harness.tried(Tried::Busy(file(1)));
    assert_eq!(harness.waited(WaitEnd::Interrupted), [Wait(A, None)]);
}

#[test]
fn a_grant_makes_the_attempt_beside_it_stale() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    harness.request(SECOND, A);
    assert_eq!(harness.wait_granted(SECOND, file(1)), [Complete(SECOND, Granted)]);
    assert!(!harness.file_opened(file(1)));
    assert_eq!(harness.tried(Tried::Busy(file(1))), [Unlock(1)]);
    assert_eq!(harness.holder(), Some(holder(SECOND)));
}

#[test]
fn what_a_stale_attempt_brings_changes_nothing() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    harness.request(SECOND, A);
    harness.wait_granted(SECOND, file(1));
    harness.request(THIRD, A);
    assert_eq!(harness.tried(Tried::Locked(file(1))), [Unlock(1)]);
    assert_eq!(harness.tried(Tried::Busy(file(1))), [Unlock(1)]);
    assert_eq!(harness.tried(Tried::Failed(FAULT)), []);
    assert_eq!(harness.holder(), Some(holder(SECOND)));
    harness.release_to(THIRD);
}

#[test]
fn a_stale_attempt_goes_no_further_beside_a_new_one() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    harness.request(SECOND, A);
    let stale = harness.last_attempt();
    harness.wait_granted(SECOND, file(1));
    // A reservation that cannot be ended keeps the entry while there is no hold and no waiter.
    harness.request(THIRD, A);
    harness.now += TURN;
    harness.release();
    harness.verified(true);
    harness.wait_file_opened(file(1));
    harness.before_wait();
    harness.release();
    assert_eq!(harness.request(4, A), [Attempt(A)]);
    assert!(!harness.file_opened_by(stale, file(1)));
    assert!(harness.file_opened(file(1)));
}

#[test]
fn a_grant_beside_a_hold_is_let_go() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    harness.request(SECOND, A);
    harness.file_opened(file(1));
    harness.tried(Tried::Locked(file(1)));
    assert_eq!(harness.waited(WaitEnd::Granted(file(1))), [Unlock(1)]);
    assert_eq!(harness.holder(), Some(holder(SECOND)));
}

/// Found by the exhaustive search: the file came back under the unwanted wait. Its
/// grant was taken for the lock of the path, at which another file was known; the reservation of
/// the next turn then ran into the entry of another spelling, and the held lock was closed.
#[test]
fn a_wait_for_a_former_file_grants_nothing_when_that_file_comes_back() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    assert_eq!(harness.request(SECOND, A), [Attempt(A)]);
    assert!(harness.file_opened(file(2)));
    assert_eq!(harness.waited(WaitEnd::Granted(file(1))), [Unlock(1)]);
    assert_eq!(harness.holder(), None);
    assert_eq!(harness.tried(Tried::Locked(file(2))), [Complete(SECOND, Granted)]);
}

#[test]
fn a_wait_for_a_former_file_is_not_taken_over() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    harness.request(SECOND, A);
    assert!(harness.file_opened(file(2)));
    let stale = harness.last_wait();
    assert_eq!(harness.tried(Tried::Busy(file(2))), [Wait(A, Some(2))]);
    assert!(!harness.file_opened_by(stale, file(2)), "its result is not expected");
    assert!(!harness.before_wait_by(stale), "its result is not expected");
    assert_eq!(harness.waited_by(stale, WaitEnd::Granted(file(1))), [Unlock(1)]);
    assert_eq!(harness.waited_by(stale, WaitEnd::Failed(FAULT)), []);
    assert_eq!(harness.wait_granted(SECOND, file(2)), [Complete(SECOND, Granted)]);
}

#[test]
fn a_wait_that_has_opened_no_file_yet_is_not_taken_over() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.release();
    assert_eq!(harness.verified(false), [Unlock(1), Wait(A, None)]);
    assert_eq!(harness.cancel(SECOND), [Interrupt]);
    harness.request(THIRD, A);
    harness.file_opened(file(2));
    assert_eq!(harness.tried(Tried::Busy(file(2))), [Wait(A, Some(2))]);
}

#[test]
fn a_single_attempt_does_not_revive_an_unwanted_wait() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    harness.request_with(SECOND, A, |waiter| waiter.limit = WaitLimit::None);
    harness.file_opened(file(1));
    assert_eq!(harness.tried(Tried::Busy(file(1))), [Complete(SECOND, Busy), Unlock(1)]);
    harness.request(THIRD, A);
    assert_eq!(harness.cancel(THIRD), [], "it was asked to end before");
}

#[test]
fn a_single_attempt_behind_another_acquire_finds_the_lock_busy() {
    let once = |waiter: &mut Waiter<u64>| waiter.limit = WaitLimit::None;
    let mut held = Harness::held_by(FIRST);
    assert_eq!(held.request_with(SECOND, A, once), [Complete(SECOND, Busy)]);
    let mut waiting = Harness::waiting(FIRST);
    assert_eq!(waiting.request_with(SECOND, A, once), [Complete(SECOND, Busy)]);
}

#[test]
fn a_single_attempt_behind_one_that_has_yet_to_run_is_answered_with_it() {
    let once = |waiter: &mut Waiter<u64>| waiter.limit = WaitLimit::None;
    let once_sync = |waiter: &mut Waiter<u64>| {
        waiter.limit = WaitLimit::None;
        waiter.is_sync = true;
    };
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    assert_eq!(harness.request_with(SECOND, A, once), [], "the lock is not known to be taken");
    assert_eq!(harness.request_with(THIRD, A, once_sync), [Attempt(A)], "without the pool");
    assert!(harness.file_opened(file(1)));
    assert_eq!(
        harness.tried(Tried::Locked(file(1))),
        [Complete(FIRST, Granted), Complete(SECOND, Busy), Complete(THIRD, Busy)]
    );

    let mut harness = Harness::new();
    harness.request(FIRST, A);
    assert!(harness.attempt_begins().0);
    assert_eq!(harness.request_with(SECOND, A, once_sync), [Complete(SECOND, Busy)], "it runs");
}

#[test]
fn a_waiter_that_gives_up_while_an_attempt_runs_is_told_once_it_does_no_more() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    assert_eq!(harness.expire(SECOND), (Expired::Over, vec![]), "it has not asked");
    assert!(harness.attempt_begins().0);
    assert_eq!(harness.try_cancel(FIRST), [], "the file may be created yet");
    let told = vec![Complete(FIRST, Cancelled)];
    assert_eq!(harness.attempt_begins(), (false, told), "it goes no further");
    assert!(harness.is_empty());

    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.file_opened(file(1));
    assert_eq!(harness.try_cancel(FIRST), []);
    let result = Tried::Locked(file(1));
    assert_eq!(harness.tried(result), [Complete(FIRST, Cancelled), Unlock(1)]);

    let mut harness = Harness::new();
    harness.request(FIRST, A);
    assert_eq!(harness.try_cancel(FIRST), [Complete(FIRST, Cancelled)], "it waits for the pool");
}

#[test]
fn a_waiter_that_gave_up_is_told_where_a_grant_makes_the_attempt_stale() {
    let mut harness = Harness::waiting(FIRST);
    harness.cancel(FIRST);
    harness.request(SECOND, A);
    assert!(harness.attempt_begins().0);
    assert_eq!(harness.try_cancel(SECOND), []);
    let granted = harness.waited(WaitEnd::Granted(file(1)));
    assert_eq!(granted, [Complete(SECOND, Cancelled), Unlock(1)]);
}

#[test]
fn one_attempt_that_finds_the_lock_taken_does_not_wait() {
    let mut harness = Harness::new();
    harness.request_with(FIRST, A, |waiter| waiter.limit = WaitLimit::None);
    harness.file_opened(file(1));
    assert_eq!(harness.tried(Tried::Busy(file(1))), [Complete(FIRST, Busy), Unlock(1)]);
    assert!(harness.is_empty());
}

#[test]
fn one_attempt_that_another_spelling_has_made_is_made_again_where_it_leads_elsewhere() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    let attempt = harness.last_attempt();
    harness.request_with(SECOND, B, |waiter| waiter.limit = WaitLimit::None);
    assert!(harness.file_opened_by(attempt, file(1)));
    harness.cancel(FIRST);
    assert!(!harness.file_opened_by(BELOW_B, file(1)), "that attempt is its own now");
    assert_eq!(harness.tried_by(attempt, Tried::Locked(file(1))), [Verify(B, 1)]);
    assert_eq!(harness.verified(false), [Unlock(1), Attempt(B)]);
    assert!(harness.file_opened(file(2)));
    let busy = Tried::Busy(file(2));
    assert_eq!(harness.tried_by(harness.last_attempt(), busy), [Complete(SECOND, Busy), Unlock(2)]);
    assert!(harness.is_empty());
}

#[test]
fn a_thread_that_would_wait_for_itself_is_told() {
    let mut harness = Harness::held_by(FIRST);
    let blocking = |waiter: &mut Waiter<u64>| waiter.is_sync = true;
    assert_eq!(harness.request_with(SECOND, A, blocking), [Complete(SECOND, Deadlock)]);
    let patient = |waiter: &mut Waiter<u64>| {
        waiter.is_sync = true;
        waiter.limit = WaitLimit::Bounded;
    };
    assert_eq!(harness.request_with(THIRD, A, patient), [], "its deadline ends it");
    let mut foreign = Harness::held_by(FIRST);
    let of_another = |waiter: &mut Waiter<u64>| {
        waiter.is_sync = true;
        waiter.id.owner.0 = 7;
    };
    assert_eq!(foreign.request_with(SECOND, A, of_another), [], "another thread can release");
}

#[test]
fn a_thread_that_comes_to_wait_for_itself_is_told() {
    let mut harness = Harness::waiting(FIRST);
    harness.request_with(SECOND, A, |waiter| waiter.is_sync = true);
    let granted = harness.waited(WaitEnd::Granted(file(1)));
    assert_eq!(granted, [Offer(FIRST), Complete(SECOND, Deadlock)]);
}

#[test]
fn a_waiter_that_asks_is_told_once_that_the_lock_is_taken() {
    let curious = |waiter: &mut Waiter<u64>| waiter.wants_notice = true;
    let mut harness = Harness::held_by(FIRST);
    assert_eq!(harness.request_with(SECOND, A, curious), [Notice(SECOND, Blocker::ThisProcess)]);
    harness.release_to(SECOND);

    let mut harness = Harness::new();
    harness.request_with(FIRST, A, curious);
    harness.file_opened(file(1));
    let busy = harness.tried(Tried::Busy(file(1)));
    assert_eq!(busy, [Notice(FIRST, Blocker::OtherProcess), Wait(A, Some(1))]);
    assert_eq!(harness.request_with(SECOND, A, curious), [Notice(SECOND, Blocker::OtherProcess)]);
    assert_eq!(harness.wait_granted(FIRST, file(1)), [Complete(FIRST, Granted)]);
}

#[test]
fn an_environment_that_ends_passes_on_what_it_holds_and_leaves_the_queue() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.request_with(THIRD, A, |waiter| waiter.id.owner.0 = 7);
    assert_eq!(harness.owner_ended(0), [Verify(A, 1)]);
    assert_eq!(harness.verified(true), [Complete(THIRD, Granted)]);
}

#[test]
fn an_environment_that_ends_interrupts_the_wait_of_its_own() {
    let mut harness = Harness::waiting(FIRST);
    assert_eq!(harness.owner_ended(7), []);
    assert_eq!(harness.owner_ended(0), [Interrupt]);
}

#[test]
fn a_file_replaced_while_it_was_held_is_let_go_and_the_new_one_waited_for() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    assert_eq!(harness.release(), [Verify(A, 1)]);
    assert_eq!(harness.verified(false), [Unlock(1), Wait(A, None)]);
    assert!(harness.wait_file_opened(file(2)));
    assert!(harness.before_wait());
    assert_eq!(harness.wait_granted(SECOND, file(2)), [Complete(SECOND, Granted)]);
}

#[test]
fn a_lock_whose_waiter_leaves_during_the_check_goes_to_the_next() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.request(THIRD, A);
    harness.release();
    harness.cancel(SECOND);
    assert_eq!(harness.verified(true), [Complete(THIRD, Granted)]);
}

#[test]
fn a_lock_without_a_waiter_after_the_check_is_unlocked() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.release();
    assert_eq!(harness.cancel(SECOND), []);
    assert_eq!(harness.verified(true), [Unlock(1)]);
    assert!(harness.is_empty());
}

#[test]
fn after_its_turn_a_process_reserves_the_next_and_then_lets_go() {
    let mut harness = Harness::held_by(FIRST);
    for number in [SECOND, THIRD, 4, 5] {
        harness.request(number, A);
    }
    harness.now += TURN - Duration::from_nanos(1);
    assert_eq!(harness.release(), [Verify(A, 1)], "the turn is not over");
    harness.verified(true);
    harness.now += Duration::from_nanos(1);
    assert_eq!(harness.release(), [Wait(A, None), Verify(A, 1)], "nothing is reserved yet");
    harness.verified(true);
    assert!(harness.wait_file_opened(file(1)));
    assert_eq!(harness.release(), [Verify(A, 1)], "the reservation is not in the queue yet");
    harness.verified(true);
    assert!(harness.before_wait());
    assert_eq!(harness.release(), [Unlock(1)]);
    assert_eq!(harness.holder(), None);
    assert_eq!(harness.wait_granted(5, file(1)), [Complete(5, Granted)]);
}

#[test]
fn a_new_turn_begins_when_the_operating_system_grants() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.now += TURN;
    harness.release();
    harness.verified(true);
    harness.wait_file_opened(file(1));
    harness.before_wait();
    harness.request(THIRD, A);
    harness.request(4, A);
    assert_eq!(harness.release(), [Unlock(1)]);
    harness.wait_granted(THIRD, file(1));
    assert_eq!(harness.release(), [Verify(A, 1)], "no reservation: this turn is young");
}

#[test]
fn an_unneeded_reservation_is_ended_before_it_can_be_granted() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.now += TURN;
    harness.release();
    harness.verified(true);
    harness.wait_file_opened(file(1));
    harness.before_wait();
    assert_eq!(harness.release(), [Interrupt, Unlock(1)]);
}

#[test]
fn an_unneeded_reservation_opens_nothing() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.now += TURN;
    harness.release();
    harness.verified(true);
    assert!(harness.before_open());
    assert_eq!(harness.release(), [Interrupt, Unlock(1)]);
    assert!(!harness.before_open(), "the file may have been deleted since");
    assert!(harness.is_empty());
}

#[test]
fn a_reservation_for_another_file_than_the_held_one_is_none() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.now += TURN;
    harness.release();
    assert!(!harness.wait_file_opened(file(2)));
    assert_eq!(harness.verified(true), [Complete(SECOND, Granted)]);
}

#[test]
fn a_failed_reservation_fails_no_acquire() {
    let mut harness = Harness::held_by(FIRST);
    harness.request(SECOND, A);
    harness.now += TURN;
    harness.release();
    assert_eq!(harness.waited(WaitEnd::Failed(FAULT)), []);
    assert_eq!(harness.verified(true), [Complete(SECOND, Granted)]);
}

#[test]
fn an_error_of_the_attempt_fails_all_waiters_of_the_path() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.request(SECOND, A);
    let failed = harness.tried(Tried::Failed(FAULT));
    assert_eq!(failed, [Complete(FIRST, Failed(FAULT)), Complete(SECOND, Failed(FAULT))]);
    assert!(harness.is_empty());
}

#[test]
fn an_error_of_the_wait_fails_all_waiters_of_the_path() {
    let mut harness = Harness::waiting(FIRST);
    assert_eq!(harness.waited(WaitEnd::Failed(FAULT)), [Complete(FIRST, Failed(FAULT))]);
    assert!(harness.is_empty());
}

#[test]
fn two_spellings_of_one_file_are_one_queue_in_order_of_arrival() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.file_opened(file(1));
    assert_eq!(harness.request(SECOND, B), [Attempt(B)]);
    harness.request(THIRD, A);
    assert!(!harness.file_opened_by(BELOW_B, file(1)), "its waiters have moved");
    harness.tried(Tried::Locked(file(1)));
    assert_eq!(harness.release(), [Verify(B, 1)]);
    assert_eq!(harness.verified(true), [Complete(SECOND, Granted)]);
    assert_eq!(harness.holder(), Some(holder(SECOND)));
}

#[test]
fn an_error_of_one_spelling_leaves_the_other_waiting() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    harness.file_opened(file(1));
    harness.request(SECOND, B);
    harness.file_opened_by(BELOW_B, file(1));
    let failed = harness.tried(Tried::Failed(FAULT));
    assert_eq!(failed, [Complete(FIRST, Failed(FAULT)), Wait(B, None)]);
}

#[test]
fn answers_to_work_of_a_forgotten_entry_are_let_go() {
    let mut harness = Harness::new();
    harness.request(FIRST, A);
    let stale = harness.last_attempt();
    harness.cancel(FIRST);
    harness.file_opened(file(1));
    assert!(harness.is_empty());
    assert_eq!(harness.tried_by(stale, Tried::Locked(file(1))), [Unlock(1)]);
    assert_eq!(harness.waited_by(stale, WaitEnd::Granted(file(1))), [Unlock(1)]);
    assert!(harness.is_empty());
}
