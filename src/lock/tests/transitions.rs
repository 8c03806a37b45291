//! Each rule of the state machine, by an example.

use std::time::{Duration, Instant};

use super::orders::{A, B, BELOW_B, Desk, FAULT, Order, file, holder};
use crate::lock::state::{TURN, Tried, WaitEnd};
use crate::lock::waiter::{Holder, Outcome, Patience, Waiter};

use Order::{Attempt, Check, Interrupt, LetGo, Notice, Settle, Wait};
use Outcome::{Busy, Deadlock, Failed, Granted, TimedOut};

const FIRST: u64 = 1;
const SECOND: u64 = 2;
const THIRD: u64 = 3;

#[test]
fn a_free_lock_is_tried_and_granted() {
    let mut desk = Desk::new();
    assert_eq!(desk.request(FIRST, A), [Attempt(A)]);
    assert!(desk.opened(file(1)));
    assert_eq!(desk.tried(Tried::Locked(file(1))), [Settle(FIRST, Granted)]);
    assert_eq!(desk.holder(A), Some(holder(FIRST)));
}

#[test]
fn a_lock_of_this_process_is_queued_for_without_file_work() {
    let mut desk = Desk::held_by(FIRST);
    assert_eq!(desk.request(SECOND, A), []);
}

#[test]
fn those_who_come_during_an_attempt_share_it() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    assert_eq!(desk.request(SECOND, A), []);
    desk.opened(file(1));
    assert_eq!(desk.tried(Tried::Locked(file(1))), [Settle(FIRST, Granted)]);
}

#[test]
fn an_attempt_whose_waiter_has_left_is_the_next_ones() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    desk.cancel(FIRST);
    assert_eq!(desk.request(SECOND, A), []);
    desk.opened(file(1));
    assert_eq!(desk.tried(Tried::Locked(file(1))), [Settle(SECOND, Granted)]);
}

#[test]
fn one_attempt_takes_over_the_attempt_of_one_who_has_left() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    desk.cancel(FIRST);
    assert_eq!(desk.request_with(SECOND, A, |waiter| waiter.patience = Patience::Once), []);
    desk.opened(file(1));
    assert_eq!(desk.tried(Tried::Locked(file(1))), [Settle(SECOND, Granted)]);
}

#[test]
fn a_thread_that_cannot_wait_has_an_attempt_of_its_own() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    desk.cancel(FIRST);
    let once = |waiter: &mut Waiter<u64>| {
        waiter.patience = Patience::Once;
        waiter.blocks_owner = true;
    };
    assert_eq!(desk.request_with(SECOND, A, once), [Attempt("/a")]);
    desk.opened(file(1));
    assert_eq!(desk.tried(Tried::Locked(file(1))), [Settle(SECOND, Granted)]);
}

#[test]
fn an_attempt_for_nobody_ends_when_it_has_opened_its_file() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    assert_eq!(desk.cancel(FIRST), []);
    assert!(!desk.opened(file(1)));
    assert!(desk.is_empty());
}

#[test]
fn a_release_hands_the_lock_to_the_first_waiter_and_does_not_let_go() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    desk.request(THIRD, A);
    desk.release_to(SECOND);
    desk.release_to(THIRD);
    assert_eq!(desk.release(), [LetGo(1)]);
    assert!(desk.is_empty());
}

#[test]
fn what_nobody_holds_cannot_be_released() {
    let mut desk = Desk::new();
    assert!(!desk.try_release());
    desk.request(FIRST, A);
    assert!(!desk.try_release());
    desk.opened(file(1));
    desk.tried(Tried::Locked(file(1)));
    assert!(desk.try_release());
    assert!(!desk.try_release());
}

#[test]
fn one_acquisition_cannot_end_another() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    assert!(!desk.try_release_only(SECOND));
    assert!(desk.try_release_only(FIRST));
    desk.settle_passing();
    assert!(!desk.try_release_only(FIRST));
    assert_eq!(desk.holder(A), Some(holder(SECOND)));
}

