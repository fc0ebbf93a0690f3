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
            Self::EarlyRenewal => "The token reaches its renewal time under load",
            Self::Revoked => "The token is revoked while calls are in progress",
            Self::Rotated => "The refresh token is replaced",
            Self::Outage => "The token endpoint fails while the token is valid",
        }
    }

    /// Returns the description that is printed below the title.
    pub(crate) const fn shows(self) -> &'static str {
        match self {
            Self::FirstToken => {
                "The first call fetches a token, and all other calls use it. Every object that is written is read back."
            }
            Self::EarlyRenewal => "It is renewed once, before it expires, and no call waits for the renewal.",
            Self::Revoked => {
                "All these calls are rejected. One token is fetched, and each call is sent again once."
            }
            Self::Rotated => {
                "A renewal returns a new refresh token and ends the old one. The next renewal uses the new one."
            }
            Self::Outage => {
                "It answers 503 twice, then not at all. Calls use the old token until there is a new one."
            }
        }
    }

    /// Returns whether this provider has the feature that the act is about.
    pub(crate) fn is_for(self, provider: Provider) -> bool {
        self != Self::Rotated || provider == Provider::GoTo
    }

    /// Plays the act with one client and about this many calls. An error on the way counts as a miss.
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
                scene.misses.extend(loss.map(|loss| format!("the first lost call: {loss}")));
                scene
            }
            Err(error) => Scene::broken_off(&error),
        }
    }
}
