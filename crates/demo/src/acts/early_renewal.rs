//! The token reaches its renewal time under load: it is renewed once, early, and no call waits.

use emulator::Endpoint;

use super::scene::Scene;
use crate::claims::Claims;
use crate::stage::Actor;
use crate::text::plural;

pub(super) async fn play(actor: &Actor, calls: u64) -> anyhow::Result<Scene> {
    let (before, seen) = (actor.account(), actor.seen());
    let old = actor.generation().await?;
    let first = calls / 2;
    let second = calls - first;

    // During these calls the clock passes the time at which the token is to be renewed.
    let hold = actor.site().hold(Endpoint::Api);
    let in_flight = actor.start(first);
    actor.calls_arrived(seen.calls + first).await?;
    actor.turn_stale().await?;
    drop(hold);
    in_flight.end().await?;
    let between = actor.seen();

    // The first of these calls starts the renewal. It gets no answer as long as the host is held back.
    let hold = actor.site().hold(Endpoint::Token);
    actor.start(second).end().await?;
    // The renewal runs in its own task, so it may send its request after all calls have ended.
    actor.token_requests_arrived(seen.token_requests + 1).await?;
    let meanwhile = actor.seen();
    drop(hold);
    actor.renewed(old).await?;

    let did = actor.account() - before;
    let mut claims = Claims::of(&did, calls);
    claims.exactly("calls served before the new token was issued", calls, meanwhile.served - seen.served);
    claims.exactly("tokens issued by then", 0, meanwhile.tokens - seen.tokens);
    claims.exactly("token requests", 1, did.token_requests);
    claims.exactly("failures", 0, did.failures);
    claims.exactly("resends", 0, did.resends);
    let (during, asked) = (meanwhile.served - between.served, plural(did.token_requests, "token request"));
    Ok(Scene::new(format!("{} calls, {during} of them during the renewal, {asked}", did.calls), claims))
}
