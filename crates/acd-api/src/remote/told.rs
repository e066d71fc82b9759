//! Which entries of a large folder were told already, in some ten bytes each.

use std::hash::{BuildHasher as _, RandomState};

use super::known::Id;

/// Entries are spread over so many sorted lists, which therefore stay short.
const LISTS: usize = 1 << LIST_BITS;
const LIST_BITS: u32 = 12;

/// Of the 64 bits that are kept of an entry so many stand for its id, the others, and the place of the list, for its name.
const ID_BITS: u32 = 20;

/// What is known of an entry that was not noted before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Noted {
    /// Nothing has its name.
    New,
    /// It was noted before.
    Again,
    /// Something else has its name, or, once in a hundred thousand folders of a million entries, a name of the same hash.
    SameName,
}

/// Remembers entries by the hashes of their names and ids.
///
/// An entry is taken for one that was noted before if both agree in 76 bits, which the chances are below one in ten thousand million for in a folder of a million
/// entries. The hashes are keyed, so nobody can choose names to that end.
#[derive(Debug, Default)]
pub(super) struct Told {
    hasher: RandomState,
    lists: Vec<Vec<u64>>,
}

impl Told {
    /// Notes an entry.
    pub(super) fn note(&mut self, name: &str, id: &Id) -> Noted {
        if self.lists.is_empty() {
            self.lists.resize_with(LISTS, Vec::new);
        }
        let name = self.hasher.hash_one(name);
        let place = usize::try_from(name >> (u64::BITS - LIST_BITS)).unwrap_or(0);
        let name = (name << LIST_BITS) >> ID_BITS;
        let key = name << ID_BITS | self.hasher.hash_one(id) >> (u64::BITS - ID_BITS);
        let Some(list) = self.lists.get_mut(place) else {
            return Noted::New;
        };
        let Err(index) = list.binary_search(&key) else {
            return Noted::Again;
        };
        let has_name = |key: Option<&u64>| key.is_some_and(|key| key >> ID_BITS == name);
        let before = index.checked_sub(1).and_then(|index| list.get(index));
        let is_taken = has_name(before) || has_name(list.get(index));
        if list.len() == list.capacity() {
            // Not twice as much as usual: most of the memory is here.
            list.reserve_exact(list.len() / 4 + 4);
        }
        list.insert(index, key);
        match is_taken {
            true => Noted::SameName,
            false => Noted::New,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> Id {
        format!("id-{number}").into()
    }

    #[test]
    fn an_entry_is_new_once() {
        let mut told = Told::default();
        for round in [Noted::New, Noted::Again] {
            for number in 0..20_000 {
                let name = format!("file-{number}");
                assert_eq!(told.note(&name, &id(number)), round, "{number}");
            }
        }
    }

    #[test]
    fn another_entry_of_the_same_name_is_told_apart() {
        let mut told = Told::default();
        assert_eq!(told.note("a", &id(1)), Noted::New);
        assert_eq!(told.note("b", &id(1)), Noted::New);
        assert_eq!(told.note("a", &id(2)), Noted::SameName);
        assert_eq!(told.note("a", &id(2)), Noted::Again);
        assert_eq!(told.note("a", &id(1)), Noted::Again);
        assert_eq!(told.note("a", &id(3)), Noted::SameName);
    }

    #[test]
    fn a_million_entries_take_less_than_eleven_megabytes() {
        let mut told = Told::default();
        for number in 0..1_000_000 {
            told.note(&number.to_string(), &id(0));
        }
        let bytes: usize = told.lists.iter().map(|list| list.capacity() * 8).sum();
        assert!(bytes < 11_000_000, "{bytes}");
    }
}
