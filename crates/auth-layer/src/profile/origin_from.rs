//! `OriginFrom`: the API's origin, as a token answer names it.

use std::borrow::Cow;

use http::Uri;

use super::answer::Names;
use super::origin::Origin;
use crate::error::ConfigError;

/// The member of a token answer that names the origin of the API, and the domains that this origin must be below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OriginFrom {
    member: Names,
    /// In lower case, without a dot at either end.
    below: Vec<Box<str>>,
}

impl OriginFrom {
    /// Makes the rule. Without a domain, a server could choose any host, so that at least one is needed.
    pub(super) fn new<S: AsRef<str>>(
        member: impl Into<Cow<'static, str>>,
        below: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let member = member.into();
        let refuse = |problem: String| Err(ConfigError::new("origin_from", problem));
        if member.is_empty() {
            return refuse("needs the name of a member".to_owned());
        }
        let below: Vec<Box<str>> =
            below.into_iter().map(|domain| domain.as_ref().to_ascii_lowercase().into()).collect();
        if below.is_empty() {
            return refuse("needs at least one domain that the origin must be below".to_owned());
        }
        // One label is a whole top-level domain, in which anyone may register a host.
        let is_domain = |domain: &str| {
            domain.contains('.')
                && domain.split('.').all(|label| {
                    !label.is_empty()
                        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                })
        };
        if let Some(wrong) = below.iter().find(|domain| !is_domain(domain)) {
            return refuse(format!(
                "`{}` is not a domain such as example.com; write it without a scheme, a port or a wildcard",
                wrong.escape_debug()
            ));
        }
        Ok(Self { member: vec![member], below })
    }

    /// Returns the name of the member, as a list with one item.
    pub(crate) const fn member(&self) -> &Names {
        &self.member
    }

    /// Returns the domains.
    pub(super) fn below(&self) -> impl Iterator<Item = &str> {
        self.below.iter().map(|domain| &**domain)
    }

    /// Returns whether `uri` may be an origin that this rule accepts: it has https, and its host is one of the domains
    /// or below one.
    pub(crate) fn may_be(&self, uri: &Uri) -> bool {
        uri.scheme() == Some(&http::uri::Scheme::HTTPS)
            && uri.host().is_some_and(|host| self.below.iter().any(|domain| is_below(host, domain)))
    }

    /// Returns the origin that a token answer names, if this rule accepts it.
    pub(crate) fn accept(&self, url: &str) -> Option<Origin> {
        let uri: Uri = url.parse().ok()?;
        self.may_be(&uri).then(|| Origin::of(&uri).ok()).flatten()
    }
}

/// Returns whether `host` is `domain` or a name below it. Whole labels are compared, so that `evilexample.com` is not
/// below `example.com`.
fn is_below(host: &str, domain: &str) -> bool {
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    host.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
        && (start == 0 || host.as_bytes().get(start - 1) == Some(&b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_below_the_domain_are_accepted() {
        let rule = OriginFrom::new("instance_url", ["example.com"]).unwrap();
        for good in ["https://example.com", "https://eu1.Example.com/x", "https://a.b.example.com:8443"] {
            assert!(rule.accept(good).is_some(), "{good}");
        }
        for bad in [
            "http://eu1.example.com",
            "https://evilexample.com",
            "https://example.com.evil.test",
            "https://example.com@evil.test",
            "https://evil.test/example.com",
            "https://user@eu1.example.com",
            "eu1.example.com",
            "",
        ] {
            assert!(rule.accept(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_rule_without_a_domain_is_an_error() {
        for wrong in
            [&[][..], &["com"], &["*.example.com"], &["https://example.com"], &[".example.com"], &[""]]
        {
            assert!(OriginFrom::new("instance_url", wrong).is_err(), "{wrong:?}");
        }
    }
}