#[test]
fn a_lock_is_released_by_the_file_under_any_spelling() {
    let mut desk = Desk::held_by(FIRST);
    assert_eq!(desk.file_holder(file(1)), Some(holder(FIRST)));
    assert_eq!(desk.release_file(file(1)), [LetGo(1)]);
    assert_eq!(desk.file_holder(file(1)), None);
}

#[test]
fn a_lock_of_another_process_is_waited_for_with_the_file_at_hand() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    desk.opened(file(1));
    assert_eq!(desk.tried(Tried::Busy(file(1))), [Wait(A, Some(1))]);
    assert!(desk.queued());
    assert_eq!(desk.waited(WaitEnd::Granted(file(1))), [Settle(FIRST, Granted)]);
}

#[test]
fn one_wait_serves_all_who_queue() {
    let mut desk = Desk::waiting(FIRST);
    assert_eq!(desk.request(SECOND, A), []);
    assert_eq!(desk.waited(WaitEnd::Granted(file(1))), [Settle(FIRST, Granted)]);
    desk.release_to(SECOND);
}

#[test]
fn a_grant_goes_to_the_first_whom_the_wait_is_still_for() {
    let mut desk = Desk::waiting(FIRST);
    let wait = desk.last_wait();
    desk.request(SECOND, A);
    assert_eq!(desk.next_for(wait), Some(FIRST));
    assert_eq!(desk.next_for(desk.last_attempt()), None, "of another work");
    desk.cancel(FIRST);
    assert_eq!(desk.next_for(wait), Some(SECOND));
    desk.cancel(SECOND);
    assert_eq!(desk.next_for(wait), None);
    desk.request(THIRD, A);
    assert_eq!(desk.next_for(wait), None, "an attempt is made for it, and nobody wants the wait");
    assert_eq!(desk.next_for(BELOW_B), None, "of an entry that is none");
}

#[test]
fn a_wait_is_ended_when_its_last_waiter_leaves() {
    let mut desk = Desk::waiting(FIRST);
    desk.request(SECOND, A);
    assert_eq!(desk.cancel(FIRST), []);
    assert_eq!(desk.cancel(SECOND), [Interrupt]);
    assert_eq!(desk.waited(WaitEnd::Interrupted), []);
    assert!(desk.is_empty());
}

#[test]
fn a_wait_for_nobody_does_not_enter_the_queue() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    desk.opened(file(1));
    desk.tried(Tried::Busy(file(1)));
    desk.cancel(FIRST);
    assert!(!desk.queued());
    assert!(desk.is_empty());
}

#[test]
fn what_an_ended_wait_brings_is_let_go() {
    let mut desk = Desk::waiting(FIRST);
    desk.cancel(FIRST);
    assert_eq!(desk.waited(WaitEnd::Granted(file(1))), [LetGo(1)]);
    assert!(desk.is_empty());
}

#[test]
fn an_ended_wait_is_nobody_ahead_and_is_taken_over() {
    let mut desk = Desk::waiting(FIRST);
    desk.cancel(FIRST);
    assert_eq!(desk.request(SECOND, A), [Attempt(A)]);
    desk.opened(file(1));
    assert_eq!(desk.tried(Tried::Busy(file(1))), [LetGo(1)]);
    assert_eq!(desk.waited(WaitEnd::Granted(file(1))), [Settle(SECOND, Granted)]);
}

#[test]
fn a_wait_taken_over_that_ends_all_the_same_is_started_again() {
    let mut desk = Desk::waiting(FIRST);
    desk.cancel(FIRST);
    desk.request(SECOND, A);
    desk.opened(file(1));
    desk.tried(Tried::Busy(file(1)));
    assert_eq!(desk.waited(WaitEnd::Interrupted), [Wait(A, None)]);
}

#[test]
fn a_grant_makes_the_attempt_beside_it_stale() {
    let mut desk = Desk::waiting(FIRST);
    desk.cancel(FIRST);
    desk.request(SECOND, A);
    assert_eq!(desk.waited(WaitEnd::Granted(file(1))), [Settle(SECOND, Granted)]);
    assert!(!desk.opened(file(1)));
    assert_eq!(desk.tried(Tried::Busy(file(1))), [LetGo(1)]);
    assert_eq!(desk.holder(A), Some(holder(SECOND)));
}

