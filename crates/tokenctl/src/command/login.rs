//! `login`: a person's sign-in, from the browser to the store.

use std::future::Future;
use std::io;
use std::time::Duration;

use auth_layer::sign_in::{Authorization, LoopbackListener, RecoveredSignIn, SignedIn};
use auth_layer::store::StoreKey;
use auth_layer::{Error, Scope, Secret, SignIn, TokenStore};

use super::desk::{Desk, of_another_issuer};
use super::interrupt::{between_requests, to_the_end, until_interrupted};
use super::next::report;
use super::prompt::ask_for_secret;
use super::underway::Underway;
use super::wait::{countdown, pasted_lines};
use crate::config::Settings;
use crate::failure::{Failure, Kind};
use crate::flags::Login;
use crate::screen::{Colour, Screen};
use crate::user_agent::USER_AGENT;

pub(super) async fn run(login: &Login, settings: &Settings, screen: &Screen) -> Result<(), Failure> {
    let desk = Desk::open(&login.whose, settings, ask_for_secret).await?;
    let scope = desk.provider.scope(login.scope.as_deref())?;
    if let Some(note) = desk.described.note() {
        screen.say(format_args!("Note: {note}.\n"));
    }
    // The store is read and written first, so that no person signs in for nothing.
    let store = desk.store(settings)?;
    let key = desk.key();
    let known = store.load(&key).await?;
    store.try_write().await.map_err(|error| {
        let member = format!("folder in [store] of {}", settings.path().display());
        Failure::from(error)
            .remedy(format!("make the folder writable, or use another one (AUTH_LAYER_STORE, or {member})"))
    })?;
    if let Some(problem) = known.and_then(|record| of_another_issuer(desk.profile(), &record)) {
        screen.say(format_args!(
            "There is already a sign-in of account {}: {problem}. The new sign-in takes its place. To keep both, give \
             this one another account name (--account).\n",
            desk.account
        ));
    }
    let underway = Underway::new();
    let sign_in = SignIn::builder(desk.profile().clone(), desk.credential.clone());
    let sign_in = sign_in.transport(underway.transport()?).user_agent(USER_AGENT).build()?;
    let device = login.device || desk.profile().authorize_url().is_none();
    if device && desk.profile().device_url().is_none() {
        return Err(no_page(&desk, login.device));
    }
    let visit =
        Visit { login, desk: &desk, screen, sign_in: &sign_in, underway: &underway, scope: scope.as_ref() };
    let signed_in = match if device { visit.by_device().await? } else { visit.by_browser().await? } {
        Ok(signed_in) => signed_in,
        Err(error) => {
            let recovering = recover(error, &visit, &*store, &key);
            return Err(to_the_end(screen, recovering).await?);
        }
    };
    to_the_end(screen, signed_in.keep(&*store, &key, Some(desk.label()))).await??;
    // There is a folder for the copy now.
    desk.described.keep_metadata(&store).await;
    let expires = store.load(&key).await?.and_then(|record| record.entry.hard);
    report(&desk, &signed_in, settings, screen, expires)
}

/// Keeps the refresh token of a sign-in that failed, if one came. Returns the failure to end with.
async fn recover(error: Error, visit: &Visit<'_>, store: &dyn TokenStore, key: &StoreKey) -> Failure {
    let desk = visit.desk;
    let Some(recovered) = RecoveredSignIn::find(&error) else { return visit.failure(error) };
    if let Err(error) = recovered.keep(store, key, Some(desk.label())).await {
        return error.into();
    }
    let token = desk.commands.about("token", desk.provider.name(), &desk.account);
    Failure::from(error).remedy(format!("the sign-in was kept; `{token}` asks for another access token"))
}

/// One attempt of a person to sign in.
struct Visit<'a> {
    login: &'a Login,
    desk: &'a Desk<'a>,
    screen: &'a Screen,
    sign_in: &'a SignIn,
    underway: &'a Underway,
    scope: Option<&'a Scope>,
}

