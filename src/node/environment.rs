//! One JavaScript environment: the main thread or a worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use napi::bindgen_prelude::Function;
use napi::{Env, Result};
use napi_derive::napi;

use super::DRIVER;
use super::mailbox::Mailbox;
use crate::lock::OwnerId;

/// The environment's side of the lock: the mailbox and the identity of its acquires.
#[napi]
pub struct Environment {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) owner: OwnerId,
}

#[napi]
impl Environment {
    /// Begins an environment. `wake` is called on its thread, with an answer as of `acquire`.
    #[napi(constructor)]
    pub fn new(env: Env, wake: Function<'_, f64, ()>) -> Result<Self> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let owner = OwnerId(LAST.fetch_add(1, Ordering::Relaxed));
        let mailbox = Mailbox::new();
        let at_home = Arc::clone(&mailbox);
        let wake = wake.build_threadsafe_function::<()>().weak::<true>().callee_handled::<false>();
        mailbox.open(wake.build_callback(move |_| Ok(at_home.look()))?);
        env.add_env_cleanup_hook(Arc::clone(&mailbox), move |mailbox| {
            mailbox.close();
            DRIVER.gone(owner);
        })?;
        Ok(Self { mailbox, owner })
    }

    /// The letters that have come: four numbers each.
    #[napi]
    pub fn drain(&self) -> Option<Vec<f64>> {
        self.mailbox.take()
    }

    /// Whether acquires are pending, so that the process must not end.
    #[napi]
    pub fn keep_alive(&self, env: Env, alive: bool) -> Result<()> {
        let mut result = Ok(());
        #[expect(deprecated, reason = "there is no other way to change it while it lives")]
        self.mailbox.with_wake(|wake| {
            result = if alive { wake.refer(&env) } else { wake.unref(&env) };
        });
        result
    }
}
