//! The first token, and a journey through every operation.

use anyhow::Context;
use auth_layer::operation::Security;

use super::scene::Scene;
use crate::claims::Claims;
use crate::stage::Actor;
use crate::text::plural;

pub(super) async fn play(actor: &Actor) -> anyhow::Result<Scene> {
    let before = actor.seen();
    actor.client().journey(actor.tally(), actor.site()).await.with_context(|| {
        let last = actor.site().requests().into_iter().filter_map(|request| request.operation_id).next_back();
        format!("the journey ended at {}", last.as_deref().unwrap_or("its start"))
    })?;
    let did = actor.account();
    let counted = actor.site().counters().operations;
    let operations = actor.client().operations();
    let ids = operations.iter().map(|operation| operation.id());
    let missed: Vec<&str> = ids.filter(|id| !counted.contains_key(*id)).collect();

    let mut claims = Claims::of(&did, actor.seen().calls);
    claims.exactly("token requests before the first call", 0, before.token_requests);
    claims.exactly("token requests", 1, did.token_requests);
    claims.exactly("failures", 0, did.failures);
    claims.exactly("resends", 0, did.resends);
    claims
        .holds(&format!("every operation was called (not called: {})", missed.join(", ")), missed.is_empty());
    claims.exactly("tokens sent to operations that need none", 0, needless(actor));
    let (all, calls) = (operations.len(), did.calls);
    let (called, asked) = (all - missed.len(), plural(did.token_requests, "token request"));
    Ok(Scene::new(format!("{called} of {all} operations in {calls} calls, {asked}"), claims))
}

/// Returns how many calls carried a token to an operation that needs none.
fn needless(actor: &Actor) -> u64 {
    let operations = actor.client().operations();
    let is_public = |id: &str| {
        operations.iter().any(|operation| operation.id() == id && operation.security() == Security::Public)
    };
    let carried = actor.site().requests().into_iter().filter(|request| request.token.is_some());
    carried.filter_map(|request| request.operation_id).map(|id| u64::from(is_public(&id))).sum()
}