#[test]
fn what_a_stale_attempt_brings_changes_nothing() {
    let mut desk = Desk::waiting(FIRST);
    desk.cancel(FIRST);
    desk.request(SECOND, A);
    desk.waited(WaitEnd::Granted(file(1)));
    desk.request(THIRD, A);
    assert_eq!(desk.tried(Tried::Locked(file(1))), [LetGo(1)]);
    assert_eq!(desk.tried(Tried::Busy(file(1))), [LetGo(1)]);
    assert_eq!(desk.tried(Tried::Failed(FAULT)), []);
    assert_eq!(desk.holder(A), Some(holder(SECOND)));
    desk.release_to(THIRD);
}

#[test]
fn a_stale_attempt_goes_no_further_beside_a_new_one() {
    let mut desk = Desk::waiting(FIRST);
    desk.cancel(FIRST);
    desk.request(SECOND, A);
    let stale = desk.last_attempt();
    desk.waited(WaitEnd::Granted(file(1)));
    // A reservation that cannot be ended keeps the entry while nobody holds or waits.
    desk.request(THIRD, A);
    desk.now += TURN;
    desk.release();
    desk.checked(true);
    desk.wait_opened(file(1));
    desk.queued();
    desk.release();
    assert_eq!(desk.request(4, A), [Attempt(A)]);
    assert!(!desk.opened_by(stale, file(1)));
    assert!(desk.opened(file(1)));
}

#[test]
fn a_grant_beside_a_hold_is_let_go() {
    let mut desk = Desk::waiting(FIRST);
    desk.cancel(FIRST);
    desk.request(SECOND, A);
    desk.opened(file(1));
    desk.tried(Tried::Locked(file(1)));
    assert_eq!(desk.waited(WaitEnd::Granted(file(1))), [LetGo(1)]);
    assert_eq!(desk.holder(A), Some(holder(SECOND)));
}

/// Found by the exhaustive search: the file came back under the wait that nobody wanted. Its
/// grant was taken for the lock of the path, at which another file was known; the reservation of
/// the next turn then ran into the entry of another spelling, and the held lock was closed.
#[test]
fn a_wait_for_a_former_file_grants_nothing_when_that_file_comes_back() {
    let mut desk = Desk::waiting(FIRST);
    desk.cancel(FIRST);
    assert_eq!(desk.request(SECOND, A), [Attempt(A)]);
    assert!(desk.opened(file(2)));
    assert_eq!(desk.waited(WaitEnd::Granted(file(1))), [LetGo(1)]);
    assert_eq!(desk.holder(A), None);
    assert_eq!(desk.tried(Tried::Locked(file(2))), [Settle(SECOND, Granted)]);
}

#[test]
fn a_wait_for_a_former_file_is_not_taken_over() {
    let mut desk = Desk::waiting(FIRST);
    desk.cancel(FIRST);
    desk.request(SECOND, A);
    assert!(desk.opened(file(2)));
    let stale = desk.last_wait();
    assert_eq!(desk.tried(Tried::Busy(file(2))), [Wait(A, Some(2))]);
    assert!(!desk.opened_by(stale, file(2)), "nobody expects it");
    assert!(!desk.queued_by(stale), "nobody expects it");
    assert_eq!(desk.waited_by(stale, WaitEnd::Granted(file(1))), [LetGo(1)]);
    assert_eq!(desk.waited_by(stale, WaitEnd::Failed(FAULT)), []);
    assert_eq!(desk.waited(WaitEnd::Granted(file(2))), [Settle(SECOND, Granted)]);
}

#[test]
fn a_wait_that_has_opened_no_file_yet_is_not_taken_over() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    desk.release();
    assert_eq!(desk.checked(false), [LetGo(1), Wait(A, None)]);
    assert_eq!(desk.cancel(SECOND), [Interrupt]);
    desk.request(THIRD, A);
    desk.opened(file(2));
    assert_eq!(desk.tried(Tried::Busy(file(2))), [Wait(A, Some(2))]);
}

