//! The acts and their order.

use emulator::Provider;

use super::scene::Scene;
use super::{early_renewal, first_token, outage, revoked, rotated};
use crate::stage::Actor;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    FirstToken,
    EarlyRenewal,
    Revoked,
    Rotated,
    Outage,
}

impl Act {
    pub(crate) const ALL: [Self; 5] =
        [Self::FirstToken, Self::EarlyRenewal, Self::Revoked, Self::Rotated, Self::Outage];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::FirstToken => "The first token, and a journey through every operation",
            Self::EarlyRenewal => "The token grows old under load",
            Self::Revoked => "The token is revoked in mid-flight",
            Self::Rotated => "The refresh token is replaced",
            Self::Outage => "The token endpoint fails while the token is good",
        }
    }

    /// What there is to see.
    pub(crate) const fn shows(self) -> &'static str {
        match self {
            Self::FirstToken => {
                "The first call fetches a token, all others use it. What is written is read back."
            }
            Self::EarlyRenewal => "It is renewed once, before its end, and no call waits for that.",
            Self::Revoked => {
                "All calls in flight are rejected at once. One token is fetched, each call is sent again once."
            }
            Self::Rotated => {
                "A renewal brings a new one and kills the old one. The next renewal uses the new one."
            }
            Self::Outage => {
                "Two answers of 503, then none at all. Calls go on with the old token until a new one can be had."
            }
        }
    }

    /// Whether this provider has what the act is about.
    pub(crate) fn is_for(self, provider: Provider) -> bool {
        self != Self::Rotated || provider == Provider::GoTo
    }

    /// Plays it with one client, with about this many calls. What goes wrong on the way is a miss like others.
    pub(crate) async fn play(self, actor: &Actor, calls: u64) -> Scene {
        let lost = actor.tally().lost();
        let played = match self {
            Self::FirstToken => first_token::play(actor).await,
            Self::EarlyRenewal => early_renewal::play(actor, calls).await,
            Self::Revoked => revoked::play(actor, calls).await,
            Self::Rotated => rotated::play(actor, calls).await,
            Self::Outage => outage::play(actor, calls).await,
        };
        match played {
            Ok(mut scene) => {
                let loss = actor.tally().first_loss().filter(|_| actor.tally().lost() > lost);
                scene.misses.extend(loss.map(|loss| format!("the first call that was lost: {loss}")));
                scene
            }
            Err(error) => Scene::broken_off(&error),
        }
    }
}
