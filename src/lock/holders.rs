//! Which processes hold locks, this one included.

use super::driver::Driver;
use super::waiter::Reply;
use crate::os::{HolderInfo, Mode, Os};
use crate::path::LockPath;

impl<R: Reply + Clone, O: Os> Driver<R, O> {
    /// Returns the processes that hold the lock at each path, as far as that can be known. This one
    /// comes first.
    pub fn holders(&self, paths: &[LockPath]) -> Vec<Vec<HolderInfo>> {
        let own: Vec<_> = paths.iter().map(|path| Some(self.held(path)?.0)).collect();
        let is_alone = |own: &&Option<Mode>| **own == Some(Mode::Exclusive);
        let asked = paths.iter().zip(&own).filter(|(_, own)| !is_alone(own));
        let asked: Vec<LockPath> = asked.map(|(path, _)| path.clone()).collect();
        let mut found = Vec::new().into_iter();
        if !asked.is_empty() {
            found = self.os.holders(&asked).into_iter();
        }
        let this = self.os.this_process();
        let of = |own: Option<Mode>| {
            let mut holders = Vec::new();
            if let Some(mode) = own {
                holders.push(HolderInfo { mode, ..this.clone() });
            }
            if own != Some(Mode::Exclusive) {
                let others = found.next().unwrap_or_default().into_iter();
                holders.extend(others.filter(|other| own.is_none() || other.pid != this.pid));
            }
            holders
        };
        own.into_iter().map(of).collect()
    }
}
