//! The order of the demo: the acts, the table, the verdict.

use std::io::Write;
use std::time::Duration;

use auth_layer::Clock;
use auth_layer::clock::SystemClock;
use emulator::Provider;

use crate::acts::Act;
use crate::audit::audit;
use crate::outcome::Outcome;
use crate::stage::{Actor, make_room};
use crate::table::Table;
use crate::text::seconds;

/// Plays all acts, with this many calls at once.
pub(crate) async fn run(calls: u64, out: &mut impl Write) -> anyhow::Result<Outcome> {
    writeln!(
        out,
        "Four typed clients call four OAuth2 providers on loopback: GoTab, GoTo, GBG GO and Octotable."
    )?;
    writeln!(
        out,
        "No account is needed, nothing leaves this machine, and the demo moves the clocks itself."
    )?;
    make_room();
    let mut actors = Vec::new();
    for provider in Provider::ALL {
        actors.push(Actor::new(provider).await?);
    }
    perform(&actors, calls, out).await
}

async fn perform(actors: &[Actor], calls: u64, out: &mut impl Write) -> anyhow::Result<Outcome> {
    let mut show = Show { misses: Vec::new(), took: vec![Duration::ZERO; actors.len()] };
    for (nth, act) in (1..).zip(Act::ALL) {
        writeln!(out, "\n{nth}. {}\n   {}", act.title(), act.shows())?;
        for (actor, took) in actors.iter().zip(&mut show.took) {
            if !act.is_for(actor.provider()) {
                continue;
            }
            // The time in the output is real time. The acts move another clock.
            let clock = SystemClock::new();
            let start = clock.now().monotonic();
            let scene = act.play(actor, calls).await;
            let time = clock.now().monotonic().saturating_sub(start);
            *took += time;
            let name = actor.provider().to_string();
            let tick = if scene.misses.is_empty() { "✓" } else { "✗" };
            writeln!(out, "   {tick} {name:<10} {:<62} {:>7}", scene.shown, seconds(time))?;
            show.misses.extend(scene.misses.iter().map(|miss| format!("act {nth}, {name}: {miss}")));
        }
    }
    show.close(actors, out)
}

struct Show {
    misses: Vec<String>,
    /// The duration of each client's run.
    took: Vec<Duration>,
}

impl Show {
    fn close(mut self, actors: &[Actor], out: &mut impl Write) -> anyhow::Result<Outcome> {
        let mut table = Table::default();
        for (actor, took) in actors.iter().zip(&self.took) {
            let (name, did) = (actor.provider(), actor.account());
            table.add(name, did, *took);
            let differences = audit(&did, &actor.seen());
            self.misses.extend(differences.iter().map(|miss| format!("account of {name}: {miss}")));
        }
        writeln!(out, "\n{table}")?;
        writeln!(
            out,
            "failures: token requests that returned no token; acts 4 and 5 cause all of them on purpose"
        )?;
        writeln!(out, "lost: calls that got no answer")?;
        if !self.misses.is_empty() {
            writeln!(out, "\n✗ These are wrong:")?;
            for miss in &self.misses {
                writeln!(out, "   {miss}")?;
            }
            return Ok(Outcome::Lost);
        }
        let calls = table.sum(|did| did.calls);
        writeln!(
            out,
            "\n✓ {calls} calls, none lost. The providers counted the same, and saw no double Authorization header."
        )?;
        writeln!(
            out,
            "\nTo call the real GoTab, set GOTAB_ACCESS_ID and GOTAB_ACCESS_SECRET, then run:\n  \
             cargo xtask demo --live gotab"
        )?;
        writeln!(out, "`cargo xtask demo --help` lists the variables of goto, gbg-go and octotable.")?;
        Ok(Outcome::Fine)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use emulator::{Endpoint, Fault, Provider};

    use super::{perform, run};
    use crate::clients::Client;
    use crate::outcome::Outcome;
    use crate::stage::Actor;

    #[tokio::test]
    async fn the_whole_show_is_fine() {
        let mut out = Vec::new();
        let outcome = run(12, &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(outcome, Outcome::Fine, "{text}");
        // There are four acts for all providers, one act for GoTo alone, and the verdict.
        assert_eq!(text.matches('✓').count(), 4 * 4 + 1 + 1, "{text}");
        assert!(text.contains("12 calls met 403 InvalidToken, 1 token request, 12 resends"), "{text}");
        assert_eq!(text.matches("12 calls met 401, 1 token request, 12 resends").count(), 3, "{text}");
    }

    /// Plays all acts with one client after `spoil`, and returns what was printed.
    async fn spoilt(provider: Provider, spoil: impl AsyncFnOnce(&Actor)) -> String {
        let actor = Actor::new(provider).await.unwrap();
        spoil(&actor).await;
        let mut out = Vec::new();
        let outcome = perform(&[actor], 4, &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(outcome.code(), 1, "{text}");
        assert!(!text.contains("none lost"), "{text}");
        text
    }

    #[tokio::test]
    async fn a_failed_journey_is_shown_with_its_operation_and_cause() {
        let fault = Fault::Unavailable.on_operation("createTab");
        let text = spoilt(Provider::GoTab, async |actor| actor.site().inject(Endpoint::Api, fault)).await;
        assert!(text.contains("✗ GoTab      failed"), "{text}");
        let told = "act 1, GoTab: failed: the journey ended at createTab: the API answered 503";
        assert!(text.contains(told), "{text}");
    }

    #[tokio::test]
    async fn a_lost_call_is_shown_with_its_cause() {
        // The journey lists the webinars three times, so the fourth time is in act 2.
        let spoil = async |actor: &Actor| {
            let delay = Fault::Delay(Duration::ZERO).times(3).on_operation("getWebinars");
            actor.site().inject(Endpoint::Api, delay);
            actor.site().inject(Endpoint::Api, Fault::Unavailable.on_operation("getWebinars"));
        };
        let text = spoilt(Provider::GoTo, spoil).await;
        assert!(text.contains("✓ GoTo       7 of 7 operations"), "{text}");
        assert!(text.contains("act 2, GoTo: calls lost: 1 instead of 0"), "{text}");
        assert!(text.contains("act 2, GoTo: the first lost call: the API answered 503"), "{text}");
        assert_eq!(text.matches("the first lost call").count(), 1, "{text}");
    }

    #[tokio::test]
    async fn an_extra_token_request_is_shown_with_its_act_and_client() {
        let spoil = async |actor: &Actor| {
            // The journey's token is revoked before its first call, so a second token is necessary.
            actor.client().manager().unwrap().token().await.unwrap();
            actor.site().revoke_tokens();
        };
        let text = spoilt(Provider::Octotable, spoil).await;
        assert!(text.contains("act 1, Octotable: token requests: 2 instead of 1"), "{text}");
        assert!(text.contains("act 1, Octotable: resends: 1 instead of 0"), "{text}");
    }

    #[tokio::test]
    async fn a_request_that_only_the_provider_counted_is_shown() {
        let spoil = async |actor: &Actor| {
            let site = actor.site();
            let outsider = Client::new(site.provider(), &site.environment(), actor.time()).unwrap();
            outsider.manager().unwrap().token().await.unwrap();
        };
        let text = spoilt(Provider::GbgGo, spoil).await;
        assert!(text.contains("account of GBG GO: token requests at the provider: "), "{text}");
        assert!(text.contains("account of GBG GO: tokens issued at the provider: "), "{text}");
    }
}
