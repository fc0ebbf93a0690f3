//! `login`: a person's sign-in, from the browser to the store.

use std::future::Future;
use std::io;
use std::time::Duration;

use auth_layer::{
    Authorization, Clock, Error, LoopbackListener, RecoveredSignIn, Scope, Secret, SignIn, SignedIn,
    StoreKey, SystemClock, TokenStore,
};

use super::desk::{Desk, command, of_another_issuer};
use super::interrupt::{between_requests, to_the_end, until_interrupted};
use super::prompt::ask_for_secret;
use super::underway::Underway;
use super::wait::{countdown, pasted_lines};
use crate::USER_AGENT;
use crate::config::Settings;
use crate::failure::{Failure, Kind};
use crate::flags::Login;
use crate::screen::{Colour, Screen};
use crate::span;

pub(super) async fn run(login: &Login, settings: &Settings, screen: &Screen) -> Result<(), Failure> {
    let desk = Desk::open(&login.whose, settings, ask_for_secret).await?;
    let scope = desk.provider.scope(login.scope.as_deref())?;
    // Before the person goes to any trouble: a store that cannot be read cannot be written either.
    let store = desk.store(settings)?;
    let key = desk.key();
    let known = store.load(&key).await?;
    if let Some(problem) = known.and_then(|record| of_another_issuer(&desk.profile, &record)) {
        screen.say(format_args!(
            "There is a sign-in of account {}: {problem}. This one takes its place; to keep both, give this one an account \
             name of its own (--account).\n",
            desk.account
        ));
    }
    let underway = Underway::new();
    let sign_in = SignIn::builder(desk.profile.clone(), desk.credential.clone());
    let sign_in = sign_in.transport(underway.transport()?).user_agent(USER_AGENT).build()?;
    let device = login.device || desk.profile.authorize_url().is_none();
    if device && desk.profile.device_url().is_none() {
        return Err(no_page(&desk, login.device));
    }
    let visit =
        Visit { login, desk: &desk, screen, sign_in: &sign_in, underway: &underway, scope: scope.as_ref() };
    let signed_in = match if device { visit.by_device().await? } else { visit.by_browser().await? } {
        Ok(signed_in) => signed_in,
        Err(error) => return Err(to_the_end(screen, recover(error, &desk, &*store, &key)).await?),
    };
    to_the_end(screen, signed_in.keep(&*store, &key, Some(desk.label()))).await??;
    report(&desk, &signed_in, settings, screen, store.load(&key).await?.and_then(|record| record.entry.hard))
}

