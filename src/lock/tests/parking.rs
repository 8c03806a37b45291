//! A thread that waits for its own acquire.

use std::thread;
use std::time::{Duration, Instant};

use crate::lock::parker::Parker;
use crate::lock::waiter::{Holder, Outcome};

#[test]
fn a_parked_thread_wakes_up_with_its_outcome() {
    let never = Instant::now() + Duration::from_secs(3600);
    for deadline in [None, Some(never)] {
        let parker = Parker::new();
        thread::scope(|scope| {
            let parked = scope.spawn(|| parker.wait(deadline));
            parker.settle(Outcome::Busy);
            assert_eq!(parked.join().expect("it ends well"), Some(Outcome::Busy));
        });
    }
}

#[test]
fn an_outcome_that_was_there_before_is_not_waited_for() {
    let parker = Parker::new();
    parker.settle(Outcome::Granted);
    let past = Instant::now();
    assert_eq!(parker.wait(Some(past)), Some(Outcome::Granted));
    assert_eq!(parker.wait(None), Some(Outcome::Granted));
}

#[test]
fn a_deadline_ends_the_wait_and_not_before() {
    let parker = Parker::new();
    let deadline = Instant::now() + Duration::from_millis(20);
    assert_eq!(parker.wait(Some(deadline)), None);
    assert!(Instant::now() >= deadline);
}

#[test]
fn a_notice_wakes_nobody_and_means_nothing_once_there_is_an_outcome() {
    let parker = Parker::new();
    assert_eq!(parker.noticed(), None);
    parker.notice(Holder::Foreign);
    assert_eq!(parker.noticed(), Some(Holder::Foreign));
    assert_eq!(parker.wait(Some(Instant::now())), None);
    parker.settle(Outcome::Granted);
    assert_eq!(parker.noticed(), None);
}
