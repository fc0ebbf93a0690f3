//! A second address for the auth host of a site.

use std::io;
use std::sync::Arc;

use super::pipeline::router;
use super::site::Site;
use crate::endpoint::Endpoint;
use crate::server::Listener;

/// One more address of a site's auth host, as after a move; made by [`Site::open_auth_host`].
///
/// It serves all that the first address serves, with the same tokens, faults and counters. Metadata and pages go on
/// naming the first address. Dropping it closes the address.
#[derive(Debug)]
pub struct AuthHost {
    site: Site,
    listener: Listener,
}

impl AuthHost {
    /// Its origin, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        self.listener.origin()
    }

    /// The token endpoint at this address.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.site.token_url().replacen(&self.site.auth_url(), &self.url(), 1)
    }
}

/// Where it is besides.
impl Site {
    /// Opens one more address for the auth host, on a free port of 127.0.0.1, so that a token endpoint can move while
    /// clients run.
    ///
    /// # Errors
    ///
    /// Fails when no port can be had.
    ///
    /// # Examples
    ///
    /// A token endpoint that has moved: the old URL says where it is now, and the new one answers.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> std::io::Result<()> {
    /// use emulator::{Emulator, Endpoint, Fault, Provider};
    ///
    /// let emulator = Emulator::start().await?;
    /// let site = emulator.site(Provider::GoTo);
    /// let moved = site.open_auth_host().await?;
    /// assert_ne!(moved.token_url(), site.token_url());
    /// let headers = vec![("location".to_owned(), moved.token_url())];
    /// site.inject(Endpoint::Token, Fault::Status { code: 308, body: String::new(), headers });
    /// # Ok(()) }
    /// ```
    pub async fn open_auth_host(&self) -> io::Result<AuthHost> {
        let mut listener = Listener::bind(0).await?;
        listener.serve(router(&self.state, Endpoint::Token));
        Ok(AuthHost { site: Self::new(Arc::clone(&self.state)), listener })
    }
}
