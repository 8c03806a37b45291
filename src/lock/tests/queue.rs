//! The queue against one that has no index.

use crate::lock::queue::Queue;
use crate::lock::waiter::{AcquireId, LockId, OwnerId, WaitLimit, Waiter};
use crate::os::Mode;
use crate::path::LockPath;

/// By arrival.
type Model = Vec<(u64, Waiter<()>)>;

/// Numbers below a bound, the same ones with the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

fn id(owner: u64, sequence: u64) -> AcquireId {
    AcquireId { owner: OwnerId(u32::try_from(owner).expect("it is small")), sequence }
}

fn waiter(id: AcquireId, numbers: &mut Numbers) -> Waiter<()> {
    let limits = [WaitLimit::None, WaitLimit::Bounded, WaitLimit::Unlimited, WaitLimit::Unlimited];
    Waiter {
        id,
        path: LockPath::new("/a".as_ref()),
        lock: LockId(0),
        mode: if numbers.coin() { Mode::Shared } else { Mode::Exclusive },
        limit: limits[usize::try_from(numbers.below(4)).expect("it is small")],
        is_sync: numbers.coin(),
        wants_notice: numbers.coin(),
        reply: (),
    }
}

fn ids<'a>(waiters: impl IntoIterator<Item = &'a Waiter<()>>) -> Vec<AcquireId> {
    waiters.into_iter().map(|waiter| waiter.id).collect()
}

fn removed_ids(removed: &[(u64, Waiter<()>)]) -> Vec<AcquireId> {
    ids(removed.iter().map(|(_, waiter)| waiter))
}

fn remove(model: &mut Model, mut is_meant: impl FnMut(&Waiter<()>) -> bool) -> Vec<AcquireId> {
    model.extract_if(.., |(_, waiter)| is_meant(waiter)).map(|(_, waiter)| waiter.id).collect()
}

#[test]
fn a_queue_does_what_a_list_does() {
    for seed in 0..300 {
        let mut numbers = Numbers(seed);
        let (mut queue, mut model) = (Queue::new(), Model::new());
        for step in 0..60 {
            let some = id(numbers.below(3), numbers.below(60));
            let owner = some.owner;
            match numbers.below(16) {
                0..=5 => {
                    // Some come back from another file's queue, and arrived earlier.
                    let arrival = if numbers.coin() { 1000 + step } else { 1000 - step };
                    let waiter = waiter(id(numbers.below(3), step), &mut numbers);
                    let at = model.partition_point(|(other, _)| *other < arrival);
                    model.insert(at, (arrival, waiter.clone()));
                    queue.insert(arrival, waiter);
                }
                6 => {
                    let first = (!model.is_empty()).then(|| model.remove(0).1.id);
                    assert_eq!(queue.pop_first().map(|waiter| waiter.id), first);
                }
                7 => {
                    let removed = remove(&mut model, |waiter| waiter.id == some);
                    assert_eq!(ids(&queue.remove(some)), removed);
                }
                8 => {
                    let removed = remove(&mut model, |waiter| waiter.id.owner == owner);
                    let all = queue.remove_all(|waiter| waiter.id.owner == owner);
                    assert_eq!(removed_ids(&all), removed);
                }
                9 => {
                    let kept = model.first().map(|(_, first)| first.id).filter(|_| numbers.coin());
                    let kept = kept.or(Some(some).filter(|_| numbers.coin()));
                    let removed = remove(&mut model, |one| one.is_single() && Some(one.id) != kept);
                    assert_eq!(removed_ids(&queue.remove_single(kept)), removed);
                }
                10 => {
                    let first = model.first().map(|(_, first)| first.id);
                    let holder = first.filter(|_| numbers.coin()).unwrap_or(some);
                    let removed = remove(&mut model, |one| {
                        one.blocks_thread() && one.id.owner == holder.owner && one.id != holder
                    });
                    assert_eq!(removed_ids(&queue.remove_blocked(holder)), removed);
                }
                11 => {
                    let removed =
                        remove(&mut model, |one| one.blocks_thread() && one.id.owner == owner);
                    assert_eq!(removed_ids(&queue.remove_blocked_of(|one| one == owner)), removed);
                }
                12 => {
                    let mut noticed = Vec::new();
                    queue.notice(|waiter| noticed.push(waiter.id));
                    let told = model.iter_mut().filter(|(_, one)| one.wants_notice);
                    let told: Vec<_> = told
                        .map(|(_, one)| {
                            one.wants_notice = false;
                            one.id
                        })
                        .collect();
                    assert_eq!(noticed, told);
                }
                13 => {
                    queue.make_single(some);
                    let meant = model.iter_mut().filter(|(_, one)| one.id == some);
                    meant.for_each(|(_, one)| one.limit = WaitLimit::None);
                }
                14 => {
                    let at = model.iter().position(|(_, one)| one.id == some);
                    let goes = at.is_some_and(|at| {
                        at == 0 || model[..=at].iter().all(|(_, one)| one.is_shared())
                    });
                    assert_eq!(queue.goes_with_first(some), goes);
                }
                _ => {
                    let waits = |one: &Waiter<()>| one.blocks_thread() && one.id.owner == owner;
                    let blocked = model.iter().any(|(_, one)| waits(one));
                    assert_eq!(queue.has_blocked_of(|one| one == owner), blocked);
                }
            }
            queue.assert_indices();
            let all: Vec<_> = model.iter().map(|(_, waiter)| waiter).collect();
            assert_eq!(queue.is_empty(), all.is_empty());
            assert_eq!(queue.first().map(|first| first.id), all.first().map(|first| first.id));
            assert_eq!(queue.has_single(), all.iter().any(|one| one.is_single()));
            assert_eq!(queue.has_writer(), all.iter().any(|one| !one.is_shared()));
        }
        let left: Vec<_> = queue.drain().map(|(arrival, waiter)| (arrival, waiter.id)).collect();
        let expected: Vec<_> =
            model.iter().map(|(arrival, waiter)| (*arrival, waiter.id)).collect();
        assert_eq!(left, expected);
        assert!(queue.is_empty());
    }
}
