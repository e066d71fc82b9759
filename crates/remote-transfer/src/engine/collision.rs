//! Names of the source for which the target has one place only.

use std::collections::HashMap;

use remote_core::{capabilities::CaseRule, path::RemotePath};

/// Parts entries of one directory into those that are copied and those that collide with one of them.
///
/// Of entries that are the same under the case rule, the one with the spelling that is at the target goes ahead, else the first in byte order. So
/// a copy that is repeated takes the same one again. The result is in byte order.
pub(crate) fn part<T>(
    mut entries: Vec<T>,
    case: CaseRule,
    path: impl Fn(&T) -> &RemotePath,
    is_at_target: impl Fn(&RemotePath) -> bool,
) -> Parted<T> {
    entries.sort_by(|a, b| path(a).cmp(path(b)));
    let mut winners: HashMap<Vec<u8>, usize> = HashMap::new();
    for (position, entry) in entries.iter().enumerate() {
        winners
            .entry(case.key(path(entry)).into_owned())
            .and_modify(|winner| {
                if !is_at_target(path(&entries[*winner])) && is_at_target(path(entry)) {
                    *winner = position;
                }
            })
            .or_insert(position);
    }
    if winners.len() == entries.len() {
        return Parted {
            copied: entries,
            colliding: Vec::new(),
        };
    }
    let winning: Vec<(usize, RemotePath)> = entries
        .iter()
        .map(|entry| {
            let winner = winners[&*case.key(path(entry))];
            (winner, path(&entries[winner]).clone())
        })
        .collect();
    let mut parted = Parted {
        copied: Vec::new(),
        colliding: Vec::new(),
    };
    for (position, (entry, (winner, winner_path))) in entries.into_iter().zip(winning).enumerate() {
        if position == winner {
            parted.copied.push(entry);
        } else {
            parted.colliding.push((entry, winner_path));
        }
    }
    parted
}

/// What [`part`] makes of the entries of a directory.
#[derive(Debug)]
pub(crate) struct Parted<T> {
    pub(crate) copied: Vec<T>,
    /// With the path of the entry that takes the place.
    pub(crate) colliding: Vec<(T, RemotePath)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parted(names: &[&str], case: CaseRule, at_target: &[&str]) -> (Vec<String>, Vec<String>) {
        let paths = names
            .iter()
            .map(|name| RemotePath::parse(name).unwrap())
            .collect();
        let parted = part(
            paths,
            case,
            |path| path,
            |path| at_target.contains(&&*path.to_string()),
        );
        let copied = parted.copied.iter().map(ToString::to_string).collect();
        let colliding = parted
            .colliding
            .iter()
            .map(|(loser, winner)| format!("{loser} for {winner}"))
            .collect();
        (copied, colliding)
    }

    #[test]
    fn the_first_in_byte_order_is_copied() {
        let (copied, colliding) = parted(&["b", "a", "A", "ä", "Ä"], CaseRule::Insensitive, &[]);
        assert_eq!(copied, ["A", "b", "Ä"]);
        assert_eq!(colliding, ["a for A", "ä for Ä"]);
    }

    #[test]
    fn the_spelling_that_is_at_the_target_is_copied_again() {
        let (copied, colliding) = parted(&["A", "a"], CaseRule::Insensitive, &["a"]);
        assert_eq!(
            (copied, colliding),
            (vec!["a".into()], vec!["A for a".into()])
        );
    }

    #[test]
    fn where_case_tells_names_apart_only_equal_names_collide() {
        let (copied, colliding) = parted(&["A", "a", "a"], CaseRule::Sensitive, &[]);
        assert_eq!(copied, ["A", "a"]);
        assert_eq!(colliding, ["a for a"]);
    }
}
