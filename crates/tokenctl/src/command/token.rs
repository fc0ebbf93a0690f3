//! `token` and `header`: an access token for a script.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use auth_layer::clock::SystemClock;
use auth_layer::source::TokenRequest;
use auth_layer::store::{Record, State, StoreKey};
use auth_layer::{
    AccessToken, Clock, Error, ErrorKind, Exchange, FileStore, Grant, TokenManager, TokenSource,
};
use zeroize::Zeroizing;

use super::desk::{Desk, not_usable, of_another_issuer};
use super::interrupt::to_the_end;
use super::missing::nothing_stored;
use crate::config::Settings;
use crate::failure::Failure;
use crate::flags::Wanted;
use crate::screen::Screen;
use crate::span;

/// How a token is printed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Bare,
    Header,
}

pub(super) async fn run(
    wanted: &Wanted,
    settings: &Settings,
    screen: &Screen,
    form: Form,
) -> Result<(), Failure> {
    let desk = Desk::open(&wanted.whose, settings, |_| Ok(None)).await?;
    let Source { exchange, stored } = source(&desk, settings).await?;
    let record = match &stored {
        Some(stored) => stored.key.find(&*stored.store).await?,
        None => None,
    };
    // Boxed, because the future of an exchange has many kilobytes.
    let work = Box::pin(async {
        match (wanted.renew, &record) {
            (true, Some(record)) => renew(&exchange, record).await,
            _ => fetch(exchange).await,
        }
    });
    let work = async {
        tokio::select! {
            outcome = work => outcome,
            never = tell_of_the_wait(screen, stored.as_ref(), record.as_ref()) => match never {},
        }
    };
    let token = match to_the_end(screen, work).await? {
        Ok(token) => token,
        Err(error) => return Err(failed(&desk, error, stored.as_ref(), form).await),
    };
    let token = token.expose();
    let line = Zeroizing::new(match form {
        Form::Bare => format!("{token}\n"),
        Form::Header => {
            let (name, prefix) = desk.profile().api_header();
            // Names of headers are in lower case here. The usual one is written as the RFCs do.
            let name = if name == "authorization" { "Authorization" } else { name.as_str() };
            format!("{name}: {prefix}{token}\n")
        }
    });
    screen.data(line.as_bytes())
}

/// An exchange, and the place of its sign-in if it needs one.
struct Source {
    exchange: Exchange,
    stored: Option<Stored>,
}

struct Stored {
    store: Arc<FileStore>,
    key: StoreKey,
}

/// Chooses where the token comes from: a person's sign-in if there is one, or else the client itself. If an account is
/// named, only its sign-in is used.
async fn source(desk: &Desk<'_>, settings: &Settings) -> Result<Source, Failure> {
    let provider = &desk.provider;
    if provider.takes_sign_ins() {
        let store = desk.store(settings)?;
        let key = desk.key();
        if desk.named || !provider.takes_client_credentials() || key.find(&*store).await?.is_some() {
            let exchange = desk.exchange(Grant::Stored).store(store.clone()).build()?;
            return Ok(Source { exchange, stored: Some(Stored { store, key }) });
        }
    } else if desk.named {
        let (name, variable) = (provider.name(), provider.variable_name("ACCOUNT"));
        let problem = format!("{name} has no sign-in page, so there is no account {}", desk.account);
        return Err(Failure::config(problem)
            .remedy(format!("to get the client's own token, leave out --account, {variable} and account")));
    }
    if !provider.takes_client_credentials() {
        let problem = format!("{} has no known sign-in page, and gives clients no tokens", provider.name());
        return Err(Failure::config(problem));
    }
    let exchange = desk.exchange(Grant::ClientCredentials);
    let exchange = match provider.scope(None)? {
        Some(scope) => exchange.scope(scope).build()?,
        None => exchange.build()?,
    };
    Ok(Source { exchange, stored: None })
}

/// Gets the token: the stored one if it is still good, or else a new one.
async fn fetch(exchange: Exchange) -> Result<AccessToken, Error> {
    let manager = TokenManager::new(exchange);
    let outcome = manager.token().await;
    // A new refresh token that is not stored would be lost with this process, and so would the news that the grant has
    // ended.
    let flushed = flush(|| manager.flush()).await;
    let token = outcome?;
    flushed.map(|()| token.access_token().clone())
}

/// Gets a new token, though the stored one may still be good.
async fn renew(exchange: &Exchange, record: &Record) -> Result<AccessToken, Error> {
    // An exchange takes over a stored token unless that one was rejected.
    let request = match &record.entry.access_token {
        Some(stored) => TokenRequest::after_rejection(stored.clone()),
        None => TokenRequest::new(),
    };
    let outcome = exchange.token(&request).await;
    let flushed = flush(|| exchange.flush()).await;
    let token = outcome?;
    flushed.map(|()| token.access_token().clone())
}

/// Writes what the store could not take before.
async fn flush<F: Future<Output = Result<(), Error>>>(write: impl Fn() -> F) -> Result<(), Error> {
    for _ in 1..WRITES {
        if write().await.is_ok() {
            return Ok(());
        }
        SystemClock::new().sleep(BETWEEN_WRITES).await;
    }
    write().await
}

// 10 s in all: a disk that is full for longer needs a person.
const WRITES: u32 = 10;
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// Tells the person, after a moment, that another process holds the sign-in and how long the wait can be. The process
/// may have died in the middle of a renewal. That is certain only when its lease has ended.
async fn tell_of_the_wait(screen: &Screen, stored: Option<&Stored>, record: Option<&Record>) -> Infallible {
    if let (Some(stored), Some(Record { version, entry, .. })) = (stored, record)
        && let State::Redeeming { lease, .. } = &entry.state
        && !lease.is_zero()
    {
        SystemClock::new().sleep(A_MOMENT).await;
        let now = stored.key.find(&*stored.store).await.ok().flatten();
        // Another version means that the other process has finished, and that this one is renewing.
        if now.is_some_and(|now| now.version == *version) {
            screen.say(format_args!(
                "tokenctl: another process is renewing this sign-in, or died while it did; waiting up to {}",
                span::roughly(lease.saturating_sub(A_MOMENT))
            ));
        }
    }
    std::future::pending().await
}

/// A renewal mostly takes less. Such a short wait needs no message.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Makes the failure of an error, in the words of this program.
async fn failed(desk: &Desk<'_>, error: Error, stored: Option<&Stored>, form: Form) -> Failure {
    let Some(Stored { store, key }) = stored else {
        let scope = desk.provider.scope(None).ok().flatten();
        let scope = scope.map(|scope| (scope.to_string(), desk.provider.scope_place()));
        return desk.failure(error, scope.as_ref().map(|(scope, place)| (&**scope, &**place)));
    };
    // A renewal asks for what was granted, and names no scope.
    let record = key.find(&**store).await.ok();
    match (error.kind(), record) {
        (ErrorKind::SignInAgain, Some(None)) => {
            let what = match form {
                Form::Bare => "token",
                Form::Header => "header",
            };
            nothing_stored(desk, store, what).await
        }
        (ErrorKind::TokenUrl, Some(Some(record))) => match of_another_issuer(desk.profile(), &record) {
            Some(problem) => not_usable(&desk.provider, &desk.account, &problem, desk.commands),
            None => desk.failure(error, None),
        },
        _ => desk.failure(error, None),
    }
}