/// Keeps what can be kept of a sign-in that failed: its refresh token, if one came. Gives the failure to end with.
async fn recover(error: Error, desk: &Desk<'_>, store: &dyn TokenStore, key: &StoreKey) -> Failure {
    let Some(recovered) = RecoveredSignIn::find(&error) else { return error.into() };
    if let Err(error) = recovered.keep(store, key, Some(desk.label())).await {
        return error.into();
    }
    let token = command("token", desk.provider.name(), &desk.account);
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
    /// The sign-in page, which sends the browser back to this machine; or the person pastes where it went.
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

    /// Where the browser came to, by itself or through the person's hands.
    async fn callback(
        &self,
        listener: Option<LoopbackListener>,
        authorization: &Authorization,
    ) -> Result<Secret, Failure> {
        let arrived = async {
            match listener {
                // The countdown ends sooner.
                Some(listener) => {
                    listener.patience(self.login.timeout.saturating_mul(2)).answer(authorization).await
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            callback = arrived => Ok(callback?),
            callback = self.pasted(authorization) => Ok(callback),
        }
    }

    /// What the person pastes, once it is the answer to this sign-in.
    async fn pasted(&self, authorization: &Authorization) -> Secret {
        let mut lines = pasted_lines();
        while let Some(line) = lines.recv().await {
            if authorization.accepts(line.expose()) {
                return line;
            }
            self.screen.say(
                "  That is not the answer to this sign-in. Paste the whole address of the last page, as it is in the \
                 browser's address bar.",
            );
        }
        // Nobody will paste anything any more; the browser may still come.
        std::future::pending().await
    }

    /// A code that is typed in on another device.
    async fn by_device(&self) -> Result<Result<SignedIn, Error>, Failure> {
        let code =
            until_interrupted(async { Ok(self.sign_in.ask_for_device_code(self.scope).await?) }).await?;
        let page = code.verification_uri_complete().unwrap_or_else(|| code.verification_uri());
        // The code is shown even where the page knows it: the person compares the two (RFC 8628 section 5.4).
        let typed = self.screen.err(Colour::Bold, code.user_code());
        let hint = format!(
            "  On any device; the code is {typed}\n  (at {}, if the page asks for it)",
            code.verification_uri()
        );
        self.show(page, &hint);
        let limit = code.expires_in().min(self.login.timeout);
        let decided = async { Ok(self.sign_in.poll(&code).await) };
        self.wait_for(decided, limit).await
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

/// Listens where the browser comes back to, if that is on this machine.
async fn listen(redirect_uri: &str) -> Result<Option<LoopbackListener>, Failure> {
    match LoopbackListener::bind_to(redirect_uri).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(None),
        Err(error) => {
            let problem = format!("{redirect_uri} cannot be listened on");
            Err(Failure::new(Kind::Failed, problem).because(error))
        }
    }
}

/// Opens the person's own browser. A text browser keeps its thread busy until it is left; nobody waits for that.
fn open(page: String, screen: Screen) {
    std::thread::spawn(move || {
        if webbrowser::open(&page).is_err() {
            screen.say("  No browser could be opened. Open the page yourself.");
        }
    });
}

fn no_page(desk: &Desk<'_>, device: bool) -> Failure {
    let name = desk.provider.name();
    if device {
        let variable = desk.provider.variable_name("DEVICE_URL");
        return Failure::config(format!("{name} is not known to take codes from devices"))
            .remedy(format!("leave out --device, or set {variable} or device_url"));
    }
    let variable = desk.provider.variable_name("AUTHORIZE_URL");
    Failure::config(format!("{name} has no sign-in page that is known"))
        .remedy(format!("set {variable} or authorize_url; with client credentials nobody needs to sign in"))
}

/// Says who signed in, to what, until when, and what is next.
fn report(
    desk: &Desk<'_>,
    signed_in: &SignedIn,
    settings: &Settings,
    screen: &Screen,
    ends: Option<Duration>,
) -> Result<(), Failure> {
    let who = signed_in.account().map_or_else(String::new, |who| format!(" as {}", printable(who)));
    let head = screen.err(Colour::Green, &format!("Signed in to {}{who}.", desk.provider.name()));
    screen.say(format_args!("{head}\n"));
    let granted = signed_in.scope().map(ToString::to_string);
    screen.say(format_args!(
        "  granted        {}",
        granted.as_deref().map_or_else(|| "what was asked for".into(), printable)
    ));
    let now = SystemClock::new().now().wall();
    if let Some(ends) = ends {
        let left = span::roughly(ends.saturating_sub(now));
        screen.say(format_args!("  access token   good for {left}; it is renewed when it is wanted"));
    }
    if let Some(lifetime) = desk.profile.refresh_token_lifetime() {
        let lifetime = span::roughly(lifetime);
        screen.say(format_args!("  refresh token  good for {lifetime}, and longer if it is used before"));
    }
    let folder = crate::store::folder(settings)?;
    screen.say(format_args!("  kept in        {}", folder.display()));
    let token = command("token", desk.provider.name(), &desk.account);
    screen.say(format_args!("\nNext: {}\nIn a script: {token}", next(desk, settings)?));
    Ok(())
}

/// How a service gets at the sign-in.
fn next(desk: &Desk<'_>, settings: &Settings) -> Result<String, Failure> {
    let folder = format!("AUTH_LAYER_STORE={}", crate::store::folder(settings)?.display());
    let keys = crate::store::key_variables(settings)?;
    if !desk.provider.has_typed_client() {
        let variables = [folder].into_iter().chain(keys).collect::<Vec<_>>().join(", ");
        return Ok(format!(
            "run services with {variables};\nan `Exchange` of `Grant::Stored` with subject {:?} finds the sign-in there.",
            desk.account
        ));
    }
    let account = format!("{}={}", desk.provider.variable_name("ACCOUNT"), desk.account);
    let url = desk.provider.token_url_variable()?;
    let id = desk.provider.variable_name("CLIENT_ID");
    let variables: Vec<String> = [account, folder].into_iter().chain(keys).chain(url).chain([id]).collect();
    Ok(format!(
        "run services with {} and the client's secret;\n`Client::from_env()` finds the sign-in there.",
        variables.join(", ")
    ))
}

/// What a server said, without what could steer a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(LONGEST).collect()
}

const LONGEST: usize = 256;
