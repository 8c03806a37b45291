//! The functions that every section under a lock calls, exported without napi-rs's wrapper.
//!
//! That one allocates, locks and looks up variables of the thread in each call, for values that could be
//! borrowed: counted, 1,400 instructions, where all of a release takes 2,000. They cost the more where
//! the memory is cold, as it is after a wait.

use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, Function, JsObjectValue, Object};
use napi::{Callback, Env, JsError, Result, sys};
use napi_derive::napi;

use super::{check, lock};

/// The arguments of one call. Those that were left out are undefined.
struct Arguments<const N: usize> {
    env: sys::napi_env,
    values: [sys::napi_value; N],
    /// How many were given.
    count: usize,
}

/// Adds the functions to what the addon exports. Called for each environment.
#[napi(module_exports)]
pub fn export(mut exports: Object<'_>, env: Env) -> Result<()> {
    let functions: [(&str, Callback); 5] = [
        ("acquire", acquire),
        ("acquireSync", acquire_sync),
        ("deliver", deliver),
        ("release", release),
        ("releaseLock", release_lock),
    ];
    for (name, function) in functions {
        exports.set_named_property(name, env.create_function::<(), ()>(name, function)?)?;
    }
    Ok(())
}

extern "C" fn acquire(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    answer(env, info, |env, arguments: Arguments<4>| {
        let (handle, acquire) = (arguments.number(0)?, arguments.number(1)?);
        let target = Object::from_raw(env.raw(), arguments.values[2]);
        lock::acquire(env, handle, acquire, target, arguments.flags(3)?)?;
        Ok(None)
    })
}

extern "C" fn acquire_sync(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    answer(env, info, |env, arguments: Arguments<7>| {
        let outcome = lock::acquire_sync(
            env,
            arguments.number(0)?,
            arguments.number(1)?,
            arguments.flags(2)?,
            arguments.number(3)?,
            arguments.optional::<Function<'_, u32, ()>>(4)?,
            arguments.optional::<Function<'_, u32, ()>>(5)?,
            arguments.optional::<String>(6)?,
        );
        outcome.map(Some)
    })
}

extern "C" fn deliver(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    answer(env, info, |env, _: Arguments<0>| {
        lock::deliver(env)?;
        Ok(None)
    })
}

extern "C" fn release(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    answer(env, info, |env, arguments: Arguments<1>| {
        lock::release(env, arguments.number(0)?)?;
        Ok(None)
    })
}

extern "C" fn release_lock(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    answer(env, info, |env, arguments: Arguments<1>| {
        lock::release_lock(env, arguments.number(0)?).map(Some)
    })
}

/// Returns a number to JavaScript, or undefined, or throws.
fn answer<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Env, Arguments<N>) -> Result<Option<u32>>,
) -> sys::napi_value {
    let mut value = ptr::null_mut();
    match Arguments::read(env, info).and_then(|read| body(&Env::from_raw(env), read)) {
        // SAFETY: the environment is that of this call; `value` is written, or stays null for undefined.
        Ok(Some(number)) => unsafe {
            sys::napi_create_uint32(env, number, &mut value);
        },
        Ok(None) => {}
        // SAFETY: as above.
        Err(error) => unsafe { JsError::from(error).throw_into(env) },
    }
    value
}

impl<const N: usize> Arguments<N> {
    fn read(env: sys::napi_env, info: sys::napi_callback_info) -> Result<Self> {
        let mut values = [ptr::null_mut(); N];
        let mut count = N;
        // SAFETY: as many values are written as there is room for.
        check(unsafe {
            sys::napi_get_cb_info(
                env,
                info,
                &mut count,
                values.as_mut_ptr(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        })?;
        Ok(Self { env, values, count })
    }

    fn number(&self, index: usize) -> Result<f64> {
        let mut number = 0.0;
        // SAFETY: the value is of this call. What is no number is refused.
        check(unsafe { sys::napi_get_value_double(self.env, self.values[index], &mut number) })?;
        Ok(number)
    }

    fn flags(&self, index: usize) -> Result<u32> {
        let mut flags = 0;
        // SAFETY: as in `number`.
        check(unsafe { sys::napi_get_value_uint32(self.env, self.values[index], &mut flags) })?;
        Ok(flags)
    }

    /// `None` where it is left out, undefined or null.
    fn optional<T: FromNapiValue>(&self, index: usize) -> Result<Option<T>> {
        if index >= self.count {
            return Ok(None);
        }
        // SAFETY: the value is of this call.
        unsafe { FromNapiValue::from_napi_value(self.env, self.values[index]) }
    }
}