#[test]
fn one_attempt_does_not_revive_a_wait_that_nobody_wants() {
    let mut desk = Desk::waiting(FIRST);
    desk.cancel(FIRST);
    desk.request_with(SECOND, A, |waiter| waiter.patience = Patience::Once);
    desk.opened(file(1));
    assert_eq!(desk.tried(Tried::Busy(file(1))), [Settle(SECOND, Busy), LetGo(1)]);
    desk.request(THIRD, A);
    assert_eq!(desk.cancel(THIRD), [], "it was asked to end before");
}

#[test]
fn one_attempt_behind_anybody_finds_the_lock_busy() {
    let once = |waiter: &mut Waiter<u64>| waiter.patience = Patience::Once;
    let mut held = Desk::held_by(FIRST);
    assert_eq!(held.request_with(SECOND, A, once), [Settle(SECOND, Busy)]);
    let mut waiting = Desk::waiting(FIRST);
    assert_eq!(waiting.request_with(SECOND, A, once), [Settle(SECOND, Busy)]);
    let mut trying = Desk::new();
    trying.request(FIRST, A);
    assert_eq!(trying.request_with(SECOND, A, once), [Settle(SECOND, Busy)]);
}

#[test]
fn one_attempt_that_finds_the_lock_taken_does_not_wait() {
    let mut desk = Desk::new();
    desk.request_with(FIRST, A, |waiter| waiter.patience = Patience::Once);
    desk.opened(file(1));
    assert_eq!(desk.tried(Tried::Busy(file(1))), [Settle(FIRST, Busy), LetGo(1)]);
    assert!(desk.is_empty());
}

#[test]
fn one_attempt_that_another_spelling_has_made_is_made_again_where_it_leads_elsewhere() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    let attempt = desk.last_attempt();
    desk.request_with(SECOND, B, |waiter| waiter.patience = Patience::Once);
    assert!(desk.opened_by(attempt, file(1)));
    desk.cancel(FIRST);
    assert!(!desk.opened_by(BELOW_B, file(1)), "that attempt is its own now");
    assert_eq!(desk.tried_by(attempt, Tried::Locked(file(1))), [Check(B, 1)]);
    assert_eq!(desk.checked(false), [LetGo(1), Attempt(B)]);
    assert!(desk.opened(file(2)));
    let busy = Tried::Busy(file(2));
    assert_eq!(desk.tried_by(desk.last_attempt(), busy), [Settle(SECOND, Busy), LetGo(2)]);
    assert!(desk.is_empty());
}

#[test]
fn a_grant_after_the_deadline_goes_to_the_next() {
    let mut desk = Desk::held_by(FIRST);
    let deadline = desk.now + Duration::from_secs(1);
    desk.request_with(SECOND, A, |waiter| waiter.patience = Patience::Until(deadline));
    desk.request(THIRD, A);
    desk.release();
    desk.now = deadline;
    assert_eq!(desk.checked(true), [Settle(SECOND, TimedOut), Settle(THIRD, Granted)]);
}

#[test]
fn a_thread_that_would_wait_for_itself_is_told() {
    let mut desk = Desk::held_by(FIRST);
    let blocking = |waiter: &mut Waiter<u64>| waiter.blocks_owner = true;
    assert_eq!(desk.request_with(SECOND, A, blocking), [Settle(SECOND, Deadlock)]);
    let patient = |waiter: &mut Waiter<u64>| {
        waiter.blocks_owner = true;
        waiter.patience = Patience::Until(Instant::now() + Duration::from_secs(60));
    };
    assert_eq!(desk.request_with(THIRD, A, patient), [], "its deadline ends it");
    let mut foreign = Desk::held_by(FIRST);
    let of_another = |waiter: &mut Waiter<u64>| {
        waiter.blocks_owner = true;
        waiter.id.owner.0 = 7;
    };
    assert_eq!(foreign.request_with(SECOND, A, of_another), [], "another thread can release");
}

