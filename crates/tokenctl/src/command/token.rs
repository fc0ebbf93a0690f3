//! `token` and `header`: an access token for a script.

use std::sync::Arc;
use std::time::Duration;

use auth_layer::{Clock, Error, ErrorKind, Exchange, Grant, SystemClock, Token, TokenManager};
use zeroize::Zeroizing;

use super::desk::{Desk, about_another_issuer};
use super::interrupt::to_the_end;
use crate::config::Settings;
use crate::failure::{Failure, Kind};
use crate::flags::Whose;
use crate::screen::Screen;

/// How a token is printed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Bare,
    Header,
}

pub(super) async fn run(
    whose: &Whose,
    settings: &Settings,
    screen: &Screen,
    form: Form,
) -> Result<(), Failure> {
    let desk = Desk::open(whose, settings, |_| Ok(None)).await?;
    let manager = TokenManager::new(exchange(&desk, settings).await?);
    let token = to_the_end(screen, fetch(&manager)).await?.map_err(|error| advised(&desk, error))?;
    let token = token.access_token().expose();
    let line = Zeroizing::new(match form {
        Form::Bare => format!("{token}\n"),
        Form::Header => format!("Authorization: Bearer {token}\n"),
    });
    screen.data(line.as_bytes())
}

/// A failure with what to do about it in the words of this program.
fn advised(desk: &Desk<'_>, error: Error) -> Failure {
    match error.kind() {
        ErrorKind::TokenUrl => {
            Failure::from(error).remedy(about_another_issuer(&desk.provider, &desk.account))
        }
        _ => desk.advise(error.into()),
    }
}

/// Gets the token, and sees to it that what came with it is stored: a refresh token that is not would go with this
/// process.
async fn fetch(manager: &TokenManager) -> Result<Arc<Token>, Error> {
    let token = manager.token().await?;
    for _ in 1..WRITES {
        if manager.flush().await.is_ok() {
            return Ok(token);
        }
        SystemClock::new().sleep(BETWEEN_WRITES).await;
    }
    manager.flush().await.map(|()| token)
}

/// A disk that is full for longer than this needs a person.
const WRITES: u32 = 10;
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// What a sign-in left comes first; a client's own token is for where there was none. Who named an account wants that
/// one's token, and no other identity's.
async fn exchange(desk: &Desk<'_>, settings: &Settings) -> Result<Exchange, Failure> {
    let provider = &desk.provider;
    if provider.takes_sign_ins() {
        let store = desk.store(settings)?;
        let exchange = desk.exchange(Grant::Stored).store(store.clone()).build()?;
        let Some(key) = exchange.store_key() else { return Ok(exchange) };
        if desk.named || !provider.takes_client_credentials() || key.find(&*store).await?.is_some() {
            return Ok(exchange);
        }
    } else if desk.named {
        let (name, variable) = (provider.name(), provider.variable_name("ACCOUNT"));
        let problem = format!("nobody can sign in to {name}, so that there is no account {}", desk.account);
        return Err(Failure::config(problem).remedy(format!(
            "for a token of the client's own, leave out --account, {variable} and account"
        )));
    }
    if !provider.takes_client_credentials() {
        let problem =
            format!("{} has no sign-in page that is known, and gives clients no tokens", provider.name());
        return Err(Failure::new(Kind::Config, problem));
    }
    let exchange = desk.exchange(Grant::ClientCredentials);
    Ok(match provider.scope(None)? {
        Some(scope) => exchange.scope(scope).build()?,
        None => exchange.build()?,
    })
}
