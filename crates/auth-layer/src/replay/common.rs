//! `Common`: hosts and headers that the requests of one stack share.

use std::fmt;
use std::sync::OnceLock;

use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Uri};

/// Hosts and headers of earlier requests. A kept request refers to them, and copies only its other parts.
///
/// Its rows fill with the requests, and a filled place never changes, so a lookup takes no lock. It stores a few short
/// headers, and never a sensitive one. All other headers are stored in the kept request.
#[derive(Default)]
pub(crate) struct Common {
    hosts: Row<(Scheme, Authority), 4>,
    headers: Row<(HeaderName, HeaderValue), 16>,
}

/// The index of a value in its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(u8);

impl Common {
    /// Returns the place of the scheme and authority of `uri`, or `None` if the row has no room for them.
    #[inline]
    pub(super) fn host(&self, uri: &Uri) -> Option<Place> {
        let (scheme, authority) = (uri.scheme()?, uri.authority()?);
        // Compared case-sensitively: the resent request must be spelled like the first one.
        let is = |host: &(Scheme, Authority)| host.1.as_str() == authority.as_str() && host.0 == *scheme;
        let known = self.hosts.guess(Place(0), is).or_else(|| self.hosts.find(is));
        // Parsed and not cloned: a clone would keep the buffer of the whole URI.
        known.or_else(|| self.hosts.add(|| Some((scheme.clone(), authority.as_str().parse().ok()?))))
    }

    /// Returns the place of a header, which is looked for at `likely` first. `None` if it has no place.
    #[inline]
    pub(super) fn header(&self, likely: Place, name: &HeaderName, value: &HeaderValue) -> Option<Place> {
        // A secret must not outlive its request.
        if value.is_sensitive() {
            return None;
        }
        let is = |header: &(HeaderName, HeaderValue)| header.0 == *name && is_same(&header.1, value);
        let known = self.headers.guess(likely, is).or_else(|| self.headers.find(is));
        known.or_else(|| self.learn(name, value))
    }

    #[cold]
    fn learn(&self, name: &HeaderName, value: &HeaderValue) -> Option<Place> {
        // A header such as a trace id differs in each request. It must not fill the row.
        let others =
            self.headers.0.iter().filter_map(OnceLock::get).filter(|header| header.0 == *name).count();
        if value.len() > LONGEST || others >= MOST_VALUES {
            return None;
        }
        self.headers.add(|| Some((name.clone(), value.clone())))
    }

    pub(super) fn host_at(&self, place: Place) -> Option<&(Scheme, Authority)> {
        self.hosts.get(place)
    }

    pub(super) fn header_at(&self, place: Place) -> Option<&(HeaderName, HeaderValue)> {
        self.headers.get(place)
    }
}

impl Place {
    /// Returns the place after this one.
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A clone starts empty, because it is for another layer.
impl Clone for Common {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Does not show the values, which may hold personal data.
impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common").finish_non_exhaustive()
    }
}

/// Places that are filled in order, each of them once.
struct Row<T, const N: usize>([OnceLock<T>; N]);

impl<T, const N: usize> Row<T, N> {
    /// Looks at one place.
    #[inline]
    fn guess(&self, place: Place, is: impl Fn(&T) -> bool) -> Option<Place> {
        self.get(place).is_some_and(is).then_some(place)
    }

    /// Looks at every filled place.
    fn find(&self, is: impl Fn(&T) -> bool) -> Option<Place> {
        let found = self.0.iter().map_while(OnceLock::get).position(is)?;
        u8::try_from(found).ok().map(Place)
    }

    #[cold]
    fn add(&self, make: impl FnOnce() -> Option<T>) -> Option<Place> {
        let place = u8::try_from(self.0.iter().position(|place| place.get().is_none())?).ok()?;
        // `set` fails if another thread has filled the place. The kept request then stores the value itself.
        self.0[usize::from(place)].set(make()?).ok().map(|()| Place(place))
    }

    #[inline]
    fn get(&self, place: Place) -> Option<&T> {
        self.0.get(usize::from(place.0))?.get()
    }
}

impl<T, const N: usize> Default for Row<T, N> {
    fn default() -> Self {
        Self([const { OnceLock::new() }; N])
    }
}

/// Returns whether both hold the same bytes. Clones share their bytes, so the addresses are compared first.
#[inline]
fn is_same(one: &HeaderValue, other: &HeaderValue) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    std::ptr::eq(one, other) || one == other
}

/// The longest value that gets a place, in bytes. A long value is rarely the same in the next request.
const LONGEST: usize = 128;

/// The number of values of one name that get a place.
const MOST_VALUES: usize = 2;
