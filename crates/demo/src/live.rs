//! The real services. The demo only reads there.

use std::io::Write;

use anyhow::{Context, bail};
use auth_layer::clock::SystemClock;
use auth_layer::{Clock, TokenManager};

use crate::clients::locations;
use crate::flags::LiveProvider;
use crate::outcome::Outcome;
use crate::text::{plural, seconds};

/// Calls a real service, and prints how many objects it returned.
///
/// # Errors
///
/// Fails if the environment is wrong, before anything is sent. A call that fails is an outcome, not an error.
pub(crate) async fn run(provider: LiveProvider, out: &mut impl Write) -> anyhow::Result<Outcome> {
    let clock = SystemClock::new();
    let start = clock.now().monotonic();
    let (name, answer) = match provider {
        LiveProvider::Gotab => {
            let client = gotab_client::Client::from_env()?;
            ("GoTab", gotab(&client).await)
        }
        LiveProvider::Goto => {
            let client = goto_client::Client::from_env()?;
            ("GoTo", goto(&client).await)
        }
        LiveProvider::GbgGo => {
            let client = gbg_go_client::Client::from_env()?;
            let manager = client.token_manager().context("the client has no token manager")?;
            ("GBG GO", gbg_go(manager, &clock).await)
        }
        LiveProvider::Octotable => {
            let client = octotable_client::Client::from_env()?;
            let property = property()?;
            ("Octotable", octotable(&client, property).await)
        }
    };
    let took = seconds(clock.now().monotonic().saturating_sub(start));
    match answer {
        Ok(told) => {
            writeln!(out, "✓ {name}: {told} ({took})")?;
            Ok(Outcome::Fine)
        }
        Err(error) => {
            writeln!(out, "✗ {name}: {error:#} ({took})")?;
            Ok(Outcome::Lost)
        }
    }
}

async fn gotab(client: &gotab_client::Client) -> anyhow::Result<String> {
    let listing = client.list_locations().send().await?;
    Ok(format!("{} of this application", count(&locations(listing.into_inner()), "location")))
}

async fn goto(client: &goto_client::Client) -> anyhow::Result<String> {
    let me = client.admin().get_me().send().await?;
    let accounts = count(me.accounts.as_deref().unwrap_or_default(), "account");
    Ok(format!("the token belongs to a person with {accounts}"))
}

async fn gbg_go(manager: &TokenManager, clock: &SystemClock) -> anyhow::Result<String> {
    let token = manager.token().await?;
    let left = token.expires().saturating_sub(clock.now().wall());
    Ok(format!("got a token that expires in {} s; no call was made with it", left.as_secs()))
}

async fn octotable(client: &octotable_client::Client, property: i64) -> anyhow::Result<String> {
    let rooms = client.list_rooms().property(property).send().await?;
    let reservations = client.list_reservations().property(property).limit(MOST).send().await?;
    let (rooms, reservations) = (count(&rooms.data, "room"), count(&reservations.data, "reservation"));
    Ok(format!("{rooms}; {reservations} (at most {MOST} were requested)"))
}

fn count<T>(things: &[T], noun: &str) -> String {
    plural(things.len() as u64, noun)
}

fn property() -> anyhow::Result<i64> {
    let value = std::env::var(PROPERTY).unwrap_or_default();
    if value.is_empty() {
        bail!("environment variable {PROPERTY}: is not set");
    }
    value.parse().with_context(|| {
        format!("environment variable {PROPERTY}: is not the id of a restaurant (a whole number)")
    })
}

const PROPERTY: &str = "OCTOTABLE_PROPERTY_ID";

/// A few entries show that it works.
const MOST: i32 = 20;
