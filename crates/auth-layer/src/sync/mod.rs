//! What the threads of a manager meet at. A build with `--cfg auth_layer_model` has a model's primitives in their place,
//! which try the orders that threads may come in (`cargo xtask model`).

#[cfg(any(auth_layer_model = "loom", auth_layer_model = "shuttle"))]
pub mod model;

#[cfg(auth_layer_model = "loom")]
pub(crate) mod watch;

#[cfg(any(auth_layer_model = "loom", auth_layer_model = "shuttle"))]
pub(crate) use model::{AbortHandle, ArcSwapOption, AtomicU64, Handle, Mutex, MutexGuard};

#[cfg(not(any(auth_layer_model = "loom", auth_layer_model = "shuttle")))]
pub(crate) use {
    arc_swap::ArcSwapOption,
    std::sync::atomic::AtomicU64,
    std::sync::{Mutex, MutexGuard},
    tokio::runtime::Handle,
    tokio::task::AbortHandle,
};

#[cfg(not(auth_layer_model = "loom"))]
pub(crate) use tokio::sync::watch;
