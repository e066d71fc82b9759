//! Whether a file need be transferred.

use std::time::{Duration, SystemTime};

use remote_core::hash::{HashAlgorithm, HashValue};

use crate::options::Compare;

/// What is known about the content of a file at one end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) size: Option<u64>,
    pub(crate) modified: Option<SystemTime>,
    pub(crate) hash: HashFact,
}

/// How the hash of a file can be had.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HashFact {
    /// It was told.
    Known(HashValue),
    /// Not at all.
    Missing,
    /// By reading the file, which is local.
    Readable,
}

impl HashFact {
    pub(crate) fn of(hash: Option<HashValue>) -> Self {
        hash.map_or(Self::Missing, Self::Known)
    }

    fn algorithm(self) -> Option<HashAlgorithm> {
        match self {
            Self::Known(hash) => Some(hash.algorithm()),
            Self::Missing | Self::Readable => None,
        }
    }
}

/// What is to be done with a file that is at both ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// The hash decides; if it is equal and the times are not, the time is to be set.
    Hash {
        algorithm: HashAlgorithm,
        same_time: bool,
    },
    Transfer,
    Unchanged,
}

/// How two files are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    compare: Compare,
    step: Duration,
}

impl Rule {
    /// Times are compared in steps of the coarser end.
    pub(crate) fn new(compare: Compare, precisions: [Option<Duration>; 2]) -> Self {
        let step = precisions
            .into_iter()
            .flatten()
            .fold(Duration::from_nanos(1), Duration::max);
        Self { compare, step }
    }

    pub(crate) fn verdict(self, source: &Facts, target: &Facts) -> Verdict {
        let same_size = match (source.size, target.size) {
            (Some(source), Some(target)) if source != target => return Verdict::Transfer,
            (Some(_), Some(_)) => true,
            _ => false,
        };
        let same_time = match (source.modified, target.modified) {
            (Some(source), Some(target)) => Some(self.same_time(source, target)),
            _ => None,
        };
        let hash = common_hash(source.hash, target.hash).map(|algorithm| Verdict::Hash {
            algorithm,
            same_time: same_time.unwrap_or(true),
        });
        match (self.compare, same_time, hash) {
            (Compare::Hash, _, Some(hash)) => hash,
            (Compare::Hash | Compare::SizeAndTime, Some(true), _) if same_size => {
                Verdict::Unchanged
            }
            (Compare::SizeAndTime, _, Some(hash)) => hash,
            (Compare::Hash | Compare::SizeAndTime, Some(_), None) => Verdict::Transfer,
            _ if same_size => Verdict::Unchanged,
            _ => Verdict::Transfer,
        }
    }

    /// Whether two times are the same as far as the coarser end can tell.
    ///
    /// Both are rounded down, as the services do; the neighbouring step counts as the same, since some round to the nearest.
    pub(crate) fn same_time(self, a: SystemTime, b: SystemTime) -> bool {
        let step = i128::try_from(self.step.as_nanos()).unwrap_or(i128::MAX);
        let steps = |time| nanos_since_1970(time).div_euclid(step);
        steps(a).abs_diff(steps(b)) <= 1
    }
}

fn common_hash(source: HashFact, target: HashFact) -> Option<HashAlgorithm> {
    match (source, target) {
        (HashFact::Missing, _) | (_, HashFact::Missing) => None,
        _ => {
            let (a, b) = (source.algorithm(), target.algorithm());
            let either = a.or(b)?;
            [a, b]
                .into_iter()
                .flatten()
                .all(|algorithm| algorithm == either)
                .then_some(either)
        }
    }
}

