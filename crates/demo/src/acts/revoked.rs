//! The token is revoked while calls are in progress: there is one token request, and every call is sent again once.

use emulator::{Endpoint, Provider};

use super::scene::Scene;
use crate::claims::Claims;
use crate::stage::{Actor, until};
use crate::text::plural;

pub(super) async fn play(actor: &Actor, calls: u64) -> anyhow::Result<Scene> {
    let (before, seen) = (actor.account(), actor.seen());
    // Earlier acts may have had rejections, which must not be counted here.
    let sequence = actor.site().requests().last().map_or(0, |request| request.sequence);

    // The token is revoked only after all calls have arrived at the provider.
    let hold = actor.site().hold(Endpoint::Api);
    let in_flight = actor.start(calls);
    actor.calls_arrived(seen.calls + calls).await?;
    actor.site().revoke_tokens();
    // No new token is issued before all calls were rejected.
    let hold_tokens = actor.site().hold(Endpoint::Token);
    drop(hold);
    let rejected = before.rejections + calls;
    until("all calls to be rejected", || actor.account().rejections >= rejected).await?;
    drop(hold_tokens);
    in_flight.end().await?;

    let did = actor.account() - before;
    let (status, rejection) = rejection(actor.provider());
    let rejected = actor.requests_after(sequence).filter(|request| request.status == Some(status)).count();
    let rejected = u64::try_from(rejected)?;
    let mut claims = Claims::of(&did, calls);
    claims.exactly(&format!("answers of {rejection}"), calls, rejected);
    claims.exactly("rejections", calls, did.rejections);
    claims.exactly("token requests", 1, did.token_requests);
    claims.exactly("failures", 0, did.failures);
    claims.exactly("resends", calls, did.resends);
    let asked = plural(did.token_requests, "token request");
    Ok(Scene::new(format!("{rejected} calls met {rejection}, {asked}, {} resends", did.resends), claims))
}

/// Returns the status with which a provider rejects a token, and its name in the output.
const fn rejection(provider: Provider) -> (u16, &'static str) {
    match provider {
        // GoTo's body says that the token is invalid. A 403 without such a body causes no renewal.
        Provider::GoTo => (403, "403 InvalidToken"),
        _ => (401, "401"),
    }
}
