//! A second address for the auth host of a site.

use std::io;
use std::sync::Arc;

use super::pipeline::router;
use super::site::Site;
use crate::endpoint::Endpoint;
use crate::server::Listener;

/// An additional address of a site's auth host, as after a move. Made by [`Site::open_auth_host`].
///
/// It serves everything that the first address serves, with the same tokens, faults and counters. Metadata and pages
/// still name the first address. Dropping it closes the address.
#[derive(Debug)]
pub struct AuthHost {
    site: Site,
    listener: Listener,
}

impl AuthHost {
    /// Returns its origin, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        self.listener.origin()
    }

    /// Returns the token endpoint at this address.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.site.token_url().replacen(&self.site.auth_url(), &self.url(), 1)
    }
}

/// Additional addresses.
impl Site {
    /// Opens an additional address for the auth host, on a free port of 127.0.0.1. With it, a test moves a token
    /// endpoint while clients run.
    ///
    /// # Errors
    ///
    /// Fails if no port is free.
    ///
    /// # Examples
    ///
    /// A token endpoint that has moved. The old URL redirects to the new one, which answers:
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
        // The state is shared, so tokens, faults and counters are the same at both addresses.
        listener.serve(router(&self.state, Endpoint::Token));
        Ok(AuthHost { site: Self::new(Arc::clone(&self.state)), listener })
    }
}
