//! The token endpoint fails while the token is valid: no call fails, and the client recovers without help.

use std::time::Duration;

use emulator::{Endpoint, Fault};

use super::scene::Scene;
use crate::claims::Claims;
use crate::stage::{Actor, until};
use crate::text::plural;

pub(super) async fn play(actor: &Actor, calls: u64) -> anyhow::Result<Scene> {
    let (before, seen) = (actor.account(), actor.seen());
    let old = actor.generation().await?;
    // There are four waves: two 503s, one request without an answer, and the recovery.
    let wave = (calls / 4).max(1);
    actor.turn_stale().await?;
    actor.site().inject(Endpoint::Token, Fault::Unavailable.times(2));
    actor.site().inject(Endpoint::Token, Fault::Hang);

    // These calls start a renewal that fails, and are still served. After each failure the pause before the next
    // renewal is longer.
    for nth in 1..=2 {
        actor.start(wave).end().await?;
        actor.failed(before.failures + nth).await?;
        actor.time().advance(PAUSE);
    }
    actor.start(wave).end().await?;
    actor.token_requests_arrived(seen.token_requests + 3).await?;
    // If the clock moved before the client has set its timer, the timer would not end.
    until("the deadline of the token request", || actor.time().has_deadline()).await?;
    actor.time().advance(TIMEOUT);
    actor.failed(before.failures + 3).await?;
    let meanwhile = actor.seen();
    actor.time().advance(PAUSE);

    // The endpoint answers again, and the next call starts the renewal that succeeds.
    actor.start(wave).end().await?;
    actor.renewed(old).await?;

    let did = actor.account() - before;
    let mut claims = Claims::of(&did, 4 * wave);
    claims.exactly("calls served during the outage", 3 * wave, meanwhile.served - seen.served);
    claims.exactly("tokens issued during the outage", 0, meanwhile.tokens - seen.tokens);
    claims.exactly("token requests", 4, did.token_requests);
    claims.exactly("failures", 3, did.failures);
    claims.exactly("resends", 0, did.resends);
    let during = meanwhile.served - seen.served;
    let (failures, renewals) = (plural(did.failures, "failure"), plural(did.tokens(), "renewal"));
    Ok(Scene::new(
        format!("{} calls, {during} of them during the outage, {failures}, {renewals}", did.calls),
        claims,
    ))
}

/// Longer than the pause after a third failure in a row.
const PAUSE: Duration = Duration::from_secs(5);

/// Longer than the client's timeout for a token request, which is 30 s.
const TIMEOUT: Duration = Duration::from_secs(31);