#[test]
fn a_thread_that_comes_to_wait_for_itself_is_told() {
    let mut desk = Desk::waiting(FIRST);
    desk.request_with(SECOND, A, |waiter| waiter.blocks_owner = true);
    let granted = desk.waited(WaitEnd::Granted(file(1)));
    assert_eq!(granted, [Settle(FIRST, Granted), Settle(SECOND, Deadlock)]);
}

#[test]
fn who_wants_to_know_is_told_once_that_the_lock_is_taken() {
    let curious = |waiter: &mut Waiter<u64>| waiter.wants_notice = true;
    let mut desk = Desk::held_by(FIRST);
    assert_eq!(desk.request_with(SECOND, A, curious), [Notice(SECOND, Holder::Own)]);
    desk.release_to(SECOND);

    let mut desk = Desk::new();
    desk.request_with(FIRST, A, curious);
    desk.opened(file(1));
    let busy = desk.tried(Tried::Busy(file(1)));
    assert_eq!(busy, [Notice(FIRST, Holder::Foreign), Wait(A, Some(1))]);
    assert_eq!(desk.request_with(SECOND, A, curious), [Notice(SECOND, Holder::Foreign)]);
    assert_eq!(desk.waited(WaitEnd::Granted(file(1))), [Settle(FIRST, Granted)]);
}

#[test]
fn an_environment_that_ends_passes_on_what_it_holds_and_leaves_the_queue() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    desk.request_with(THIRD, A, |waiter| waiter.id.owner.0 = 7);
    assert_eq!(desk.gone(0), [Check(A, 1)]);
    assert_eq!(desk.checked(true), [Settle(THIRD, Granted)]);
}

#[test]
fn an_environment_that_ends_interrupts_the_wait_of_its_own() {
    let mut desk = Desk::waiting(FIRST);
    assert_eq!(desk.gone(7), []);
    assert_eq!(desk.gone(0), [Interrupt]);
}

#[test]
fn a_file_replaced_while_it_was_held_is_let_go_and_the_new_one_waited_for() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    assert_eq!(desk.release(), [Check(A, 1)]);
    assert_eq!(desk.checked(false), [LetGo(1), Wait(A, None)]);
    assert!(desk.wait_opened(file(2)));
    assert!(desk.queued());
    assert_eq!(desk.waited(WaitEnd::Granted(file(2))), [Settle(SECOND, Granted)]);
}

#[test]
fn a_lock_on_its_way_to_somebody_who_leaves_goes_to_the_next() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    desk.request(THIRD, A);
    desk.release();
    desk.cancel(SECOND);
    assert_eq!(desk.checked(true), [Settle(THIRD, Granted)]);
}

#[test]
fn a_lock_on_its_way_to_nobody_is_let_go() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    desk.release();
    assert_eq!(desk.cancel(SECOND), []);
    assert_eq!(desk.checked(true), [LetGo(1)]);
    assert!(desk.is_empty());
}

#[test]
fn after_its_turn_a_process_reserves_the_next_and_then_lets_go() {
    let mut desk = Desk::held_by(FIRST);
    for number in [SECOND, THIRD, 4, 5] {
        desk.request(number, A);
    }
    desk.now += TURN - Duration::from_nanos(1);
    assert_eq!(desk.release(), [Check(A, 1)], "the turn is not over");
    desk.checked(true);
    desk.now += Duration::from_nanos(1);
    assert_eq!(desk.release(), [Wait(A, None), Check(A, 1)], "nothing is reserved yet");
    desk.checked(true);
    assert!(desk.wait_opened(file(1)));
    assert_eq!(desk.release(), [Check(A, 1)], "the reservation is not in the queue yet");
    desk.checked(true);
    assert!(desk.queued());
    assert_eq!(desk.release(), [LetGo(1)]);
    assert_eq!(desk.holder(A), None);
    assert_eq!(desk.waited(WaitEnd::Granted(file(1))), [Settle(5, Granted)]);
}

