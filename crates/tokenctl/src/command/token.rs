//! `token` and `header`: an access token for a script.

use auth_layer::{Exchange, Grant, TokenManager, TokenStore};
use zeroize::Zeroizing;

use super::desk::Desk;
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
    let desk = Desk::open(whose, settings, |_| None).await?;
    let exchange = exchange(&desk, settings).await?;
    let manager = TokenManager::new(exchange);
    let token = to_the_end(screen, manager.token()).await.map_err(|error| desk.advise(error.into()))?;
    let token = token.access_token().expose();
    let line = Zeroizing::new(match form {
        Form::Bare => format!("{token}\n"),
        Form::Header => format!("Authorization: Bearer {token}\n"),
    });
    screen.data(line.as_bytes())
}

/// What a sign-in left comes first; a client's own token is for where there was none.
async fn exchange(desk: &Desk<'_>, settings: &Settings) -> Result<Exchange, Failure> {
    let provider = &desk.provider;
    if provider.takes_sign_ins() {
        let store = desk.store(settings)?;
        let exchange = desk.exchange(Grant::Stored).store(store.clone()).build()?;
        let Some(key) = exchange.store_key() else { return Ok(exchange) };
        if !provider.takes_client_credentials() || store.load(key).await?.is_some() {
            return Ok(exchange);
        }
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
