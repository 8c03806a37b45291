//! Calls into JavaScript that leave what they throw pending, so that it goes on where native code
//! returns: to catch it would also catch the end of an execution, which has to go on.

use std::ptr;

use napi::bindgen_prelude::{JsValue, Object};
use napi::{Env, Error, Status, sys};

use super::check;

/// A JavaScript function. Weak: it keeps nothing alive, so a context that is no longer used can be
/// collected.
pub struct Callback(Reference);

/// An object that is kept until this is dropped.
pub struct Target(Reference);

struct Reference {
    env: sys::napi_env,
    raw: sys::napi_ref,
}

/// A call did not return normally; what it threw is pending.
#[derive(Debug)]
pub struct Interrupted;

impl From<Interrupted> for Error {
    /// napi-rs throws nothing for this status where an exception is pending already.
    fn from(_: Interrupted) -> Self {
        Self::new(Status::PendingException, "")
    }
}

impl Reference {
    fn new(env: sys::napi_env, value: sys::napi_value, count: u32) -> Result<Self, Error> {
        let mut raw = ptr::null_mut();
        // SAFETY: the value is one of this call from JavaScript, and `raw` is written before use.
        let status = unsafe { sys::napi_create_reference(env, value, count, &mut raw) };
        check(status)?;
        Ok(Self { env, raw })
    }

    /// `None` once the value was collected.
    fn get(&self) -> Option<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: the reference lives, on its own thread; `value` is written, or stays null.
        let status = unsafe { sys::napi_get_reference_value(self.env, self.raw, &mut value) };
        (status == sys::Status::napi_ok && !value.is_null()).then_some(value)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: it is deleted once, on its own thread, before the environment is gone.
        unsafe { sys::napi_delete_reference(self.env, self.raw) };
    }
}

impl Target {
    pub fn new(object: &Object<'_>) -> Result<Self, Error> {
        let value = object.value();
        Reference::new(value.env, value.value, 1).map(Self)
    }
}

impl Callback {
    pub fn new<'env>(function: &impl JsValue<'env>) -> Result<Self, Error> {
        let value = function.value();
        Reference::new(value.env, value.value, 0).map(Self)
    }

    /// Calls `function(target, outcome)`. Returns the boolean that it answered, or `None` if it
    /// answered something else.
    pub fn call(&self, target: &Target, outcome: u32) -> Result<Option<bool>, Interrupted> {
        let env = self.0.env;
        in_scope(env, || {
            let (Some(function), Some(target)) = (self.0.get(), target.0.get()) else {
                return Ok(Some(false));
            };
            let mut number = ptr::null_mut();
            // SAFETY: `number` is written before use.
            let status = unsafe { sys::napi_create_uint32(env, outcome, &mut number) };
            check(status).map_err(|_| Interrupted)?;
            let answer = call(env, function, &[target, number])?;
            let mut taken = false;
            // SAFETY: the answer is a value of this scope.
            let status = unsafe { sys::napi_get_value_bool(env, answer, &mut taken) };
            Ok((status == sys::Status::napi_ok).then_some(taken))
        })
    }
}

/// Calls a function of the present call from JavaScript.
pub fn call_function<'env>(
    env: &Env,
    function: &impl JsValue<'env>,
    number: u32,
) -> Result<(), Interrupted> {
    let env = env.raw();
    // A wait can be long, and what one call leaves is to go with it.
    in_scope(env, || {
        let mut argument = ptr::null_mut();
        // SAFETY: `argument` is written before use.
        let status = unsafe { sys::napi_create_uint32(env, number, &mut argument) };
        check(status).map_err(|_| Interrupted)?;
        call(env, function.value().value, &[argument]).map(drop)
    })
}

fn call(
    env: sys::napi_env,
    function: sys::napi_value,
    arguments: &[sys::napi_value],
) -> Result<sys::napi_value, Interrupted> {
    let mut receiver = ptr::null_mut();
    // SAFETY: `receiver` is written before use.
    let status = unsafe { sys::napi_get_undefined(env, &mut receiver) };
    check(status).map_err(|_| Interrupted)?;
    let mut answer = ptr::null_mut();
    // SAFETY: all values are of an open scope, and as many arguments are read as there are.
    let status = unsafe {
        sys::napi_call_function(
            env,
            receiver,
            function,
            arguments.len(),
            arguments.as_ptr(),
            &mut answer,
        )
    };
    check(status).map_err(|_| Interrupted)?;
    Ok(answer)
}

fn in_scope<T>(
    env: sys::napi_env,
    body: impl FnOnce() -> Result<T, Interrupted>,
) -> Result<T, Interrupted> {
    let mut scope = ptr::null_mut();
    // SAFETY: it is closed below, in the order of opening.
    let status = unsafe { sys::napi_open_handle_scope(env, &mut scope) };
    check(status).map_err(|_| Interrupted)?;
    let result = body();
    // SAFETY: opened above; no value of the scope is used after it.
    unsafe { sys::napi_close_handle_scope(env, scope) };
    result
}