#[test]
fn a_new_turn_begins_when_the_operating_system_grants() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    desk.now += TURN;
    desk.release();
    desk.checked(true);
    desk.wait_opened(file(1));
    desk.queued();
    desk.request(THIRD, A);
    desk.request(4, A);
    assert_eq!(desk.release(), [LetGo(1)]);
    desk.waited(WaitEnd::Granted(file(1)));
    assert_eq!(desk.release(), [Check(A, 1)], "no reservation: this turn is young");
}

#[test]
fn a_reservation_nobody_needs_is_ended_before_it_can_be_granted() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    desk.now += TURN;
    desk.release();
    desk.checked(true);
    desk.wait_opened(file(1));
    desk.queued();
    assert_eq!(desk.release(), [Interrupt, LetGo(1)]);
}

#[test]
fn a_reservation_nobody_needs_any_more_opens_nothing() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    desk.now += TURN;
    desk.release();
    desk.checked(true);
    assert!(desk.wait_wanted());
    assert_eq!(desk.release(), [Interrupt, LetGo(1)]);
    assert!(!desk.wait_wanted(), "the file may have been deleted since");
    assert!(desk.is_empty());
}

#[test]
fn a_reservation_for_another_file_than_the_held_one_is_none() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    desk.now += TURN;
    desk.release();
    assert!(!desk.wait_opened(file(2)));
    assert_eq!(desk.checked(true), [Settle(SECOND, Granted)]);
}

#[test]
fn a_failed_reservation_disturbs_nobody() {
    let mut desk = Desk::held_by(FIRST);
    desk.request(SECOND, A);
    desk.now += TURN;
    desk.release();
    assert_eq!(desk.waited(WaitEnd::Failed(FAULT)), []);
    assert_eq!(desk.checked(true), [Settle(SECOND, Granted)]);
}

#[test]
fn an_error_of_the_attempt_is_everybodys_who_came_with_the_path() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    desk.request(SECOND, A);
    let failed = desk.tried(Tried::Failed(FAULT));
    assert_eq!(failed, [Settle(FIRST, Failed(FAULT)), Settle(SECOND, Failed(FAULT))]);
    assert!(desk.is_empty());
}

#[test]
fn an_error_of_the_wait_is_everybodys_who_came_with_the_path() {
    let mut desk = Desk::waiting(FIRST);
    assert_eq!(desk.waited(WaitEnd::Failed(FAULT)), [Settle(FIRST, Failed(FAULT))]);
    assert!(desk.is_empty());
}

#[test]
fn two_spellings_of_one_file_are_one_queue_in_order_of_arrival() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    desk.opened(file(1));
    assert_eq!(desk.request(SECOND, B), [Attempt(B)]);
    desk.request(THIRD, A);
    assert!(!desk.opened_by(BELOW_B, file(1)), "its waiters have moved");
    desk.tried(Tried::Locked(file(1)));
    assert_eq!(desk.release(), [Check(B, 1)]);
    assert_eq!(desk.checked(true), [Settle(SECOND, Granted)]);
    assert_eq!(desk.holder(B), Some(holder(SECOND)));
    assert_eq!(desk.holder(A), Some(holder(SECOND)));
}

#[test]
fn an_error_of_one_spelling_leaves_the_other_waiting() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    desk.opened(file(1));
    desk.request(SECOND, B);
    desk.opened_by(BELOW_B, file(1));
    let failed = desk.tried(Tried::Failed(FAULT));
    assert_eq!(failed, [Settle(FIRST, Failed(FAULT)), Wait(B, None)]);
}

#[test]
fn answers_to_work_of_a_forgotten_entry_are_let_go() {
    let mut desk = Desk::new();
    desk.request(FIRST, A);
    let stale = desk.last_attempt();
    desk.cancel(FIRST);
    desk.opened(file(1));
    assert!(desk.is_empty());
    assert_eq!(desk.tried_by(stale, Tried::Locked(file(1))), [LetGo(1)]);
    assert_eq!(desk.waited_by(stale, WaitEnd::Granted(file(1))), [LetGo(1)]);
    assert!(desk.is_empty());
}
