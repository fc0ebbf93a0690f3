//! The primitives through which the threads of a manager share state. A build with `--cfg auth_layer_model` replaces
//! them by those of a model, which tries the orders in which threads may run (`cargo xtask model`).

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
