//! `Common`: what the requests of one stack have in common.

use std::fmt;
use std::sync::OnceLock;

use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Uri};

/// Hosts and headers that came by before, so that keeping a request aside copies only what is particular to it.
///
/// Its rows fill as requests come by, and what is in them never changes: looking something up takes no lock. It knows
/// a few short headers, and no sensitive one; whatever else there is, is kept by its owner.
#[derive(Default)]
pub(crate) struct Common {
    hosts: Row<(Scheme, Authority), 4>,
    headers: Row<(HeaderName, HeaderValue), 16>,
}

/// Where something stands in its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(u8);

impl Common {
    /// Where the scheme and authority of `uri` stand. `None` if they have no place.
    #[inline]
    pub(super) fn host(&self, uri: &Uri) -> Option<Place> {
        let (scheme, authority) = (uri.scheme()?, uri.authority()?);
        // By letter: what is sent again is spelled as it was.
        let is = |host: &(Scheme, Authority)| host.1.as_str() == authority.as_str() && host.0 == *scheme;
        let known = self.hosts.guess(Place(0), is).or_else(|| self.hosts.find(is));
        known.or_else(|| self.hosts.add(|| Some((scheme.clone(), authority.as_str().parse().ok()?))))
    }

    /// Where a header stands: most likely at `likely`. `None` if it has no place.
    #[inline]
    pub(super) fn header(&self, likely: Place, name: &HeaderName, value: &HeaderValue) -> Option<Place> {
        if value.is_sensitive() {
            return None;
        }
        let is = |header: &(HeaderName, HeaderValue)| header.0 == *name && is_same(&header.1, value);
        let known = self.headers.guess(likely, is).or_else(|| self.headers.find(is));
        known.or_else(|| self.learn(name, value))
    }

    #[cold]
    fn learn(&self, name: &HeaderName, value: &HeaderValue) -> Option<Place> {
        // A value that is another one in each request is not worth a place, and takes no more than two.
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
    /// The place behind this one.
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A clone starts empty, for a layer of its own.
impl Clone for Common {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Its values may be anything, so that none is shown.
impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common").finish_non_exhaustive()
    }
}

/// Places that are filled once, from the first to the last.
struct Row<T, const N: usize>([OnceLock<T>; N]);

impl<T, const N: usize> Row<T, N> {
    /// Looks in one place.
    #[inline]
    fn guess(&self, place: Place, is: impl Fn(&T) -> bool) -> Option<Place> {
        self.get(place).is_some_and(is).then_some(place)
    }

    /// Looks everywhere.
    fn find(&self, is: impl Fn(&T) -> bool) -> Option<Place> {
        let found = self.0.iter().map_while(OnceLock::get).position(is)?;
        u8::try_from(found).ok().map(Place)
    }

    #[cold]
    fn add(&self, make: impl FnOnce() -> Option<T>) -> Option<Place> {
        let place = u8::try_from(self.0.iter().position(|place| place.get().is_none())?).ok()?;
        // If another thread was faster, this one is kept by its owner.
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

/// Whether both hold the same bytes: most often, because they are the same ones.
#[inline]
fn is_same(one: &HeaderValue, other: &HeaderValue) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    std::ptr::eq(one, other) || one == other
}

/// The longest value that is worth a place.
const LONGEST: usize = 128;

/// How many values of one name have a place.
const MOST_VALUES: usize = 2;
