//! The refresh token is replaced: the client uses the new one, and the old one no longer works.

use auth_layer::ErrorKind;

use super::scene::Scene;
use crate::claims::Claims;
use crate::stage::Actor;
use crate::text::plural;

pub(super) async fn play(actor: &Actor, calls: u64) -> anyhow::Result<Scene> {
    let (before, counters) = (actor.account(), actor.site().counters());
    // The environment is read before the rotation, so it has the old refresh token.
    let with_the_old_one = actor.site().environment();
    let first = calls / 2;

    let generation = actor.generation().await?;
    actor.turn_stale().await?;
    actor.site().rotate_next();
    actor.start(first).end().await?;
    actor.renewed(generation).await?;

    // A client that has the old token needs a new sign-in.
    let refused = actor.stranger(&with_the_old_one)?.token().await;

    let generation = actor.generation().await?;
    actor.turn_stale().await?;
    actor.start(calls - first).end().await?;
    actor.renewed(generation).await?;

    let did = actor.account() - before;
    let saw = actor.site().counters();
    let is_dead = refused.is_err_and(|error| error.kind() == ErrorKind::SignInAgain);
    let mut claims = Claims::of(&did, calls);
    claims.exactly("refresh tokens replaced", 1, saw.rotations - counters.rotations);
    claims.holds("the old refresh token no longer works", is_dead);
    claims.exactly("renewals", 2, saw.refreshes - counters.refreshes);
    claims.exactly("token requests", 3, did.token_requests);
    claims.exactly("failures", 1, did.failures);
    claims.exactly("resends", 0, did.resends);
    let renewals = plural(saw.refreshes - counters.refreshes, "renewal");
    let refused = if is_dead { "refused" } else { "taken" };
    Ok(Scene::new(format!("{} calls, {renewals}, the old refresh token is {refused}", did.calls), claims))
}
