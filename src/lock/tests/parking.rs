//! A thread that waits for its own acquire.

use std::thread;
use std::time::{Duration, Instant};

use crate::lock::command::{EntryId, Offer};
use crate::lock::parker::{Parked, Parker};
use crate::lock::waiter::{Blocker, Outcome};

#[test]
fn a_parked_thread_wakes_up_with_its_outcome() {
    let never = Instant::now() + Duration::from_secs(3600);
    for deadline in [None, Some(never)] {
        let parker = Parker::new();
        thread::scope(|scope| {
            let parked = scope.spawn(|| parker.wait(deadline));
            parker.complete(Outcome::Busy);
            assert_eq!(parked.join().expect("it ends well"), Parked::Outcome(Outcome::Busy));
        });
    }
}

#[test]
fn a_parked_thread_wakes_up_for_a_notice_and_for_an_offer() {
    let offer = Offer { entry: EntryId(1), number: 2 };
    let parker = Parker::new();
    thread::scope(|scope| {
        let parked = scope.spawn(|| parker.wait(None));
        parker.notice(Blocker::OtherProcess);
        let notice = Parked::Notice(Blocker::OtherProcess);
        assert_eq!(parked.join().expect("it ends well"), notice);
        let parked = scope.spawn(|| parker.wait(None));
        parker.offer(offer);
        assert_eq!(parked.join().expect("it ends well"), Parked::Offer(offer));
    });
    assert_eq!(parker.wait(Some(Instant::now())), Parked::TimedOut, "each is told once");
}

#[test]
fn an_outcome_that_was_there_before_is_not_waited_for() {
    let parker = Parker::new();
    parker.complete(Outcome::Granted);
    let past = Instant::now();
    assert_eq!(parker.wait(Some(past)), Parked::Outcome(Outcome::Granted));
    assert_eq!(parker.wait(None), Parked::Outcome(Outcome::Granted));
}

#[test]
fn a_deadline_ends_the_wait_and_not_before() {
    let parker = Parker::new();
    let deadline = Instant::now() + Duration::from_millis(20);
    assert_eq!(parker.wait(Some(deadline)), Parked::TimedOut);
    assert!(Instant::now() >= deadline);
}

#[test]
fn a_notice_is_void_after_the_outcome() {
    let parker = Parker::new();
    parker.notice(Blocker::OtherProcess);
    parker.complete(Outcome::Granted);
    assert_eq!(parker.wait(None), Parked::Outcome(Outcome::Granted));
}
