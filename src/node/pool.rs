//! Work on libuv's thread pool.
//!
//! There is one type of it: each that napi-rs is given adds several kilobytes to the addon.

use napi::bindgen_prelude::{AsyncTask, ToNapiValue, TypeName};
use napi::{Env, Result, Task, ValueType, sys};

type Settle = Box<dyn FnOnce(&Env) -> Result<Value> + Send>;

/// Something to do on the pool, and what then becomes of it on the thread of JavaScript.
pub struct Work {
    /// `None` once it has begun.
    compute: Option<Box<dyn FnOnce() -> Settle + Send>>,
}

/// A value of JavaScript, about to be returned to it.
pub struct Value(sys::napi_value);

impl Work {
    /// Runs `compute` on the pool, and what that returns on the thread of JavaScript.
    pub fn new<S>(compute: impl FnOnce() -> S + Send + 'static) -> Self
    where
        S: FnOnce(&Env) -> Result<Value> + Send + 'static,
    {
        Self { compute: Some(Box::new(|| Box::new(compute()))) }
    }

    /// Returns a promise of what `compute` finds on the pool.
    pub fn promise<T: ToNapiValue + Send + 'static>(
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> AsyncTask<Self> {
        AsyncTask::new(Self::new(|| {
            let found = compute();
            |env: &Env| Value::new(env, found)
        }))
    }
}

impl Task for Work {
    type Output = Option<Settle>;
    type JsValue = Value;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(self.compute.take().map(|compute| compute()))
    }

    fn resolve(&mut self, env: Env, settle: Self::Output) -> Result<Value> {
        settle.map_or_else(|| Value::new(&env, ()), |settle| settle(&env))
    }
}

impl Value {
    /// Makes the value on the thread of JavaScript.
    pub fn new(env: &Env, value: impl ToNapiValue) -> Result<Self> {
        // SAFETY: this is the thread of the environment, in a scope of its own.
        unsafe { ToNapiValue::to_napi_value(env.raw(), value) }.map(Self)
    }
}

impl ToNapiValue for Value {
    unsafe fn to_napi_value(_env: sys::napi_env, value: Self) -> Result<sys::napi_value> {
        Ok(value.0)
    }
}

impl TypeName for Value {
    fn type_name() -> &'static str {
        "unknown"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}
