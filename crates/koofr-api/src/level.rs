//! The two behaviour levels of the service's interface, and finding out which one an installation has.

use std::sync::atomic::{AtomicU8, Ordering};

/// Which version of the interface is spoken.
///
/// Level 2.1 tells more precisely what went wrong (409 with a code instead of a bare 400). It is selected by the path, or by a
/// header on the older path.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ApiLevel {
    /// Tries [`V2_1`](Self::V2_1), [`V2_1Header`](Self::V2_1Header) and [`V2_0`](Self::V2_0) in this order when the first
    /// call is answered as an unknown address (404 without a body of the service), and stays with the first that is known.
    #[default]
    Auto,
    /// Level 2.1 by path (`/api/v2.1`), with the version header in addition.
    V2_1,
    /// Level 2.1 by the header `X-Koofr-Version: 2.1` on the path `/api/v2`.
    V2_1Header,
    /// Level 2.0: the path `/api/v2` without a header, as rclone uses it.
    V2_0,
}

/// A level that can be put on the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum WireLevel {
    V2_1,
    V2_1Header,
    V2_0,
}

impl WireLevel {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::V2_1 => "v2.1",
            Self::V2_1Header | Self::V2_0 => "v2",
        }
    }

    pub(crate) fn sends_header(self) -> bool {
        self != Self::V2_0
    }

    fn next(self) -> Option<Self> {
        match self {
            Self::V2_1 => Some(Self::V2_1Header),
            Self::V2_1Header => Some(Self::V2_0),
            Self::V2_0 => None,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::V2_1 => 1,
            Self::V2_1Header => 2,
            Self::V2_0 => 3,
        }
    }

    fn of_code(code: u8) -> Option<Self> {
        [Self::V2_1, Self::V2_1Header, Self::V2_0]
            .into_iter()
            .find(|level| level.code() == code)
    }
}

/// What a client knows about the level of its installation; 0 stands for "nothing yet".
#[derive(Debug)]
pub(crate) struct LevelState(AtomicU8);

impl LevelState {
    pub(crate) fn new(level: ApiLevel) -> Self {
        let known = match level {
            ApiLevel::Auto => None,
            ApiLevel::V2_1 => Some(WireLevel::V2_1),
            ApiLevel::V2_1Header => Some(WireLevel::V2_1Header),
            ApiLevel::V2_0 => Some(WireLevel::V2_0),
        };
        Self(AtomicU8::new(known.map_or(0, WireLevel::code)))
    }

    /// The level that the installation is known to have.
    pub(crate) fn known(&self) -> Option<WireLevel> {
        WireLevel::of_code(self.0.load(Ordering::Acquire))
    }

    /// The level to begin with.
    pub(crate) fn start(&self) -> WireLevel {
        self.known().unwrap_or(WireLevel::V2_1)
    }

    /// The level to try after an answer that an unknown address gives; none when the level is settled.
    pub(crate) fn after_unknown_route(&self, tried: WireLevel) -> Option<WireLevel> {
        match self.known() {
            Some(_) => None,
            None => tried.next(),
        }
    }

    /// Notes that the installation has this level. The first finding stays.
    pub(crate) fn settle(&self, level: WireLevel) {
        // A lost race means that another request settled it at the same time, with the same server.
        let _ = self
            .0
            .compare_exchange(0, level.code(), Ordering::AcqRel, Ordering::Acquire);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_tried_in_order_until_one_is_known() {
        let state = LevelState::new(ApiLevel::Auto);
        assert_eq!(state.start(), WireLevel::V2_1);
        let second = state.after_unknown_route(WireLevel::V2_1);
        assert_eq!(second, Some(WireLevel::V2_1Header));
        assert_eq!(
            state.after_unknown_route(WireLevel::V2_1Header),
            Some(WireLevel::V2_0)
        );
        assert_eq!(state.after_unknown_route(WireLevel::V2_0), None);
        state.settle(WireLevel::V2_0);
        state.settle(WireLevel::V2_1);
        assert_eq!(state.known(), Some(WireLevel::V2_0));
        assert_eq!(state.after_unknown_route(WireLevel::V2_1), None);
    }

    #[test]
    fn a_chosen_level_never_changes() {
        let state = LevelState::new(ApiLevel::V2_0);
        assert_eq!(state.start(), WireLevel::V2_0);
        assert_eq!(state.after_unknown_route(WireLevel::V2_0), None);
    }
}
