//! The handle's side of a sign-in: where the pages are, and what a person would click.

use super::books::PRINCIPAL;
use super::site::Site;
use crate::provider::Provider;
use crate::sign_in::{self, AUTHORIZE, DEVICE, ErrorPage, MANAGER, REVOCATION, VERIFICATION};

/// Where people sign in.
impl Site {
    /// The authorize page; at GoTab also the page where locations are approved. `None` where nobody signs in.
    #[must_use]
    pub fn authorize_url(&self) -> Option<String> {
        match self.provider() {
            Provider::GoTab => Some(self.at(MANAGER)),
            Provider::GoTo => Some(self.at(AUTHORIZE)),
            Provider::GbgGo | Provider::Octotable => None,
        }
    }

    /// Where a client takes tokens back. GoTo only.
    #[must_use]
    pub fn revocation_url(&self) -> Option<String> {
        (self.provider() == Provider::GoTo).then(|| self.at(REVOCATION))
    }

    /// Where a device asks for a code; `None` unless [`offer_device_sign_in`](Self::offer_device_sign_in) says so.
    #[must_use]
    pub fn device_url(&self) -> Option<String> {
        self.state.books().switches.device_sign_in.then(|| self.at(DEVICE))
    }

    /// Where a person types the code that a device shows; `None` as for [`device_url`](Self::device_url).
    #[must_use]
    pub fn verification_url(&self) -> Option<String> {
        self.device_url().map(|_| self.at(VERIFICATION))
    }

    /// The issuer that the metadata names; its own auth host unless [`set_issuer`](Self::set_issuer) says otherwise.
    /// GoTo only.
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

/// What people do there.
impl Site {
    /// Does what a person does who opens this URL, signs in as `organizer@example.com` and presses "Allow"; at GoTab's
    /// page for locations all are ticked, or as many as may be. Gives the URL at which the browser ends.
    ///
    /// That is the client's redirect URL with a code, or with an `error` where the request was wrong in a way that the
    /// client is told about.
    ///
    /// # Errors
    ///
    /// Fails when the browser is not sent on but shown an error page: the client or the redirect URL is unknown, or this
    /// is not the URL of the authorize page.
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

    /// As [`approve`](Self::approve), but "Deny" is pressed.
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

    /// Lets in the device that shows this code, for `organizer@example.com`; says whether there is one that waits.
    pub fn approve_device(&self, user_code: &str) -> bool {
        self.decide_device(user_code, Some(PRINCIPAL))
    }

    /// Turns away the device that shows this code; says whether there is one that waits.
    pub fn deny_device(&self, user_code: &str) -> bool {
        self.decide_device(user_code, None)
    }

    fn decide_device(&self, user_code: &str, principal: Option<&str>) -> bool {
        let now = self.state.clock.now();
        self.state.books().device_codes.decide(user_code, principal, now)
    }
}

/// What may be changed about it.
impl Site {
    /// Registers one more URL to which a browser may be sent; `https://app.example.com/callback` is there from the start.
    ///
    /// GoTo takes any loopback URL besides, GoTab only what is registered.
    pub fn register_redirect_url(&self, url: &str) {
        self.state.books().redirect_urls.push(url.to_owned());
    }

    /// Says whether the callback tells who the issuer is (RFC 9207). GoTo only; at first it does not.
    pub fn set_issuer_in_callback(&self, tells: bool) {
        self.state.books().switches.issuer_in_callback = tells;
    }

    /// Names another issuer in the metadata and the callback, as a server does that is mixed up with another; `None` for
    /// its own auth host. GoTo only.
    pub fn set_issuer(&self, issuer: Option<&str>) {
        self.state.books().switches.issuer = issuer.map(str::to_owned);
    }

    /// Puts the metadata of another issuer at the first well-known place (RFC 8414 section 3), as a host does that serves
    /// several issuers, and its own at the second, `/.well-known/openid-configuration`. `None` for its own at the first
    /// and nothing at the second, as at first. GoTo only.
    ///
    /// The endpoints of the other document are below `issuer`. Faults and counters know the second place as
    /// `openidConfiguration`.
    pub fn set_issuer_at_first_place(&self, issuer: Option<&str>) {
        self.state.books().switches.issuer_at_first_place = issuer.map(str::to_owned);
    }

    /// Says whether devices may sign in (RFC 8628). GoTo only; at first they may not.
    ///
    /// None of the providers offers this. It departs from GoTo so that tools which can do it have somewhere to try.
    pub fn offer_device_sign_in(&self, offers: bool) {
        let offers = offers && self.provider() == Provider::GoTo;
        self.state.books().switches.device_sign_in = offers;
    }

    /// Says whether GoTab's page for locations answers in the older spelling, `?locations=a%b` rather than
    /// `?locationUuids=a,b`.
    pub fn set_older_locations(&self, older: bool) {
        self.state.books().switches.older_locations = older;
    }
}