impl Visit<'_> {
    /// Sends the person to the sign-in page. The browser comes back to this machine, or the person pastes its address.
    async fn by_browser(&self) -> Result<Result<SignedIn, Error>, Failure> {
        // Each provider has a path of its own, so that none can pass off another's answer (RFC 9700 section 4.4).
        let usual = format!("http://127.0.0.1/callback/{}", self.desk.provider.name());
        let wanted = self.desk.provider.redirect_uri().unwrap_or(&usual);
        let listener = listen(wanted).await?;
        let redirect_uri = listener.as_ref().map_or(wanted, LoopbackListener::redirect_uri);
        let authorization = self.sign_in.authorize(redirect_uri, self.scope)?;
        self.show(authorization.url(), self.paste_hint(listener.is_some()));
        let callback = self.wait(self.callback(listener, &authorization)).await?;
        to_the_end(self.screen, self.sign_in.finish(authorization, callback.expose())).await
    }

    /// Waits for the address that the browser came back to: received here, or pasted by the person.
    async fn callback(
        &self,
        listener: Option<LoopbackListener>,
        authorization: &Authorization,
    ) -> Result<Secret, Failure> {
        let arrived = async {
            match listener {
                // The countdown ends the wait before this does.
                Some(listener) => {
                    listener.patience(self.login.timeout.saturating_mul(2)).answer(authorization).await
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            callback = arrived => callback.map_err(|error| self.failure(error)),
            callback = self.pasted(authorization) => Ok(callback),
        }
    }

    /// Returns the address that the person pastes, once it is the answer to this sign-in.
    async fn pasted(&self, authorization: &Authorization) -> Secret {
        let mut lines = pasted_lines();
        while let Some(line) = lines.recv().await {
            let Err(why) = authorization.check(line.expose()) else { return line };
            self.screen.say(format_args!(
                "  That is not the answer to this sign-in: {why}. Paste the whole address of the last page, as it is in \
                 the browser's address bar."
            ));
        }
        // Standard input is closed, but the browser may still come back.
        std::future::pending().await
    }

    /// Shows a code that the person types in on another device.
    async fn by_device(&self) -> Result<Result<SignedIn, Error>, Failure> {
        let code = until_interrupted(async {
            self.sign_in.ask_for_device_code(self.scope).await.map_err(|error| self.failure(error))
        })
        .await?;
        let page = code.verification_uri_complete().unwrap_or_else(|| code.verification_uri());
        // The code is shown even if the page knows it, because the person compares the two (RFC 8628 section 5.4).
        let typed = self.screen.err(Colour::Bold, code.user_code());
        let hint = format!(
            "  Open it on any device; the code is {typed}\n  (at {}, if the page asks for it)",
            code.verification_uri()
        );
        self.show(page, &hint);
        let limit = code.expires_in().min(self.login.timeout);
        let decided = async { Ok(self.sign_in.poll(&code).await) };
        self.wait_for(decided, limit).await
    }

    fn failure(&self, error: Error) -> Failure {
        let scope = self.scope.map(ToString::to_string);
        let place = match &self.login.scope {
            Some(_) => "--scope".to_owned(),
            None => self.desk.provider.scope_place(),
        };
        self.desk.failure(error, scope.as_deref().map(|scope| (scope, &*place)))
    }

    fn show(&self, page: &str, hint: &str) {
        let (name, account) = (self.desk.provider.name(), &self.desk.account);
        let opened = !self.login.no_browser;
        let how = if opened { "  Your browser opens this page:" } else { "  Open this page in a browser:" };
        let head = self.screen.err(Colour::Bold, &format!("Sign in to {name}, account {account}"));
        self.screen.say(format_args!("{head}\n\n{how}\n\n{page}\n\n{hint}\n"));
        if opened {
            open(page.to_owned(), *self.screen);
        }
    }

    const fn paste_hint(&self, listens: bool) -> &'static str {
        match listens {
            true => {
                "  If the browser is on another machine, its last page does not load. Copy that page's whole address,\n  \
                 paste it here and press Enter."
            }
            false => "  Then copy the whole address of the last page, paste it here and press Enter.",
        }
    }

    async fn wait<T>(&self, future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.wait_for(future, self.login.timeout).await
    }

    async fn wait_for<T>(
        &self,
        future: impl Future<Output = Result<T, Failure>>,
        limit: Duration,
    ) -> Result<T, Failure> {
        between_requests(self.screen, self.underway, countdown(self.screen, limit), future).await
    }
}

/// Listens at the redirect URI, if it is on this machine.
async fn listen(redirect_uri: &str) -> Result<Option<LoopbackListener>, Failure> {
    match LoopbackListener::bind_to(redirect_uri).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(None),
        Err(error) => {
            let problem = format!("cannot listen at the redirect URI {redirect_uri}");
            Err(Failure::new(Kind::Failed, problem)
                .because(error)
                .remedy("see whether another program uses the port, such as another `tokenctl login`"))
        }
    }
}

/// Opens the person's own browser.
fn open(page: String, screen: Screen) {
    // A text browser keeps its thread busy until the person leaves it, so nothing waits for the thread.
    std::thread::spawn(move || {
        if let Err(error) = webbrowser::open(&page) {
            screen.say(format_args!("  No browser could be opened ({error}). Open the page yourself."));
        }
    });
}

fn no_page(desk: &Desk<'_>, device: bool) -> Failure {
    let name = desk.provider.name();
    if device {
        let variable = desk.provider.variable_name("DEVICE_URL");
        return Failure::config(format!("{name} has no known URL where devices ask for a code"))
            .remedy(format!("leave out --device, or set {variable} or device_url"));
    }
    if desk.provider.is_configured_for_client_credentials() {
        return Failure::config(format!("{name} needs no sign-in: its grant is client-credentials"))
            .remedy(desk.commands.about("token", name, &desk.account));
    }
    let variable = desk.provider.variable_name("AUTHORIZE_URL");
    Failure::config(format!("{name} has no known sign-in page")).remedy(format!(
        "set {variable} or authorize_url; a client that gets tokens of its own (grant = \"client-credentials\") \
         needs no sign-in"
    ))
}
