//! The way from any thread to the event loop of an environment.
//!
//! napi-rs has one, too, but tells `async_hooks` of it without a resource: what shows open handles
//! (`jest --detectOpenHandles`, why-is-node-running) then shows it for as long as the environment
//! lives. They ask a resource's `hasRef()`.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use napi::bindgen_prelude::{JsObjectValue, JsValue, Object};
use napi::threadsafe_function::ThreadsafeFunctionHandle;
use napi::{Callback, Env, Result, sys};

use super::check;

/// How many wakes can be under way: [`Wake::call`] is called again after one has come alone.
const NO_LIMIT: usize = 0;

/// Calls a function on the environment's thread. Ends with its last clone, on the environment's
/// thread and before the environment.
#[derive(Clone)]
pub struct Wake(Arc<ThreadsafeFunctionHandle>);

/// What is called on the environment's thread.
pub type OnWake = fn(&Env);

impl Wake {
    /// Does not keep the process alive. `has_ref` is a function of JavaScript: does it now?
    pub fn new(env: &Env, on_wake: OnWake, has_ref: Callback) -> Result<Self> {
        let mut resource = Object::new(env)?;
        resource
            .set_named_property("hasRef", env.create_function::<(), bool>("hasRef", has_ref)?)?;
        let name = env.create_string("locket")?;
        let mut raw = ptr::null_mut();
        // SAFETY: the values are of this call from JavaScript; `call_js` gets back the function that is
        // its context, and `raw` is written before use.
        check(unsafe {
            sys::napi_create_threadsafe_function(
                env.raw(),
                ptr::null_mut(),
                resource.raw(),
                name.raw(),
                NO_LIMIT,
                1,
                ptr::null_mut(),
                None,
                on_wake as *mut c_void,
                Some(call_js),
                &mut raw,
            )
        })?;
        let wake = Self(ThreadsafeFunctionHandle::new(raw));
        wake.keep_alive(env, false);
        Ok(wake)
    }

    /// Calls the function soon, from any thread.
    pub fn call(&self) {
        // SAFETY: it lives as long as `self`. While the environment ends it refuses, which has no meaning.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.0.get_raw(),
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }

    /// Decides whether this keeps the process alive.
    pub fn keep_alive(&self, env: &Env, alive: bool) {
        let change = if alive {
            sys::napi_ref_threadsafe_function
        } else {
            sys::napi_unref_threadsafe_function
        };
        // SAFETY: it lives as long as `self`, and this is its environment's thread. It fails in an
        // environment that is ending, where it has no meaning.
        unsafe { change(env.raw(), self.0.get_raw()) };
    }
}

/// `raw_env` is null where the environment ends with a wake under way.
unsafe extern "C" fn call_js(
    raw_env: sys::napi_env,
    _function: sys::napi_value,
    context: *mut c_void,
    _data: *mut c_void,
) {
    if raw_env.is_null() {
        return;
    }
    // SAFETY: the context is the function that `Wake::new` has given.
    let on_wake: OnWake = unsafe { std::mem::transmute(context) };
    on_wake(&Env::from_raw(raw_env));
    throw_pending(raw_env);
}

/// What a call into JavaScript has thrown is an uncaught exception: there is no caller.
fn throw_pending(env: sys::napi_env) {
    let mut is_pending = false;
    // SAFETY: the environment is that of this call, and the flag stays false where it is not written.
    unsafe { sys::napi_is_exception_pending(env, &mut is_pending) };
    if !is_pending {
        return;
    }
    let mut thrown = ptr::null_mut();
    // SAFETY: as above; `thrown` is used only if it was written.
    let status = unsafe { sys::napi_get_and_clear_last_exception(env, &mut thrown) };
    if status == sys::Status::napi_ok {
        // SAFETY: the value is of this call. An environment that is ending refuses it, and needs none.
        unsafe { sys::napi_fatal_exception(env, thrown) };
    }
}
