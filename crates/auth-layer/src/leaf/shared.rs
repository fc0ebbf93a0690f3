//! The default transport, which the exchanges of this process share.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::runtime::{Handle, Id};
use tower::ServiceExt;
use tower_service::Service;

use crate::endpoint::{Transport, TransportBody};
use crate::error::{BoxError, ConfigError};

/// The shared transport, created on first use. A failure to create it is not stored: the certificates may be installed
/// later.
pub(super) struct Shared(Mutex<Option<Transport>>);

impl Shared {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Returns the transport. The first call creates it with `make`.
    pub(super) fn get(
        &self,
        make: impl FnOnce() -> Result<Transport, ConfigError>,
    ) -> Result<Transport, ConfigError> {
        // Held while the transport is created, so that the certificates are loaded once. Other callers wait a few
        // milliseconds.
        let mut made = lock(&self.0);
        if let Some(transport) = &*made {
            return Ok(transport.clone());
        }
        Ok(made.insert(make()?).clone())
    }
}

/// A service with one client for each runtime.
///
/// A task of the runtime that opened a pooled connection drives it. A request from another runtime would hang on that
/// connection while the first runtime does not run. So connections are shared only within a runtime.
pub(super) struct PerRuntime<C>(Arc<Inner<C>>);

struct Inner<C> {
    make: Box<dyn Fn() -> Result<C, ConfigError> + Send + Sync>,
    clients: Mutex<Clients<C>>,
}

struct Clients<C> {
    /// The first client, until a runtime uses it.
    unused: Option<C>,
    /// The runtimes and their clients. The most recently used one is the last. `None` is a caller outside a runtime.
    taken: Vec<(Option<Id>, C)>,
}

impl<C: Clone> PerRuntime<C> {
    /// Creates the first client now, so that an error shows at once. The others are created when they are needed.
    pub(super) fn new(
        make: impl Fn() -> Result<C, ConfigError> + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        let clients = Clients { unused: Some(make()?), taken: Vec::new() };
        Ok(Self(Arc::new(Inner { make: Box::new(make), clients: Mutex::new(clients) })))
    }

    /// Returns the client of the current runtime.
    fn client(&self) -> Result<C, ConfigError> {
        let runtime = Handle::try_current().ok().map(|runtime| runtime.id());
        let mut clients = lock(&self.0.clients);
        if let Some(at) = clients.taken.iter().position(|(of, _)| *of == runtime) {
            clients.taken[at..].rotate_left(1);
        } else {
            let client = match clients.unused.take() {
                Some(client) => client,
                None => (self.0.make)()?,
            };
            clients.taken.push((runtime, client));
        }
        let client = clients.taken.last().map(|(_, client)| client.clone());
        let surplus = clients.taken.len().saturating_sub(MOST_RUNTIMES);
        let gone: Vec<_> = clients.taken.drain(..surplus).collect();
        drop(clients);
        // Their connections are closed here, after the lock is released.
        drop(gone);
        client.map_or_else(|| (self.0.make)(), Ok)
    }
}

impl<C> Clone for PerRuntime<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C> fmt::Debug for PerRuntime<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PerRuntime(..)")
    }
}

impl<C, R> Service<Request<TransportBody>> for PerRuntime<C>
where
    C: Service<Request<TransportBody>, Response = Response<R>> + Clone + Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
    R: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // `oneshot` polls the client of the runtime ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<TransportBody>) -> Self::Future {
        let client = self.client();
        Box::pin(async move { client?.oneshot(request).await.map_err(Into::into) })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A poisoned lock is used on: a panic while a client is created leaves the state as it was.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of runtimes that have a client. The end of a runtime is not announced, so the client that was unused for
/// the longest time is dropped. A runtime whose client was dropped gets a new one.
const MOST_RUNTIMES: usize = 32;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn transport() -> Transport {
        Transport::new(tower::service_fn(|_| async {
            Ok::<_, BoxError>(Response::new(TransportBody::default()))
        }))
    }

    #[test]
    fn a_failure_to_create_the_transport_is_not_stored() {
        let (shared, tries) = (Shared::new(), AtomicUsize::new(0));
        let make = || match tries.fetch_add(1, Ordering::Relaxed) {
            0 => Err(ConfigError::new("TLS", "has no certificates")),
            _ => Ok(transport()),
        };
        assert_eq!(shared.get(make).unwrap_err().what(), "TLS");
        for _ in 0..3 {
            shared.get(make).unwrap();
        }
        assert_eq!(tries.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn each_runtime_has_its_own_client_up_to_a_limit() {
        let made = Arc::new(AtomicUsize::new(0));
        let counted = made.clone();
        let clients = PerRuntime::new(move || Ok(Arc::new(counted.fetch_add(1, Ordering::Relaxed)))).unwrap();
        let runtimes: Vec<_> = (0..MOST_RUNTIMES + 1)
            .map(|_| tokio::runtime::Builder::new_current_thread().build().unwrap())
            .collect();
        let of = |runtime: usize| *runtimes[runtime].block_on(async { clients.client().unwrap() });
        for runtime in 0..MOST_RUNTIMES {
            assert_eq!([of(runtime), of(runtime)], [runtime; 2]);
        }
        // The first client is used again, so the second one is now the oldest and is dropped.
        assert_eq!((of(0), of(MOST_RUNTIMES)), (0, MOST_RUNTIMES));
        assert_eq!((of(0), lock(&clients.0.clients).taken.len()), (0, MOST_RUNTIMES));
        assert_eq!(of(1), MOST_RUNTIMES + 1);
        // Callers outside a runtime share a client, too.
        assert_eq!(*clients.client().unwrap(), *clients.client().unwrap());
        assert_eq!(made.load(Ordering::Relaxed), MOST_RUNTIMES + 3);
    }
}
