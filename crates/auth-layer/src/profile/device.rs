//! The names of the members in a device authorization answer.

use std::borrow::Cow;

use super::answer::{Names, Need, check, names_of};
use crate::error::ConfigError;

/// The names that the members of a device authorization answer may have. The first name that the answer has is used.
///
/// ```
/// use auth_layer::profile::DeviceNames;
/// use auth_layer::Profile;
///
/// let names = DeviceNames::new().with_device_code(["deviceCode"]).with_user_code(["userCode"]);
/// let profile = Profile::new("example", "https://auth.example.com/token")?
///     .with_device_url("https://auth.example.com/device")?
///     .with_device_names(names);
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceNames {
    pub(crate) device_code: Names,
    pub(crate) user_code: Names,
    pub(crate) verification_uri: Names,
    pub(crate) verification_uri_complete: Names,
    pub(crate) expires_in: Names,
    pub(crate) interval: Names,
}

impl DeviceNames {
    /// Returns the names of RFC 8628 section 3.2, and `verification_url`, which some providers use for the page.
    pub fn new() -> Self {
        Self {
            device_code: names_of(["device_code"]),
            user_code: names_of(["user_code"]),
            verification_uri: names_of(["verification_uri", "verification_url"]),
            verification_uri_complete: names_of(["verification_uri_complete", "verification_url_complete"]),
            expires_in: names_of(["expires_in"]),
            interval: names_of(["interval"]),
        }
    }

    /// Sets the names of the code that the device polls with.
    #[must_use]
    pub fn with_device_code<N: Into<Cow<'static, str>>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.device_code = names_of(names);
        self
    }

    /// Sets the names of the code that the person types in.
    #[must_use]
    pub fn with_user_code<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.user_code = names_of(names);
        self
    }

    /// Sets the names of the page where the person types the code in.
    #[must_use]
    pub fn with_verification_uri<N: Into<Cow<'static, str>>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.verification_uri = names_of(names);
        self
    }

    /// Sets the names of the same page with the code in its URL.
    #[must_use]
    pub fn with_verification_uri_complete<N: Into<Cow<'static, str>>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.verification_uri_complete = names_of(names);
        self
    }

    /// Sets the names of the lifetime of the codes, in seconds.
    #[must_use]
    pub fn with_expires_in<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.expires_in = names_of(names);
        self
    }

    /// Sets the names of the wait between two polls, in seconds.
    #[must_use]
    pub fn with_interval<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.interval = names_of(names);
        self
    }

    /// Returns an error if no codes could ever be read with these names.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        // The optional members have defaults, so that a server need not send them.
        let tables = [
            ("device_code", &self.device_code, Need::Required),
            ("user_code", &self.user_code, Need::Required),
            ("verification_uri", &self.verification_uri, Need::Required),
            ("verification_uri_complete", &self.verification_uri_complete, Need::Optional),
            ("expires_in", &self.expires_in, Need::Optional),
            ("interval", &self.interval, Need::Optional),
        ];
        tables.into_iter().try_for_each(|(member, names, need)| check("device name", member, names, need))
    }
}

impl Default for DeviceNames {
    fn default() -> Self {
        Self::new()
    }
}
