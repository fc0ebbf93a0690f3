//! The part of the handle about sign-ins: the addresses of the pages, and what a person does there.

use super::site::Site;
use crate::provider::Provider;
use crate::sign_in::{self, AUTHORIZE, DEVICE, ErrorPage, MANAGER, REVOCATION, VERIFICATION};
use crate::state::PRINCIPAL;

/// The addresses of the sign-in.
impl Site {
    /// Returns the URL of the authorize page. At GoTab people also approve locations there. `None` if the provider has
    /// no sign-in.
    #[must_use]
    pub fn authorize_url(&self) -> Option<String> {
        match self.provider() {
            Provider::GoTab => Some(self.at(MANAGER)),
            Provider::GoTo => Some(self.at(AUTHORIZE)),
            Provider::GbgGo | Provider::Octotable => None,
        }
    }

    /// Returns the URL at which a client revokes tokens. GoTo only.
    #[must_use]
    pub fn revocation_url(&self) -> Option<String> {
        (self.provider() == Provider::GoTo).then(|| self.at(REVOCATION))
    }

    /// Returns the URL at which a device asks for a code. `None` unless
    /// [`offer_device_sign_in`](Self::offer_device_sign_in) switched it on.
    #[must_use]
    pub fn device_url(&self) -> Option<String> {
        self.state.books().switches.device_sign_in.then(|| self.at(DEVICE))
    }

    /// Returns the page on which a person types the code that a device shows. `None` as for
    /// [`device_url`](Self::device_url).
    #[must_use]
    pub fn verification_url(&self) -> Option<String> {
        self.device_url().map(|_| self.at(VERIFICATION))
    }

    /// Returns the issuer that the metadata names: the auth host, unless [`set_issuer`](Self::set_issuer) named
    /// another. GoTo only.
    #[must_use]
    pub fn issuer(&self) -> Option<String> {
        let mut books = self.state.books();
        let desk = self.state.desk(&mut books, 0);
        (self.provider() == Provider::GoTo).then(|| desk.issuer().to_owned())
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.auth_url())
    }
}

/// The actions of people there.
impl Site {
    /// Does what a person does who opens this URL, signs in as `organizer@example.com` and presses "Allow". On GoTab's
    /// page for locations the person selects all of them, or as many as are allowed. Returns the URL to which the
    /// browser is sent.
    ///
    /// This is the client's redirect URL with a code. If the request was wrong in a way that is reported to the client,
    /// it has an `error` in place of the code.
    ///
    /// # Errors
    ///
    /// Fails if the browser gets an error page and is not sent back. That happens if the client or the redirect URL is
    /// unknown, or if this is not the URL of the authorize page.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use emulator::{Emulator, Provider};
    ///
    /// let emulator = Emulator::builder().start().await?;
    /// let site = emulator.site(Provider::GoTo);
    /// let url = format!(
    ///     "{}?response_type=code&client_id={}&redirect_uri=http://127.0.0.1:9/&state=xyz",
    ///     site.authorize_url().unwrap_or_default(),
    ///     site.credentials().id(),
    /// );
    /// assert!(site.approve(&url)?.starts_with("http://127.0.0.1:9/?code="));
    /// assert_eq!(site.deny(&url)?, "http://127.0.0.1:9/?error=access_denied&state=xyz");
    /// # Ok(()) }
    /// ```
    pub fn approve(&self, authorize_url: &str) -> Result<String, ErrorPage> {
        self.click(authorize_url, true)
    }

    /// Does the same as [`approve`](Self::approve), but presses "Deny".
    ///
    /// # Errors
    ///
    /// Fails as [`approve`](Self::approve) does.
    pub fn deny(&self, authorize_url: &str) -> Result<String, ErrorPage> {
        self.click(authorize_url, false)
    }

    fn click(&self, url: &str, allow: bool) -> Result<String, ErrorPage> {
        let mut books = self.state.books();
        let mut desk = self.state.desk(&mut books, 0);
        sign_in::click(&mut desk, url, allow)
    }

    /// Approves the device that shows this code, for `organizer@example.com`. Returns whether such a device was
    /// waiting.
    pub fn approve_device(&self, user_code: &str) -> bool {
        self.decide_device(user_code, Some(PRINCIPAL))
    }

    /// Denies the device that shows this code. Returns whether such a device was waiting.
    pub fn deny_device(&self, user_code: &str) -> bool {
        self.decide_device(user_code, None)
    }

    fn decide_device(&self, user_code: &str, principal: Option<&str>) -> bool {
        let now = self.state.clock.now();
        self.state.books().device_codes.decide(user_code, principal, now)
    }
}

/// The settings of the sign-in.
impl Site {
    /// Registers one more redirect URL. `https://app.example.com/callback` is registered from the start.
    ///
    /// GoTo also allows every loopback URL. GoTab allows only registered ones.
    pub fn register_redirect_url(&self, url: &str) {
        self.state.books().redirect_urls.push(url.to_owned());
    }

    /// Sets whether the callback names the issuer (RFC 9207). GoTo only; off by default.
    pub fn set_issuer_in_callback(&self, tells: bool) {
        self.state.books().switches.issuer_in_callback = tells;
    }

    /// Names another issuer in the metadata and the callback, like a server that a client mixes up with another. `None`
    /// names the auth host. GoTo only.
    pub fn set_issuer(&self, issuer: Option<&str>) {
        self.state.books().switches.issuer = issuer.map(str::to_owned);
    }

    /// Puts the metadata of another issuer at the first well-known place (RFC 8414 section 3), like a host that serves
    /// several issuers, and its own metadata at the second place, `/.well-known/openid-configuration`. With `None`, the
    /// default, its own metadata is at the first place and nothing is at the second. GoTo only.
    ///
    /// The endpoints of the other document are below `issuer`. Faults and counters know the second place as
    /// `openidConfiguration`.
    pub fn set_issuer_at_first_place(&self, issuer: Option<&str>) {
        self.state.books().switches.issuer_at_first_place = issuer.map(str::to_owned);
    }

    /// Sets whether devices may sign in (RFC 8628). GoTo only; off by default.
    ///
    /// None of the providers offers this. It is here so that tools which can do it have a server to try it with.
    pub fn offer_device_sign_in(&self, offers: bool) {
        let offers = offers && self.provider() == Provider::GoTo;
        self.state.books().switches.device_sign_in = offers;
    }

    /// Sets whether GoTab's page for locations answers in the older spelling, `?locations=a%b` in place of
    /// `?locationUuids=a,b`.
    pub fn set_older_locations(&self, older: bool) {
        self.state.books().switches.older_locations = older;
    }
}
