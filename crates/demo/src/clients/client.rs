//! `Client`: one of the four typed clients.

use std::sync::{Arc, OnceLock};

use anyhow::Context;
use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::{OperationMeta, TokenManager};
use client_core::{Builder, Provider as Buildable};
use emulator::{Provider, Site};

use super::{gbg_go, gotab, goto, octotable};
use crate::stage::{Tally, Time};

/// Environment variables with their values.
pub(crate) type Variables = [(&'static str, String)];

/// A typed client. Clones share connections and the token.
#[derive(Clone, Debug)]
pub(crate) enum Client {
    GoTab(gotab_client::Client),
    GoTo(goto_client::Client),
    /// The second value is the id of the journey that it started. `read` reads that journey's state.
    GbgGo(gbg_go_client::Client, Arc<OnceLock<String>>),
    Octotable(octotable_client::Client),
}

impl Client {
    /// Makes a provider's client in the same way as `from_env`.
    pub(crate) fn new(provider: Provider, variables: &Variables, time: &Time) -> anyhow::Result<Self> {
        Ok(match provider {
            Provider::GoTab => Self::GoTab(build(variables, time)?),
            Provider::GoTo => Self::GoTo(build(variables, time)?),
            Provider::GbgGo => Self::GbgGo(build(variables, time)?, Arc::default()),
            Provider::Octotable => Self::Octotable(build(variables, time)?),
            _ => anyhow::bail!("there is no client of {provider}"),
        })
    }

    /// Returns the manager of its token.
    pub(crate) fn manager(&self) -> anyhow::Result<&TokenManager> {
        let manager = match self {
            Self::GoTab(client) => client.token_manager(),
            Self::GoTo(client) => client.token_manager(),
            Self::GbgGo(client, _) => client.token_manager(),
            Self::Octotable(client) => client.token_manager(),
        };
        manager.context("the client has no token manager")
    }

    /// Returns all of its operations.
    pub(crate) fn operations(&self) -> Vec<&'static OperationMeta> {
        match self {
            Self::GoTab(_) => gotab_client::meta::ALL.to_vec(),
            Self::GoTo(_) => [goto_client::admin::meta::ALL, goto_client::webinar::meta::ALL].concat(),
            Self::GbgGo(..) => gbg_go_client::meta::ALL.to_vec(),
            Self::Octotable(_) => octotable_client::meta::ALL.to_vec(),
        }
    }

    /// Makes one call that changes nothing.
    pub(crate) async fn read(&self, tally: &Tally) -> anyhow::Result<()> {
        match self {
            Self::GoTab(client) => gotab::read(client, tally).await,
            Self::GoTo(client) => goto::read(client, tally).await,
            Self::GbgGo(client, instance) => gbg_go::read(client, instance, tally).await,
            Self::Octotable(client) => octotable::read(client, tally).await,
        }
    }

    /// Calls every operation in a sensible order. An object that was written is read back.
    pub(crate) async fn journey(&self, tally: &Tally, site: &Site) -> anyhow::Result<()> {
        match self {
            Self::GoTab(client) => Box::pin(gotab::journey(client, tally)).await,
            Self::GoTo(client) => Box::pin(goto::journey(client, tally)).await,
            Self::GbgGo(client, instance) => {
                Box::pin(gbg_go::journey(client, instance, tally, &site.end_user_token())).await
            }
            Self::Octotable(client) => Box::pin(octotable::journey(client, tally)).await,
        }
    }
}

fn build<P: Buildable>(variables: &Variables, time: &Time) -> anyhow::Result<P> {
    let find = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    };
    // A proxy could not reach loopback. A small pool of idle connections leaves sockets for the next client.
    let reqwest = |idle| {
        let reqwest = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        reqwest.pool_max_idle_per_host(idle).build()
    };
    // A token request with a refresh token must not use a connection that the server may be closing, so it has its own
    // client.
    let leaf = ReqwestLeaf::from_client(reqwest(IDLE)?).with_one_shot(reqwest(0)?);
    let builder = Builder::<P>::new().variables(find)?;
    // Without retries every send is counted. Without timeouts the moved clock, which jumps while calls are in progress,
    // ends no call.
    let builder = builder.stack(|stack| stack.without_retry().without_timeout());
    Ok(builder.leaf(leaf).clock(time.client()).build()?)
}

const IDLE: usize = 16;
