//! Every order of events, by depth-first search.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::thread;

use rustc_hash::FxHashSet;

use super::world::{Scenario, Step, World};

/// A sign of life after so many states.
const MANY: usize = 5_000_000;

/// Visits every state that the scenario can come to, and returns how many there are. Panics, after
/// printing the steps that led there, where something does not hold that must.
pub fn explore(scenario: &Scenario) -> usize {
    let mut search = Search {
        scenario,
        trace: Vec::new(),
        on_the_way: FxHashSet::default(),
        seen: FxHashSet::default(),
    };
    let start = World::new(scenario);
    search.visit(&start, fingerprint(&start));
    search.seen.len()
}

struct Search<'a> {
    scenario: &'a Scenario,
    trace: Vec<Step>,
    /// The states that led here: to come back to one would be an endless loop.
    on_the_way: FxHashSet<u64>,
    seen: FxHashSet<u64>,
}

impl Search<'_> {
    fn visit(&mut self, world: &World, state: u64) {
        self.seen.insert(state);
        if self.seen.len().is_multiple_of(MANY) {
            println!("{} states so far", self.seen.len());
        }
        self.on_the_way.insert(state);
        let steps = world.steps(self.scenario);
        if steps.is_empty() {
            world.assert_over();
        }
        for step in steps {
            self.trace.push(step);
            let mut next = world.clone();
            next.take(step, self.scenario);
            let state = fingerprint(&next);
            assert!(!self.on_the_way.contains(&state), "it loops without an end");
            if !self.seen.contains(&state) {
                self.visit(&next, state);
            }
            self.trace.pop();
        }
        self.on_the_way.remove(&state);
    }
}

impl Drop for Search<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("in {:#?}\nafter:", self.scenario);
            for step in &self.trace {
                eprintln!("    {step:?}");
            }
        }
    }
}

/// Two states with one fingerprint would be taken for one: among ten million states the chance
/// of that is one in 400,000.
fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}
