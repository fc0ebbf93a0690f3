//! The token endpoint: its answer to an empty request, and its clock.

use std::time::Duration;

use auth_layer::clock::SystemClock;
use auth_layer::{Clock, Profile};

use super::report::Report;
use crate::command::reach::{Answer, reach, shown};
use crate::failure::{Failure, Kind};
use crate::span;

pub(super) async fn token_endpoint(
    report: &mut Report<'_>,
    name: &str,
    profile: &Profile,
) -> Result<(), Failure> {
    let url = profile.token_url();
    let asked = SystemClock::new().now().wall();
    match reach(url).await {
        Ok(answer) => {
            endpoint(report, name, url, &answer)?;
            clock(report, &answer, asked)
        }
        Err(failure) => report.failure(name, &failure),
    }
}

/// Judges the answer to an empty request, which a token endpoint has to refuse (RFC 6749 section 5.2).
fn endpoint(report: &mut Report<'_>, name: &str, url: &http::Uri, answer: &Answer) -> Result<(), Failure> {
    let status = answer.status.as_u16();
    let answered = |what: &str| format!("{} answers {status}{what}", shown(url));
    match status {
        300..=399 => report.bad(
            name,
            Kind::Config,
            &answered(", a redirect, which is not followed because the request has secrets in it"),
            "set the token URL to the address that it redirects to",
        ),
        429 => report.note(name, &answered(": there were too many requests"), "try again later"),
        404 | 405 | 410 | 200..=299 => report.bad(
            name,
            Kind::Config,
            &answered(", but a token endpoint refuses an empty request"),
            "check the token URL",
        ),
        400..=499 => report.fine(name, &answered(" to an empty request, as it should")),
        _ => report.bad(name, Kind::Trouble, &answered(": the provider is in trouble"), "try again later"),
    }
}

/// Compares the clocks. With a wrong clock, expired tokens look good, or good ones look expired.
fn clock(report: &mut Report<'_>, answer: &Answer, asked: Duration) -> Result<(), Failure> {
    let Some(theirs) = answer.date else {
        return report.note(
            "clock",
            "the provider's answer has no date to compare with",
            "check the clock of this machine yourself",
        );
    };
    let apart = theirs.abs_diff(asked);
    if apart < FAR_APART {
        return report.fine("clock", "this machine and the provider agree");
    }
    let direction = if theirs > asked { "behind" } else { "ahead of" };
    let problem = format!("this machine is {} {direction} the provider", span::roughly(apart));
    report.bad("clock", Kind::Failed, &problem, "set the clock, or have it set over the network (NTP)")
}

// An answer takes a while, and its `Date` counts whole seconds.
const FAR_APART: Duration = Duration::from_secs(60);
