//! The resources and audiences that a sign-in is for.

/// The `resource` (RFC 8707 section 2) and `audience` parameters of a request. Both may be repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Targets {
    resources: Vec<String>,
    audiences: Vec<String>,
}

impl Targets {
    pub(crate) fn new<'a>(
        resources: impl Iterator<Item = &'a str>,
        audiences: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self {
            resources: resources.map(str::to_owned).collect(),
            audiences: audiences.map(str::to_owned).collect(),
        }
    }

    /// Adds a field of a request. Returns whether it was one of the two.
    pub(crate) fn add(&mut self, name: &str, value: &str) -> bool {
        let values = match name {
            "resource" => &mut self.resources,
            "audience" => &mut self.audiences,
            _ => return false,
        };
        // A parameter without a value counts as absent (RFC 6749 section 3.2).
        if !value.is_empty() {
            values.push(value.to_owned());
        }
        true
    }

    /// Returns whether `granted` has all of these targets.
    pub(crate) fn are_within(&self, granted: &Self) -> bool {
        self.resources.iter().all(|asked| granted.resources.contains(asked))
            && self.audiences.iter().all(|asked| granted.audiences.contains(asked))
    }

    /// Returns whether every resource is an absolute URI without a fragment, as RFC 8707 section 2 requires.
    pub(crate) fn are_valid(&self) -> bool {
        self.resources.iter().all(|resource| is_absolute_uri(resource))
    }
}

fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme && !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

#[cfg(test)]
mod tests {
    use super::Targets;

    fn resources(values: &[&str]) -> Targets {
        Targets::new(values.iter().copied(), std::iter::empty())
    }

    #[test]
    fn a_resource_is_an_absolute_uri_without_a_fragment() {
        for good in ["https://api.example.com/", "https://api.example.com/a?b=c", "urn:example:api"] {
            assert!(resources(&[good]).are_valid(), "{good}");
        }
        for bad in ["api", "/api", "https:", "1a:b", "https://api.example.com/#a", "https://a b/", ":a"] {
            assert!(!resources(&["https://api.example.com/", bad]).are_valid(), "{bad}");
        }
    }

    #[test]
    fn a_part_of_what_was_granted_is_within_it_and_more_is_not() {
        let granted = resources(&["a:1", "a:2"]);
        assert!(resources(&[]).are_within(&granted));
        assert!(resources(&["a:2"]).are_within(&granted));
        assert!(!resources(&["a:2", "a:3"]).are_within(&granted));
        let mut audience = Targets::default();
        assert!(audience.add("audience", "a:1") && !audience.add("scope", "a"));
        assert!(!audience.are_within(&granted));
        let mut empty = Targets::default();
        assert!(empty.add("resource", "") && empty.are_within(&Targets::default()));
    }
}
