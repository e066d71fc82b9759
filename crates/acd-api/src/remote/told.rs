//! Which entries of a large folder were told already, in some ten bytes each.

use std::hash::{BuildHasher as _, RandomState};

use super::known::Id;

/// Entries are spread over so many chains, which therefore stay short.
const CHAINS: usize = 1 << CHAIN_BITS;
const CHAIN_BITS: u32 = 12;

/// Of the 64 bits that are kept of an entry so many stand for its id, the others, and the place of the chain, for its name.
const ID_BITS: u32 = 20;

/// So many entries of a chain are kept together.
const BLOCK_KEYS: usize = 30;

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
///
/// Nothing is moved when it grows: lists that are copied into larger ones leave holes that nothing fits into, which was half as much memory again.
#[derive(Debug, Default)]
pub(super) struct Told {
    hasher: RandomState,
    /// The newest block of each chain.
    chains: Vec<Option<Box<Block>>>,
}

/// Some entries of a chain.
#[derive(Debug)]
struct Block {
    keys: [u64; BLOCK_KEYS],
    used: usize,
    /// Those that came before.
    older: Option<Box<Self>>,
}

impl Told {
    /// Notes an entry.
    pub(super) fn note(&mut self, name: &str, id: &Id) -> Noted {
        if self.chains.is_empty() {
            self.chains.resize_with(CHAINS, || None);
        }
        let name = self.hasher.hash_one(name);
        let chain = usize::try_from(name >> (u64::BITS - CHAIN_BITS)).unwrap_or(0);
        let name = (name << CHAIN_BITS) >> ID_BITS;
        let key = name << ID_BITS | self.hasher.hash_one(id) >> (u64::BITS - ID_BITS);
        let Some(newest) = self.chains.get_mut(chain) else {
            return Noted::New;
        };
        let noted = find(newest.as_deref(), key);
        if noted != Noted::Again {
            push(newest, key);
        }
        noted
    }
}

fn find(newest: Option<&Block>, key: u64) -> Noted {
    let mut noted = Noted::New;
    let blocks = std::iter::successors(newest, |block| block.older.as_deref());
    for &other in blocks.flat_map(Block::keys) {
        if other == key {
            return Noted::Again;
        }
        if other >> ID_BITS == key >> ID_BITS {
            noted = Noted::SameName;
        }
    }
    noted
}

fn push(newest: &mut Option<Box<Block>>, key: u64) {
    if let Some(block) = newest
        && let Some(free) = block.keys.get_mut(block.used)
    {
        *free = key;
        block.used += 1;
        return;
    }
    let mut keys = [0; BLOCK_KEYS];
    keys[0] = key;
    let older = newest.take();
    *newest = Some(Box::new(Block {
        keys,
        used: 1,
        older,
    }));
}

impl Block {
    fn keys(&self) -> &[u64] {
        self.keys.get(..self.used).unwrap_or_default()
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
    fn a_million_entries_take_less_than_ten_megabytes() {
        let mut told = Told::default();
        for number in 0..1_000_000 {
            told.note(&number.to_string(), &id(0));
        }
        let blocks: usize = told.chains.iter().map(count).sum();
        // What is asked for, and what the allocator adds to it.
        let bytes = blocks * (size_of::<Block>() + 16);
        assert!(bytes < 10_000_000, "{bytes}");
    }

    fn count(newest: &Option<Box<Block>>) -> usize {
        std::iter::successors(newest.as_deref(), |block| block.older.as_deref()).count()
    }
}