fn nanos_since_1970(time: SystemTime) -> i128 {
    let signed = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => signed(since),
        Err(before) => -signed(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn at(nanos: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
    }

    fn hash(content: &[u8]) -> HashFact {
        HashFact::Known(HashValue::of(HashAlgorithm::Md5, content))
    }

    fn facts(size: u64, nanos: Option<u64>, hash: HashFact) -> Facts {
        Facts {
            size: Some(size),
            modified: nanos.map(at),
            hash,
        }
    }

    fn by_hash(same_time: bool) -> Verdict {
        Verdict::Hash {
            algorithm: HashAlgorithm::Md5,
            same_time,
        }
    }

    #[test]
    fn another_size_is_another_content_under_every_rule() {
        for compare in [Compare::Hash, Compare::SizeOnly, Compare::SizeAndTime] {
            let rule = Rule::new(compare, [None, None]);
            let (a, b) = (
                facts(1, Some(5), HashFact::Readable),
                facts(2, Some(5), hash(b"")),
            );
            assert_eq!(rule.verdict(&a, &b), Verdict::Transfer, "{compare:?}");
        }
    }

    #[test]
    fn times_are_compared_in_the_steps_of_the_coarser_end() {
        let rule = Rule::new(Compare::SizeAndTime, [Some(MILLISECOND), None]);
        let local = facts(1, Some(7_999_999), HashFact::Readable);
        for (nanos, verdict) in [
            (7_000_000, Verdict::Unchanged),
            (8_000_000, Verdict::Unchanged),
            (6_000_000, Verdict::Unchanged),
            (5_999_999, by_hash(false)),
            (9_000_000, by_hash(false)),
        ] {
            let remote = facts(1, Some(nanos), hash(b"x"));
            assert_eq!(rule.verdict(&local, &remote), verdict, "{nanos}");
        }
    }

    #[test]
    fn times_before_1970_are_compared_alike() {
        let rule = Rule::new(Compare::SizeAndTime, [Some(MILLISECOND), None]);
        let before = |nanos| SystemTime::UNIX_EPOCH - Duration::from_nanos(nanos);
        assert!(rule.same_time(before(1), before(1_000_000)));
        assert!(!rule.same_time(before(1), before(2_000_001)));
    }

    #[test]
    fn without_times_the_hash_decides_and_without_hash_the_size() {
        let rule = Rule::new(Compare::SizeAndTime, [None, None]);
        let local = facts(1, Some(5), HashFact::Readable);
        assert_eq!(
            rule.verdict(&local, &facts(1, None, hash(b"x"))),
            by_hash(true)
        );
        let nothing = facts(1, None, HashFact::Missing);
        assert_eq!(rule.verdict(&local, &nothing), Verdict::Unchanged);
        let other_time = facts(1, Some(50), HashFact::Missing);
        assert_eq!(rule.verdict(&local, &other_time), Verdict::Transfer);
    }

    #[test]
    fn a_size_that_is_not_known_never_makes_files_equal() {
        let unknown = Facts {
            size: None,
            ..facts(0, Some(5), HashFact::Missing)
        };
        for compare in [Compare::Hash, Compare::SizeOnly, Compare::SizeAndTime] {
            let rule = Rule::new(compare, [None, None]);
            let verdict = rule.verdict(&unknown, &facts(1, Some(5), HashFact::Readable));
            assert_eq!(verdict, Verdict::Transfer, "{compare:?}");
        }
    }

    #[test]
    fn comparing_by_hash_always_hashes() {
        let rule = Rule::new(Compare::Hash, [None, None]);
        let local = facts(1, Some(5), HashFact::Readable);
        assert_eq!(
            rule.verdict(&local, &facts(1, Some(5), hash(b"x"))),
            by_hash(true)
        );
        let without = facts(1, Some(5), HashFact::Missing);
        assert_eq!(rule.verdict(&local, &without), Verdict::Unchanged);
    }

    #[test]
    fn comparing_by_size_looks_at_nothing_else() {
        let rule = Rule::new(Compare::SizeOnly, [None, None]);
        let verdict = rule.verdict(
            &facts(1, Some(5), hash(b"x")),
            &facts(1, Some(500), hash(b"y")),
        );
        assert_eq!(verdict, Verdict::Unchanged);
    }
}
